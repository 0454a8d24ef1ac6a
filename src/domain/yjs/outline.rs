//! Reading an update without `yrs`: whether it is made of plain text only, and which part of it can be merged.
//!
//! The format (Yjs, encoding v1): for each client its blocks (strings, deleted lengths, gaps), then for each client the
//! ranges that were deleted. Numbers are of variable length, seven bits a byte.

use std::collections::HashSet;
use std::ops::Range;

/// What the shared text is called.
pub(super) const TEXT: &str = "text";

/// What an update says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outline<'a> {
    /// Each client once.
    pub(super) sections: Vec<Section<'a>>,
    /// Each client once.
    pub(super) deleted: Vec<Deleted>,
}

/// What was deleted of one client's insertions: ranges of its clock, rising.
pub(super) type Deleted = (u64, Vec<Range<u32>>);

/// What one client inserted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section<'a> {
    pub(super) client: u64,
    /// One goes on where the one before ends.
    pub(super) blocks: Vec<Block<'a>>,
}

/// A part of the text, what was one, or a gap: something that the sender does not have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) is_gap: bool,
    pub(super) clocks: Range<u32>,
    /// What it stands between: a client and a clock each.
    pub(super) neighbours: [Option<(u64, u32)>; 2],
    /// As it is written.
    pub(super) bytes: &'a [u8],
}

/// Why bytes are no update of a text.
pub(super) type Malformed = &'static str;

/// Reads an update to its end.
///
/// # Errors
/// What is wrong with it, for the person who sent it.
pub(super) fn outline(update: &[u8]) -> Result<Outline<'_>, Malformed> {
    let mut bytes = Reader(update);
    let mut seen = HashSet::new();
    let mut sections = Vec::new();
    for _ in 0..bytes.number()? {
        let count = bytes.number()?;
        let client = bytes.client(&mut seen)?;
        let mut clock = bytes.clock()?;
        if count == 0 {
            return Err("a client has no blocks");
        }
        let mut blocks = Vec::new();
        for _ in 0..count {
            let block = bytes.block(clock)?;
            clock = block.clocks.end;
            blocks.push(block);
        }
        sections.push(Section { client, blocks });
    }
    let deleted = bytes.deleted()?;
    if bytes.0.is_empty() { Ok(Outline { sections, deleted }) } else { Err("something follows its end") }
}

/// Whether the bytes are a state vector: for each client its clock.
pub(super) fn state_vector_is_sound(state_vector: &[u8]) -> bool {
    let mut bytes = Reader(state_vector);
    let mut seen = HashSet::new();
    let mut read = || -> Result<(), Malformed> {
        for _ in 0..bytes.number()? {
            bytes.client(&mut seen)?;
            bytes.clock()?;
        }
        Ok(())
    };
    read().is_ok() && bytes.0.is_empty()
}

/// The largest number that JavaScript counts with.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
/// Clocks are compared as signed numbers of 32 bits.
const MAX_CLOCK: u32 = i32::MAX as u32;

const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
const GARBAGE: u8 = 0;
const DELETED: u8 = 1;
const STRING: u8 = 4;
const SKIP: u8 = 10;

fn advance(clock: u32, length: u64) -> Result<u32, Malformed> {
    let end = u32::try_from(length).ok().filter(|length| *length > 0).and_then(|length| clock.checked_add(length));
    end.filter(|end| *end <= MAX_CLOCK).ok_or("a block is empty or too long")
}

/// What is left to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or("it ends too early")?;
        self.0 = rest;
        Ok(*first)
    }

    fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..=56).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return if number <= MAX_SAFE_INTEGER { Ok(number) } else { Err("a number is too large") };
            }
        }
        Err("a number is too long")
    }

    fn clock(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.number()?).ok().filter(|clock| *clock <= MAX_CLOCK).ok_or("a clock is too large")
    }

    /// A client that was not named before.
    fn client(&mut self, seen: &mut HashSet<u64>) -> Result<u64, Malformed> {
        let client = self.number()?;
        if seen.insert(client) { Ok(client) } else { Err("a client stands in it twice") }
    }

    fn id(&mut self) -> Result<(u64, u32), Malformed> {
        Ok((self.number()?, self.clock()?))
    }

    fn string(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| "a text is too long")?;
        let (text, rest) = self.0.split_at_checked(length).ok_or("it ends too early")?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| "a text is not UTF-8")
    }

    /// The block that begins at a clock.
    fn block(&mut self, clock: u32) -> Result<Block<'a>, Malformed> {
        let from = self.0;
        let info = self.byte()?;
        let mut neighbours = [None; 2];
        let length = match info {
            GARBAGE | SKIP => self.number()?,
            _ => {
                if info & HAS_ORIGIN != 0 {
                    neighbours[0] = Some(self.id()?);
                }
                if info & HAS_RIGHT_ORIGIN != 0 {
                    neighbours[1] = Some(self.id()?);
                }
                if neighbours == [None; 2] && (self.number()? != 1 || self.string()? != TEXT) {
                    return Err("it changes something else than the text named \"text\"");
                }
                match info & !(HAS_ORIGIN | HAS_RIGHT_ORIGIN) {
                    DELETED => self.number()?,
                    STRING => utf16_length(self.string()?),
                    _ => return Err("it holds something else than plain text"),
                }
            }
        };
        let clocks = clock..advance(clock, length)?;
        Ok(Block { is_gap: info == SKIP, clocks, neighbours, bytes: &from[..from.len() - self.0.len()] })
    }

    /// The deleted ranges, which rise and do not overlap.
    fn deleted(&mut self) -> Result<Vec<Deleted>, Malformed> {
        let mut seen = HashSet::new();
        let mut deleted = Vec::new();
        for _ in 0..self.number()? {
            let client = self.client(&mut seen)?;
            let mut ranges = Vec::new();
            let mut end = 0;
            for _ in 0..self.number()? {
                let start = self.clock()?;
                if start < end {
                    return Err("deleted ranges overlap");
                }
                end = advance(start, self.number()?)?;
                ranges.push(start..end);
            }
            deleted.push((client, ranges));
        }
        Ok(deleted)
    }
}

/// Yjs counts as JavaScript does.
fn utf16_length(text: &str) -> u64 {
    text.chars().map(|c| if c.len_utf16() == 2 { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Client 7 inserts "a𝄞" at the beginning of the text, and deletes its second character, which counts as two.
    const UPDATE: &[u8] = b"\x01\x01\x07\x00\x04\x01\x04text\x05a\xf0\x9d\x84\x9e\x01\x07\x01\x01\x02";

    #[test]
    fn an_update_of_a_text_is_read_to_its_end() {
        let outline = outline(UPDATE).expect("an update");
        let [section] = outline.sections.as_slice() else { panic!("{outline:?}") };
        let [block] = section.blocks.as_slice() else { panic!("{outline:?}") };
        assert_eq!((section.client, block.clocks.clone(), block.neighbours), (7, 0..3, [None; 2]));
        assert_eq!(block.bytes, &UPDATE[4..17]);
        assert_eq!(outline.deleted, [(7, vec![Range { start: 1, end: 3 }])]);
    }

    #[test]
    fn whatever_is_cut_off_or_follows_is_refused() {
        for length in 0..UPDATE.len() {
            assert!(outline(&UPDATE[..length]).is_err(), "{length}");
        }
        assert!(outline(&[UPDATE, &[0]].concat()).is_err());
    }

    #[test]
    fn what_is_no_plain_text_is_refused() {
        let other_kind = |kind: u8| [&[1, 1, 7, 0, kind, 1, 4], b"text".as_slice(), &[1, 1, 0, 0]].concat();
        assert!(outline(&other_kind(DELETED)).is_ok(), "something that was deleted meanwhile");
        for kind in [2, 3, 5, 6, 7, 8, 9, 11, 0x20 | STRING] {
            assert!(outline(&other_kind(kind)).is_err(), "{kind}");
        }
        assert!(outline(b"\x01\x01\x07\x00\x04\x01\x04tex!\x01a\x00").is_err(), "another type's name");
        assert!(outline(b"\x01\x01\x07\x00\x04\x00\x07\x00\x01a\x00").is_err(), "within another block");
    }

    #[test]
    fn numbers_that_promise_more_than_there_is_ask_for_nothing() {
        for bytes in [
            b"\xff\xff\xff\xff\x0f".as_slice(),
            b"\x01\xff\xff\xff\xff\x0f\x07\x00",
            b"\x01\x01\x07\xff\xff\xff\xff\x0f\x00\x01\x00",
            b"\x01\x01\x07\x00\x00\xff\xff\xff\xff\x0f\x00",
            b"\x00\x01\x07\xff\xff\xff\xff\x0f",
            b"\x00\x01\x07\x02\x05\x02\x03\x01",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert!(outline(bytes).is_err(), "{bytes:?}");
            assert!(!state_vector_is_sound(bytes), "{bytes:?}");
        }
    }
}
