//! Holds the modules to the layering of `docs/architecture.md`: which may use which.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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
    ("http", &["domain", "json", "store", "bus", "auth", "config", "pusher", "timeline"]),
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
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
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
