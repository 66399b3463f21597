//! The pages are true about the code: links resolve, named tests exist, every dependency has its
//! reason.

use crate::files::COLUMNS_MAX;
use crate::{files, packages, root, text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Pages that make promises and name the tests that show them.
const WITH_TESTS: [&str; 8] = [
    "docs/promises.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "docs/attacks.md",
    "docs/operations/audit.md",
    "docs/operations/encryption.md",
    "docs/operations/memory.md",
    "docs/operations/overload.md",
];

fn pages() -> Vec<PathBuf> {
    files(root(), "md")
}

/// The targets of a page's links.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

/// The front page should fit a single read.
const FRONT_PAGE_LINES_MAX: usize = 120;

#[test]
fn front_page_when_it_grows_then_stays_short() {
    let lines = text(&root().join("README.md")).lines().count();
    assert!(lines <= FRONT_PAGE_LINES_MAX, "README.md has {lines} lines");
}

#[test]
fn page_when_it_is_prose_then_has_at_most_100_columns() {
    let performance = root().join("docs/performance");
    let is_measured =
        |page: &PathBuf| page.starts_with(&performance) || page.with_extension("") == performance;
    for page in pages().into_iter().filter(|page| !is_measured(page)) {
        let text = text(&page);
        // Every second part is code.
        let prose = text.split("```").step_by(2).flat_map(str::lines);
        let prose = prose.filter(|line| !line.trim_start().starts_with('|'));
        let too_long = prose.filter(|line| line.chars().count() > COLUMNS_MAX);
        let too_long: Vec<&str> = too_long.collect();
        assert!(too_long.is_empty(), "{}: {too_long:#?}", page.display());
    }
}

#[test]
fn link_when_it_leads_into_the_repository_then_there_is_something() {
    let mut followed = 0;
    for page in pages() {
        let folder = page.parent().unwrap_or(root());
        let text = text(&page);
        for link in links(&text).filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or_default();
            assert!(folder.join(path).exists(), "{}: {link}", page.display());
            followed += 1;
        }
    }
    assert!(followed > 10, "links were found");
}

/// Words in backticks that look like a test's name.
fn named_tests(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split('`').skip(1).step_by(2);
    let is_ours = |word: &str| word.contains("_when_") && word.contains("_then_");
    words.filter(move |word| is_ours(word) || word.starts_with("test_"))
}

#[test]
fn test_when_a_page_names_it_then_exists() {
    let mut code: String = files(&root().join("crates"), "rs")
        .iter()
        .map(|path| text(path))
        .collect();
    code.extend(
        files(&root().join("interop"), "py")
            .iter()
            .map(|path| text(path)),
    );
    let mut found = 0;
    for page in WITH_TESTS {
        let text = text(&root().join(page));
        for name in named_tests(&text) {
            let (rust, python) = (format!("fn {name}("), format!("def {name}("));
            let exists = code.contains(&rust) || code.contains(&python);
            assert!(exists, "{page}: there is no test {name}");
            found += 1;
        }
    }
    assert!(found > 10, "tests are named");
}

/// Third-party crates that ours depend on, each with its users.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        let all = package["dependencies"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for dependency in all.iter().filter(|dependency| dependency["path"].is_null()) {
            let name = dependency["name"].as_str().unwrap_or_default();
            let user = package["name"].as_str().unwrap_or_default();
            found
                .entry(name.to_owned())
                .or_default()
                .insert(user.to_owned());
        }
    }
    found
}

#[test]
fn dependency_when_one_of_our_crates_has_it_then_its_reason_is_written_down() {
    let page = text(&root().join("docs/dependencies.md"));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: BTreeSet<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let dependencies = dependencies();
    let used: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    let missing: Vec<_> = used.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&used).collect();
    assert!(missing.is_empty(), "without a reason: {missing:?}");
    assert!(stale.is_empty(), "not used any more: {stale:?}");
}

#[test]
fn decision_when_it_is_written_down_then_is_listed_and_has_all_its_parts() {
    let index = text(&root().join("docs/adr/README.md"));
    for path in files(&root().join("docs/adr"), "md") {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "README.md" {
            continue;
        }
        let text = text(&path);
        assert!(
            index.contains(&format!("]({name})")),
            "{name} is not in the list"
        );
        for part in ["Context", "Choice", "Refused", "What would change our mind"] {
            assert!(text.contains(&format!("\n## {part}\n")), "{name}: {part}");
        }
    }
}
