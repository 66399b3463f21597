//! The end of a log in the journal: what earlier versions left behind a CLOSE, and a journal that
//! writes no more.

use super::harness::{ANY, World, append, batch, create, id, read_all, small, try_append};
use crate::Options;
use crate::planted::PlantedBug;
use millstream_store::batch::{Batch, Kind};
use millstream_store::store::{AppendError, LogStore, Offset};

/// Earlier versions appended behind a CLOSE, data and further CLOSEs, and told who did so.
#[tokio::test]
async fn journal_of_an_earlier_version_when_records_stand_behind_a_close_then_is_sealed_at_the_first()
 {
    let world = World::inline(1);
    let earlier = Options {
        planted: Some(PlantedBug::AppendBehindSeal),
        ..small()
    };
    let world = World {
        options: earlier,
        ..world
    };
    let journal = world.open();
    create(&journal, 1).await;
    append(&journal, 0, b"a").await;
    for mark in [b"first", b"again"] {
        let closed = try_append(&journal, 0, Batch::control(mark)).await;
        closed.unwrap();
        append(&journal, 0, b"behind").await;
    }
    let world = World {
        options: small(),
        ..world
    };
    for restart in [World::kill, World::lose_power] {
        let journal = restart(&world);
        assert_eq!(journal.seal(id(0), b"now").await, Ok(Offset(1)));
        let late = try_append(&journal, 0, batch(&[b"now"])).await;
        assert_eq!(late, Err(AppendError::Sealed(Offset(1))));
        let bounds = journal.known_bounds(id(0)).unwrap();
        assert_eq!(
            (bounds.first_control, bounds.end),
            (Some(Offset(1)), Offset(5))
        );
        let slice = journal.read(id(0), Offset(0), ANY).await.unwrap();
        let kinds: Vec<Kind> = slice.records().map(|record| record.kind).collect();
        let (data, control) = (Kind::Data, Kind::Control);
        assert_eq!(kinds, [data, control, data, control, data]);
        assert_eq!(read_all(&journal, 0).await.unwrap()[4].1, b"behind");
    }
}

#[tokio::test]
async fn a_sealed_log_when_the_journal_is_closed_then_still_tells_where_it_ended() {
    let world = World::inline(1);
    let journal = world.open();
    create(&journal, 2).await;
    append(&journal, 0, b"a").await;
    assert_eq!(journal.seal(id(0), b"end").await, Ok(Offset(1)));
    journal.shutdown().await;
    assert_eq!(journal.seal(id(0), b"end").await, Ok(Offset(1)));
    let open = journal.seal(id(1), b"end").await;
    assert!(matches!(open, Err(AppendError::NotApplied(_))), "{open:?}");
}
