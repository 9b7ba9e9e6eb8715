//! Guest memory: one check for all accesses of a chain that share a base, then plain accesses.
//!
//! The address range of a group of accesses is checked once: all of it inside memory, and for stores the first
//! and the last page writable and already dirty. Where the base is known at the chain's head, that is
//! done there, with one way out for all of them; where it is computed or loaded on the way, at the first
//! access of the group. Every access of the group happens unless the chain is left before, so to leave
//! where the check fails is never needless; the interpreter takes over there and decides. Nothing
//! here raises a fault.

use std::collections::BTreeMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, InstBuilder, Value,
    types::{I32, I64},
};
use lockstep_contract::context::{self, displacement};
use lockstep_contract::pages;
use lockstep_isa::{Extend, Primitives, Reg, Size, Width};

use super::value::{Word, size_type};
use super::{Lifter, mapped};
use crate::injection::Fault;
use crate::record::{Abstract, Access};

/// Bytes that the address range of one bounds check may span.
const BOUNDS_SPAN: u64 = 1 << 16;
/// Bytes that the address range of one store check may span: it touches two pages at most.
const STORE_SPAN: u64 = pages::PAGE_SIZE as u64;

/// A range of addresses, relative to a base.
#[derive(Clone, Copy, Debug)]
pub(super) struct AddressRange {
    /// Wrapping distance from the base to the lowest byte.
    low: u64,
    /// Bytes.
    span: u64,
}

/// What has to be checked of a base: nothing, where an earlier check did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Check {
    bounds: Option<AddressRange>,
    store: Option<AddressRange>,
}

/// All checks of a chain.
#[derive(Default)]
pub(super) struct Plan {
    /// Those of the head, of a register's value there or of 0, in order.
    head: Vec<(Option<Reg>, Check)>,
    /// Those of each access, of its address.
    accesses: std::vec::IntoIter<Check>,
}

impl Plan {
    /// Ways out of the chain.
    pub(super) fn exits(&self) -> usize {
        let leaves = |check: &&Check| check.bounds.is_some() || check.store.is_some();
        let accesses = self.accesses.as_slice().iter().filter(leaves).count();
        accesses + usize::from(!self.head.is_empty())
    }
}

/// A address range that grows.
struct Group {
    root: Option<u32>,
    first: usize,
    /// Distance of the first access from the root.
    first_offset: u64,
    /// Signed distances from the first access: lowest byte, and the one behind the highest.
    low: i64,
    high: i64,
}

impl Group {
    /// Grows the address range by an access; refuses if it would span too much.
    fn add(&mut self, offset: u64, bytes: u64, limit: u64) -> bool {
        let from = offset.wrapping_sub(self.first_offset) as i64;
        // Far beyond any limit, and out of the way of overflow.
        if from.unsigned_abs() > 1 << 32 {
            return false;
        }
        let (low, high) = (self.low.min(from), self.high.max(from + bytes as i64));
        if (high - low) as u64 > limit {
            return false;
        }
        (self.low, self.high) = (low, high);
        true
    }
}

/// Groups by root; groups that are full are only kept in the list.
#[derive(Default)]
struct Groups {
    all: Vec<Group>,
    open: BTreeMap<Option<u32>, usize>,
}

impl Groups {
    /// Adds an access to its root's group; true if that meant a new group.
    fn add(&mut self, number: usize, access: &Access, limit: u64) -> bool {
        let (root, offset) = root_and_offset(access);
        if let Some(&open) = self.open.get(&root)
            && self.all[open].add(offset, access.bytes, limit)
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
        });
        true
    }

    /// Gives each address range to the check that it belongs to.
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

/// The register whose value at the chain's head a root is, or none for a root of known addresses; `None`
/// for what is made on the way.
fn head_register(root: Option<u32>) -> Option<Option<Reg>> {
    match root {
        None => Some(None),
        Some(root) if root < Reg::COUNT as u32 => Some(Some(Reg::new(root))),
        Some(_) => None,
    }
}

fn root_and_offset(access: &Access) -> (Option<u32>, u64) {
    match access.address {
        Abstract::Known(address) => (None, address),
        Abstract::Rooted { root, offset } => (Some(root), offset),
    }
}

/// Decides where in a chain what is checked. A store check looks into the table of pages, so its
/// address range has to lie in one that was found to be inside memory before: a new bounds group of a root
/// ends the root's store group too, and all bounds of the head are checked before its stores.
pub(super) fn plan(accesses: &[Access]) -> Plan {
    let (mut bounds, mut stores) = (Groups::default(), Groups::default());
    for (number, access) in accesses.iter().enumerate() {
        if bounds.add(number, access, BOUNDS_SPAN) {
            stores.open.remove(&root_and_offset(access).0);
        }
        if access.store {
            stores.add(number, access, STORE_SPAN);
        }
    }
    let mut plan = Plan::default();
    let mut checks = vec![Check::default(); accesses.len()];
    bounds.assign(&mut plan, &mut checks, |check, hull| {
        check.bounds = Some(hull)
    });
    stores.assign(&mut plan, &mut checks, |check, hull| {
        check.store = Some(hull)
    });
    plan.accesses = checks.into_iter();
    plan
}

impl Lifter<'_, '_> {
    /// Emits the checks of the chain's head, with one way out for all of them.
    pub(super) fn check_head(&mut self) {
        let mut exit = None;
        for (register, check) in std::mem::take(&mut self.plan.head) {
            let base = register.map_or(Word::Known(0), |register| self.read(register));
            self.check(base, 0, check, &mut exit);
        }
        if let Some(exit) = exit {
            self.emit_side_exit(exit);
        }
    }

    /// Emits the checks that this access owes, with one way out for all of them.
    pub(super) fn check_access(&mut self, base: Word, offset: i32) {
        let check = self.plan.accesses.next().unwrap_or_default();
        let mut exit = None;
        self.check(base, i64::from(offset) as u64, check, &mut exit);
        if let Some(exit) = exit {
            self.emit_side_exit(exit);
        }
    }

    fn check(&mut self, base: Word, offset: u64, check: Check, exit: &mut Option<ir::Block>) {
        if let Some(hull) = check.bounds {
            self.check_bounds(base, offset.wrapping_add(hull.low), hull.span, exit);
        }
        if let Some(hull) = check.store {
            let low = self.displace(base, offset, hull.low);
            if hull.span > 1 {
                let last = hull.low.wrapping_add(hull.span - 1);
                self.check_pages(low, (base, offset, last), exit);
            } else {
                self.check_page(low, exit);
            }
        }
    }

    fn displace(&mut self, base: Word, a: u64, b: u64) -> Word {
        self.add(Width::Full, base, Word::Known(a.wrapping_add(b)))
    }

    /// Goes to the access's way out, made when the first check needs it.
    fn refuse_if(&mut self, condition: Value, exit: &mut Option<ir::Block>) {
        let exit = *exit.get_or_insert_with(|| self.builder.create_block());
        self.exit_if(condition, exit);
    }

    /// Leaves unless `span` bytes at a distance from a base are in memory.
    fn check_bounds(&mut self, base: Word, distance: u64, span: u64, exit: &mut Option<ir::Block>) {
        let highest = self.memory_limit.checked_sub(span);
        // A base before its address range is compared itself: an addition less. One so high that the sum would
        // wrap around leaves needlessly.
        let (low, highest) = match (base, highest) {
            (Word::Value(_), Some(highest)) if distance <= highest => {
                (base, Some(highest - distance))
            }
            _ => (self.displace(base, distance, 0), highest),
        };
        match (low, highest) {
            (Word::Known(low), Some(highest)) if low <= highest => {}
            (Word::Value(low), Some(highest)) => {
                let highest = self.number(highest);
                let beyond = (self.builder.ins()).icmp(IntCC::UnsignedGreaterThan, low, highest);
                self.refuse_if(beyond, exit);
            }
            // Never inside: the interpreter raises what is to be raised.
            _ => {
                let always = self.number(1);
                self.refuse_if(always, exit);
            }
        }
    }

    fn check_page(&mut self, address: Word, exit: &mut Option<ir::Block>) {
        let word = self.page_word(address);
        self.refuse_unless(word, None, exit);
    }

    /// Checks the page of an address, and that of a higher one less than a page away, given as terms: one
    /// load where the pages of a pair are both writable, and a cold look at each where not.
    fn check_pages(&mut self, low: Word, last: (Word, u64, u64), exit: &mut Option<ir::Block>) {
        let behind = match low {
            Word::Known(_) => None,
            Word::Value(address) => {
                let row = self.page_row(address, 0);
                let offset = displacement(context::PAIRS);
                let pair = (self.builder.ins()).uload8(I32, mapped(), row, offset);
                let [behind, apart] = [(); 2].map(|()| self.builder.create_block());
                self.builder.ins().brif(pair, behind, &[], apart, &[]);
                self.builder.seal_block(apart);
                self.builder.set_cold_block(apart);
                self.builder.switch_to_block(apart);
                Some(behind)
            }
        };
        let (base, offset, distance) = last;
        let last = self.displace(base, offset, distance);
        let (low, last) = (self.page_word(low), self.page_word(last));
        let both = self.builder.ins().band(low, last);
        self.refuse_unless(both, behind, exit);
    }

    /// Goes to the way out where a word is 0, and on to a block, or a new one.
    fn refuse_unless(
        &mut self,
        word: Value,
        next: Option<ir::Block>,
        exit: &mut Option<ir::Block>,
    ) {
        let exit = *exit.get_or_insert_with(|| self.builder.create_block());
        let next = next.unwrap_or_else(|| self.builder.create_block());
        self.builder.ins().brif(word, next, &[], exit, &[]);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    /// The word of an address's page, 1 or 0. The address is inside memory: it was compared with the
    /// limit.
    fn page_word(&mut self, address: Word) -> Value {
        let (row, offset) = match address {
            Word::Known(address) => {
                // What is beyond has left; the remainder only keeps code that never runs well formed.
                let page = (address >> pages::PAGE_SHIFT) as usize % pages::MAX_PAGES;
                (self.context, displacement(context::WRITABLE + 4 * page))
            }
            Word::Value(address) => {
                let row = self.page_row(address, 2);
                (row, displacement(context::WRITABLE))
            }
        };
        (self.builder.ins()).load(I32, mapped(), row, offset)
    }

    /// The context's address and the number of an address's page, scaled.
    fn page_row(&mut self, address: Value, scale: u64) -> Value {
        let shift = self.number(u64::from(pages::PAGE_SHIFT));
        let mut page = self.builder.ins().ushr(address, shift);
        if scale > 0 {
            let scale = self.number(scale);
            page = self.builder.ins().ishl(page, scale);
        }
        self.builder.ins().iadd(self.context, page)
    }

    /// Host address of a guest address, as a base and a displacement.
    fn host(&mut self, base: Word, offset: i32) -> (Value, i32) {
        let context = self.context;
        match base {
            Word::Known(address) => {
                let address = address.wrapping_add(i64::from(offset) as u64);
                // Checked before; the remainder only keeps code that never runs well formed.
                let address = address as usize % pages::MAX_MEMORY;
                (context, displacement(context::MEMORY + address))
            }
            Word::Value(base) => {
                let row = self.builder.ins().iadd(context, base);
                (row, displacement(context::MEMORY) + offset)
            }
        }
    }

    pub(super) fn load_checked(
        &mut self,
        base: Word,
        offset: i32,
        size: Size,
        how: Extend,
    ) -> Word {
        let (row, offset) = self.host(base, offset);
        let (ins, flags) = (self.builder.ins(), mapped());
        Word::Value(match (size, how) {
            (Size::B, Extend::Sign) => ins.sload8(I64, flags, row, offset),
            (Size::B, Extend::Zero) => ins.uload8(I64, flags, row, offset),
            (Size::H, Extend::Sign) => ins.sload16(I64, flags, row, offset),
            (Size::H, Extend::Zero) => ins.uload16(I64, flags, row, offset),
            (Size::W, Extend::Sign) => ins.sload32(flags, row, offset),
            (Size::W, Extend::Zero) => ins.uload32(flags, row, offset),
            (Size::D, _) => ins.load(I64, flags, row, offset),
        })
    }

    pub(super) fn store_checked(&mut self, base: Word, offset: i32, size: Size, value: Word) {
        let (offset, value) = self.spoil_store(offset, value);
        let (row, offset) = self.host(base, offset);
        let ty = size_type(size);
        let narrow = match value {
            // A narrow constant becomes an immediate; a wide one would hold a register.
            Word::Known(number) => {
                let bits = number & (u64::MAX >> (64 - 8 * size.bytes()));
                self.builder.ins().iconst(ty, bits as i64)
            }
            Word::Value(value) if ty == I64 => value,
            Word::Value(value) => self.builder.ins().ireduce(ty, value),
        };
        self.builder.ins().store(mapped(), narrow, row, offset);
    }

    /// The planted fault in stores, if there is one.
    fn spoil_store(&mut self, offset: i32, value: Word) -> (i32, Word) {
        match self.fault {
            Some(Fault::Value { xor }) => (offset, self.xor(value, Word::Known(xor))),
            Some(Fault::Address { distance }) => (offset + distance, value),
            _ => (offset, value),
        }
    }

    pub(super) fn reservation(&mut self) -> Word {
        let (context, offset) = (self.context, displacement(context::offset::RESERVATION));
        Word::Value(self.builder.ins().load(I64, mapped(), context, offset))
    }

    pub(super) fn set_reservation(&mut self, address: Word) {
        let address = self.value(address);
        let (context, offset) = (self.context, displacement(context::offset::RESERVATION));
        self.builder.ins().store(mapped(), address, context, offset);
    }
}
