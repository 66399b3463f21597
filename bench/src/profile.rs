//! The profile of each case: instructions per request, and the functions that take most of the
//! time.

use crate::case::{Case, Contestant};
use crate::compare::Run;
use crate::perf::{Instructions, Perf};
use crate::report::short;
use crate::server::Kind;
use anyhow::Context;
use std::fmt::Write;
use std::path::Path;

/// Number of listed functions.
const FUNCTIONS: usize = 25;

/// The profile of a contestant.
struct Profile {
    name: String,
    records: f64,
    requests: f64,
    instructions: Instructions,
    functions: Vec<String>,
}

/// The profiles of all cases, in Markdown.
pub struct Rendered {
    /// A table of instructions.
    pub instructions: String,
    /// For each contestant, the functions that take most of the time.
    pub functions: String,
}

/// Profiles Millstream and the floor in every case.
pub async fn run(mut run: Run, folder: &Path) -> anyhow::Result<Rendered> {
    let cases = run.cases();
    run.start_all(&cases).await?;
    let mut rendered = Rendered {
        instructions: String::from(
            "| case | server | user instructions/request | kernel instructions/request | \
             user instructions/record |\n|---|---|---|---|---|\n",
        ),
        functions: String::from(
            "# Functions\n\nWritten by `bench/run profile`, from `perf`'s samples of time, the \
             kernel's included.\n",
        ),
    };
    for case in &cases {
        eprintln!("{}", case.title);
        let profiles = profile_case(&mut run, case, folder).await;
        let profiles = profiles.with_context(|| case.id.clone())?;
        rendered
            .add(case, &profiles)
            .expect("a string can be written to");
    }
    Ok(rendered)
}

async fn profile_case(run: &mut Run, case: &Case, folder: &Path) -> anyhow::Result<Vec<Profile>> {
    let mut profiles = Vec::new();
    for contestant in &case.contestants {
        let kind = contestant.kind();
        if !kind.is_millstream() && kind != Kind::Floor {
            continue;
        }
        profiles.push(profile(run, contestant, folder).await?);
    }
    Ok(profiles)
}

async fn profile(run: &mut Run, contestant: &Contestant, folder: &Path) -> anyhow::Result<Profile> {
    let sources = run.prepare(contestant).await?.context("it is not there")?;
    let process = run.process(contestant.seat).context("it has no process")?;
    // The first call does more work than later ones.
    run.turn(contestant, &sources).await?;
    let counting = Perf::count(process, folder).await?;
    let counted = run.turn(contestant, &sources).await?;
    let instructions = counting.instructions()?;
    let sampling = Perf::sample(process, folder).await?;
    run.turn(contestant, &sources).await?;
    Ok(Profile {
        name: contestant.name(),
        records: contestant.workload.batch as f64,
        requests: counted.requests.max(1) as f64,
        instructions,
        functions: sampling.functions(FUNCTIONS)?,
    })
}

impl Rendered {
    fn add(&mut self, case: &Case, profiles: &[Profile]) -> std::fmt::Result {
        writeln!(self.functions, "\n## {}", case.title)?;
        for profile in profiles {
            let Instructions { user, kernel } = profile.instructions;
            let user = user as f64 / profile.requests;
            writeln!(
                self.instructions,
                "| {} | {} | {} | {} | {} |",
                case.title,
                profile.name,
                short(user),
                short(kernel as f64 / profile.requests),
                short(user / profile.records),
            )?;
            let functions = profile.functions.join("\n");
            let name = &profile.name;
            writeln!(self.functions, "\n{name}:\n\n```text\n{functions}\n```")?;
        }
        Ok(())
    }
}
