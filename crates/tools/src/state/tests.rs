//! The states' formats: versions, and the page that shows them.

use super::*;
use millstream_env::{Disk, MemoryDisk};

/// The examples of the page of states.
const PAGE: &str = include_str!("../../../../docs/formats/tool-states.md");

/// Checks that the page shows a state as it is read and written.
pub(crate) fn check_page<T: StateFormat>() {
    let blocks = PAGE.split("```json\n").skip(1);
    let mut shown = blocks.filter_map(|rest| rest.split_once("\n```").map(|(shown, _)| shown));
    let format = format!("\"Format\": \"{}\"", T::NAME);
    let shown = shown.find(|shown| shown.contains(&format)).unwrap();
    let state: T = decode(shown.as_bytes(), Path::new("shown")).unwrap();
    assert_eq!(str::from_utf8(&encode(&state).unwrap()).unwrap(), shown);
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Counted {
    count: u32,
}

impl StateFormat for Counted {
    const NAME: &'static str = "millstream-count-state";
    const VERSION: u64 = 2;
}

fn read(text: &str) -> Result<Counted, String> {
    let read = decode(text.as_bytes(), Path::new("/s"));
    read.map_err(|failure: Failure| failure.line().unwrap())
}

#[test]
fn state_when_of_this_version_or_an_older_one_then_is_read() {
    for head in [
        "",
        "\"Format\":\"millstream-count-state\",\"Version\":1,",
        "\"Format\":\"millstream-count-state\",\"Version\":2,",
    ] {
        assert_eq!(
            read(&format!("{{{head}\"Count\":7}}")),
            Ok(Counted { count: 7 })
        );
    }
    let written = String::from_utf8(encode(&Counted { count: 7 }).unwrap()).unwrap();
    assert_eq!(read(&written), Ok(Counted { count: 7 }));
}

#[test]
fn state_when_it_is_of_a_newer_build_or_of_another_tool_then_is_refused_with_what_to_do() {
    for (head, expected) in [
        (
            "\"Format\":\"millstream-count-state\",\"Version\":3,",
            "millstream: /s is of a newer millstream: version 3 of millstream-count-state, of which \
             this one reads 2. Use the newer millstream, or give another --state.",
        ),
        (
            "\"Format\":\"millstream-other-state\",\"Version\":1,",
            "millstream: /s is not the state of such a run: it is millstream-other-state, version \
             1, and not millstream-count-state. Give another --state.",
        ),
        (
            "\"Version\":1,",
            "millstream: /s is not the state of such a run: it is without a format, version 1, and \
             not millstream-count-state. Give another --state.",
        ),
        (
            "\"Format\":\"millstream-count-state\",",
            "millstream: /s is not the state of such a run: it is millstream-count-state, no \
             version, and not millstream-count-state. Give another --state.",
        ),
    ] {
        let text = format!("{{{head}\"Count\":7}}");
        assert_eq!(read(&text), Err(expected.to_owned()));
    }
    for text in ["", "[]", "{}", "{\"Count\":-1}"] {
        let line = read(text).unwrap_err();
        let expected = "millstream: /s is not the state of such a run: ";
        assert!(line.starts_with(expected), "{line}");
    }
}

#[tokio::test]
async fn state_when_another_run_uses_it_then_is_refused_until_that_one_is_gone() {
    let disk = MemoryDisk::new();
    disk.boot().create_directory(Path::new("/data")).unwrap();
    let env = Env {
        disk: Arc::new(disk.boot()),
        ..Env::real()
    };
    let path = Path::new("/data/count.state");
    let held = hold(&env, path).await.unwrap();
    save(&env, path, &Counted { count: 7 }).await.unwrap();
    let refused = hold(&env, path).await.err().unwrap().line().unwrap();
    let expected = "millstream: another run uses the state /data/count.state. Wait for its end, or \
                    give another --state.";
    assert_eq!(refused, expected);
    drop(held);
    let _held = hold(&env, path).await.unwrap();
    assert_eq!(load(&env, path).await.unwrap(), Some(Counted { count: 7 }));
}
