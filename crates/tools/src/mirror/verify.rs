//! `--verify`: compares both streams as they are, and says what is missing, out of order, repeated
//! or additional.
//!
//! Memory is bounded: what does not fit is compared in another pass over both streams, up to the
//! same ends.

use super::Ready;
use super::comparison::{Finding, Findings, Key, Listed, Seen, Side, Slice, TooMany};
use super::reached::State;
use super::scan::{Ends, Scan};
use crate::terminal::{Progress, Table, byte_size, counted};
use crate::{Failure, Form, Surroundings, shown};
use md5::{Digest, Md5};
use millstream_client::aggregation::UserRecord;
use millstream_client::consumer::Position;
use millstream_client::routing::HashKey;
use std::sync::Arc;

/// Bytes of what is compared at a time: about a million records.
const BYTES_MAX: usize = 256 * 1024 * 1024;

/// Compares, and prints what was found.
///
/// # Errors
/// If the streams cannot be read, or a record of the source is missing or out of order.
pub(super) async fn run(
    ready: Ready,
    position: Position,
    form: Form,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let Ready {
        from, to, state, ..
    } = ready;
    let begin = state.as_ref().map_or(position, State::begun);
    let from = Scan::new(from.place, begin, state.map(ends));
    let to = Scan::new(to.place, Position::TrimHorizon, None);
    let compared = surroundings
        .stop
        .unless_asked(compare(from, to, surroundings))
        .await;
    let Some(findings) = compared else {
        let stopped = "stopped before everything was compared";
        surroundings.terminal.say(stopped);
        return Ok(());
    };
    report(&findings?, form, surroundings)
}

/// What a mirror with this state has stored.
fn ends(state: State) -> Ends {
    let shards = state.shards.into_iter();
    shards
        .map(|(id, shard)| (id, shard.sequence_number))
        .collect()
}

async fn compare(
    mut from: Scan,
    mut to: Scan,
    surroundings: &Surroundings,
) -> Result<Findings, Failure> {
    let progress = Progress::count(&surroundings.terminal, "comparing", None);
    let mut findings = Findings::default();
    let mut start = Some(0);
    let mut passes = 0;
    while let Some(begin) = start {
        passes += 1;
        if passes > 1 {
            progress.note(format!("pass {passes}"));
        }
        let mut slice = Slice::new(begin, BYTES_MAX);
        let mut add = |side: Side, shard_id: &Arc<str>, user: &UserRecord<'_>| {
            progress.add(1);
            add(&mut slice, side, shard_id, user)
        };
        from.read(|shard_id, user| add(Side::From, shard_id, user))
            .await?;
        to.read(|shard_id, user| add(Side::To, shard_id, user))
            .await?;
        start = slice.next();
        findings.add(slice);
    }
    Ok(findings)
}

fn add(
    slice: &mut Slice,
    side: Side,
    shard_id: &Arc<str>,
    user: &UserRecord<'_>,
) -> Result<(), Failure> {
    let digest = || u128::from_be_bytes(Md5::digest(&user.data).into());
    let name = user.partition_key;
    let of_name = |name| HashKey::of_partition_key(name).0;
    let hash = name.map_or_else(digest, of_name);
    let key = Key { hash, name };
    if !slice.has(key) {
        return Ok(());
    }
    let seen = Seen {
        digest: digest(),
        shard_id: Arc::clone(shard_id),
        sequence_number: user.record.sequence_number.as_str().into(),
        sub_sequence_number: user.is_aggregated.then_some(user.sub_sequence_number),
    };
    slice.add(side, key, seen).map_err(refuse)
}

fn refuse(too_many: TooMany) -> Failure {
    let memory = byte_size(BYTES_MAX as u64);
    let key = too_many.key.unwrap_or_default();
    let what = format!("the records of the key {key} cannot be compared in {memory} of memory");
    Failure::new(what).with_advice("Give a later --from.")
}

/// Prints what was found.
fn report(findings: &Findings, form: Form, surroundings: &Surroundings) -> Result<(), Failure> {
    let kinds = [
        ("missing", &findings.missing),
        ("out of order", &findings.reordered),
        ("repeated", &findings.repeated),
        ("additional", &findings.additional),
    ];
    let output = surroundings.terminal.output();
    match form {
        Form::Json => output.document(findings)?,
        Form::Text => {
            let mut table = Table::new(&["DIFFERENCE", "KEY", "SHARD", "SEQUENCE NUMBER"]);
            for (kind, listed) in kinds {
                for finding in &listed.first {
                    table.row(row(kind, finding));
                }
            }
            if !table.is_empty() {
                output.table(table)?;
            }
        }
    }
    output.flush()?;
    let compared = counted(findings.from_records, "record");
    let keys = counted(findings.keys, "key");
    let of = |(kind, listed): &(&str, &Listed)| format!("{} {kind}", listed.count);
    let counts: Vec<String> = kinds.iter().map(of).collect();
    surroundings.terminal.say(format!(
        "{compared} of {keys} compared with {} in TO: {}, {} earlier",
        findings.to_records,
        counts.join(", "),
        findings.earlier
    ));
    let (missing, reordered) = (findings.missing.count, findings.reordered.count);
    if missing == 0 && reordered == 0 {
        return Ok(());
    }
    let missing = counted(missing, "record");
    Err(Failure::found(format!(
        "TO differs from FROM: {missing} missing, {reordered} out of order"
    )))
}

fn row(kind: &str, finding: &Finding) -> [String; 4] {
    let number = match finding.sub_sequence_number {
        Some(part) => format!("{}:{part}", finding.sequence_number),
        None => finding.sequence_number.clone(),
    };
    let key = finding.partition_key.as_deref().unwrap_or(shown::NONE);
    [
        kind.to_owned(),
        key.to_owned(),
        finding.shard_id.clone(),
        number,
    ]
}
