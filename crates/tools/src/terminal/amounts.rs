//! Amounts in words, as lines for people name them.

use indicatif::HumanBytes;
use std::fmt::Display;

/// A number of things: `1 shard`, `2 shards`.
pub fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A number of bytes: `1.50 MiB`.
pub fn byte_size(bytes: u64) -> impl Display {
    HumanBytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_when_said_then_are_words_of_people() {
        let shards: Vec<_> = (0..3).map(|number| counted(number, "shard")).collect();
        assert_eq!(shards, ["0 shards", "1 shard", "2 shards"]);
        let size = byte_size(3 * 512 * 1024).to_string();
        assert_eq!(size, "1.50 MiB");
    }
}
