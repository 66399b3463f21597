//! Writes the results into a page of Markdown, between two markers: the rest of the page is written
//! by hand.

use crate::case::{Comparison, Contestant};
use crate::load::Measured;
use crate::results::{Found, Results, Spread};
use anyhow::Context;
use std::fmt::Write;

/// The markers: everything between them is generated.
const BEGIN: &str = "<!-- bench: results -->\n";
const END: &str = "<!-- bench: end -->\n";

/// The markers of the table of fan-out.
const FAN_OUT: &str = "<!-- bench: fan-out -->\n";

/// The markers of the table of instructions.
const INSTRUCTIONS: &str = "<!-- bench: instructions -->\n";

/// Writes the results into a page.
pub fn fill(page: &str, results: &Results) -> anyhow::Result<String> {
    fill_place(page, BEGIN, &render(results))
}

/// Writes the table of fan-out into a page.
pub fn fill_fan_out(page: &str, table: &str) -> anyhow::Result<String> {
    fill_place(page, FAN_OUT, table)
}

/// Writes the table of instructions into a page.
pub fn fill_instructions(page: &str, table: &str) -> anyhow::Result<String> {
    fill_place(page, INSTRUCTIONS, table)
}

fn fill_place(page: &str, begin: &str, content: &str) -> anyhow::Result<String> {
    let (before, rest) = page
        .split_once(begin)
        .context("the page has no place for results")?;
    let (_, after) = rest
        .split_once(END)
        .context("the place for results has no end")?;
    Ok(format!("{before}{begin}\n{content}\n{END}{after}"))
}

fn render(results: &Results) -> String {
    let mut out = String::new();
    write(&mut out, results).expect("a string can be written to");
    out
}

fn write(out: &mut String, results: &Results) -> std::fmt::Result {
    let [before, after] = results.load_average;
    writeln!(out, "Run of {}.\n", results.date)?;
    for line in results.machine.iter().chain(&results.method) {
        writeln!(out, "- {line}")?;
    }
    writeln!(
        out,
        "- load average: {before:.1} at the beginning, {after:.1} at the end"
    )?;
    for absent in &results.absent {
        writeln!(out, "- absent: {absent}")?;
    }
    writeln!(out, "\n### Ratios\n")?;
    write_ratios(out, &results.cases)?;
    for found in &results.cases {
        writeln!(out, "\n### {}\n", found.case.title)?;
        write_case(out, found)?;
    }
    Ok(())
}

fn write_ratios(out: &mut String, cases: &[Found]) -> std::fmt::Result {
    writeln!(
        out,
        "| case | compared | due | ratio of rates: median (min–max) | of median latencies | of the server's processor time | of that with the background | met |\n\
         |---|---|---|---|---|---|---|---|"
    )?;
    for found in cases {
        for comparison in &found.case.comparisons {
            let Some(ratio) = found.ratio(comparison) else {
                continue;
            };
            let met = comparison.due.map(|due| ratio.median >= due);
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                found.case.title,
                compared(found, comparison),
                comparison
                    .due
                    .map_or_else(String::new, |due| format!("≥ {due}")),
                spread(ratio),
                found
                    .latency_ratio(comparison)
                    .map_or_else(String::new, spread),
                found
                    .processor_ratio(comparison)
                    .map_or_else(String::new, spread),
                found
                    .whole_ratio(comparison)
                    .map_or_else(String::new, |ratio| format!("{ratio:.2}")),
                met.map_or("", |met| if met { "yes" } else { "**no**" }),
            )?;
        }
    }
    Ok(())
}

/// The contestants that are compared.
pub fn compared(found: &Found, comparison: &Comparison) -> String {
    let name = |index: &usize| found.case.contestants.get(*index).map(Contestant::name);
    let against: Vec<String> = comparison.against.iter().filter_map(name).collect();
    let of = name(&comparison.of).unwrap_or_default();
    let slower = if against.len() > 1 {
        "the slower of "
    } else {
        ""
    };
    format!("{of} : {slower}{}", against.join(" and "))
}

fn spread(spread: Spread) -> String {
    let Spread { min, median, max } = spread;
    format!("{median:.2} ({min:.2}–{max:.2})")
}

fn write_case(out: &mut String, found: &Found) -> std::fmt::Result {
    writeln!(
        out,
        "| | requests/s (min–max) | records/s | MB/s | p50 ms | p99 ms | processor µs/request | with the background | failed |\n\
         |---|---|---|---|---|---|---|---|---|"
    )?;
    let mut failures = Vec::new();
    for (index, contestant) in found.case.contestants.iter().enumerate() {
        let Some(rate) = found.spread(index, |measured| Some(measured.rate())) else {
            continue;
        };
        let middle = |of: fn(&Measured) -> Option<f64>| {
            let spread = found.spread(index, of);
            spread.map_or_else(String::new, |spread| short(spread.median))
        };
        let (errors, first) = found.errors(index);
        failures.extend(first.map(|text| format!("{}: {text}", contestant.name())));
        let workload = &contestant.workload;
        writeln!(
            out,
            "| {} | {} ({}–{}) | {} | {} | {} | {} | {} | {} | {errors} |",
            contestant.name(),
            short(rate.median),
            short(rate.min),
            short(rate.max),
            short(rate.median * workload.batch as f64),
            short(rate.median * workload.request_bytes() as f64 / 1e6),
            middle(|measured| Some(measured.latency_millis(0.5))),
            middle(|measured| Some(measured.latency_millis(0.99))),
            middle(|measured| measured.server_micros),
            found.whole_micros(index).map_or_else(String::new, short),
        )?;
    }
    for failure in failures {
        let text: String = failure.chars().take(300).collect();
        writeln!(out, "\nFirst failure of {text}")?;
    }
    Ok(())
}

/// A number with three significant digits.
pub fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => with_spaces(number.round()),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

/// An integer with its digits grouped in threes.
fn with_spaces(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_when_shortened_then_keeps_three_digits_or_is_whole() {
        let numbers = [0.1234, 1.234, 12.34, 123.4, 1234.5, 1_234_567.0];
        let shortened = numbers.map(short);
        assert_eq!(
            shortened,
            ["0.123", "1.23", "12.3", "123", "1 235", "1 234 567"]
        );
    }

    fn empty() -> Results {
        Results {
            date: "today".to_owned(),
            machine: Vec::new(),
            method: Vec::new(),
            load_average: [0.0; 2],
            absent: vec!["moto: not installed".to_owned()],
            cases: Vec::new(),
        }
    }

    #[test]
    fn page_when_filled_twice_then_keeps_what_people_wrote() {
        let page = format!("# Before\n{BEGIN}old\n{END}After\n");
        let filled = fill(&page, &empty()).unwrap();
        assert!(filled.starts_with("# Before\n") && filled.ends_with("After\n"));
        assert!(filled.contains("absent: moto: not installed") && !filled.contains("old"));
        assert_eq!(fill(&filled, &empty()).unwrap(), filled);
    }

    #[test]
    fn page_when_it_has_no_place_then_is_refused() {
        assert!(fill("# Page\n", &empty()).is_err());
    }
}
