//! Holds the documentation to the code: quotations still stand where they were taken from, and files that are named exist.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What the documentation names though no clone has it: it is built, installed or measured.
const GENERATED: [&str; 7] = [
    "frontend/dist",
    "frontend/node_modules",
    "bench/results",
    "bench/target",
    "tests/api/venv",
    "tests/sdks/venv",
    "fuzz/corpus",
];
/// A path that begins so is one of ours. Others (`target/…`, `data/…`, URLs) are not looked for.
const FOLDERS: [&str; 8] = ["src/", "frontend/", "tests/", "docs/", "examples/", "migrations/", "bench/", "fuzz/"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of documentation, by its path from the root, and its text.
fn documents() -> Vec<(PathBuf, String)> {
    let mut folders: Vec<PathBuf> = ["", "docs", "examples"].map(PathBuf::from).to_vec();
    let mut documents = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder") {
            let path = folder.join(entry.expect("an entry").file_name());
            let is_folder = root().join(&path).is_dir();
            if is_folder && !folder.as_os_str().is_empty() {
                folders.push(path);
            } else if !is_folder && path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(root().join(&path)).expect("a text");
                documents.push((path, text));
            }
        }
    }
    documents.sort();
    documents
}

/// A block of code whose fence names the file that it is taken from: `` ```rust src/lib.rs ``.
#[derive(Debug, PartialEq)]
struct Quotation<'a> {
    /// Where it begins, counted from 1.
    line: usize,
    file: &'a str,
    /// Lines that stand together in the file. A line with `…` alone parts two such pieces.
    pieces: Vec<Vec<&'a str>>,
}

fn quotations(text: &str) -> Vec<Quotation<'_>> {
    let mut quotations = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<_> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        if let Some((_, file)) = info.split_once(' ') {
            let pieces = body.split(|line| line.trim() == "…");
            let pieces = pieces.map(|piece| piece.iter().map(|line| line.trim()).collect()).collect();
            quotations.push(Quotation { line: index + 1, file, pieces });
        }
    }
    quotations
}

/// The first line of a piece that does not stand in `source` after what was found before it; indentation does not matter.
fn first_missing<'a>(pieces: &[Vec<&'a str>], source: &str) -> Option<&'a str> {
    let source: Vec<_> = source.lines().map(str::trim).collect();
    let mut rest = source.as_slice();
    for piece in pieces {
        match rest.windows(piece.len().max(1)).position(|window| window == piece.as_slice()) {
            Some(position) => rest = &rest[position + piece.len()..],
            None => return Some(piece.iter().find(|line| !rest.contains(*line)).or(piece.first()).unwrap_or(&"")),
        }
    }
    None
}

/// Paths of ours in `text`: those in code spans, and those that links lead to.
fn named_paths(text: &str) -> Vec<&str> {
    let prose = text.split("\n```").step_by(2);
    let is_path = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let is_ours = |text: &&str| FOLDERS.iter().any(|folder| text.starts_with(folder));
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)).filter(is_path).filter(is_ours).collect()
}

/// Targets of links to files, without what follows a `#`.
fn linked_files(text: &str) -> Vec<&str> {
    let prose = text.split("\n```").step_by(2);
    let targets = prose.flat_map(|prose| prose.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
    let targets = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    targets.filter_map(|target| target.split('#').next()).filter(|target| !target.is_empty()).collect()
}

#[test]
fn quotations_stand_in_the_files_that_they_name() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (document, text) in documents() {
        for Quotation { line, file, pieces } in quotations(&text) {
            count += 1;
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            if let Some(missing) = first_missing(&pieces, &source) {
                wrong.push(format!(
                    "{}, line {line}: not in {file}, or in another order: {missing}",
                    document.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "quotations that no longer stand in their files:\n{}", wrong.join("\n"));
    assert!(count >= 15, "only {count} quotations were found: this test no longer sees them");
}

#[test]
fn files_that_are_named_exist() {
    let mut count = 0;
    let mut missing = Vec::new();
    for (document, text) in documents() {
        let folder = document.parent().expect("a file is in a folder");
        let linked = linked_files(&text).into_iter().map(|target| root().join(folder).join(target));
        let named = named_paths(&text).into_iter().map(|path| root().join(path));
        for path in linked.chain(named) {
            count += 1;
            let is_generated = GENERATED.iter().any(|folder| path.starts_with(root().join(folder)));
            if !is_generated && !path.exists() {
                missing.push(format!("{}: {}", document.display(), path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
    assert!(count > 100, "only {count} names were found: this test no longer sees them");
}

/// `MAY_USE` of `tests/layering`: each module, and the modules that it may use.
fn layering() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let source = include_str!("layering/main.rs");
    let table = source.split_once("MAY_USE:").and_then(|(_, rest)| rest.split_once("= [")?.1.split_once("];"));
    let rows = table.expect("the table").0.split_inclusive(']');
    let rows = rows.filter_map(|row| row.split_once("&["));
    rows.map(|(name, uses)| (quoted(name).next().expect("a name"), quoted(uses).collect())).collect()
}

fn quoted(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('"').skip(1).step_by(2)
}

/// The same, as a table says it: `| a, b | x, y | … |`. What follows a semicolon is an explanation.
fn documented_layering(text: &str, modules: &BTreeSet<&'static str>) -> BTreeMap<String, BTreeSet<String>> {
    let names = |cell: &str| cell.split(", ").map(|name| name.trim().to_owned()).collect::<BTreeSet<_>>();
    let rows = text.split_once("| module | may use |").expect("the table").1.lines().skip(2);
    let mut layering = BTreeMap::new();
    for row in rows.take_while(|row| row.starts_with('|')) {
        let cells: Vec<_> =
            row.trim_matches('|').split('|').filter_map(|cell| cell.split(';').next()).map(str::trim).collect();
        let uses = match cells[1] {
            "nothing of ours" => BTreeSet::new(),
            uses => match uses.strip_prefix("everything but ") {
                Some(excluded) => {
                    let excluded = names(excluded);
                    let all = modules.iter().map(|module| (*module).to_owned());
                    all.filter(|module| module != cells[0] && !excluded.contains(module)).collect()
                }
                None => names(uses),
            },
        };
        layering.extend(names(cells[0]).into_iter().map(|module| (module, uses.clone())));
    }
    layering
}

#[test]
fn the_layers_are_documented_as_they_are() {
    let layering = layering();
    assert!(layering.len() > 10, "the table was not read: {layering:?}");
    let modules = layering.keys().copied().collect();
    let owned = |uses: BTreeSet<&str>| uses.into_iter().map(str::to_owned).collect();
    let expected: BTreeMap<String, BTreeSet<String>> =
        layering.into_iter().map(|(module, uses)| (module.to_owned(), owned(uses))).collect();
    for file in ["docs/architecture.md", "src/lib.rs"] {
        let text = fs::read_to_string(root().join(file)).expect("a text");
        let text = text.replace("//! ", "").replace(['`', '[', ']'], "");
        let documented = documented_layering(&text, &modules);
        assert_eq!(documented, expected, "{file} (left) and tests/layering (right) differ");
    }
}

#[test]
fn every_decision_record_is_in_the_list() {
    let list = fs::read_to_string(root().join("docs/adr/README.md")).expect("a text");
    for (document, _) in documents() {
        if let Ok(record) = document.strip_prefix("docs/adr")
            && record != Path::new("README.md")
        {
            assert!(list.contains(&format!("]({})", record.display())), "{} is not in the list", record.display());
        }
    }
}

#[test]
fn a_changed_quotation_is_noticed() {
    let text = "A text.\n```rust src/a.rs\nfn a() {\n    one();\n…\n}\n```\n```sh\nls\n```\n";
    let pieces = vec![vec!["fn a() {", "one();"], vec!["}"]];
    assert_eq!(quotations(text), [Quotation { line: 2, file: "src/a.rs", pieces: pieces.clone() }]);
    assert_eq!(first_missing(&pieces, "    fn a() {\n        one();\n        two();\n    }\n"), None);
    assert_eq!(first_missing(&pieces, "fn a() {\n    two();\n    one();\n}\n"), Some("fn a() {"));
    assert_eq!(first_missing(&pieces, "fn a() {\n    two();\n}\n"), Some("one();"));
}

#[test]
fn paths_are_found_in_code_spans_and_links() {
    let text =
        "See [`src/lib.rs`](../src/lib.rs#L1), `cargo test`, `src/…`.\n```sh\nls `src/x`\n```\n[x](https://x.org)";
    assert_eq!(named_paths(text), ["src/lib.rs"]);
    assert_eq!(linked_files(text), ["../src/lib.rs"]);
}
