//! Snapshots are read back as the state that they were taken of.

use super::*;

#[test]
fn state_when_read_from_its_snapshot_then_is_the_same_policies_included() {
    let mut state = state();
    // The sample's shards and plan are numbers to be told apart, and no stream.
    state.put(Stream {
        shards: Arc::new(Shards::new(vec![Shard {
            range: HashRange::ALL,
            closed: None,
            ..shard()
        }])),
        next_shard: 63,
        reshard: Some(Reshard {
            plan: Plan {
                parents: vec![51],
                created: vec![Planned {
                    index: 62,
                    range: HashRange::ALL,
                    parent: 51,
                    adjacent_parent: None,
                }],
                opening: None,
            },
            ..reshard()
        }),
        ..stream()
    });
    assert_eq!(image::decode(&image::encode(&state)).unwrap(), state);
    let [stream] = state.streams().collect::<Vec<_>>()[..] else {
        panic!("{state:?}");
    };
    assert!(stream.policy.is_some() && stream.consumers[0].policy.is_some());
}

/// A snapshot of a build that knew no policies.
#[test]
fn consumer_when_written_without_a_policy_then_is_as_before_there_were_any() {
    let without = Consumer {
        policy: None,
        ..consumer()
    };
    let bytes = minicbor::to_vec(&without).unwrap();
    let Value::List(fields) = decode(&bytes) else {
        panic!("a structure");
    };
    assert_eq!(fields.len(), 6);
    assert_eq!(minicbor::decode::<Consumer>(&bytes).unwrap(), without);
}
