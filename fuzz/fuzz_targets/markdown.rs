//! Messages in Markdown: whatever is written, its HTML is bounded in length and depth, and is made in time. `make fuzz` looks
//! for the shortest text that breaks a bound.

#![no_main]

use std::time::{Duration, Instant};

use hubbub_fuzz::domain::text::render_markdown;
use libfuzzer_sys::fuzz_target;

/// As `docs/markdown.md` promises: 16 times as long as the text, or 2,048 bytes.
const MAX_GROWTH: usize = 16;
const MIN_HTML_BYTES: usize = 2_048;

/// 16 elements of Markdown; a table's are three in HTML, a list's and a quote's two.
const MAX_DEPTH: usize = 48;

/// A message is rendered on a worker thread. It takes a millisecond; this leaves room for a slow machine.
const MAX_TIME: Duration = Duration::from_secs(10);

fuzz_target!(|text: &str| {
    let begun = Instant::now();
    let html = render_markdown(text);
    let took = begun.elapsed();
    assert!(took < MAX_TIME, "{} bytes took {took:?}", text.len());
    assert!(html.len() <= (text.len() * MAX_GROWTH).max(MIN_HTML_BYTES), "{} bytes became {}", text.len(), html.len());
    assert!(depth(&html) <= MAX_DEPTH, "{} elements within each other", depth(&html));
    assert!(!html.contains("<script") && !html.contains("javascript:\""), "{html}");
});

/// How many elements are open at the same time, at most.
fn depth(html: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric() && c != '/').next().unwrap_or_default();
        match name {
            "br" | "hr" | "input" => {}
            _ if name.starts_with('/') => open = open.saturating_sub(1),
            _ => open += 1,
        }
        deepest = deepest.max(open);
    }
    deepest
}
