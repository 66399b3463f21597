//! AWS's service model of Kinesis, as botocore carries it.
//!
//! It comes with Python's `botocore`. `MILLSTREAM_BOTOCORE` names the directory that contains the
//! package; without it, the one that `python3` imports is used. A test that needs the model cannot
//! be skipped: if neither is found, it fails.

use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version whose model our shapes follow.
pub const BOTOCORE: &str = "1.44.5";
const MODEL: &str = "data/kinesis/2013-12-02/service-2.json.gz";

/// The directory of the package `botocore`.
///
/// # Panics
/// If there is none.
pub fn botocore() -> PathBuf {
    if let Some(folder) = std::env::var_os("MILLSTREAM_BOTOCORE") {
        let folder = PathBuf::from(folder);
        return if folder.join("data").is_dir() {
            folder
        } else {
            folder.join("botocore")
        };
    }
    let script = "import botocore, os; print(os.path.dirname(botocore.__file__))";
    let output = Command::new("python3").args(["-c", script]).output();
    let found = output.ok().filter(|output| output.status.success());
    let found = found.and_then(|output| String::from_utf8(output.stdout).ok());
    PathBuf::from(
        found
            .unwrap_or_else(|| complain("no Python package botocore"))
            .trim(),
    )
}

/// The model.
///
/// # Panics
/// If it is not found.
pub fn model() -> Value {
    let path = botocore().join(MODEL);
    let mut text = String::new();
    let compressed = read_file(&path);
    flate2::read::GzDecoder::new(compressed.as_slice())
        .read_to_string(&mut text)
        .expect("botocore's model is gzip");
    serde_json::from_str(&text).expect("botocore's model is JSON")
}

fn complain(what: &str) -> ! {
    panic!(
        "{what}: this test needs AWS's service model. Either `python3 -m pip install \
         botocore=={BOTOCORE}`, or the same with `--target DIR` and MILLSTREAM_BOTOCORE=DIR"
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's own input, not the product's files"
)]
fn read_file(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| complain(&format!("{}: {error}", path.display())))
}
