//! Programs in Python that ask botocore itself, for tests that hold our code against what it does.

use crate::service_model::botocore;
use std::process::Command;

/// Runs a program with arguments, without this process's variables, and returns the lines that it
/// prints.
///
/// # Panics
/// If there is no Python, no botocore, or the program fails.
pub fn ask(program: &str, arguments: &[&str]) -> Vec<String> {
    let package = botocore();
    // A virtual environment has the interpreter four folders above the package.
    let own = package
        .ancestors()
        .nth(4)
        .map(|home| home.join("bin/python"));
    let own = own.filter(|python| python.is_file());
    let python = own.unwrap_or_else(|| "python3".into());
    let output = Command::new(&python)
        .args(["-c", program])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PYTHONPATH", package.parent().unwrap_or(&package))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", python.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().map(str::to_owned).collect()
}
