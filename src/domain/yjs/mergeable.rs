//! The part of an update that can be merged at once: what builds on nothing that is missing.

use std::collections::{BTreeMap, HashMap};

use super::outline::{Block, Outline, Section};

/// An update cut down to what can be merged.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mergeable {
    pub(super) update: Vec<u8>,
    /// Whether nothing was cut off.
    pub(super) is_whole: bool,
}

/// Cuts an update down. `clock_of` tells how much of each client is there already; blocks that are known are left out.
///
/// A page that missed a frame of the socket holds changes of others that build on what it missed, and sends them along
/// with its own. Its own need not wait for them: whoever made them saves them too.
pub(super) fn mergeable(outline: &Outline<'_>, clock_of: impl Fn(u64) -> u32) -> Mergeable {
    let mut clocks = Clocks { reached: HashMap::new(), clock_of };
    let ends = advance(&outline.sections, &mut clocks);
    let kept = outline.sections.iter().zip(&ends).map(|(section, end)| {
        let known = (clocks.clock_of)(section.client);
        let begin = section.blocks[..*end].partition_point(|block| block.clocks.end <= known);
        (section, &section.blocks[begin..*end])
    });
    let kept: Vec<_> = kept.filter(|(_, blocks)| !blocks.is_empty()).collect();
    let mut update = Vec::new();
    write_number(&mut update, kept.len() as u64);
    for (section, blocks) in kept {
        write_number(&mut update, blocks.len() as u64);
        write_number(&mut update, section.client);
        write_number(&mut update, blocks[0].clocks.start.into());
        blocks.iter().for_each(|block| update.extend_from_slice(block.bytes));
    }
    let mut is_whole = outline.sections.iter().zip(&ends).all(|(section, end)| *end == section.blocks.len());
    write_number(&mut update, outline.deleted.len() as u64);
    for (client, ranges) in &outline.deleted {
        let reached = clocks.of(*client);
        let known =
            ranges.iter().filter(|range| range.start < reached).map(|range| range.start..range.end.min(reached));
        let known: Vec<_> = known.collect();
        is_whole &= ranges.last().is_none_or(|last| last.end <= reached);
        write_number(&mut update, *client);
        write_number(&mut update, known.len() as u64);
        for range in known {
            write_number(&mut update, range.start.into());
            write_number(&mut update, (range.end - range.start).into());
        }
    }
    Mergeable { update, is_whole }
}

/// How far each client's changes are there, or come with the update.
struct Clocks<F> {
    reached: HashMap<u64, u32>,
    clock_of: F,
}

impl<F: Fn(u64) -> u32> Clocks<F> {
    fn of(&self, client: u64) -> u32 {
        self.reached.get(&client).copied().unwrap_or_else(|| (self.clock_of)(client))
    }

    /// What a block stands beside and is not there.
    fn missing(&self, block: &Block<'_>) -> Option<(u64, u32)> {
        block.neighbours.iter().flatten().find(|(client, clock)| *clock >= self.of(*client)).copied()
    }
}

/// How many blocks of each section can be merged. A section that needs something of another one waits for just that, so
/// that each block is looked at a few times however they depend on each other.
fn advance<F: Fn(u64) -> u32>(sections: &[Section<'_>], clocks: &mut Clocks<F>) -> Vec<usize> {
    let mut ends = vec![0; sections.len()];
    let mut waiting: BTreeMap<(u64, u32), Vec<usize>> = BTreeMap::new();
    let mut ready: Vec<usize> = (0..sections.len()).collect();
    while let Some(index) = ready.pop() {
        let Section { client, blocks } = &sections[index];
        while let Some(block) = blocks.get(ends[index]) {
            let reached = clocks.of(*client);
            if block.clocks.end > reached {
                if block.is_gap || block.clocks.start > reached {
                    break;
                }
                if let Some(missing) = clocks.missing(block) {
                    waiting.entry(missing).or_default().push(index);
                    break;
                }
                clocks.reached.insert(*client, block.clocks.end);
            }
            ends[index] += 1;
        }
        let arrived = (*client, 0)..(*client, clocks.of(*client));
        let arrived: Vec<_> = waiting.range(arrived).map(|(place, _)| *place).collect();
        ready.extend(arrived.iter().filter_map(|place| waiting.remove(place)).flatten());
    }
    ends
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::super::outline::outline;
    use super::*;

    /// What is left of an update for somebody who has `known` of each client.
    fn cut(update: &[u8], known: u32) -> Mergeable {
        mergeable(&outline(update).expect("an update"), |_| known)
    }

    #[test]
    fn what_can_be_merged_whole_stays_as_it_is() {
        for update in [b"\x00\x00".as_slice(), b"\x01\x01\x07\x00\x04\x01\x04text\x01a\x01\x07\x01\x00\x01"] {
            assert_eq!(cut(update, 0), Mergeable { update: update.to_vec(), is_whole: true });
        }
    }

    #[test]
    fn what_follows_a_gap_is_cut_off_unless_the_gap_is_known() {
        // Clock 5, then a gap of 2, then clock 8; clocks 5 and 8 are deleted.
        let update = b"\x01\x03\x07\x05\x00\x01\x0a\x02\x00\x01\x01\x07\x02\x05\x01\x08\x01";
        let without_blocks = b"\x00\x01\x07\x00";
        assert_eq!(cut(update, 4), Mergeable { update: without_blocks.to_vec(), is_whole: false });
        let until_gap = b"\x01\x01\x07\x05\x00\x01\x01\x07\x01\x05\x01";
        assert_eq!(cut(update, 5), Mergeable { update: until_gap.to_vec(), is_whole: false });
        let behind_gap = b"\x01\x01\x07\x08\x00\x01\x01\x07\x02\x05\x01\x08\x01";
        assert_eq!(cut(update, 8), Mergeable { update: behind_gap.to_vec(), is_whole: true });
    }

    #[test]
    fn clients_that_build_on_each_other_wait_for_each_other() {
        // 7 writes "a", 8 "b" behind it, 7 "c" behind that; and 9 "d" behind what nobody has.
        let update = b"\x03\x01\x09\x00\x84\x05\x00\x01d\x02\x07\x00\x04\x01\x04text\x01a\x84\x08\x00\x01c\x01\x08\x00\x84\x07\x00\x01b\x00";
        let merged = b"\x02\x02\x07\x00\x04\x01\x04text\x01a\x84\x08\x00\x01c\x01\x08\x00\x84\x07\x00\x01b\x00";
        assert_eq!(cut(update, 0), Mergeable { update: merged.to_vec(), is_whole: false });
    }
}
