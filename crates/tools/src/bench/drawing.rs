//! A histogram of latencies, drawn as bars. Rows are on a logarithmic scale.

use super::latencies::{Bucket, STEPS, shown};
use crate::shards::pen::Pen;

/// Most rows of a drawing.
const ROWS_MAX: usize = 15;
/// Columns of the longest bar.
const BAR_COLUMNS: usize = 32;
/// What a column may be filled by.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// Which of [`STEPS`] begin a row, from fine to coarse.
const SCALES: [&[u64]; 4] = [&STEPS, &[10, 15, 20, 30, 50], &[10, 20, 50], &[10]];

/// The lines of a drawing: where a row begins, its bar, how many latencies there are in it, and
/// which share. There are none without latencies.
pub(super) fn draw(buckets: &[Bucket], pen: Pen) -> Vec<String> {
    let rows = rows(buckets);
    let most = rows.iter().map(|row| row.count).max().unwrap_or(0).max(1);
    let sum: u64 = rows.iter().map(|row| row.count).sum();
    let line = |row: &Bucket| {
        let from = format!("{} …", label(row.from));
        let bar = bar(row.count, most, pen);
        let share = row.count as f64 * 100.0 / sum.max(1) as f64;
        format!(
            "{from:>10} {bar:<BAR_COLUMNS$} {:>9} {share:>6.2} %",
            row.count
        )
    };
    rows.iter().map(line).map(|line| plain(line, pen)).collect()
}

/// The buckets joined into rows, from the first to the last that is not empty, as many as fit.
fn rows(buckets: &[Bucket]) -> Vec<Bucket> {
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for scale in SCALES {
        rows = scaled(scale, first.from, last.from);
        if rows.len() <= ROWS_MAX {
            break;
        }
    }
    for bucket in buckets {
        let own = rows.iter_mut().find(|row| bucket.from < row.to);
        if let Some(row) = own {
            row.count += bucket.count;
        }
    }
    rows
}

/// Empty rows of a scale, from the one that has `first` to the one that has `last`.
fn scaled(scale: &[u64], first: u64, last: u64) -> Vec<Bucket> {
    let mut rows = Vec::new();
    let (mut from, mut decade) = (0, 1);
    loop {
        for step in scale {
            let to = step * decade;
            if to > first {
                rows.push(Bucket { from, to, count: 0 });
            }
            if to > last {
                return rows;
            }
            from = to;
        }
        decade *= 10;
    }
}

fn bar(count: u64, most: u64, pen: Pen) -> String {
    let columns = count as f64 * BAR_COLUMNS as f64 / most as f64;
    match pen {
        Pen::Ascii => {
            let columns = columns.round() as usize;
            "#".repeat(columns.max(usize::from(count > 0)))
        }
        Pen::Unicode => {
            let eighths = (columns * 8.0).round() as usize;
            let eighths = eighths.max(usize::from(count > 0));
            let rest = (eighths % 8).checked_sub(1).map(|rest| EIGHTHS[rest]);
            let whole = std::iter::repeat_n('█', eighths / 8);
            whole.chain(rest).collect()
        }
    }
}

/// A bound without the zeros behind its point: bounds have two digits.
fn label(micros: u64) -> String {
    let shown = shown(micros);
    let Some((number, unit)) = shown.split_once(' ') else {
        return shown;
    };
    match number.contains('.') {
        true => {
            let number = number.trim_end_matches('0').trim_end_matches('.');
            format!("{number} {unit}")
        }
        false => shown,
    }
}

/// A line in the characters of a pen.
pub(super) fn plain(line: String, pen: Pen) -> String {
    match pen {
        Pen::Unicode => line,
        Pen::Ascii => line.replace('µ', "u").replace('…', "-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::latencies::Latencies;
    use std::time::Duration;

    fn buckets(latencies: &[(u64, u64)]) -> Vec<Bucket> {
        let mut recorded = Latencies::new();
        for (micros, count) in latencies {
            (0..*count).for_each(|_| recorded.record(Duration::from_micros(*micros)));
        }
        recorded.buckets()
    }

    #[test]
    fn histogram_when_drawn_then_has_a_row_for_each_step_and_bars_by_their_counts() {
        let buckets = buckets(&[(810, 64), (1_010, 128), (1_300, 1), (2_100, 3)]);
        let expected = [
            "  800 µs … ████████████████                        64  32.65 %",
            "    1 ms … ████████████████████████████████       128  65.31 %",
            "  1.2 ms … ▎                                        1   0.51 %",
            "  1.5 ms …                                          0   0.00 %",
            "    2 ms … ▊                                        3   1.53 %",
        ];
        assert_eq!(draw(&buckets, Pen::Unicode), expected);
        let ascii = draw(&buckets, Pen::Ascii);
        assert_eq!(
            ascii[2],
            "  1.2 ms - #                                        1   0.51 %"
        );
        assert!(ascii.concat().is_ascii());
        assert!(draw(&[], Pen::Unicode).is_empty());
    }

    #[test]
    fn histogram_when_latencies_are_far_apart_then_its_rows_are_wider_and_lose_nothing() {
        for slowest in [100, 10_000, 1_000_000, 100_000_000, 3_500_000_000] {
            let buckets = buckets(&[(5, 2), (90, 3), (slowest, 1)]);
            let rows = rows(&buckets);
            assert!(rows.len() <= ROWS_MAX, "{rows:?}");
            let sum: u64 = rows.iter().map(|row| row.count).sum();
            assert_eq!(sum, 6, "{rows:?}");
            assert!(rows[0].count > 0 && rows[rows.len() - 1].count > 0);
        }
    }
}
