//! The cases: workloads, the servers that they run on, and the required ratios.

use crate::server::{Kind, Seat};
use crate::workload::{Operation, Protocol, Workload};
use serde::{Deserialize, Serialize};

/// One contestant of a case: a server under a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contestant {
    /// The server.
    pub seat: Seat,
    /// Its workload.
    pub workload: Workload,
}

impl Contestant {
    /// The kind of server.
    pub fn kind(&self) -> Kind {
        self.seat.kind
    }

    /// The name in tables, unique within a case.
    pub fn name(&self) -> String {
        let Workload {
            protocol, shards, ..
        } = self.workload;
        let mut name = self.kind().name().to_owned();
        if protocol == Protocol::Cbor {
            name.push_str(", CBOR");
        }
        if shards != SHARDS {
            name.push_str(&format!(", {shards} shards"));
        }
        name
    }
}

/// A ratio of rates measured in the same round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// The contestant in the numerator.
    pub of: usize,
    /// The contestants in the denominator: the slowest of them in the round counts.
    pub against: Vec<usize>,
    /// The required ratio, if any.
    pub due: Option<f64>,
}

/// Contestants that take turns, and the comparisons between them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// A short name without spaces.
    pub id: String,
    /// The title in tables.
    pub title: String,
    /// The contestants.
    pub contestants: Vec<Contestant>,
    /// The comparisons.
    pub comparisons: Vec<Comparison>,
}

/// The required ratio of Millstream to the floor where it verifies signatures. Both hash bodies.
const VERIFIED: f64 = 0.8;
/// The required ratio of an encrypted stream to one that is not.
const ENCRYPTED: f64 = 0.8;
/// Open shards of a stream, unless the case varies them.
const SHARDS: u32 = 4;
/// Connections of a case with several connections and large requests.
const FEW_CONNECTIONS: usize = 4;

impl Case {
    fn new(id: &str, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            contestants: Vec::new(),
            comparisons: Vec::new(),
        }
    }

    /// Adds contestants under the same workload; returns the index of the first.
    fn add(&mut self, workload: Workload, kinds: &[Kind]) -> usize {
        let first = self.contestants.len();
        let more = kinds.iter().map(|kind| Contestant {
            seat: Seat::from(*kind),
            workload,
        });
        self.contestants.extend(more);
        first
    }

    /// Adds Millstream on a server of its own, which only the cases over shards with this number
    /// share.
    fn add_apart(&mut self, workload: Workload, kind: Kind, number: usize) {
        let seat = Seat { kind, number };
        self.contestants.push(Contestant { seat, workload });
    }

    /// Compares a verified contestant with the floor, and with what it is without verification.
    fn compare_verified(
        &mut self,
        (verified, plain): (usize, usize),
        floor: usize,
        due: Option<f64>,
    ) {
        self.compare(verified, [floor], due);
        self.compare(verified, [plain], None);
    }

    fn compare(&mut self, of: usize, against: impl Into<Vec<usize>>, due: impl Into<Option<f64>>) {
        self.comparisons.push(Comparison {
            of,
            against: against.into(),
            due: due.into(),
        });
    }
}

/// All cases.
pub fn all() -> Vec<Case> {
    use Operation::{GetRecordsAtTail, GetRecordsCold};
    vec![
        put_many(),
        put_one(),
        small_batches(),
        large_batches(),
        reads("get-tail", GetRecordsAtTail, (500, 100)),
        reads("get-tail-large", GetRecordsAtTail, (100, 10 * 1024)),
        reads("get-cold", GetRecordsCold, (10_000, 100)),
        reads("get-cold-large", GetRecordsCold, (100, 10 * 1024)),
        shards(Kind::Millstream, Shards::PUT),
        shards(Kind::MillstreamVerified, Shards::PUT),
        shards(Kind::Millstream, Shards::BATCH),
        shards(Kind::MillstreamVerified, Shards::BATCH),
        encrypted(
            "encrypted-put",
            "PutRecord 100 B, 64 connections",
            put(100, 1, 64),
        ),
        encrypted(
            "encrypted-batch-small",
            "PutRecords 500 × 100 B, 4 connections",
            put(100, 500, FEW_CONNECTIONS),
        ),
        encrypted(
            "encrypted-batch-large",
            "PutRecords 100 × 10 KiB, 4 connections",
            put(10 * 1024, 100, FEW_CONNECTIONS),
        ),
        encrypted(
            "encrypted-get-tail",
            "GetRecords at the tail, 500 × 100 B",
            get(GetRecordsAtTail, 100, 500),
        ),
        encrypted(
            "encrypted-get-tail-large",
            "GetRecords at the tail, 100 × 10 KiB",
            get(GetRecordsAtTail, 10 * 1024, 100),
        ),
        encrypted(
            "encrypted-get-cold",
            "GetRecords cold, 10 000 × 100 B",
            get(GetRecordsCold, 100, 10_000),
        ),
        encrypted(
            "encrypted-get-cold-large",
            "GetRecords cold, 100 × 10 KiB",
            get(GetRecordsCold, 10 * 1024, 100),
        ),
    ]
}

fn put(record_size: usize, batch: usize, connections: usize) -> Workload {
    Workload {
        operation: if batch == 1 {
            Operation::PutRecord
        } else {
            Operation::PutRecords
        },
        protocol: Protocol::Json,
        record_size,
        batch,
        connections,
        shards: SHARDS,
    }
}

fn cbor(workload: Workload) -> Workload {
    Workload {
        protocol: Protocol::Cbor,
        ..workload
    }
}

/// The other peers, in JSON.
const OTHERS: [Kind; 5] = [
    Kind::FerrokinesisState,
    Kind::Kinesalite,
    Kind::KinesisLocal,
    Kind::Moto,
    Kind::Nats,
];

/// What a put is required to reach.
#[derive(Clone, Copy)]
struct Due {
    /// Of the floor.
    floor: f64,
    /// Of the floor, verified.
    verified: Option<f64>,
    /// Of ferrokinesis.
    peer: Option<f64>,
}

/// A put in JSON on all servers, and in CBOR on Millstream and the floor. It is compared with the
/// floor, with itself without verification, with ferrokinesis, and between the protocols.
fn put_case(mut case: Case, workload: Workload, due: Due) -> Case {
    let json = case.add(
        workload,
        &[
            Kind::Millstream,
            Kind::Floor,
            Kind::MillstreamVerified,
            Kind::Ferrokinesis,
        ],
    );
    let binary = case.add(cbor(workload), &[Kind::Millstream, Kind::Floor]);
    case.add(workload, &OTHERS);
    case.compare(json, [json + 1], due.floor);
    case.compare_verified((json + 2, json), json + 1, due.verified);
    case.compare(json, [json + 3], due.peer);
    case.compare(binary, [binary + 1], None);
    case.compare(binary, [json], 1.0);
    case
}

fn put_many() -> Case {
    let case = Case::new("put-64", "PutRecord 100 B, 64 connections");
    let due = Due {
        floor: 0.6,
        verified: Some(VERIFIED),
        peer: Some(1.0),
    };
    put_case(case, put(100, 1, 64), due)
}

fn put_one() -> Case {
    let case = Case::new("put-1", "PutRecord 100 B, 1 connection");
    let due = Due {
        floor: 0.8,
        verified: None,
        peer: None,
    };
    let mut case = put_case(case, put(100, 1, 1), due);
    let rewritten = case.add(put(100, 1, 1), &[Kind::FloorRewritten]);
    case.compare(0, [rewritten], None);
    case
}

fn small_batches() -> Case {
    let case = Case::new("batch-small", "PutRecords 500 × 100 B, 4 connections");
    let due = Due {
        floor: 0.5,
        verified: Some(VERIFIED),
        peer: Some(5.0),
    };
    put_case(case, put(100, 500, FEW_CONNECTIONS), due)
}

fn large_batches() -> Case {
    let workload = put(10 * 1024, 100, FEW_CONNECTIONS);
    let mut case = Case::new("batch-large", "PutRecords 100 × 10 KiB, 4 connections");
    let json = case.add(
        workload,
        &[
            Kind::Millstream,
            Kind::Floor,
            Kind::Disk,
            Kind::MillstreamVerified,
        ],
    );
    let binary = case.add(cbor(workload), &[Kind::Millstream, Kind::Floor]);
    let peer = case.add(workload, &[Kind::Ferrokinesis]);
    case.add(workload, &OTHERS);
    case.compare(json, [json + 1, json + 2], 0.8);
    case.compare(json, [json + 1], None);
    case.compare_verified((json + 3, json), json + 1, Some(VERIFIED));
    case.compare(json, [json + 2], None);
    case.compare(json, [peer], None);
    case.compare(binary, [binary + 1, json + 2], None);
    case.compare(binary, [json], 1.0);
    case
}

fn reads(id: &str, operation: Operation, (batch, record_size): (usize, usize)) -> Case {
    let is_tail = operation == Operation::GetRecordsAtTail;
    let place = if is_tail { "at the tail" } else { "cold" };
    let title = format!("GetRecords {place}, {batch} × {record_size} B");
    let mut case = Case::new(id, &title);
    let workload = Workload {
        operation,
        ..put(record_size, batch, FEW_CONNECTIONS)
    };
    let contestants = [Kind::Millstream, Kind::Floor, Kind::FloorOneAnswer];
    let json = case.add(workload, &contestants);
    let binary = case.add(cbor(workload), &contestants);
    for first in [json, binary] {
        case.compare(first, [first + 1], 0.5);
        case.compare(first, [first + 2], None);
    }
    let verified = case.add(workload, &[Kind::MillstreamVerified]);
    case.compare_verified((verified, json), json + 1, None);
    if is_tail {
        let peer = case.add(workload, &[Kind::Ferrokinesis]);
        case.compare(json, [peer], None);
    }
    case
}

fn get(operation: Operation, record_size: usize, batch: usize) -> Workload {
    Workload {
        operation,
        ..put(record_size, batch, FEW_CONNECTIONS)
    }
}

/// A stream that is encrypted, beside one that is not.
fn encrypted(id: &str, title: &str, workload: Workload) -> Case {
    let mut case = Case::new(id, &format!("{title}, encrypted"));
    let plain = case.add(workload, &[Kind::Millstream, Kind::MillstreamEncrypted]);
    case.compare(plain + 1, [plain], ENCRYPTED);
    case
}

/// A put over shards.
struct Shards {
    id: &'static str,
    title: &'static str,
    batch: usize,
    connections: usize,
}

impl Shards {
    const PUT: Self = Self {
        id: "shards-put",
        title: "PutRecord 100 B over shards, 64 connections",
        batch: 1,
        connections: 64,
    };
    const BATCH: Self = Self {
        id: "shards-batch",
        title: "PutRecords 500 × 100 B over shards",
        batch: 500,
        connections: FEW_CONNECTIONS,
    };
}

fn shards(kind: Kind, over: Shards) -> Case {
    let (suffix, addition) = match kind == Kind::MillstreamVerified {
        true => ("-verified", ", verified"),
        false => ("", ""),
    };
    let id = format!("{}{suffix}", over.id);
    let mut case = Case::new(&id, &format!("{}{addition}", over.title));
    for (index, shards) in [1, 100, 10_000].into_iter().enumerate() {
        let workload = Workload {
            shards,
            ..put(100, over.batch, over.connections)
        };
        case.add_apart(workload, kind, index + 1);
    }
    case.compare(1, [0], 0.8);
    case.compare(2, [0], 0.8);
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn cases_when_listed_then_name_each_contestant_once_and_compare_those_there_are() {
        for case in all() {
            let names: BTreeSet<_> = case.contestants.iter().map(Contestant::name).collect();
            assert_eq!(names.len(), case.contestants.len(), "{}", case.id);
            for comparison in &case.comparisons {
                let mut indices = comparison.against.iter().chain([&comparison.of]);
                assert!(indices.all(|index| *index < case.contestants.len()));
            }
        }
    }

    #[test]
    fn millstream_when_in_a_case_then_is_there_verified_too() {
        let cases = all();
        let has_verified = |id: &str| {
            let mut of_id = cases.iter().filter(|case| case.id == id);
            of_id.any(|case| {
                let mut kinds = case.contestants.iter().map(Contestant::kind);
                kinds.any(|kind| kind == Kind::MillstreamVerified)
            })
        };
        let is_encrypted = |case: &&Case| case.id.starts_with("encrypted-");
        for case in cases.iter().filter(|case| !is_encrypted(case)) {
            let ids = [case.id.clone(), format!("{}-verified", case.id)];
            assert!(ids.iter().any(|id| has_verified(id)), "{}", case.id);
        }
    }

    #[test]
    fn contestants_when_over_different_shards_then_each_has_a_server_of_its_own() {
        let mut shards_of = BTreeMap::new();
        for case in all() {
            for Contestant { seat, workload } in case.contestants {
                let shards = *shards_of.entry(seat).or_insert(workload.shards);
                assert_eq!(shards, workload.shards, "{} on {seat:?}", case.id);
            }
        }
    }
}
