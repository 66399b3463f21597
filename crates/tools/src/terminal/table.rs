//! Tables: aligned columns under their heads, without borders.
//!
//! On a terminal, values that are too long for it are wrapped, so that rows stay readable. In a
//! pipe a row is one line, whatever its length, for `grep` and `awk`.

use super::foreign::line_of;
use comfy_table::{CellAlignment, ContentArrangement, presets};

/// Columns between columns.
const GAP: u16 = 2;

/// A table, to be shown by [`Output::table`](super::Output::table).
#[derive(Debug)]
pub struct Table {
    inner: comfy_table::Table,
}

impl Table {
    /// A table without rows. Numbers are aligned to the right: their heads begin with `>`.
    pub fn new(heads: &[&str]) -> Self {
        let mut inner = comfy_table::Table::new();
        inner.load_style(presets::NOTHING);
        inner.set_header(heads.iter().map(|head| head.trim_start_matches('>')));
        for (column, head) in inner.column_iter_mut().zip(heads) {
            column.set_padding((0, GAP));
            if head.starts_with('>') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self { inner }
    }

    /// Adds a row, with a value for each head. Control characters are shown as escapes.
    pub fn row<T: AsRef<str>>(&mut self, values: impl IntoIterator<Item = T>) {
        let values = values.into_iter().map(|value| line_of(value.as_ref()));
        self.inner.add_row(values);
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// The lines of the table; of so many columns at most, if given.
    pub(super) fn lines(&mut self, columns: Option<usize>) -> Vec<String> {
        match columns.map(u16::try_from) {
            Some(Ok(columns)) => {
                self.inner.set_width(columns);
                self.inner
                    .set_content_arrangement(ContentArrangement::Dynamic);
            }
            Some(Err(_)) | None => {
                self.inner
                    .set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        let lines = self.inner.lines();
        lines.map(|line| line.trim_end().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["NAME", ">SHARDS", "ARN"]);
        table.row([
            "orders",
            "4",
            "arn:aws:kinesis:us-east-1:000000000000:stream/orders",
        ]);
        table.row(["a\u{1b}[2J", "1000", "b\nc"]);
        table
    }

    #[test]
    fn table_when_in_a_pipe_then_has_a_line_for_each_row() {
        let expected = [
            "NAME        SHARDS  ARN",
            "orders           4  arn:aws:kinesis:us-east-1:000000000000:stream/orders",
            "a\\u{1b}[2J    1000  b\\nc",
        ];
        assert_eq!(table().lines(None), expected);
    }

    #[test]
    fn table_when_on_a_terminal_then_fits_and_loses_nothing() {
        let lines = table().lines(Some(50));
        let widest = lines.iter().map(|line| line.chars().count()).max();
        assert!(widest <= Some(50), "{lines:#?}");
        let joined: String = lines.concat().split(' ').collect();
        assert!(joined.contains("arn:aws:kinesis:us-east-1:"), "{lines:#?}");
        assert!(lines.len() > 3);
    }
}
