use super::*;

/// The examples of `docs/markdown.md`: what was written, and its HTML.
fn documented() -> Vec<(String, String)> {
    let document = include_str!("../../../../docs/markdown.md");
    let blocks = |language: &str| -> Vec<String> {
        let fence = format!("\n```{language}\n");
        let after = document.split(&fence).skip(1);
        after.map(|rest| rest.split("\n```\n").next().expect("a closed fence").to_owned()).collect()
    };
    let (sources, results) = (blocks("markdown"), blocks("html"));
    assert_eq!(sources.len(), results.len());
    sources.into_iter().zip(results).collect()
}

#[test]
fn every_example_of_the_documentation_is_rendered_as_it_says() {
    let examples = documented();
    assert!(examples.len() > 25, "only {} examples were found", examples.len());
    for (source, html) in examples {
        assert_eq!(render_markdown(&source), format!("{html}\n"), "{source}");
    }
}

#[test]
fn a_text_that_shows_nothing_is_shown_as_it_is() {
    for text in ["#", "######", "```\n```", "~~~rust\n\n~~~", "&nbsp;", "&#8203;", "-", "> #", "1."] {
        let html = render_markdown(text);
        assert_eq!(html, as_paragraph(text));
    }
    let hidden =
        ["[](https://a.b)", "![](https://a.b)", "[a]: https://a.b", "<!-- a -->", "<br>", "<p></p>", "[a\nb]: c"];
    for text in hidden {
        let html = render_markdown(text);
        let visible: String = html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
        assert!(!visible.trim().is_empty(), "{text} became {html}");
    }
}

/// The text of a message that is one paragraph without marks.
fn shown(text: &str) -> String {
    let html = render_markdown(text);
    let inside = html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>\n")).expect("a paragraph");
    inside.replace("<br>", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn backslashes_stay_unless_they_escape_a_mark() {
    for text in [
        r"\\server\share",
        r"C:\Users\_x\*.tmp",
        r"\(x\) \|y\| \@ \: \' \~ \/ \;",
        r"grep '\<word\>' a\#b",
        r"1 \- 2 \+ 3 \= 0",
        r"^\s*\[\d\]\.$",
        r"a\b\c\",
        r"\frac{1}{2} \$5 \% \& \{ \}",
        r"\`",
        r"\_",
        r"\!",
        r"x \# y",
        r"\\",
        r"\\\\four",
        r"¯\_(ツ)_/¯",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn backslashes_before_marks_hide() {
    for (text, seen) in [
        (r"\*\*a\*\*", "**a**"),
        (r"\*a*", "*a*"),
        (r"\~~a~~", "~~a~~"),
        (r"\_a\_", "_a_"),
        (r"\+ a", "+ a"),
        (r"\### a", "### a"),
        (r"12\) a", "12) a"),
        (r"\!\[a\](b)", "![a](b)"),
        (r"\&amp;", "&amp;"),
        (r"\<x:a>", "<x:a>"),
        (r"\- - -", "- - -"),
        ("\\~~~\nb", "~~~\nb"),
    ] {
        assert_eq!(shown(text), seen, "{text}");
    }
}

#[test]
fn html_does_not_outgrow_its_source() {
    let wide = format!("|{}\n|{}\n{}", "a|".repeat(50), "-|".repeat(50), "x\n".repeat(3_000));
    assert_eq!(render_markdown(&wide), as_paragraph(&wide));
    for part in [
        "|a\n|-\n",
        "- ",
        "-\n+\n",
        "> ",
        "[a](b)",
        "a@b.c ",
        "www.a.b ",
        "[](http://a) ",
        "[a]: b\n",
        "[a] ",
        "**a",
        "*a_",
        "~~a~~",
        "`",
        "<",
        "&a",
        "&quot;",
        "\\*",
        "\\[",
        "\\<",
        "* [ ] a\n",
        "|a|b\n|-|-\nx\n\n",
        "[^a]: b\n",
        "a\n--\n",
        "\"",
        "![a](http://b)",
        "# \n",
        "---\n",
        "    a\n\n",
    ] {
        let text = part.repeat(10_000 / part.len());
        let html = render_markdown(&text);
        assert!(html.len() <= text.len() * MAX_GROWTH, "{part:?} became {} bytes", html.len());
        assert!(html.matches('<').count() <= text.len() * 2, "{part:?} became many elements");
    }
}

#[test]
fn short_rows_of_a_small_table_are_filled() {
    assert!(render_markdown("|a|b|\n|-|-|\n|1|").contains("<td></td>"));
}

#[test]
fn html_in_a_message_is_shown_and_not_run() {
    for text in ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a <b onclick=x>b</b>", "<svg/onload=a>"]
    {
        let html = render_markdown(text);
        for tag in ["<script", "<img", "<b>", "<b ", "<svg"] {
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
    assert!(html.contains(r#"rel="noopener noreferrer nofollow""#) && html.contains(r#"target="_blank""#), "{html}");
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

/// One text with all of the dialect, and what it becomes, as a digest.
#[test]
fn other_html_for_the_same_text_is_another_version_of_the_renderer() {
    use sha2::{Digest, Sha256};
    const TEXT: &str = "# One\n\nA **b** *c* ~~d~~ `e` \\* \\q <i>f</i> ![g](https://example.org/g.png) [h](https://example.org)\n\
        line https://example.org/?a=1&b=2 <me@example.org> @ada :tada: C:\\dir -- \"q\"\n\n> quote\n\n1. one\n2. two\n   - three\n\n\
        - [x] done\n- [ ] open\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n\n```rust\nfn main() {}\n```\n\n---\n\n&amp; &nbsp; [x](javascript:a)\n";
    let digest = hex::encode(Sha256::digest(render_markdown(TEXT)));
    assert_eq!(
        (RENDERER_VERSION, digest.as_str()),
        (1, "1650389569f0e49d4db4b33e9e1d8652181de292fefdfd28ca499c4f45ba686c"),
        "if this HTML is wanted, increment RENDERER_VERSION, and write the new digest here"
    );
}
