//! Heat: which heads of a program ran most, so that a translation whose budget does not suffice for all code
//! begins with the code that matters.
//!
//! A heat is a list of heads (addresses of first instructions of traces), each with a weight: the cycles that
//! were charged there, or any other number that is larger where more was run. It decides which code is
//! translated, and so which bytes a module has; it never changes what a guest does. It may come from anybody,
//! so it is bounded, and every list has one form only.
//!
//! # The file
//! ```text
//! lockstep-heat 1
//! <head> <weight>          any number of lines, at most 16384
//! ```
//! `<head>` is `0x` and lower-case hexadecimal digits without leading zeros, an even number; `<weight>` is
//! decimal without leading zeros, from 1 to 2^64 - 1. Heads ascend, each once. Lines end with a line feed, also the last.
//!
//! # In a module
//! A module records the heads of its code region that its translation was given, and its key has their
//! digest ([`Heat::digest`]). So two builders agree on the name and the bytes of a module exactly if they
//! have the same code, options and heat.

use core::fmt::Write as _;
use core::ops::Range;
use std::collections::BTreeMap;

/// Heads of a heat, at most.
pub const HEAT_HEADS: usize = 1 << 14;
/// Bytes of a file with a heat, at most.
pub const LARGEST_HEAT_BYTES: usize = 1 << 20;

const FIRST: &str = "lockstep-heat 1";
/// What comes before the heads when their digest is taken: the digest of something else is never the same.
const DOMAIN: &[u8] = b"lockstep heat\n";

/// A head and how hot it is.
///
/// ```
/// use lockstep_contract::heat::HotHead;
/// let bytes = HotHead { head: 0x10000, weight: 3 }.to_bytes();
/// assert_eq!(HotHead::from_bytes(bytes), HotHead { head: 0x10000, weight: 3 });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct HotHead {
    /// The guest address.
    pub head: u64,
    /// How hot; not 0.
    pub weight: u64,
}

impl HotHead {
    /// The bytes of a head in a module and under the digest: two `u64`, little endian.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.weight) << 64 | u128::from(self.head)).to_le_bytes()
    }

    /// What [`HotHead::to_bytes`] gave.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> HotHead {
        let both = u128::from_le_bytes(bytes);
        HotHead {
            head: both as u64,
            weight: (both >> 64) as u64,
        }
    }
}

/// Why bytes are no heat.
///
/// ```
/// use lockstep_contract::heat::Heat;
/// let error = Heat::read(b"lockstep-heat 1\n0x10001 7\n").unwrap_err();
/// assert_eq!(error.to_string(), "line 2: \"0x10001\" is not an even address from 0x0 in lower case");
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}")]
#[non_exhaustive]
pub struct HeatError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// A list of hot heads.
///
/// ```
/// use lockstep_contract::heat::Heat;
/// let heat = Heat::new([(0x10008, 5), (0x10000, 1), (0x10008, 2)]);
/// assert_eq!(heat.to_text(), "lockstep-heat 1\n0x10000 1\n0x10008 7\n");
/// assert_eq!(Heat::read(heat.to_text().as_bytes()), Ok(heat));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Heat(BTreeMap<u64, u64>);

impl Heat {
    /// The heat of these heads and weights, in any order. Weights of one head are added. Heads at odd
    /// addresses and weights of 0 are left out. Of more than [`HEAT_HEADS`] heads the hottest stay; where
    /// weights are equal, those with the lower addresses.
    #[must_use]
    pub fn new(heads: impl IntoIterator<Item = (u64, u64)>) -> Heat {
        let mut sums: BTreeMap<u64, u64> = BTreeMap::new();
        for (head, weight) in heads {
            if head & 1 == 0 && weight > 0 {
                let sum = sums.entry(head).or_default();
                *sum = sum.saturating_add(weight);
            }
        }
        if sums.len() > HEAT_HEADS {
            let mut hottest: Vec<(u64, u64)> = sums.into_iter().collect();
            hottest.sort_by_key(|&(head, weight)| (u64::MAX - weight, head));
            sums = hottest.into_iter().take(HEAT_HEADS).collect();
        }
        Heat(sums)
    }

    /// The heat that a module recorded.
    #[must_use]
    pub fn from_recorded(recorded: &[HotHead]) -> Heat {
        Heat::new(recorded.iter().map(|hot| (hot.head, hot.weight)))
    }

    /// The form that a module records: by address.
    #[must_use]
    pub fn recorded(&self) -> Vec<HotHead> {
        self.iter()
            .map(|(head, weight)| HotHead { head, weight })
            .collect()
    }

    /// The heads with their weights, by address.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().map(|(&head, &weight)| (head, weight))
    }

    /// How hot a head is; 0 where the list does not have it.
    #[must_use]
    pub fn weight(&self, head: u64) -> u64 {
        self.0.get(&head).copied().unwrap_or(0)
    }

    /// How many heads there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no head.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The heads at these addresses alone.
    #[must_use]
    pub fn within(&self, addresses: Range<u64>) -> Heat {
        match addresses.is_empty() {
            true => Heat::default(),
            false => Heat(self.0.range(addresses).map(|(&h, &w)| (h, w)).collect()),
        }
    }

    /// The digest that names this heat in a key; none for a list without heads, because a translation that is
    /// given none is as one without heat.
    #[must_use]
    pub fn digest(&self) -> Option<[u8; 32]> {
        digest(&self.recorded())
    }

    /// The content of a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST}\n");
        for (head, weight) in self.iter() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{head:#x} {weight}");
        }
        text
    }

    /// Reads the content of a file.
    ///
    /// # Errors
    /// Anything that [`Heat::to_text`] does not write.
    pub fn read(bytes: &[u8]) -> Result<Heat, HeatError> {
        let refuse = |line, what| Err(HeatError { line, what });
        if bytes.len() > LARGEST_HEAT_BYTES {
            let what = format!(
                "the file has {} bytes, and {LARGEST_HEAT_BYTES} are the most",
                bytes.len()
            );
            return refuse(1, what);
        }
        let Ok(text) = str::from_utf8(bytes) else {
            return refuse(1, "the file is not text".to_owned());
        };
        let mut heads = BTreeMap::new();
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let number = index + 1;
            let Some(line) = line.strip_suffix('\n') else {
                return refuse(number, "the line feed at its end is missing".to_owned());
            };
            if index == 0 {
                if line != FIRST {
                    return refuse(number, format!("{line:?} is not {FIRST:?}"));
                }
                continue;
            }
            let (head, weight) = parse(line).map_err(|what| HeatError { line: number, what })?;
            if heads
                .last_key_value()
                .is_some_and(|(&last, _)| head <= last)
            {
                return refuse(number, format!("{head:#x} is not above the head before it"));
            }
            if heads.len() == HEAT_HEADS {
                return refuse(number, format!("there are more than {HEAT_HEADS} heads"));
            }
            heads.insert(head, weight);
        }
        match text.is_empty() {
            true => refuse(1, format!("it is not {FIRST:?}, because the file is empty")),
            false => Ok(Heat(heads)),
        }
    }
}

/// The digest of heads as a module records them; none for none.
pub(crate) fn digest(recorded: &[HotHead]) -> Option<[u8; 32]> {
    if recorded.is_empty() {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(DOMAIN);
    for hot in recorded {
        hasher.update(&hot.to_bytes());
    }
    Some(*hasher.finalize().as_bytes())
}

/// A head and its weight.
fn parse(line: &str) -> Result<(u64, u64), String> {
    let (head, weight) =
        (line.split_once(' ')).ok_or_else(|| format!("{line:?} is not a head and a weight"))?;
    let address = (head.strip_prefix("0x"))
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        // A number that is spelled otherwise is refused, so that each has one spelling.
        .filter(|&address| format!("{address:#x}") == head && address & 1 == 0)
        .ok_or_else(|| format!("{head:?} is not an even address from 0x0 in lower case"))?;
    let number = (weight.parse::<u64>().ok())
        .filter(|&number| number > 0 && number.to_string() == weight)
        .ok_or_else(|| format!("{weight:?} is not a number from 1 to 2^64 - 1"))?;
    Ok((address, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heat_has_one_form() {
        let heat = Heat::new([(0x10000, 7), (0x2, 1), (0xffff_ffff_ffff_fffe, u64::MAX)]);
        let text = heat.to_text();
        assert_eq!(Heat::read(text.as_bytes()), Ok(heat.clone()));
        // Every single byte that is left out or exchanged is another list or none.
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes.remove(at);
            assert_ne!(Heat::read(&bytes), Ok(heat.clone()), "without byte {at}");
            for other in 0..=u8::MAX {
                let mut bytes = text.clone().into_bytes();
                if bytes[at] != other {
                    bytes[at] = other;
                    let read = Heat::read(&bytes);
                    assert_ne!(read, Ok(heat.clone()), "byte {at} as {other}");
                    // What is read is written in the same way.
                    if let Ok(read) = read {
                        assert_eq!(read.to_text().as_bytes(), bytes);
                    }
                }
            }
        }
        assert_eq!(Heat::from_recorded(&heat.recorded()), heat);
    }

    #[test]
    fn what_is_no_heat_is_refused() {
        let line = |text: &str| Heat::read(text.as_bytes()).unwrap_err().line;
        for (text, expected) in [
            ("", 1),
            ("lockstep-heat 2\n", 1),
            ("lockstep-heat 1", 1),
            ("lockstep-heat 1\n\n", 2),
            ("lockstep-heat 1\n0x10 1", 2),
            ("lockstep-heat 1\n0x10 1\r\n", 2),
            ("lockstep-heat 1\n0x10  1\n", 2),
            ("lockstep-heat 1\n0x11 1\n", 2),
            ("lockstep-heat 1\n0x010 1\n", 2),
            ("lockstep-heat 1\n0xA 1\n", 2),
            ("lockstep-heat 1\n16 1\n", 2),
            ("lockstep-heat 1\n0x+10 1\n", 2),
            ("lockstep-heat 1\n0x10 +1\n", 2),
            ("lockstep-heat 1\n0x10 0\n", 2),
            ("lockstep-heat 1\n0x10 01\n", 2),
            ("lockstep-heat 1\n0x10 18446744073709551616\n", 2),
            ("lockstep-heat 1\n0x10000000000000000 1\n", 2),
            ("lockstep-heat 1\n0x10 1\n0x10 1\n", 3),
            ("lockstep-heat 1\n0x10 1\n0xe 1\n", 3),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
        assert!(Heat::read(b"lockstep-heat 1\n0x10 \xff\n").is_err());
        assert!(Heat::read(&vec![b' '; LARGEST_HEAT_BYTES + 1]).is_err());
        let mut text = String::from("lockstep-heat 1\n");
        for number in 0..HEAT_HEADS {
            let _ = writeln!(text, "{:#x} 1", 2 * number);
        }
        assert_eq!(Heat::read(text.as_bytes()).unwrap().len(), HEAT_HEADS);
        text += "0xfffffffffffffffe 1\n";
        assert_eq!(
            Heat::read(text.as_bytes()).unwrap_err().line,
            HEAT_HEADS + 2
        );
    }

    #[test]
    fn too_many_heads_leave_the_hottest() {
        let many = (0..2 * HEAT_HEADS as u64).map(|number| (2 * number, 1 + number % 2));
        let heat = Heat::new(many.clone());
        assert_eq!(heat.len(), HEAT_HEADS);
        assert!(heat.iter().all(|(_, weight)| weight == 2));
        let last = 4 * HEAT_HEADS as u64 - 2;
        assert_eq!(Heat::new(many.chain([(last, 9)])).weight(last), 11);
        // Whatever cannot be a head, or is not hot, is left out.
        assert!(Heat::new([(1, 1), (2, 0)]).is_empty());
        assert_eq!(Heat::new([(2, u64::MAX), (2, 1)]).weight(2), u64::MAX);
    }

    #[test]
    fn the_digest_tells_lists_apart() {
        assert_eq!(Heat::default().digest(), None);
        let one = Heat::new([(0x1000, 1), (0x2000, 1)]);
        for other in [
            Heat::new([(0x1000, 1)]),
            Heat::new([(0x1000, 1), (0x2002, 1)]),
            Heat::new([(0x1000, 2), (0x2000, 1)]),
        ] {
            assert_ne!(one.digest(), other.digest());
        }
        assert_eq!(one.within(0x1000..0x1001), Heat::new([(0x1000, 1)]));
        assert_eq!(one.within(0x1002..0x2000), Heat::default());
        assert_eq!(
            one.within(Range {
                start: 0x2000,
                end: 0x1000
            }),
            Heat::default()
        );
    }
}
