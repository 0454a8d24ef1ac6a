//! Holds the source to the structure that `docs/architecture.md` describes: which module may use which, no circles of
//! files, folders that can be read at a glance, one type for one name, and one name for one noun.

#![cfg(test)]

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use source::Source;

/// What each module may use of the others. The two that matter most: `broadcast` and `sockets` never reach the store, so a
/// socket node needs no database; `http` never reaches the sockets, so a web node holds none.
const MAY_USE: [(&str, &[&str]); 18] = [
    ("domain", &[]),
    ("pusher", &[]),
    ("config", &["pusher"]),
    ("telemetry", &[]),
    ("auth", &["domain", "config"]),
    ("store", &["domain"]),
    ("timeline", &["domain"]),
    ("json", &["domain", "timeline"]),
    ("bus", &["domain", "pusher", "config", "timeline", "json"]),
    ("broadcast", &["domain", "pusher", "timeline", "bus"]),
    ("sockets", &["pusher", "bus", "broadcast", "config"]),
    ("pusher_api", &["pusher", "bus", "broadcast"]),
    ("pusher_webhooks", &["pusher", "broadcast", "config"]),
    ("jobs", &["domain", "json", "store", "bus", "auth", "config"]),
    ("maintenance", &["domain", "json", "store", "auth", "config"]),
    ("http", &["domain", "json", "store", "bus", "auth", "config", "pusher", "timeline", "pusher_api"]),
    (
        "app",
        &[
            "domain",
            "pusher",
            "config",
            "telemetry",
            "timeline",
            "auth",
            "store",
            "bus",
            "broadcast",
            "sockets",
            "pusher_api",
            "pusher_webhooks",
            "http",
            "jobs",
        ],
    ),
    ("cli", &["domain", "app", "pusher", "config", "telemetry", "maintenance"]),
];

/// Files at one level of a folder, `mod.rs` among them. A reader takes in about so many at a glance.
const MAX_FILES_IN_A_FOLDER: usize = 12;

fn source_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("src is readable") {
        let path = entry.expect("src is readable").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The first name of every `crate::…` in the text, comments left out: a link in a comment is no use.
fn used_modules(text: &str) -> BTreeSet<&str> {
    let code = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
        .collect()
}

#[test]
fn modules_use_only_what_the_layering_allows() {
    let source = source_directory();
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut uses = 0;
    for file in &files {
        let inside = file.strip_prefix(&source).expect("it was found there");
        let first = inside.components().next().expect("a file has a name").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        if matches!(module, "lib" | "main") {
            continue;
        }
        let (_, allowed) =
            MAY_USE.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("no layer for {module}"));
        let text = fs::read_to_string(file).expect("it was found there");
        for used in used_modules(&text) {
            uses += 1;
            assert!(
                used == module || allowed.contains(&used),
                "{} uses crate::{used}, which {module} may not",
                inside.display()
            );
        }
    }
    assert!(uses > 50, "only {uses} uses were found: this test no longer sees the code");
}

#[test]
fn a_use_is_seen_wherever_it_stands() {
    let text =
        "use crate::store::Store;\n// crate::sockets is a comment\nfn f(x: crate::http::X) {}\nuse crate::{domain};";
    assert_eq!(used_modules(text), BTreeSet::from(["store", "http", ""]));
}

/// The files of each module with those that they use of the same module.
fn uses_within_modules(source: &Source) -> BTreeMap<&Path, BTreeSet<&Path>> {
    let module_of = |file: &Path| {
        let first = file.components().next().expect("a file has a name").as_os_str();
        Path::new(first).with_extension("")
    };
    let uses = source.modules().filter(|(path, _)| !path.is_empty()).map(|(path, module)| {
        let mut used = source.files_used_by(path);
        used.retain(|file| module_of(file) == module_of(&module.file));
        (module.file.as_path(), used)
    });
    uses.collect()
}

/// The groups of files each of which reaches all the others of its group.
fn circles<'a>(uses: &BTreeMap<&'a Path, BTreeSet<&'a Path>>) -> Vec<BTreeSet<&'a Path>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = uses
        .keys()
        .map(|file| {
            let mut reached = BTreeSet::new();
            let mut open: Vec<&Path> = vec![file];
            while let Some(next) = open.pop() {
                for used in uses.get(next).into_iter().flatten() {
                    if reached.insert(*used) {
                        open.push(used);
                    }
                }
            }
            (*file, reached)
        })
        .collect();
    let mut circles = Vec::new();
    for (file, beyond) in &reached {
        let circle: BTreeSet<&Path> =
            beyond.iter().copied().filter(|other| reached.get(other).is_some_and(|back| back.contains(file))).collect();
        if !circle.is_empty() && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

#[test]
fn no_files_of_a_module_use_each_other_in_a_circle() {
    let source = Source::read(&source_directory());
    let uses = uses_within_modules(&source);
    let arrows: usize = uses.values().map(BTreeSet::len).sum();
    assert!(arrows > 300, "only {arrows} uses between files were found: this test no longer sees the code");
    let mut found = String::new();
    for circle in circles(&uses) {
        found += "\n";
        for file in &circle {
            let others: Vec<_> = uses[file].intersection(&circle).map(|other| other.display().to_string()).collect();
            found += &format!("  {} uses {}\n", file.display(), others.join(", "));
        }
    }
    assert!(found.is_empty(), "circles:{found}");
}

#[test]
fn every_import_of_this_crate_is_followed_to_a_file() {
    let unresolved = Source::read(&source_directory()).unresolved();
    assert!(unresolved.is_empty(), "imports that the tests of circles do not see: {unresolved:#?}");
}

#[test]
fn a_circle_is_found_through_a_name_that_is_handed_on() {
    let source = Source::of_texts(&[
        ("", "lib.rs", "pub mod shop;"),
        ("shop", "shop/mod.rs", "mod order; mod price; pub use order::Order; pub use price::*;"),
        ("shop::order", "shop/order.rs", "use super::Price; pub struct Order; fn f(_: Price) {}"),
        ("shop::price", "shop/price.rs", "pub struct Price; fn f() { vec![crate::shop::Order::new()]; }"),
    ]);
    let uses = uses_within_modules(&source);
    let expected = BTreeSet::from([Path::new("shop/order.rs"), Path::new("shop/price.rs")]);
    assert_eq!(circles(&uses), [expected]);
}

#[test]
fn a_circle_is_found_through_code_in_mod_rs() {
    let source = Source::of_texts(&[
        ("", "lib.rs", "pub mod shop;"),
        ("shop", "shop/mod.rs", "mod order; pub use order::Order; pub struct Shop(Vec<Order>);"),
        ("shop::order", "shop/order.rs", "use super::Shop; pub struct Order; fn f(_: Shop) {}"),
    ]);
    let expected = BTreeSet::from([Path::new("shop/mod.rs"), Path::new("shop/order.rs")]);
    assert_eq!(circles(&uses_within_modules(&source)), [expected]);
}

#[test]
fn uses_in_tests_and_of_other_crates_make_no_circle() {
    let source = Source::of_texts(&[
        ("", "lib.rs", "pub mod shop;"),
        ("shop", "shop/mod.rs", "mod order; mod price; pub use order::Order; pub use price::Price;"),
        ("shop::order", "shop/order.rs", "use super::Price; use time::Order as Other; pub struct Order(Price, Other);"),
        ("shop::price", "shop/price.rs", "pub struct Price; #[cfg(test)] mod tests { use super::super::Order; }"),
    ]);
    assert_eq!(circles(&uses_within_modules(&source)), Vec::<BTreeSet<&Path>>::new());
}

#[test]
fn names_that_macros_define_are_seen() {
    let macros = "macro_rules! id { ($($name:ident),+) => { $(pub struct $name(u8);)+ } } id!(RoomId, UserId);
        macro_rules! kinds { ($($name:ident)+) => { pub enum Kind { $($name,)+ } } } kinds! { Left Joined }";
    let source = Source::of_texts(&[
        ("", "lib.rs", "mod shop;"),
        ("shop", "shop/mod.rs", "mod id; mod order; pub use id::{Kind, RoomId};"),
        ("shop::id", "shop/id.rs", &format!("{macros} fn f(_: super::Order) {{}}")),
        ("shop::order", "shop/order.rs", "use super::{Kind, RoomId}; pub struct Order(RoomId, Kind);"),
    ]);
    assert_eq!(source.unresolved(), Vec::<String>::new());
    let (_, module) = source.modules().find(|(path, _)| path.len() == 2).expect("shop::id");
    assert!(["RoomId", "UserId", "Kind"].iter().all(|name| module.public_types.contains(*name)));
}

#[test]
fn a_folder_holds_no_more_files_than_a_reader_takes_in() {
    let source = source_directory();
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut folders: BTreeMap<&Path, usize> = BTreeMap::new();
    for file in &files {
        *folders.entry(file.parent().expect("a file has a folder")).or_default() += 1;
    }
    let full: Vec<_> = folders.iter().filter(|(_, files)| **files > MAX_FILES_IN_A_FOLDER).collect();
    assert!(full.is_empty(), "more than {MAX_FILES_IN_A_FOLDER} files: {full:#?}");
}

#[test]
fn a_type_name_is_used_once() {
    let source = Source::read(&source_directory());
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (_, module) in source.modules() {
        for name in &module.public_types {
            places.entry(name).or_default().push(module.file.display().to_string());
        }
    }
    assert!(places.len() > 200, "only {} types were found: this test no longer sees the code", places.len());
    let twice: Vec<_> = places.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "types of the same name: {twice:#?}");
}
