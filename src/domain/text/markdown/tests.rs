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
        r"¯\_(ツ)_/¯ and ¯\_(ツ)_/¯",
        r"\_('-')_/",
        "-_- ^_^ >_< ;_; then -_- ^_^ >_< ;_;",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn a_backslash_at_the_end_of_strong_text_stays() {
    assert_eq!(
        render_markdown(r"**C:\dir\** and **D:\**"),
        "<p><strong>C:\\dir\\</strong> and <strong>D:\\</strong></p>\n"
    );
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
        (r"\<x:a\>", "<x:a>"),
        (r"\- - -", "- - -"),
        ("\\~~~\nb", "~~~\nb"),
    ] {
        assert_eq!(shown(text), seen, "{text}");
    }
}

/// What a reader sees of a message: its HTML without tags.
fn seen(text: &str) -> String {
    let html = render_markdown(text);
    let seen: String = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    seen.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The addresses that the links of a message lead to.
fn addresses(text: &str) -> Vec<String> {
    let html = render_markdown(text);
    html.split("<a href=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn cells_beyond_the_columns_stay_in_the_last_cell() {
    for (row, cells) in [
        ("| a | grep x | wc |", ["a", "grep x | wc"]),
        ("1 | 2 | 3 | 4", ["1", "2 | 3 | 4"]),
        ("1|2|3", ["1", "2|3"]),
        ("| x || y |", ["x", "| y"]),
        ("| x | y ||", ["x", "y |"]),
        ("| `a` | `b|c` |", ["<code>a</code>", "<code>b|c</code>"]),
        (r"| p \| q | r | s |", ["p | q", "r | s"]),
    ] {
        for before in ["", "> ", "- ", "  "] {
            let after = if before == "- " { "  " } else { before };
            let table = format!("{before}| c | d |\n{after}|---|---|\n{after}{row}");
            let html = render_markdown(&table);
            for cell in cells {
                assert!(html.contains(&format!("<td>{cell}</td>")), "{table} became {html}");
            }
        }
    }
}

#[test]
fn what_stands_behind_a_fence_is_kept() {
    for first in [
        "SELECT * FROM a",
        "2026-11-28 ERROR boom",
        "Traceback (most recent call last):",
        "hello world",
        "js title=\"a\"",
        "js {1,3}",
        "x = 1",
        "C:\\_a &amp; b",
        "f(x)",
    ] {
        for (before, fence) in [("", "```"), ("", "~~~~"), ("> ", "```"), ("- ", "```")] {
            let after = if before == "- " { "  " } else { before };
            let text = format!("{before}{fence}{first}\n{after}last\n{after}{fence}");
            assert!(seen(&text).contains(&format!("{first}\nlast\n")), "{text} became {}", seen(&text));
        }
    }
    assert!(seen("above\n```hello\n```").contains("hello"), "a word behind an empty fence");
}

#[test]
fn a_fence_names_a_language_with_and_without_attributes() {
    for (info, language) in [
        ("js", "js"),
        ("c++", "c++"),
        ("js,ignore", "js"),
        ("{r}", "r"),
        ("{.python}", "python"),
        ("js title=\"a\"", "js"),
    ] {
        let html = render_markdown(&format!("```{info}\ncode\n```"));
        assert!(html.contains(&format!("class=\"language-{language}\"")), "{info} became {html}");
    }
}

#[test]
fn addresses_that_no_browser_opens_stay_as_they_were_written() {
    for text in [
        "ftp://example.org/a",
        "xmpp:a@b.org",
        "<ftp://example.org/a>",
        "<xmpp:a@b.org>",
        "http://a.org:99999/x",
        r"https://a.org\b",
        "https://xn--/a",
        "<https://[x>",
        "<http://>",
        "<mailto:>",
        "[x](https://a.org:port/)",
        "[a](http://)",
        "[a](tel:)",
        "[a](mailto:)",
        "a[i]( x )",
        r"f[x](y\*)",
        r"[a](C:\_x\_y)",
        "[a](<b c>)",
        "[a](x 't')",
        "![a](x)",
    ] {
        assert_eq!((seen(text).trim_end(), addresses(text)), (text, vec![]));
    }
}

#[test]
fn bare_addresses_end_where_a_reader_sees_their_end() {
    let address = "https://example.org/a";
    for (before, after) in [
        ("请看", "。"),
        ("看", "，然后"),
        ("看", "（说明）"),
        ("«", "»"),
        ("“", "”"),
        ("\u{ab}", "\u{bb}."),
        ("", "…"),
        ("{", "}"),
        ("[", "]"),
        ("[see ", "], then"),
        ("(", "),then"),
        ("", "\u{200b}"),
        ("", "\u{3000}a"),
        ("\"", "\"，"),
        ("&lt;", "&gt;"),
        ("<b>", "</b>"),
        ("<div>\n", "\n</div>"),
        ("<p>", "</p>"),
        ("**", "**请"),
        ("[foo ", "](bar)"),
    ] {
        let text = format!("{before}{address}{after}");
        assert_eq!(addresses(&text), [address], "{text} became {}", render_markdown(&text));
    }
    assert!(render_markdown("https://e.org/a，**重要**").contains("<strong>重要</strong>"));
    assert!(render_markdown("**https://e.org**请").contains("<strong>"));
    for text in ["`https://e.org/a，b`", "```\nhttps://e.org/a，b\n```", "[https://e.org/a，b](https://e.org/)"] {
        assert!(seen(text).contains("https://e.org/a，b"), "{}", render_markdown(text));
    }
    assert_eq!(addresses("[a](https://e.org/a，b)"), ["https://e.org/a%EF%BC%8Cb"]);
    assert_eq!(addresses("https://e.org/日本_い"), ["https://e.org/%E6%97%A5%E6%9C%AC_%E3%81%84"]);
}

#[test]
fn addresses_of_every_shape_are_links() {
    for (text, address) in [
        ("WWW.example.org", "http://WWW.example.org"),
        ("_www.example.org_", "http://www.example.org"),
        ("“www.example.org”", "http://www.example.org"),
        (",www.example.org", "http://www.example.org"),
        ("[www.example.org]", "http://www.example.org"),
        ("[ada@example.org]", "mailto:ada@example.org"),
        ("<p>ada@example.org</p>", "mailto:ada@example.org"),
        ("https://[::1]:8080/a", "https://[::1]:8080/a"),
        ("http://my_host/x", "http://my_host/x"),
        ("HTTPS://example.org", "HTTPS://example.org"),
        ("[https://example.org/__init__.py]", "https://example.org/__init__.py"),
        (r"\<https://e.org\>", "https://e.org"),
        ("[https://a.org](https://b.org)", "https://b.org"),
        ("[![](https://e.org/a.png)](https://f.org)", "https://f.org"),
        ("[![x](https://e.org/a.png)](notes.md)", "https://e.org/a.png"),
    ] {
        assert_eq!(addresses(text), [address], "{text} became {}", render_markdown(text));
    }
    assert_eq!(seen("[![](https://e.org/a.png)](https://f.org)"), "https://e.org/a.png\n");
    assert_eq!(addresses("https://a.org,https://b.org"), ["https://a.org", "https://b.org"]);
}

#[test]
fn items_keep_the_numbers_that_were_written() {
    for (text, numbers) in [
        ("1. yes\n3. no\n5. maybe", "3 5"),
        ("7. a\n\n9. b\n10. c", "9"),
        ("3. a\n2. b", "2"),
        ("1. a\n1. b\n1. c", ""),
        ("1. a\n2. b", ""),
    ] {
        let html = render_markdown(text);
        let found: Vec<&str> =
            html.split("<li value=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect();
        assert_eq!(found.join(" "), numbers, "{text} became {html}");
    }
    assert_eq!(render_markdown("a\n\n1.\n2.\n3.").matches("<li>").count(), 3);
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
        (2, "1650389569f0e49d4db4b33e9e1d8652181de292fefdfd28ca499c4f45ba686c"),
        "if this HTML is wanted, increment RENDERER_VERSION, and write the new digest here"
    );
}
