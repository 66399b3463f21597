//! What the server says of itself: whether it takes writes, and why it ended.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// What stands before the address of the operator's pages in the log.
const ADDRESS: &str = "operator's pages on http://";

/// Whether `/readyz` says that the server takes writes.
pub fn is_ready(log: &Path) -> bool {
    let text = std::fs::read_to_string(log).unwrap();
    let (_, after) = text.rsplit_once(ADDRESS).expect("the server says where");
    let address = after.split_whitespace().next().unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    connection
        .write_all(b"GET /readyz HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    match answer.split(' ').nth(1) {
        Some("200") => true,
        Some("503") => false,
        _ => panic!("/readyz answered {answer}"),
    }
}

/// The last line of the log.
pub fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap();
    let words = text.lines().rfind(|line| !line.trim().is_empty());
    words.unwrap_or_default().to_owned()
}
