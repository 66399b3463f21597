//! Who may construct the proof that no policy has to be asked.

use crate::{files, root, text};

/// The only constructor of an operator.
const OPERATOR: &str = "Operator::from_command_line";
/// Where it may be used, besides in tests: in the binary, and in the simulation, which is not part
/// of it.
const MAKERS: [&str; 2] = ["crates/millstream/src/", "crates/sim/"];

#[test]
fn operator_when_made_then_by_the_binary_and_by_tests_alone() {
    let mut makers = 0;
    for path in files(&root().join("crates"), "rs") {
        if !text(&path).contains(OPERATOR) {
            continue;
        }
        let path = path.strip_prefix(root()).unwrap_or(&path);
        let path = path.to_string_lossy();
        let is_maker = MAKERS.iter().any(|maker| path.starts_with(maker));
        assert!(
            is_maker || path.contains("/tests/"),
            "{path} makes an operator"
        );
        makers += usize::from(path.starts_with(MAKERS[0]));
    }
    assert_eq!(makers, 1, "the binary does, in one place");
}
