//! `millstream mirror`.

mod aggregates;
mod copying;
mod ends;
mod plan;
mod verify;

use crate::call::{Call, Ran};
use crate::records::records;
use crate::server::{Server, server_with};
use millstream_client::Client;
use millstream_client::types::Record;
use std::collections::BTreeMap;
use std::path::Path;

/// The flag of a mirror that ends by itself.
const ALL: &str = "--until-caught-up";

/// A mirror of `orders` at one server into `copy` at another.
pub fn mirror(from: &Server, to: &Server, flags: &[&str]) -> Call {
    let words = ["mirror", "orders", "copy", "--to-endpoint-url", &to.url];
    Call::new(&[&words[..], flags].concat()).to(from)
}

/// The last line of a mirror that did its work.
pub fn said(ran: &Ran) -> &str {
    assert_eq!(ran.status.code(), Some(0), "{}", ran.stderr);
    ran.stderr.strip_suffix('\n').unwrap()
}

/// Two servers that take whatever comes: `orders` at one, `copy` at the other.
pub fn servers(from_shards: usize, to_shards: usize) -> [Server; 2] {
    let stream = |name: &str, shards: usize| {
        let stream = format!("{name}:{shards}");
        server_with(&["--stream", &stream, "--limits", "off"])
    };
    [stream("orders", from_shards), stream("copy", to_shards)]
}

/// The numbers of each key, in order.
pub fn numbers(records: &[Record]) -> BTreeMap<String, Vec<u32>> {
    let mut of_key: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for record in records {
        let number = str::from_utf8(&record.data).unwrap();
        let number = number.trim().parse().unwrap();
        let key = record.partition_key.clone().unwrap();
        of_key.entry(key).or_default().push(number);
    }
    of_key
}

/// What `put` has put, up to this number.
pub fn expected(count: u32) -> BTreeMap<String, Vec<u32>> {
    let key = |key: u32| {
        let numbers = (0..count).filter(|number| number % 8 == key).collect();
        (format!("key-{key}"), numbers)
    };
    (0..8).map(key).collect()
}

/// Waits until a stream has so many records.
pub async fn until_stored(client: &Client, stream: &str, count: usize) -> Vec<Record> {
    loop {
        let found = records(client, stream).await;
        if found.len() >= count {
            return found;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a file for another process")]
pub fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}
