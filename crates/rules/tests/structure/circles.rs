//! Files of one crate import each other in no circle of more than three: what is larger can be
//! understood, tested and moved only as a whole.
//!
//! It reads `use` declarations and paths and follows re-exports to the file that defines a name.
//! It is no compiler: names that macros make are not seen. Test modules are left out.

use crate::{files, packages, text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Files that may import each other in a circle.
const FILES_MAX: usize = 3;
/// How many re-exports lead to a name at most.
const RE_EXPORTS_MAX: usize = 8;

/// The names of modules from the crate's root on.
type Module = Vec<String>;

/// What a file says about other files.
#[derive(Debug, Default)]
struct Source {
    code: String,
    /// What a name that is imported or re-exported here stands for, from the crate's root on.
    names: BTreeMap<String, Module>,
    /// The modules of which every name is re-exported.
    globs: Vec<Module>,
    /// What `use` declarations say, but for re-exports of what stands below.
    imports: Vec<Module>,
}

/// One crate's files by the modules that they are.
#[derive(Debug, Default)]
struct Sources(BTreeMap<Module, Source>);

/// A name on its way from a `use` declaration.
struct Import {
    path: Vec<String>,
    name: String,
}

impl Sources {
    fn read(folder: &Path) -> Self {
        let mut sources: BTreeMap<Module, String> = BTreeMap::new();
        for path in files(folder, "rs") {
            let inner = path.strip_prefix(folder).expect("it was found there");
            if let Some(module) = module_of(inner) {
                sources.insert(module, text(&path));
            }
        }
        if let Some(root) = sources.remove(&vec!["main".to_owned()]) {
            // Beside a library it is a crate of its own.
            sources.entry(Module::new()).or_insert(root);
        }
        Self::of(sources)
    }

    fn of(texts: BTreeMap<Module, String>) -> Self {
        let mut tests = Vec::new();
        for (module, text) in &texts {
            let all = text.split("#[cfg(test)]\n").skip(1);
            let names = all.filter_map(|rest| rest.split_once(';')?.0.rsplit_once("mod "));
            tests.extend(names.map(|(_, name)| [module.as_slice(), &[name.to_owned()]].concat()));
        }
        let is_test = |module: &Module| tests.iter().any(|test| module.starts_with(test));
        let texts = texts.into_iter().filter(|(module, _)| !is_test(module));
        let codes = texts.map(|(module, text)| (module, code_of(&text)));
        let codes: BTreeMap<Module, String> = codes.collect();
        let is_module = |module: &Module| codes.contains_key(module);
        let read = |(module, code): (&Module, &String)| {
            (module.clone(), Source::read(module, code, &is_module))
        };
        Self(codes.iter().map(read).collect())
    }

    /// The file that defines what a path names.
    fn definer(&self, path: &[String], re_exports: usize) -> Module {
        let mut module = Module::new();
        for (at, name) in path.iter().enumerate() {
            let child = [module.as_slice(), std::slice::from_ref(name)].concat();
            if self.0.contains_key(&child) {
                module = child;
                continue;
            }
            let Some(source) = self.0.get(&module) else {
                break;
            };
            let rest = &path[at + 1..];
            if re_exports < RE_EXPORTS_MAX
                && let Some(meant) = self.meant(source, name)
            {
                return self.definer(&[meant.as_slice(), rest].concat(), re_exports + 1);
            }
            break;
        }
        module
    }

    /// What a name stands for that a file does not define itself.
    fn meant(&self, source: &Source, name: &str) -> Option<Module> {
        if source.defines(name) {
            return None;
        }
        if let Some(path) = source.names.get(name) {
            return Some(path.clone());
        }
        let has_it = |glob: &&Module| {
            let below = [glob.as_slice(), &[name.to_owned()]].concat();
            let source = self.0.get(*glob);
            self.0.contains_key(&below)
                || source
                    .is_some_and(|source| source.defines(name) || source.names.contains_key(name))
        };
        let glob = source.globs.iter().find(has_it)?;
        Some([glob.as_slice(), &[name.to_owned()]].concat())
    }

    /// Whom each file needs.
    fn arrows(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let arrows_of = |(module, source): (&Module, &Source)| {
            let mut to: BTreeSet<Module> = BTreeSet::new();
            for path in source.imports.iter().chain(&source.paths(module, self)) {
                to.insert(self.definer(path, 0));
            }
            to.remove(module);
            to
        };
        let all = self.0.iter();
        all.map(|(module, source)| (module, arrows_of((module, source))))
            .collect()
    }

    /// The circles, the files of each in order.
    fn circles(&self) -> BTreeSet<Vec<String>> {
        let arrows = self.arrows();
        let reached: BTreeMap<&Module, BTreeSet<&Module>> = arrows
            .keys()
            .map(|from| (*from, reach(from, &arrows)))
            .collect();
        let mut circles = BTreeSet::new();
        for (from, to) in &reached {
            let back = to
                .iter()
                .filter(|to| reached.get(*to).is_some_and(|back| back.contains(from)));
            let files: Vec<String> = back.map(|module| file_of(module)).collect();
            if files.len() > 1 {
                circles.insert(files);
            }
        }
        circles
    }
}

impl Source {
    fn read(module: &Module, code: &str, is_module: &dyn Fn(&Module) -> bool) -> Self {
        let mut source = Self::default();
        for declaration in declarations(code) {
            let is_export = declaration.starts_with("pub");
            let tree = declaration.split_once("use ").unwrap_or_default().1;
            let mut imports = Vec::new();
            flatten(&[], tree, &mut imports);
            for Import { path, name } in imports {
                let Some(path) = absolute(module, &path, is_module) else {
                    continue;
                };
                let is_below = path.starts_with(module) && path.len() > module.len();
                if !(is_export && is_below) {
                    source.imports.push(path.clone());
                }
                if name == "*" {
                    source.globs.push(path);
                } else {
                    source.names.insert(name, path);
                }
            }
        }
        // What is left has no declarations: their braces would look like paths.
        source.code = declarations(code).fold(code.to_owned(), |code, one| code.replace(one, ""));
        source
    }

    /// Whether an item of this name is made here.
    fn defines(&self, name: &str) -> bool {
        let kinds = [
            "struct", "enum", "trait", "type", "fn", "const", "static", "union", "mod",
        ];
        let mut kinds = kinds.iter().map(|kind| format!("{kind} {name}"));
        let is_end =
            |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        kinds.any(|item| self.code.split(&item).skip(1).any(is_end))
    }

    /// The paths in the code, from the crate's root on.
    fn paths(&self, module: &Module, sources: &Sources) -> Vec<Module> {
        let is_module = |path: &Module| sources.0.contains_key(path);
        let is_name = |next: char| next.is_alphanumeric() || next == '_' || next == ':';
        let words = self.code.split(|next: char| !is_name(next));
        let paths = words.filter(|word| word.contains("::"));
        let split = |path: &str| -> Vec<String> {
            let path = path.trim_end_matches("::").trim_end_matches(':');
            path.split("::").map(str::to_owned).collect()
        };
        let meant = |path: &str| {
            let path = split(path);
            let imported = self.names.get(&path[0]).filter(|of| is_module(of));
            match (imported, path[0].as_str()) {
                (Some(of), _) => Some([of.as_slice(), &path[1..]].concat()),
                (None, "crate" | "super" | "self") => absolute(module, &path, &is_module),
                // A module may call its own children: they are its parts.
                (None, _) => None,
            }
        };
        paths.filter_map(meant).collect()
    }
}

/// The module that a file is; none for tests, nor for another binary.
fn module_of(path: &Path) -> Option<Module> {
    let path = path.with_extension("");
    let parts = path.components();
    let parts = parts.map(|part| part.as_os_str().to_string_lossy().into_owned());
    let mut module: Module = parts.collect();
    if module.iter().any(|part| part == "tests" || part == "bin") {
        return None;
    }
    if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
        module.pop();
    }
    Some(module)
}

fn file_of(module: &Module) -> String {
    match module.is_empty() {
        true => "lib".to_owned(),
        false => module.join("/"),
    }
}

/// A file's code without comments and without its tests.
fn code_of(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next();
    let lines = code.unwrap_or_default().lines();
    let code = lines.map(|line| line.split("//").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

/// Its `use` declarations, with their visibility.
fn declarations(code: &str) -> impl Iterator<Item = &str> {
    let starts = code.match_indices("use ").filter_map(|(at, _)| {
        let line = code[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = code[line..at].trim();
        let is_visibility =
            before.is_empty() || (before.starts_with("pub") && !before.contains('{'));
        is_visibility.then_some(line)
    });
    starts.filter_map(|start| {
        let length = code[start..].find(';')?;
        Some(code[start..start + length].trim_start())
    })
}

/// What a tree of imports names.
fn flatten(before: &[String], tree: &str, imports: &mut Vec<Import>) {
    let tree = tree.trim();
    if let Some((path, list)) = tree.split_once('{') {
        let path = path
            .split("::")
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let before: Vec<String> = before
            .iter()
            .cloned()
            .chain(path.map(str::to_owned))
            .collect();
        let list = list.strip_suffix('}').unwrap_or(list);
        let (mut depth, mut start) = (0, 0);
        for (at, next) in list.char_indices() {
            match next {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    flatten(&before, &list[start..at], imports);
                    start = at + 1;
                }
                _ => {}
            }
        }
        return flatten(&before, &list[start..], imports);
    }
    if tree.is_empty() {
        return;
    }
    let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
    let path = path.split("::").map(|part| part.trim().to_owned());
    let mut path: Vec<String> = before.iter().cloned().chain(path).collect();
    let last = path.last().cloned().unwrap_or_default();
    if last == "self" || last == "*" {
        path.pop();
    }
    let own = path.last().cloned().unwrap_or_default();
    let name = match (alias.trim(), last.as_str()) {
        ("", "*") => last,
        ("", _) => own,
        (alias, _) => alias.to_owned(),
    };
    imports.push(Import { path, name });
}

/// A path from the crate's root on; `None` for one into another crate.
fn absolute(
    module: &Module,
    path: &[String],
    is_module: &dyn Fn(&Module) -> bool,
) -> Option<Module> {
    let mut base = module.clone();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|first| first == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        first => {
            let child = [base.as_slice(), &[first.to_owned()]].concat();
            if !is_module(&child) {
                return None;
            }
        }
    }
    Some([base.as_slice(), rest].concat())
}

/// All that arrows lead to from a file.
fn reach<'a>(
    from: &'a Module,
    arrows: &'a BTreeMap<&Module, BTreeSet<Module>>,
) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(from) = next.pop() {
        for to in arrows.get(from).into_iter().flatten() {
            if reached.insert(to) {
                next.push(to);
            }
        }
    }
    reached
}

fn sources(texts: &[(&str, &str)]) -> Sources {
    let texts = texts.iter().map(|(path, text)| {
        let module = module_of(Path::new(path)).expect("it is no test");
        (module, (*text).to_owned())
    });
    Sources::of(texts.collect())
}

#[test]
fn files_when_they_import_each_other_then_in_no_circle_of_more_than_three() {
    let mut found = Vec::new();
    for package in packages() {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let folder = Path::new(manifest).with_file_name("src");
        let name = package["name"].as_str().unwrap_or_default();
        let circles = Sources::read(&folder).circles().into_iter();
        let large = circles.filter(|circle| circle.len() > FILES_MAX);
        found.extend(large.map(|circle| format!("{name}: {}", circle.join(", "))));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn circle_when_it_goes_through_re_exports_and_paths_then_is_found() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;\npub use c::Third;\n"),
        ("a.rs", "use crate::b::{self, other as _};\nfn one() {}\n"),
        ("b/mod.rs", "mod inner;\npub use inner::*;\n"),
        ("b/inner.rs", "pub fn other(third: &crate::Third) {}\n"),
        (
            "c.rs",
            "pub struct Third;\n// use crate::b;\nfn go() { super::a::one(); }\n",
        ),
    ];
    let circle = ["a", "b/inner", "c"].map(str::to_owned).to_vec();
    assert_eq!(sources(&files).circles(), BTreeSet::from([circle]));
}

#[test]
fn tests_when_they_import_what_they_test_then_are_no_circle() {
    let files = [
        ("lib.rs", "mod a;\n#[cfg(test)]\nmod bench;\n"),
        (
            "a.rs",
            "//! A.\n#[cfg(test)]\nmod tests {\n    use crate::b;\n}\n",
        ),
        ("bench.rs", "use crate::a;\n"),
        ("b.rs", "use crate::a::One;\n"),
    ];
    assert_eq!(sources(&files).circles(), BTreeSet::new());
}
