//! The server's admin pages and last log lines.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// What stands before the address of the operator's pages in the log.
const ADDRESS: &str = "operator's pages on http://";

/// Whether `/readyz` says that the server takes writes.
pub fn is_ready(log: &Path) -> bool {
    let answer = get(log, "/readyz");
    match answer.split(' ').nth(1) {
        Some("200") => true,
        Some("503") => false,
        _ => panic!("/readyz answered {answer}"),
    }
}

/// How many lines the log has lost.
pub fn lost_lines(log: &Path) -> u64 {
    let answer = get(log, "/metrics");
    let count = answer
        .lines()
        .find_map(|line| line.strip_prefix("millstream_log_lines_lost_total "));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// What a page answers.
fn get(log: &Path, page: &str) -> String {
    let text = std::fs::read_to_string(log).unwrap();
    let (_, after) = text.rsplit_once(ADDRESS).expect("the server says where");
    let address = after.split_whitespace().next().unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!("GET {page} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

/// The last line of the log.
pub fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap();
    let words = text.lines().rfind(|line| !line.trim().is_empty());
    words.unwrap_or_default().to_owned()
}
