//! Emits accesses to guest memory and their checks.
//!
//! `memory_checks` has planned the checks of the chain; here they become code. A check that fails takes a
//! side exit, and the interpreter decides what happens: nothing here raises a fault. After its check, an
//! access is a plain load or store.
//!
//! Most checks that fail are those of the first store to a page, and most of these are at the head of a chain that
//! can be entered. There the exit is another one ([`Exit::FirstStore`]): the host makes the pages ready and enters
//! again, and nothing is interpreted.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, InstBuilder, Value,
    types::{I32, I64},
};
use lockstep_contract::context::{self, displacement};
use lockstep_contract::exit::Exit;
use lockstep_contract::pages;
use lockstep_isa::{Extend, Primitives, Size, Width};

use super::lifter::{Lifter, mapped};
use super::value::size_type;
use super::word::Word;
use crate::injection::Fault;
use crate::memory_checks::Check;

/// The exits that the checks at one place share. Each is made when the first check needs it.
#[derive(Default)]
struct CheckExits {
    /// The side exit.
    side: Option<ir::Block>,
    /// The exit for pages that are not ready for stores, once the address range of the stores is reported; if the place
    /// has such an exit.
    first_store: Option<ir::Block>,
}

impl Lifter<'_, '_> {
    /// Emits the checks at the chain's head.
    pub(super) fn check_chain_head(&mut self) {
        let mut exits = CheckExits::default();
        if self.pages_opened > 0 {
            exits.first_store = Some(self.builder.create_block());
        }
        for (register, check) in std::mem::take(&mut self.checks.head) {
            let base = register.map_or(Word::Known(0), |register| self.read(register));
            self.check(base, 0, check, &mut exits);
        }
        match exits {
            CheckExits {
                side,
                first_store: Some(exit),
            } => self.emit_first_store_exit(exit, side),
            CheckExits { side, .. } => self.emit_side_exit_of(side),
        }
    }

    /// Emits the checks that the plan has for this access. They share one side exit.
    pub(super) fn check_access(&mut self, base: Word, offset: i32) {
        let check = self.checks.accesses.next().unwrap_or_default();
        let mut exits = CheckExits::default();
        self.check(base, i64::from(offset) as u64, check, &mut exits);
        self.emit_side_exit_of(exits.side);
    }

    fn emit_side_exit_of(&mut self, exit: Option<ir::Block>) {
        if let Some(exit) = exit {
            self.emit_side_exit(exit);
        }
    }

    /// Fills the exit of the chain's head for stores to pages that are not ready. The side exit of the head, for
    /// accesses outside of memory, goes the same way with a range that is outside of memory too, so that the registers
    /// are written back in one place.
    fn emit_first_store_exit(&mut self, exit: ir::Block, side: Option<ir::Block>) {
        if let Some(side) = side {
            let outside = Word::Known(u64::MAX);
            self.emit_range(side, [outside, outside], exit);
        }
        let head = self.position.pc;
        self.emit_cold(exit, |lifter| {
            let pages = lifter.pages_opened;
            let cycles = lifter.cycles;
            lifter.exit_uncharged(Word::Known(head), cycles, Exit::FirstStore { pages });
        });
    }

    /// Fills a cold block with what reports the address range of stores, and goes on to `exit`. The addresses are no
    /// parameters of that block: they would stay in registers beside all that it writes back, which made the code
    /// that every pass runs a few hundredths longer.
    fn emit_range(&mut self, block: ir::Block, range: [Word; 2], exit: ir::Block) {
        self.emit_cold(block, |lifter| {
            for (address, distance) in range.into_iter().zip([0, 8]) {
                let address = lifter.value(address);
                let offset = displacement(context::offset::STORE_RANGE + distance);
                let context = lifter.context;
                (lifter.builder.ins()).store(mapped(), address, context, offset);
            }
            lifter.builder.ins().jump(exit, &[]);
        });
    }

    /// Emits a check of the address `base + offset`.
    fn check(&mut self, base: Word, offset: u64, check: Check, exits: &mut CheckExits) {
        if let Some(range) = check.bounds {
            let low = offset.wrapping_add(range.low);
            self.check_bounds(base, low, range.span, &mut exits.side);
        }
        if let Some(range) = check.store {
            let low = self.displace(base, offset, range.low);
            if range.span > 1 {
                let last = range.low.wrapping_add(range.span - 1);
                self.check_pages(low, (base, offset, last), exits);
            } else {
                self.check_page(low, exits);
            }
        }
    }

    /// The address `base + a + b`.
    fn displace(&mut self, base: Word, a: u64, b: u64) -> Word {
        self.add(Width::Full, base, Word::Known(a.wrapping_add(b)))
    }

    /// Takes the side exit if the condition holds. The exit's block is made when the first check needs it.
    fn side_exit_if(&mut self, condition: Value, exit: &mut Option<ir::Block>) {
        let exit = *exit.get_or_insert_with(|| self.builder.create_block());
        self.exit_if(condition, exit);
    }

    /// Takes the side exit unless `span` bytes at a distance from a base lie inside memory.
    fn check_bounds(&mut self, base: Word, distance: u64, span: u64, exit: &mut Option<ir::Block>) {
        let highest = self.memory_limit.checked_sub(span);
        // If the range begins at or behind the base, the base itself is compared, which saves an addition.
        // A base so high that the sum wraps around then takes the exit needlessly.
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
                let outside = (self.builder.ins()).icmp(IntCC::UnsignedGreaterThan, low, highest);
                self.side_exit_if(outside, exit);
            }
            // The range is never inside memory. The interpreter raises the fault.
            _ => {
                let always = self.number(1);
                self.side_exit_if(always, exit);
            }
        }
    }

    /// Takes an exit unless the page of an address is writable and dirty.
    fn check_page(&mut self, address: Word, exits: &mut CheckExits) {
        let word = self.page_word(address);
        self.exit_if_not_ready(word, None, [address, address], exits);
    }

    /// Takes an exit unless the page of an address and the page of a higher address, less than a page
    /// away, are both writable and dirty. The higher address is the sum of the terms `last`. One load
    /// tells it of a page and the next; only if that fails, cold code checks the two pages apart.
    fn check_pages(&mut self, low: Word, last: (Word, u64, u64), exits: &mut CheckExits) {
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
        let words = [self.page_word(low), self.page_word(last)];
        let both = self.builder.ins().band(words[0], words[1]);
        self.exit_if_not_ready(both, behind, [low, last], exits);
    }

    /// Takes an exit if a word is 0, which says of the pages of an address range that they are not ready for stores.
    /// Goes on to the block `next`, or to a new one.
    fn exit_if_not_ready(
        &mut self,
        word: Value,
        next: Option<ir::Block>,
        range: [Word; 2],
        exits: &mut CheckExits,
    ) {
        let next = next.unwrap_or_else(|| self.builder.create_block());
        if let Some(exit) = exits.first_store {
            let report = self.builder.create_block();
            self.builder.ins().brif(word, next, &[], report, &[]);
            self.emit_range(report, range, exit);
        } else {
            let exit = *(exits.side).get_or_insert_with(|| self.builder.create_block());
            self.builder.ins().brif(word, next, &[], exit, &[]);
        }
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    /// The word that the table of writable, dirty pages has for the page of an address: 1 or 0. The address
    /// was found to be inside memory before.
    fn page_word(&mut self, address: Word) -> Value {
        let (row, offset) = match address {
            Word::Known(address) => {
                // An address outside memory has taken the exit before. Its code never runs, and the remainder
                // keeps it well formed.
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

    /// The context's address plus the page number of an address, shifted left by `scale`.
    fn page_row(&mut self, address: Value, scale: u64) -> Value {
        let shift = self.number(u64::from(pages::PAGE_SHIFT));
        let mut page = self.builder.ins().ushr(address, shift);
        if scale > 0 {
            let scale = self.number(scale);
            page = self.builder.ins().ishl(page, scale);
        }
        self.builder.ins().iadd(self.context, page)
    }

    /// The host address of a guest address, as a base and a displacement.
    fn host(&mut self, base: Word, offset: i32) -> (Value, i32) {
        let context = self.context;
        match base {
            Word::Known(address) => {
                let address = address.wrapping_add(i64::from(offset) as u64);
                // An address outside memory has taken the exit before. Its code never runs, and the remainder
                // keeps it well formed.
                let address = address as usize % pages::MAX_MEMORY;
                (context, displacement(context::MEMORY + address))
            }
            Word::Value(base) => {
                let row = self.builder.ins().iadd(context, base);
                (row, displacement(context::MEMORY) + offset)
            }
        }
    }

    /// Loads from an address that was checked.
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

    /// Stores to an address that was checked.
    pub(super) fn store_checked(&mut self, base: Word, offset: i32, size: Size, value: Word) {
        let (offset, value) = self.inject_into_store(offset, value);
        let (row, offset) = self.host(base, offset);
        let ty = size_type(size);
        let narrow = match value {
            // A constant of the store's width becomes an immediate; a wider one would take a register.
            Word::Known(number) => {
                let bits = number & (u64::MAX >> (64 - 8 * size.bytes()));
                self.builder.ins().iconst(ty, bits as i64)
            }
            Word::Value(value) if ty == I64 => value,
            Word::Value(value) => self.builder.ins().ireduce(ty, value),
        };
        self.builder.ins().store(mapped(), narrow, row, offset);
    }

    /// Applies an injected fault in the block's stores.
    fn inject_into_store(&mut self, offset: i32, value: Word) -> (i32, Word) {
        match self.fault {
            Some(Fault::Value { xor }) => (offset, self.xor(value, Word::Known(xor))),
            Some(Fault::Address { distance }) => (offset + distance, value),
            _ => (offset, value),
        }
    }

    /// The address that is reserved by `lr`.
    pub(super) fn reservation(&mut self) -> Word {
        let (context, offset) = (self.context, displacement(context::offset::RESERVATION));
        Word::Value(self.builder.ins().load(I64, mapped(), context, offset))
    }

    /// Reserves an address, as `lr` does; `u64::MAX` drops the reservation.
    pub(super) fn set_reservation(&mut self, address: Word) {
        let address = self.value(address);
        let (context, offset) = (self.context, displacement(context::offset::RESERVATION));
        self.builder.ins().store(mapped(), address, context, offset);
    }
}
