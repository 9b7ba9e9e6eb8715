//! Plans the memory checks of a chain: which address ranges are checked, and where.
//!
//! Accesses whose addresses have the same root form a group. One bounds check covers the address range of
//! the whole group, and one store check covers its stores. If the base is known at the chain's head, the
//! check is made there; if it is computed or loaded inside the chain, the check is made at the first access
//! of the group. Every access of a group happens unless the chain exits before, so a check that fails
//! announces an access that will fail or has to be looked at: no exit is taken needlessly.
//!
//! This is only the plan, from the accesses that the abstract interpreter found. `lift` emits the checks,
//! and `units` counts their exits.

use std::collections::BTreeMap;

use lockstep_contract::pages;
use lockstep_isa::Reg;

use crate::abstract_interpreter::{AbstractWord, Access};

/// The most bytes that the address range of one bounds check spans.
const BOUNDS_SPAN_BYTES: u64 = 1 << 16;
/// The most bytes that the address range of one store check spans. Such a range touches two pages at
/// most.
const STORE_SPAN_BYTES: u64 = pages::PAGE_SIZE as u64;

/// An address range, relative to a base.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddressRange {
    /// The distance from the base to the lowest byte; the sum wraps.
    pub low: u64,
    /// How many bytes it spans.
    pub span: u64,
}

/// What has to be checked of a base at one place. It is nothing where an earlier check covers the access.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Check {
    /// This address range must lie inside memory.
    pub bounds: Option<AddressRange>,
    /// The pages of this address range must be writable and dirty.
    pub store: Option<AddressRange>,
}

/// All memory checks of a chain.
#[derive(Default)]
pub(crate) struct Plan {
    /// On how many pages the address range of a store check at the chain's head may lie, if the host may make them
    /// ready before the chain runs: 0 (it may not), 1 or 2. The host may, because the chain stores to each of them
    /// before anything can stop the guest.
    pub pages_opened: u8,
    /// The checks at the chain's head, in order. The base is the value of a register there, or 0 if there is
    /// no register.
    pub head: Vec<(Option<Reg>, Check)>,
    /// The checks at each access, with the access's address as the base.
    pub accesses: std::vec::IntoIter<Check>,
}

impl Plan {
    /// How many side exits the checks have.
    pub(crate) fn exits(&self) -> usize {
        let has_exit = |check: &&Check| check.bounds.is_some() || check.store.is_some();
        let accesses = self.accesses.as_slice().iter().filter(has_exit).count();
        accesses + usize::from(!self.head.is_empty())
    }
}

/// Accesses with the same root, which one check covers.
struct Group {
    /// The root of the addresses; `None` if they are known numbers.
    root: Option<u32>,
    /// The number of the first access.
    first: usize,
    /// The distance of the first access from the root.
    first_offset: u64,
    /// The distances from the first access to the lowest byte and to the byte behind the highest.
    low: i64,
    high: i64,
    /// The number of the access after which the lowest and the highest byte were both accessed.
    whole: usize,
}

impl Group {
    /// Adds an access. Returns false, and adds nothing, if the range would span more than `limit` bytes.
    fn add(&mut self, number: usize, offset: u64, bytes: u64, limit: u64) -> bool {
        let from = offset.wrapping_sub(self.first_offset) as i64;
        // That is far beyond any limit, and the sums below cannot overflow.
        if from.unsigned_abs() > 1 << 32 {
            return false;
        }
        let (low, high) = (self.low.min(from), self.high.max(from + bytes as i64));
        if (high - low) as u64 > limit {
            return false;
        }
        if (self.low, self.high) != (low, high) {
            (self.low, self.high, self.whole) = (low, high, number);
        }
        true
    }
}

/// The groups of a chain. Each root has at most one open group, which takes further accesses.
#[derive(Default)]
struct Groups {
    all: Vec<Group>,
    /// The places of the open groups in `all`, by root.
    open: BTreeMap<Option<u32>, usize>,
}

impl Groups {
    /// Adds an access to the open group of its root, or to a new group. Returns whether the group is new.
    fn add(&mut self, number: usize, access: &Access, limit: u64) -> bool {
        let (root, offset) = root_and_offset(access);
        if let Some(&open) = self.open.get(&root)
            && self.all[open].add(number, offset, access.bytes, limit)
        {
            return false;
        }
        self.open.insert(root, self.all.len());
        self.all.push(Group {
            root,
            first: number,
            first_offset: offset,
            low: 0,
            high: access.bytes as i64,
            whole: number,
        });
        true
    }

    /// Puts the address range of each group into the check where it belongs: at the chain's head if the
    /// base is known there, at the first access of the group otherwise.
    fn assign(self, plan: &mut Plan, checks: &mut [Check], set: fn(&mut Check, AddressRange)) {
        for group in self.all {
            let span = (group.high - group.low) as u64;
            let low = group.low as u64;
            match head_register(group.root) {
                Some(register) => {
                    let low = group.first_offset.wrapping_add(low);
                    let mut check = Check::default();
                    set(&mut check, AddressRange { low, span });
                    plan.head.push((register, check));
                }
                None => set(&mut checks[group.first], AddressRange { low, span }),
            }
        }
    }
}

/// How a root is known at the chain's head: `Some(Some(register))` if it is the value of a register there,
/// `Some(None)` if the addresses are known numbers, `None` if the root is computed inside the chain.
fn head_register(root: Option<u32>) -> Option<Option<Reg>> {
    match root {
        None => Some(None),
        Some(root) if root < Reg::COUNT as u32 => Some(Some(Reg::new(root))),
        Some(_) => None,
    }
}

/// The root of an access's address, and the distance from it.
fn root_and_offset(access: &Access) -> (Option<u32>, u64) {
    match access.address {
        AbstractWord::Known(address) => (None, address),
        AbstractWord::Rooted { root, offset } => (Some(root), offset),
    }
}

/// Decides what is checked where in a chain.
///
/// A store check reads the table of pages at an index computed from the address. So its address range must
/// lie in one that was found to be inside memory before. For that reason a new bounds group of a root
/// closes the root's store group too, and all bounds checks of the head precede its store checks.
///
/// The first block has the first `first_block` accesses.
pub(crate) fn plan(accesses: &[Access], first_block: usize) -> Plan {
    let (mut bounds, mut stores) = (Groups::default(), Groups::default());
    for (number, access) in accesses.iter().enumerate() {
        if bounds.add(number, access, BOUNDS_SPAN_BYTES) {
            stores.open.remove(&root_and_offset(access).0);
        }
        if access.store {
            stores.add(number, access, STORE_SPAN_BYTES);
        }
    }
    let mut plan = Plan::default();
    let mut checks = vec![Check::default(); accesses.len()];
    bounds.assign(&mut plan, &mut checks, |check, range| {
        check.bounds = Some(range)
    });
    let at_head: Vec<(usize, usize)> = (stores.all.iter())
        .filter(|group| head_register(group.root).is_some())
        .map(|group| (group.first, group.whole))
        .collect();
    stores.assign(&mut plan, &mut checks, |check, range| {
        check.store = Some(range)
    });
    plan.pages_opened = pages_opened(&at_head, &checks, first_block);
    plan.accesses = checks.into_iter();
    plan
}

/// On how many pages the address ranges of the store checks at the head may lie if their pages are made ready before
/// the chain runs. For each range in order, `at_head` has the numbers of its first store and of the one after which
/// both of its ends were stored to.
///
/// A page that is made ready is dirty, and a host can see that. So nothing may stop the guest before it has stored
/// there: no check at an access before. (Checks of bounds at the head come before all store checks.) And with several
/// ranges, the pages of one may be ready when those of a later one are found not to be writable. The interpreter then
/// runs the first block, in which the guest may be stopped at the first store to the later range. So a range that is
/// not the last must be stored to in the first block and in front of the stores to later ranges.
fn pages_opened(at_head: &[(usize, usize)], checks: &[Check], first_block: usize) -> u8 {
    let stops = |check: &Check| check.bounds.is_some() || check.store.is_some();
    let free = checks.iter().position(stops).unwrap_or(checks.len());
    let Some((last, before)) = at_head.split_last() else {
        return 0;
    };
    let in_order = at_head.windows(2).all(|pair| pair[0].1 < pair[1].0);
    let whole = before.iter().all(|range| range.1 < free.min(first_block)) && last.1 < free;
    let begun = before.iter().all(|range| range.0 < free.min(first_block)) && last.0 < free;
    match (whole && in_order, begun) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }
}
