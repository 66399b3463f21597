//! The tail of a segment without a footer: what `classify` says of it, for each row of the table in
//! docs/recovery.md and for every short segment there can be, and what a journal does that is
//! opened with it.

use super::drawn::{After, CAPACITY_BYTES, DRAWN, Drawn, LATER_LOG, LOG, drawn_path};
use super::harness::{World, append, place_in_file, read_all};
use super::inspecting;
use crate::Journal;
use crate::format::segment::{FRAMES_START, segment_name};
use crate::inspect::{Finding, What};
use crate::recover::classify::{Evidence, Role, State, Tail, Then, classify};
use millstream_store::store::{Offset, ReadError};
use std::sync::Arc;

const PAGE: &str = include_str!("../../../../docs/recovery.md");
/// All segments of at most so many frames are classified.
const FRAMES_MAX: usize = 4;

/// A row of the table.
#[derive(Debug)]
struct Row {
    drawn: Drawn,
    state: State,
    counts: usize,
    damage: Vec<usize>,
    then: Then,
}

fn rows() -> Vec<Row> {
    let (_, section) = PAGE.split_once("\n## The states\n").unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let lines = lines.skip(2).take_while(|line| line.starts_with('|'));
    lines.map(Row::parse).collect()
}

impl Row {
    fn parse(line: &str) -> Self {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (after, is_cut_short) = match cells[3].strip_suffix(", cut short") {
            Some(after) => (after, true),
            None => (cells[3], false),
        };
        let after = match after {
            "nothing" => After::Nothing,
            "its end" => After::ItsEnd,
            "a lost header" => After::LostHeader,
            other => panic!("what is {other:?}?"),
        };
        let damage = cells[6].split(", ").filter(|place| !place.is_empty());
        Self {
            drawn: Drawn {
                frames: cells[1].trim_matches('`').to_owned(),
                page: cells[2].parse().unwrap(),
                after,
                is_cut_short,
            },
            state: match cells[4] {
                "whole" => State::Whole,
                "torn" => State::Torn,
                "rotten" => State::Rotten,
                other => panic!("what is {other:?}?"),
            },
            counts: cells[5].parse().unwrap(),
            damage: damage.map(|place| place.parse().unwrap()).collect(),
            then: match cells[7] {
                "goes on" => Then::GoOn,
                "gets its footer" => Then::WriteFooter,
                "is left" => Then::Leave,
                other => panic!("what is {other:?}?"),
            },
        }
    }

    /// The places of damage in the file.
    fn damage(&self) -> Vec<u32> {
        let positions = self.drawn.positions();
        self.damage.iter().map(|at| positions[*at]).collect()
    }

    /// Opens the journal and looks at all that the row says of it.
    async fn open(&self, world: &World) -> Arc<Journal> {
        let journal = world.open();
        let what = format!("{self:?}");
        let open = journal.segments.active();
        let sealed = journal.handover.sealed();
        let then = match (open, sealed) {
            (DRAWN, 0) => Then::GoOn,
            (_, 1) => Then::WriteFooter,
            (_, _) => Then::Leave,
        };
        assert_eq!(then, self.then, "{what}");
        let is_damaged = journal.damage.is_any();
        assert_eq!(is_damaged, self.state == State::Rotten, "{what}");
        let found = read_all(&journal, LOG).await;
        if let Some(first) = self.damage().first() {
            let place = (segment_name(DRAWN), u64::from(*first));
            match found {
                Err(ReadError::Damaged { at, .. }) => assert_eq!(place_in_file(&at), place),
                other => panic!("{what}: {other:?}"),
            }
        } else if self.drawn.has_bad_records(self.counts) {
            assert!(matches!(found, Err(ReadError::Damaged { .. })), "{what}");
        } else {
            let count = self.drawn.record_count(self.counts);
            assert_eq!(found.unwrap().len(), count, "{what}");
        }
        if self.drawn.after != After::Nothing {
            assert_eq!(read_all(&journal, LATER_LOG).await.unwrap().len(), 1);
        }
        journal
    }
}

#[test]
fn tail_when_in_the_table_then_is_classified_as_there() {
    for row in rows() {
        let tail = classify(&row.drawn.evidence());
        assert_eq!(
            (tail.state, tail.kept, tail.then),
            (row.state, row.counts, row.then),
            "{row:?}"
        );
        assert_eq!(tail.damage, row.damage(), "{row:?}");
    }
}

#[test]
fn tail_when_drawn_then_is_what_a_scan_finds() {
    for row in rows() {
        let found = row.drawn.scan(&row.drawn.world());
        assert_eq!(found, row.drawn.evidence(), "{row:?}");
    }
}

#[tokio::test]
async fn journal_when_opened_with_a_tail_in_the_table_then_does_as_there() {
    for row in rows() {
        let world = row.drawn.world();
        let before = world.disk.contents(&drawn_path()).unwrap();
        let journal = row.open(&world).await;
        if row.then != Then::GoOn {
            continue;
        }
        let after = world.disk.contents(&drawn_path()).unwrap();
        let counted = row.drawn.scanned_from() + row.counts;
        let end = row.drawn.positions()[counted] as usize;
        let frames = FRAMES_START as usize..end;
        assert_eq!(before[frames.clone()], after[frames], "{row:?}");
        let is_wiped = after[end..].iter().all(|byte| *byte == 0);
        assert!(is_wiped || row.state == State::Whole, "{row:?}");
        if !row.drawn.has_bad_records(row.counts) {
            let next = append(&journal, LOG, b"next").await.first;
            let count = row.drawn.record_count(row.counts);
            assert_eq!(next, Offset(count as u64), "{row:?}");
        }
    }
}

#[tokio::test]
async fn tail_when_in_the_table_then_a_check_calls_it_damaged_if_it_is_and_torn_if_it_is_that() {
    for row in rows() {
        let seen = inspecting::look(&row.drawn.world()).unwrap();
        let is_damaged = !seen.damage().is_empty();
        let (before, _) = row.drawn.frames.rsplit_once('C').unwrap_or_default();
        let is_sound = row.state != State::Rotten
            && row.drawn.after != After::LostHeader
            && !before.contains('x')
            && !row.drawn.has_bad_records(row.counts);
        assert_eq!(is_damaged, !is_sound, "{row:?}: {:?}", seen.findings);
        let is_torn = |found: &Finding| matches!(found.what, What::TornTail { .. });
        let is_torn = seen.findings.iter().any(is_torn);
        assert!(is_torn || row.state != State::Torn, "{row:?}");
    }
}

#[tokio::test]
async fn journal_when_opened_again_with_a_rotten_tail_then_finds_the_same_damage() {
    for row in rows().iter().filter(|row| row.state == State::Rotten) {
        let world = row.drawn.world();
        drop(row.open(&world).await);
        world.disk.process_death();
        let found = read_all(&world.open(), LOG).await;
        let Err(ReadError::Damaged { at, .. }) = found else {
            panic!("{row:?}: {found:?}");
        };
        let first = u64::from(row.damage()[0]);
        assert_eq!(place_in_file(&at).1, first, "{row:?}");
    }
}

#[tokio::test]
async fn tail_when_rotten_then_is_read_no_more_often_than_a_whole_one() {
    let read_bytes = |frames: &str| {
        let drawn = Drawn {
            frames: frames.to_owned(),
            page: 0,
            after: After::Nothing,
            is_cut_short: false,
        };
        let world = drawn.world();
        let before = world.disk.read_bytes();
        drop(world.open());
        world.disk.read_bytes() - before
    };
    let (whole, rotten) = (read_bytes("GGG"), read_bytes("GxG"));
    assert!(whole > CAPACITY_BYTES, "{whole} bytes");
    assert!(rotten <= whole, "{rotten} bytes, not {whole}");
}

#[test]
fn table_of_tails_when_read_then_has_all_there_is() {
    let rows = rows();
    for state in [State::Whole, State::Torn, State::Rotten] {
        assert!(rows.iter().any(|row| row.state == state), "{state:?}");
    }
    for then in [Then::GoOn, Then::WriteFooter, Then::Leave] {
        assert!(rows.iter().any(|row| row.then == then), "{then:?}");
    }
    for letter in "GgUuWCx".chars() {
        let has = |row: &Row| row.drawn.frames.contains(letter);
        assert!(rows.iter().any(has), "{letter}");
    }
}

/// Every segment of a few frames without a checkpoint, after whatever may come after it.
fn every_segment() -> Vec<Drawn> {
    let mut frames = vec![String::new()];
    for from in 0.. {
        let Some(shorter) = frames.get(from).filter(|frames| frames.len() < FRAMES_MAX) else {
            break;
        };
        let longer = "GgUuWx".chars().map(|letter| format!("{shorter}{letter}"));
        let longer: Vec<String> = longer.collect();
        frames.extend(longer);
    }
    let mut all = Vec::new();
    for frames in frames {
        let pages = (0..=frames.len()).map(|page| (page, After::Nothing));
        for (page, after) in pages.chain([(0, After::ItsEnd), (0, After::LostHeader)]) {
            for is_cut_short in [false, true] {
                let frames = frames.clone();
                all.push(Drawn {
                    frames,
                    page,
                    after,
                    is_cut_short,
                });
            }
        }
    }
    all
}

/// The rule of the page, frame by frame: how many frames were surely synced, how many count, and
/// before which ones there is damage.
fn by_the_rule(drawn: &Drawn) -> (usize, usize, Vec<usize>) {
    let letters: Vec<char> = drawn.frames.chars().collect();
    let is_frame = |at: &usize| letters[*at] != 'x';
    let seen = (0..letters.len()).rfind(is_frame).map_or(0, |at| at + 1);
    let witness = (0..letters.len()).rfind(|at| "GgW".contains(letters[*at]));
    let durable = match drawn.after {
        After::Nothing => drawn.page.max(witness.unwrap_or(0)),
        After::ItsEnd => letters.len(),
        After::LostHeader => seen,
    };
    // Bytes that are no frame are one stretch as far as the next frame, and stand where it begins.
    let begins = |at: &usize| *at == 0 || is_frame(&(at - 1));
    let is_torn = |at: &usize| match letters[*at] {
        'x' => begins(at),
        letter => "gu".contains(letter),
    };
    let torn = (durable..seen).find(is_torn).unwrap_or(letters.len());
    let counts = (0..durable.max(torn).min(letters.len())).filter(is_frame);
    let counts: Vec<usize> = counts.collect();
    let mut damage: Vec<usize> = (0..durable)
        .filter(|at| !is_frame(at) && begins(at))
        .collect();
    let end = counts.last().map_or(0, |last| last + 1);
    if drawn.is_cut_short && damage.last() != Some(&end) {
        damage.push(end);
    }
    (durable, counts.len(), damage)
}

#[test]
fn tail_when_of_any_few_frames_then_is_classified_by_the_rule() {
    let all = every_segment();
    assert!(all.len() > 15_000, "{}", all.len());
    for drawn in all {
        let (tail, positions) = (classify(&drawn.evidence()), drawn.positions());
        let (durable, counts, damage) = by_the_rule(&drawn);
        let damage: Vec<u32> = damage.into_iter().map(|at| positions[at]).collect();
        assert_eq!(tail.durable_end, positions[durable], "{drawn:?}");
        assert_eq!((tail.kept, &tail.damage), (counts, &damage), "{drawn:?}");
    }
}

/// A frame that anything calls synced counts, or is named as damage.
#[test]
fn frame_when_anything_calls_it_synced_then_is_never_dropped() {
    for drawn in every_segment() {
        let found = drawn.evidence();
        let tail = classify(&found);
        let witnesses = found
            .frames
            .iter()
            .map(|frame| frame.header.durable_through);
        let synced = match found.role {
            Role::Newest { synced } => witnesses.fold(synced, u32::max),
            Role::Sealed { .. } => u32::MAX,
        };
        let dropped = &found.frames[tail.kept..];
        let is_synced = |end: u32| end <= synced;
        assert!(
            !dropped.iter().any(|frame| is_synced(frame.header.end())),
            "{drawn:?}"
        );
        assert!(
            tail.damage.is_empty() == (tail.state != State::Rotten),
            "{drawn:?}"
        );
        assert!(tail.end <= tail.dropped_end, "{drawn:?}");
    }
}

/// The more is known to be synced, the more counts, and the more of the rest is damage.
#[test]
fn tail_when_the_page_calls_more_of_it_synced_then_never_counts_less() {
    let newest = |drawn: &Drawn| drawn.after == After::Nothing && !drawn.is_cut_short;
    for drawn in every_segment().into_iter().filter(newest) {
        let less = classify(&drawn.evidence());
        let page = drawn.page + 1;
        if page <= drawn.frames.len() {
            let more = classify(
                &Drawn {
                    page,
                    ..drawn.clone()
                }
                .evidence(),
            );
            assert!(more.kept >= less.kept, "{drawn:?}");
            assert!(more.damage.starts_with(&less.damage), "{drawn:?}");
        }
    }
}

/// What the next start finds if this one has mended what it found.
fn mended(found: &Evidence, tail: &Tail) -> Evidence {
    let mut mended = found.clone();
    mended.frames.truncate(tail.kept);
    let end = tail.end;
    mended.unreadable.retain(|from| *from < end);
    mended.role = Role::Newest {
        synced: tail.durable_end,
    };
    mended
}

#[test]
fn tail_when_mended_then_is_found_the_same_and_not_torn() {
    for drawn in every_segment() {
        let found = drawn.evidence();
        if let Role::Newest { .. } = found.role {
            let tail = classify(&found);
            let again = classify(&mended(&found, &tail));
            let expected = Tail {
                state: match tail.state {
                    State::Torn => State::Whole,
                    State::Whole | State::Rotten => tail.state,
                },
                dropped_end: tail.end,
                ..tail
            };
            assert_eq!(again, expected, "{drawn:?}");
        }
    }
}
