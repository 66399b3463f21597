//! The targets, each on its corpus, and for as long as the environment says on new inputs.

use millstream_fuzz::{TARGETS, fuzz};

/// A test for each target, so that they run side by side and each fails by its name.
macro_rules! tests {
    ($($test:ident runs $name:literal;)+) => {
        $(#[test]
        fn $test() {
            let target = TARGETS.iter().find(|target| target.name == $name);
            fuzz($name, target.expect("it is a target").run);
        })+

        const TESTED: &[&str] = &[$($name),+];
    };
}

tests! {
    aggregates_when_they_are_anything_then_are_made_anew_or_left_whole runs "aggregates";
    arns_when_they_are_anything_then_print_as_they_were_written runs "arns";
    cbor_bodies_when_they_are_anything_then_are_judged_and_read_back runs "cbor-bodies";
    commands_when_they_are_anything_then_are_applied_or_change_nothing runs "commands";
    event_frames_when_they_are_anything_then_are_read_or_refused runs "event-frames";
    event_payloads_when_they_are_anything_then_read_back_from_frames runs "event-payloads";
    json_bodies_when_they_are_anything_then_are_judged_and_read_back runs "json-bodies";
    numbers_when_they_are_anything_then_mean_the_same_in_every_reading runs "numbers";
    policies_when_they_are_anything_then_hold_for_their_resource_alone runs "policies";
    record_files_when_they_are_anything_then_are_read_as_they_would_be_written runs "record-files";
    segments_when_they_are_anything_then_are_served_or_refused runs "segments";
    shared_files_when_they_are_anything_then_are_read_or_their_line_is_named runs "shared-files";
    signatures_when_they_are_anything_then_are_judged_and_never_of_another runs "signatures";
    snapshots_when_they_are_anything_then_read_back_as_they_were runs "snapshots";
    tokens_when_they_are_anything_then_open_as_they_were_sealed runs "tokens";
}

#[test]
fn target_when_there_is_one_then_it_has_a_test() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, TESTED);
}
