//! Two memories of one size: making one equal to the other, finding where they differ, and knowing
//! which pages a piece of code wrote.
//!
//! Pages that were never written are zero and are skipped, so that all of this costs what guests use. Where native
//! code is suspected of writing what it must not, no page is skipped. To find out which pages are written, the table
//! of pages that take stores as they are is emptied ([`Memory::close`]). Every first store to a page then comes
//! through the page's checks, which put it back into the table, and change nothing that a guest can see.

use lockstep_contract::pages::{EXECUTABLE, PAGE_SIZE};

use super::flags::stores_freely;
use super::{Memory, written};

/// Where two memories differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Difference {
    /// In a byte.
    Byte { addr: usize, one: u8, other: u8 },
    /// In the flags of a page.
    Flags { page: usize, one: u8, other: u8 },
    /// In which trace ran last in a slot.
    Head { slot: usize, one: u32, other: u32 },
}

impl Memory {
    fn content(&self, page: usize) -> &[u8] {
        &self.as_bytes()[page * PAGE_SIZE..(page + 1) * PAGE_SIZE]
    }

    /// Whether a page may have bytes other than zero.
    pub(crate) fn may_differ_from_zero(&self, page: usize) -> bool {
        !self.region.writable().is_zero(page)
    }

    /// Takes over content, flags, reservation and heads of traces from a memory of the same size.
    /// Only pages that differ are written. Code that becomes another is noted as such.
    pub(crate) fn copy_from(&mut self, other: &Memory) {
        assert_eq!(self.size(), other.size());
        for page in 0..self.pages() {
            let flags = other.flags()[page];
            let differs = (self.may_differ_from_zero(page) || other.may_differ_from_zero(page))
                && self.content(page) != other.content(page);
            if differs {
                let (_, writable, _, mut bytes) = self.region.parts();
                writable.set(page, true);
                written::note(PAGE_SIZE);
                bytes.all()[page * PAGE_SIZE..(page + 1) * PAGE_SIZE]
                    .copy_from_slice(other.content(page));
                if (self.flags()[page] | flags) & EXECUTABLE != 0 {
                    self.flags.note_recoded(page);
                }
            }
            if differs || self.flags()[page] != flags {
                self.replace_flags(page, flags);
            }
        }
        if let Some(heads) = other.region.heads() {
            self.region.parts().2.copy_from_slice(heads);
        }
        self.set_reservation(other.reservation());
    }

    /// Notes that any page may have bytes other than zero, because wrong native code ran. The memory goes to no other
    /// guest.
    pub(crate) fn touch_all(&mut self) {
        self.keep_to_itself();
        for page in 0..self.pages() {
            let writable = self.region.parts().1;
            writable.set(page, true);
            self.reopen_page(page);
        }
    }

    /// Native code that may be wrong runs in it: it goes to no other guest.
    pub(crate) fn keep_to_itself(&mut self) {
        self.region.keep_to_itself();
    }

    /// The first difference in the bytes and flags of these pages. `thorough`: pages that are not
    /// known to have been written are looked at too.
    pub(crate) fn difference_in(
        &self,
        other: &Memory,
        pages: impl Iterator<Item = usize>,
        thorough: bool,
    ) -> Option<Difference> {
        for page in pages {
            let (one, two) = (self.flags()[page], other.flags()[page]);
            if one != two {
                let other = two;
                return Some(Difference::Flags { page, one, other });
            }
            let maybe = self.may_differ_from_zero(page) || other.may_differ_from_zero(page);
            let known = !thorough && !maybe;
            if known || self.content(page) == other.content(page) {
                continue;
            }
            let mut pairs = self.content(page).iter().zip(other.content(page));
            let at = pairs.position(|(one, other)| one != other).unwrap_or(0);
            let addr = page * PAGE_SIZE + at;
            return Some(Difference::Byte {
                addr,
                one: self.as_bytes()[addr],
                other: other.as_bytes()[addr],
            });
        }
        None
    }

    /// The first difference in anything.
    pub(crate) fn difference(&self, other: &Memory, thorough: bool) -> Option<Difference> {
        let memory = self.difference_in(other, 0..self.pages(), thorough);
        memory.or_else(|| {
            let (one, two) = (self.region.heads()?, other.region.heads()?);
            let slot = one.iter().zip(two).position(|(one, other)| one != other)?;
            Some(Difference::Head {
                slot,
                one: one[slot],
                other: two[slot],
            })
        })
    }

    /// The heads of traces, where they are kept.
    pub(crate) fn heads(&self) -> Option<&[u32]> {
        self.region.heads().map(|heads| &heads[..])
    }

    /// Sets the heads of some slots, where they are kept.
    pub(crate) fn set_heads(&mut self, heads: &[(usize, u32)]) {
        if self.region.heads().is_some() {
            let slots = self.region.parts().2;
            for &(slot, head) in heads {
                if let Some(held) = slots.get_mut(slot) {
                    *held = head;
                }
            }
        }
    }

    /// The difference in the slot of one trace.
    pub(crate) fn difference_at(&self, other: &Memory, slot: usize) -> Option<Difference> {
        let (one, other) = (self.region.heads()?[slot], other.region.heads()?[slot]);
        (one != other).then_some(Difference::Head { slot, one, other })
    }

    /// From here on the first store to a page goes through the page's checks.
    pub(crate) fn close(&mut self) {
        for page in 0..self.pages() {
            self.close_page(page);
        }
    }

    /// The same for one page.
    pub(crate) fn close_page(&mut self, page: usize) {
        self.region.parts().1.set(page, false);
    }

    /// Lets native code store to a page as it would have without [`Memory::close`].
    pub(crate) fn reopen_page(&mut self, page: usize) {
        let freely = stores_freely(self.flags()[page]);
        self.region.parts().1.set(page, freely);
    }

    /// Pages that take stores as they are: after [`Memory::close`], those that were written.
    pub(crate) fn note_opened(&self, pages: &mut Vec<usize>) {
        let words = &self.region.writable().words()[..self.pages()];
        for (number, chunk) in words.chunks(32).enumerate() {
            if chunk.iter().fold(0, |all, word| all | word) != 0 {
                let first = number * 32;
                let opened = chunk.iter().enumerate().filter(|(_, word)| **word != 0);
                pages.extend(opened.map(|(index, _)| first + index));
            }
        }
    }
}
