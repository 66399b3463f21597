//! The results of a run, and their summary.

use crate::case::{Case, Comparison};
use crate::load::Measured;
use crate::server::Kind;
use serde::{Deserialize, Serialize};

/// A whole run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// The date, in UTC.
    pub date: String,
    /// The machine: processor, cores, kernel, file system.
    pub machine: Vec<String>,
    /// The method: rounds, durations, cores.
    pub method: Vec<String>,
    /// The load average of the machine at the beginning and at the end.
    pub load_average: [f64; 2],
    /// Contestants that could not take part, with the reason.
    pub absent: Vec<String>,
    /// The cases.
    pub cases: Vec<Found>,
}

/// The results of a case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Found {
    /// The case.
    pub case: Case,
    /// For each contestant, its rounds; `None` for rounds without it.
    pub rounds: Vec<Vec<Option<Measured>>>,
}

/// Minimum, median and maximum of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The minimum.
    pub min: f64,
    /// The median; the mean of the middle two if their number is even.
    pub median: f64,
    /// The maximum.
    pub max: f64,
}

impl Spread {
    /// The spread of at least one number.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        let (min, max) = (*numbers.first()?, *numbers.last()?);
        let upper = *numbers.get(numbers.len() / 2)?;
        let lower = *numbers.get((numbers.len() - 1) / 2)?;
        Some(Self {
            min,
            median: f64::midpoint(lower, upper),
            max,
        })
    }
}

impl Found {
    /// A quantity over a contestant's rounds.
    pub fn spread(
        &self,
        contestant: usize,
        of: impl Fn(&Measured) -> Option<f64>,
    ) -> Option<Spread> {
        let rounds = self.rounds.get(contestant)?.iter().flatten();
        let good = rounds.filter(|measured| measured.requests > 0);
        Spread::of(good.filter_map(of))
    }

    /// The requests that failed, and the first one's text.
    pub fn errors(&self, contestant: usize) -> (u64, Option<&str>) {
        let rounds = self.rounds.get(contestant).into_iter().flatten().flatten();
        rounds.fold((0, None), |(sum, text), measured| {
            let text = text.or(measured.first_error.as_deref());
            (sum + measured.errors, text)
        })
    }

    /// A ratio of rates, over the rounds in which all of them took part.
    pub fn ratio(&self, comparison: &Comparison) -> Option<Spread> {
        self.each_round(comparison, |ours, theirs| {
            let slowest = theirs.map(Measured::rate).fold(f64::INFINITY, f64::min);
            Some(ours.rate() / slowest)
        })
    }

    /// The processor time per request of the contestants in the denominator, divided by that of the
    /// one in the numerator: the ratio of rates if the processor were the only bottleneck.
    pub fn processor_ratio(&self, comparison: &Comparison) -> Option<Spread> {
        self.each_round(comparison, |ours, theirs| {
            let micros = |measured: &Measured| measured.server_micros;
            let least = theirs.filter_map(micros).fold(f64::INFINITY, f64::min);
            Some(least / micros(ours)?).filter(|ratio| ratio.is_finite())
        })
    }

    /// The server's processor time per request in microseconds, over all whole turns: background
    /// work does not occur in every turn.
    pub fn whole_micros(&self, contestant: usize) -> Option<f64> {
        let rounds = self.rounds.get(contestant)?.iter().flatten();
        let turns = rounds.filter_map(|measured| measured.whole_turn);
        let (requests, micros) = turns.fold((0, 0.0), |(requests, micros), turn| {
            (requests + turn.requests, micros + turn.server_micros)
        });
        (requests > 0).then(|| micros / requests as f64)
    }

    /// [`Self::processor_ratio`] over all whole turns.
    pub fn whole_ratio(&self, comparison: &Comparison) -> Option<f64> {
        let theirs = comparison.against.iter();
        let theirs = theirs.filter_map(|index| self.whole_micros(*index));
        let least = theirs.fold(f64::INFINITY, f64::min);
        Some(least / self.whole_micros(comparison.of)?).filter(|ratio| ratio.is_finite())
    }

    /// The ratio of the median latencies: the ratio of rates without interruptions. The disk has no
    /// comparable latency, since it serves one writer at a time.
    pub fn latency_ratio(&self, comparison: &Comparison) -> Option<Spread> {
        let contestants = &self.case.contestants;
        let is_disk = |index: &usize| contestants[*index].kind() == Kind::Disk;
        if comparison.against.iter().any(is_disk) {
            return None;
        }
        self.each_round(comparison, |ours, theirs| {
            let slowest = theirs.map(|theirs| theirs.latency_millis(0.5));
            let slowest = slowest.fold(0.0, f64::max);
            Some(slowest / ours.latency_millis(0.5)).filter(|ratio| ratio.is_finite())
        })
    }

    fn each_round(
        &self,
        comparison: &Comparison,
        ratio: impl Fn(&Measured, &mut dyn Iterator<Item = &Measured>) -> Option<f64>,
    ) -> Option<Spread> {
        let ours = self.rounds.get(comparison.of)?;
        let ratios = ours.iter().enumerate().filter_map(|(round, ours)| {
            let of = |index: &usize| self.rounds.get(*index)?.get(round)?.as_ref();
            let theirs: Option<Vec<&Measured>> = comparison.against.iter().map(of).collect();
            ratio(ours.as_ref()?, &mut theirs?.into_iter())
        });
        Spread::of(ratios)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{QUANTILES, WholeTurn};

    #[test]
    fn spread_when_of_odd_even_and_no_numbers_then_has_its_middle() {
        let spread = |numbers: &[f64]| Spread::of(numbers.iter().copied());
        let found = spread(&[3.0, 1.0, 2.0]).unwrap();
        assert_eq!((found.min, found.median, found.max), (1.0, 2.0, 3.0));
        assert_eq!(spread(&[4.0, 1.0]).unwrap().median, 2.5);
        assert_eq!(spread(&[]), None);
    }

    fn measured(requests: u64) -> Measured {
        Measured {
            requests,
            warm_up_requests: 0,
            errors: 0,
            first_error: None,
            seconds: 1.0,
            answer_bytes: 0,
            server_micros: Some(1e6 / requests as f64),
            whole_turn: Some(WholeTurn {
                requests: 2 * requests,
                server_micros: 3e6,
            }),
            client_micros: 1.0,
            latency_nanos: vec![1_000_000_000 / requests; QUANTILES.len()],
        }
    }

    #[test]
    fn ratio_when_one_sat_out_a_round_then_leaves_it_out_and_else_takes_the_slowest() {
        let some = |rates: [u64; 3]| {
            let one = |rate| (rate > 0).then(|| measured(rate));
            rates.map(one).to_vec()
        };
        let found = Found {
            case: crate::case::all().remove(0),
            rounds: vec![some([80, 50, 90]), some([100, 100, 100]), some([40, 0, 50])],
        };
        let against = |against: &[usize]| Comparison {
            of: 0,
            against: against.to_vec(),
            due: None,
        };
        let ratio = found.ratio(&against(&[1])).unwrap();
        assert_eq!((ratio.min, ratio.median, ratio.max), (0.5, 0.8, 0.9));
        let ratio = found.ratio(&against(&[1, 2])).unwrap();
        assert_eq!((ratio.min, ratio.max), (1.8, 2.0));
        let processor = found.processor_ratio(&against(&[1])).unwrap();
        assert!((processor.median - 0.8).abs() < 1e-9, "{processor:?}");
        // 3 s per round: 440 requests of ours in three rounds, 600 of the first peer, 180 of the
        // second in two rounds.
        assert_eq!(found.whole_micros(0), Some(9e6 / 440.0));
        let whole = |indices: &[usize]| found.whole_ratio(&against(indices)).unwrap();
        assert!((whole(&[1]) - 440.0 / 600.0).abs() < 1e-9);
        assert!((whole(&[1, 2]) - 440.0 / 600.0).abs() < 1e-9);
        assert!((whole(&[2]) - (6e6 / 180.0) / (9e6 / 440.0)).abs() < 1e-9);
        let latency = found.latency_ratio(&against(&[1])).unwrap();
        assert!((latency.median - 0.8).abs() < 1e-6, "{latency:?}");
    }
}
