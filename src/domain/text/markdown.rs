//! Markdown to HTML that is safe to put into a page.
//!
//! Two libraries, two jobs: `pulldown-cmark` renders, `ammonia` lets through only what it knows. Nothing that a person
//! writes reaches a page without having gone through both.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;
use pulldown_cmark::{Event, Options, Parser, html};

/// Block quotes and lists nested deeper than this are shown as plain text: a browser slows down on thousands of levels.
const MAX_NESTING: usize = 16;

/// Renders Markdown as sanitised HTML. HTML in the text is shown as text; links open apart and pass nothing on.
#[must_use]
pub fn render_markdown(text: &str) -> String {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let (mut depth, mut deepest) = (0_usize, 0);
    let events = Parser::new_ext(text, options).map(|event| match event {
        Event::Html(markup) | Event::InlineHtml(markup) => Event::Text(markup),
        Event::SoftBreak => Event::HardBreak,
        Event::Start(tag) => {
            depth += 1;
            deepest = deepest.max(depth);
            Event::Start(tag)
        }
        Event::End(tag) => {
            depth -= 1;
            Event::End(tag)
        }
        other => other,
    });
    let mut rendered = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut rendered, events);
    if deepest > MAX_NESTING {
        return format!("<p>{}</p>\n", ammonia::clean_text(text));
    }
    SANITISER.clean(&rendered).to_string()
}

/// What may stand in a message. No images (they would tell their server who reads), no classes but a code's language.
static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "p",
        "br",
        "em",
        "strong",
        "del",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "a",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "input",
    ];
    let attributes = HashMap::from([
        ("a", HashSet::from(["href", "title"])),
        ("ol", HashSet::from(["start"])),
        ("input", HashSet::from(["checked", "disabled"])),
    ]);
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(tags))
        .tag_attributes(attributes)
        .set_tag_attribute_values(HashMap::from([
            ("a", HashMap::from([("target", "_blank")])),
            ("input", HashMap::from([("type", "checkbox"), ("disabled", "")])),
        ]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]));
    builder
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html() {
        assert_eq!(render_markdown("**hi** `x`"), "<p><strong>hi</strong> <code>x</code></p>\n");
        assert_eq!(render_markdown("one\ntwo"), "<p>one<br>\ntwo</p>\n");
    }

    #[test]
    fn html_in_a_message_is_shown_and_not_run() {
        for text in
            ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a <b onclick=x>b</b>", "<svg/onload=a>"]
        {
            let html = render_markdown(text);
            for tag in ["<script", "<img", "<b", "<svg"] {
                assert!(!html.contains(tag), "{text} became {html}");
            }
            assert!(html.contains("&lt;"), "{text} became {html}");
        }
    }

    #[test]
    fn links_that_run_script_lose_their_address() {
        for text in
            ["[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,x)", "<javascript:alert(1)>"]
        {
            let html = render_markdown(text);
            assert!(!html.to_lowercase().contains("href=\"j") && !html.contains("href=\"data"), "{text} became {html}");
        }
    }

    #[test]
    fn links_open_apart_and_tell_nothing() {
        let html = render_markdown("[x](https://example.org)");
        assert!(
            html.contains(r#"rel="noopener noreferrer nofollow""#) && html.contains(r#"target="_blank""#),
            "{html}"
        );
    }

    #[test]
    fn images_are_not_loaded_from_strangers() {
        assert!(!render_markdown("![x](https://example.org/pixel.png)").contains("<img"));
    }

    #[test]
    fn thousands_of_levels_are_shown_as_plain_text() {
        let html = render_markdown(&">".repeat(9_000));
        assert!(!html.contains("<blockquote"), "{}", &html[..100]);
    }
}
