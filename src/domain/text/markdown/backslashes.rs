//! Backslashes: hidden where they keep a character from being a mark, shown everywhere else.
//!
//! CommonMark hides the backslash before every punctuation character, so `d:\x\_todelete`, `\\server\share` and `\d+\.\d+`
//! lose some of theirs. Here a backslash is hidden only when the character after it could be a mark at its place.

use comrak::arena_tree::NodeEdge;
use comrak::nodes::{Node, NodeValue};

use super::separator::is_in_face;

/// How many characters are looked at for the end of an address or the begin of a link.
const MAX_LOOK: usize = 400;

/// One character of a paragraph, as its author sees it.
#[derive(Clone, Copy)]
struct Piece<'a> {
    char: char,
    kind: Kind<'a>,
}

#[derive(Clone, Copy)]
enum Kind<'a> {
    /// A character of the text.
    Literal,
    /// A character after a backslash, and the node that holds both.
    Escaped(Node<'a>),
    /// The begin or end of an element, which `char` stands for.
    Mark,
}

/// Puts the backslash back into the text wherever the character after it needs none.
pub(super) fn show_unneeded_backslashes(document: Node<'_>) {
    for block in document.descendants() {
        let has_text =
            matches!(block.data().value, NodeValue::Paragraph | NodeValue::Heading(_) | NodeValue::TableCell);
        if has_text {
            show_in_block(block);
        }
    }
}

fn show_in_block(block: Node<'_>) {
    let paragraph = Paragraph::new(pieces(block), is_in_item(block));
    let emphasis = paragraph.emphasis();
    for (index, piece) in paragraph.pieces.iter().enumerate() {
        if let Kind::Escaped(node) = piece.kind
            && !paragraph.needs_backslash(index, &emphasis)
            && let Some(child) = node.first_child()
        {
            child.data_mut().value = NodeValue::Text(format!("\\{}", piece.char).into());
        }
    }
}

fn is_in_item(block: Node<'_>) -> bool {
    block.parent().is_some_and(|parent| matches!(parent.data().value, NodeValue::Item(_) | NodeValue::TaskItem(_)))
}

fn pieces<'a>(block: Node<'a>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut escape = None;
    for edge in block.traverse() {
        let (node, is_start) = match edge {
            NodeEdge::Start(node) => (node, true),
            NodeEdge::End(node) => (node, false),
        };
        if node.same_node(block) {
            continue;
        }
        let mark = |char| Piece { char, kind: Kind::Mark };
        match &node.data().value {
            NodeValue::Escaped => escape = is_start.then_some(node),
            NodeValue::Text(text) if is_start => {
                let kind = escape.map_or(Kind::Literal, Kind::Escaped);
                pieces.extend(text.chars().map(|char| Piece { char, kind }));
            }
            NodeValue::SoftBreak | NodeValue::LineBreak if is_start => {
                pieces.push(Piece { char: '\n', kind: Kind::Literal });
            }
            NodeValue::Text(_) | NodeValue::SoftBreak | NodeValue::LineBreak => {}
            NodeValue::Code(_) => pieces.push(mark('`')),
            NodeValue::Link(_) => pieces.push(mark(if is_start { '[' } else { ')' })),
            _ => pieces.push(mark('*')),
        }
    }
    pieces
}

fn is_same_run(before: &Piece<'_>, piece: &Piece<'_>) -> bool {
    before.char == piece.char && matches!(before.kind, Kind::Mark) == matches!(piece.kind, Kind::Mark)
}

/// The last `](` that a `)` on the same line follows.
fn last_link_end(pieces: &[Piece<'_>]) -> Option<usize> {
    let mut closed = false;
    (0..pieces.len()).rev().find(|&index| {
        match pieces[index].char {
            ')' => closed = true,
            '\n' => closed = false,
            _ => {}
        }
        closed && pieces[index].char == ']' && pieces.get(index + 1).is_some_and(|next| next.char == '(')
    })
}

/// Where a mark could first begin emphasis in a paragraph, and last end it.
struct Emphasis {
    mark: char,
    first_open: Option<usize>,
    last_close: Option<usize>,
}

/// The text of a paragraph, a heading or a cell of a table, with what each question below needs, found once.
struct Paragraph<'a> {
    pieces: Vec<Piece<'a>>,
    /// Whether it stands in an item of a list.
    is_item: bool,
    /// For each piece, the begin of its line.
    line_starts: Vec<usize>,
    /// For each piece, the run of equal characters it belongs to: its begin, and the place after its end.
    runs: Vec<(usize, usize)>,
    /// The first `[`, and the last `](` with a `)` on its line.
    first_bracket: Option<usize>,
    last_link_end: Option<usize>,
    /// How many backticks stand in it.
    backticks: usize,
}

impl<'a> Paragraph<'a> {
    fn new(pieces: Vec<Piece<'a>>, is_item: bool) -> Self {
        let mut line_starts = Vec::with_capacity(pieces.len());
        let mut runs: Vec<(usize, usize)> = Vec::with_capacity(pieces.len());
        let (mut line_start, mut run_start) = (0, 0);
        for (index, piece) in pieces.iter().enumerate() {
            line_starts.push(line_start);
            if piece.char == '\n' {
                line_start = index + 1;
            }
            if index > 0 && !is_same_run(&pieces[index - 1], piece) {
                runs.extend(std::iter::repeat_n((run_start, index), index - run_start));
                run_start = index;
            }
        }
        runs.extend(std::iter::repeat_n((run_start, pieces.len()), pieces.len() - run_start));
        let first_bracket = pieces.iter().position(|piece| piece.char == '[');
        let last_link_end = last_link_end(&pieces);
        let is_backtick = |piece: &&Piece| piece.char == '`' && !matches!(piece.kind, Kind::Mark);
        let backticks = pieces.iter().filter(is_backtick).count();
        Self { pieces, is_item, line_starts, runs, first_bracket, last_link_end, backticks }
    }

    /// Whether the character at `index` would be a mark, or part of one, without its backslash.
    fn needs_backslash(&self, index: usize, emphasis: &[Emphasis; 3]) -> bool {
        match self.pieces[index].char {
            '\\' => self.protects_next(index, emphasis),
            '`' => self.backticks > 1,
            '*' | '_' | '~' => self.could_emphasise(index, emphasis) || self.begins_block(index),
            '#' | '-' | '+' | '.' => self.begins_block(index),
            '>' => self.begins_block(index) || self.could_close_address(index),
            ')' => self.begins_block(index) || self.char(index, 1) == Some(']'),
            '[' => self.could_open_link(index) || self.begins_task(index),
            ']' => self.could_close_link(index) || index.checked_sub(2).is_some_and(|start| self.begins_task(start)),
            '(' => index > 0 && self.could_close_link(index - 1),
            '!' => self.pieces.get(index + 1).is_some_and(|next| {
                next.char == '[' && (matches!(next.kind, Kind::Mark) || self.could_open_link(index + 1))
            }),
            '<' => self.could_open_address(index),
            '&' => self.begins_entity(index),
            _ => false,
        }
    }

    /// The character `ahead` places after `index`.
    fn char(&self, index: usize, ahead: usize) -> Option<char> {
        self.pieces.get(index + ahead).map(|piece| piece.char)
    }

    fn chars_from(&self, index: usize) -> impl Iterator<Item = char> {
        self.pieces[index.min(self.pieces.len())..].iter().map(|piece| piece.char)
    }

    /// Whether a backslash at `index` keeps the one after it from escaping, or marks begin right behind it.
    fn protects_next(&self, index: usize, emphasis: &[Emphasis; 3]) -> bool {
        self.pieces.get(index + 1).is_some_and(|next| match next.kind {
            Kind::Mark => true,
            Kind::Escaped(_) => next.char != '\\' && self.needs_backslash(index + 1, emphasis),
            Kind::Literal => false,
        })
    }

    /// Whether the character at `index` and another of its kind could begin and end emphasis (CommonMark 0.31, 6.2).
    fn could_emphasise(&self, index: usize, emphasis: &[Emphasis; 3]) -> bool {
        let (start, end) = self.runs[index];
        let char = self.pieces[index].char;
        // The raised arm of a shrug is no emphasis.
        if char == '_' && start > 0 && self.pieces[start - 1].char == '\u{AF}' {
            return false;
        }
        let (opens, closes) = self.flanks(start, end);
        emphasis.iter().filter(|of| of.mark == char).any(|of| {
            (opens && of.last_close.is_some_and(|last| last >= end))
                || (closes && of.first_open.is_some_and(|first| first < start))
        })
    }

    /// Where each mark could first begin emphasis, and last end it.
    fn emphasis(&self) -> [Emphasis; 3] {
        ['*', '_', '~'].map(|mark| {
            let mut found = Emphasis { mark, first_open: None, last_close: None };
            let mut index = 0;
            while index < self.pieces.len() {
                let (start, end) = self.runs[index];
                let piece = self.pieces[index];
                if piece.char == mark && !matches!(piece.kind, Kind::Mark) {
                    let (opens, closes) = self.flanks(start, end);
                    found.first_open = found.first_open.or(opens.then_some(start));
                    found.last_close = if closes { Some(start) } else { found.last_close };
                }
                index = end;
            }
            found
        })
    }

    /// Whether the run of marks at `start..end` could begin emphasis, and whether it could end it.
    fn flanks(&self, start: usize, end: usize) -> (bool, bool) {
        let before = if start == 0 { ' ' } else { self.pieces[start - 1].char };
        let after = self.char(end, 0).unwrap_or(' ');
        if self.pieces[start].char == '_' && end - start == 1 && is_in_face(before, after) {
            return (false, false);
        }
        let is_punctuation = |c: char| !c.is_alphanumeric() && !c.is_whitespace();
        let left =
            !after.is_whitespace() && (!is_punctuation(after) || before.is_whitespace() || is_punctuation(before));
        let right =
            !before.is_whitespace() && (!is_punctuation(before) || after.is_whitespace() || is_punctuation(after));
        if self.pieces[start].char == '_' {
            (left && (!right || is_punctuation(before)), right && (!left || is_punctuation(after)))
        } else {
            (left, right)
        }
    }

    /// Whether the character at `index` would make its line a heading, an item of a list, a quotation, a rule or a
    /// fence.
    fn begins_block(&self, index: usize) -> bool {
        let start = self.line_starts[index];
        // Nine digits and a few spaces at most stand before such a mark.
        if index - start > 16 {
            return false;
        }
        let before: String = self.pieces[start..index].iter().map(|piece| piece.char).collect();
        let before = before.trim_start();
        if !before.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        let line: String = self.chars_from(index).take_while(|&c| c != '\n').collect();
        let then_space = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
        match self.pieces[index].char {
            '.' | ')' => (1..=9).contains(&before.len()) && then_space(&line[1..]),
            _ if !before.is_empty() => false,
            '>' => true,
            '#' => {
                let rest = line.trim_start_matches('#');
                line.len() - rest.len() <= 6 && then_space(rest)
            }
            c => {
                let is_rule = |marks: &str| line.chars().all(|c| marks.contains(c)) && line.matches(c).count() >= 3;
                let is_line_of_table = c == '-' && line.contains('|') && line.chars().all(|c| "-:| ".contains(c));
                (c != '~' && c != '_' && then_space(&line[1..]))
                    || (c != '~' && c != '+' && is_rule(&format!("{c} ")))
                    || (c == '~' && line.starts_with("~~~"))
                    || is_line_of_table
            }
        }
    }

    /// Whether `[` at `index` begins `[text](address)`.
    fn could_open_link(&self, index: usize) -> bool {
        self.last_link_end.is_some_and(|last| last > index)
    }

    /// Whether `]` at `index` ends the text of `[text](address)`, or stands inside the text of a link.
    fn could_close_link(&self, index: usize) -> bool {
        let mark_before =
            self.pieces[..index].iter().rev().take(MAX_LOOK).find(|piece| matches!(piece.kind, Kind::Mark));
        mark_before.is_some_and(|piece| piece.char == '[')
            || (self.pieces[index].char == ']'
                && self.char(index, 1) == Some('(')
                && self.first_bracket.is_some_and(|first| first < index)
                && self.last_link_end.is_some_and(|last| last >= index))
    }

    /// Whether `[` at `index` begins the box of a task: `[ ] ` or `[x] ` at the begin of an item.
    fn begins_task(&self, index: usize) -> bool {
        let start: String = self.chars_from(index).take(4).collect();
        self.is_item && index == 0 && ["[ ] ", "[x] ", "[X] "].contains(&start.as_str())
    }

    /// Whether `<` at `index` begins `<https://example.org>` or `<ada@example.org>`.
    fn could_open_address(&self, index: usize) -> bool {
        let inside: String =
            self.chars_from(index + 1).take(MAX_LOOK).take_while(|&c| c != '>' && !c.is_whitespace()).collect();
        let closed = self.chars_from(index + 1).nth(inside.chars().count()) == Some('>');
        closed && inside.contains([':', '@'])
    }

    /// Whether `>` at `index` ends what [`Self::could_open_address`] begins.
    fn could_close_address(&self, index: usize) -> bool {
        let before = self.pieces[..index].iter().enumerate().rev().take(MAX_LOOK);
        let mut word = before.take_while(|(_, piece)| !piece.char.is_whitespace() && piece.char != '>');
        word.find(|(_, piece)| piece.char == '<').is_some_and(|(open, _)| self.could_open_address(open))
    }

    /// Whether `&` at `index` begins a character reference such as `&amp;`.
    fn begins_entity(&self, index: usize) -> bool {
        let name: String =
            self.chars_from(index + 1).take(MAX_LOOK).take_while(|&c| c.is_ascii_alphanumeric() || c == '#').collect();
        !name.is_empty() && self.char(index + 1, name.len()) == Some(';')
    }
}
