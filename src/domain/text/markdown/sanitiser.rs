//! The HTML that may stand in a message.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;

/// What an address in a message may begin with.
pub(super) const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// Drops all of `html` that may not stand in a message. Links open in a new tab and tell their server nothing of the page.
pub(super) fn sanitise(html: &str) -> String {
    SANITISER.clean(html).to_string()
}

/// No images (they would tell their server who reads), no classes but a code block's language.
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
        ("code", HashSet::from(["class"])),
        ("ol", HashSet::from(["start"])),
        ("li", HashSet::from(["value"])),
        ("td", HashSet::from(["align"])),
        ("th", HashSet::from(["align"])),
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
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("code", "class") if !value.strip_prefix("language-").is_some_and(is_language) => None,
            _ => Some(value.into()),
        })
        .url_schemes(SCHEMES.into());
    builder
});

/// Whether a page may use `name` in the class of a code block: one word of letters, digits, `_ + # . -`.
pub(super) fn is_language(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_+#.-".contains(c))
}
