//! Decides which guest registers of a unit are memory-resident.
//!
//! Usually every guest register is an SSA value throughout the unit, and each exit stores the dirty ones
//! to the context. The number of these stores is exits times dirty registers, so hostile code could make
//! the output explode. In a unit with too many of them, all registers are memory-resident: they live in
//! the context between chains, so an exit has none to store. The same is done where many registers are live at
//! many edges, because the time of register allocation grows with their number. An interpreter loop is different,
//! because its speed matters: there, the registers that most of its chains share stay SSA values.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use lockstep_isa::Reg;

use super::chain::Chain;
use crate::memory_checks;

/// How many targets the indirect jumps of an interpreter loop have. A guest function with fewer is none,
/// and neither is one with more: thousands of targets are hostile code, in which each register that
/// is an SSA value costs a move for every target.
pub(super) const INTERPRETER_LOOP_TARGETS: RangeInclusive<usize> = 64..=1024;
/// The most stores that the exits of a unit may need if its registers are SSA values.
const UNIT_EXIT_STORES: usize = 30_000;
/// The most registers that may be live at the edges of a unit, summed over the edges, if its registers are SSA
/// values. Code of compilers has a few thousands in a unit; a unit of nothing but branches has fifty thousand, and
/// takes eight times as long to compile as with memory-resident registers.
const UNIT_LIVE_REGISTERS: usize = 20_000;
/// The same for an interpreter loop, which may have eight times the instructions. The main loop of QuickJS has
/// 45 000.
const LOOP_LIVE_REGISTERS: usize = 75_000;
/// The host's registers for guest registers, the budget and the context. An interpreter loop keeps as many
/// guest registers in them as its chains leave free on average. Lua, whose chains use four, runs a tenth
/// faster with ten guest registers in host registers than with two; a loop whose chains use 23 runs a
/// tenth slower.
const HOST_REGISTERS: usize = 14;
/// The guest registers that an interpreter loop keeps in host registers at least. With none it is slower,
/// even if its chains need all host registers.
const LOOP_REGISTERS_AT_LEAST: usize = 2;

/// Chooses the memory-resident registers of a unit, as a mask. `targets` is how many targets the dispatch
/// has.
pub(super) fn memory_resident(chains: &[Chain<'_>], targets: usize) -> u32 {
    let exits = |chain: &Chain<'_>| chain.accesses.len() + 1;
    let registers = |chain: &Chain<'_>| (chain.dirty | chain.defs).count_ones() as usize;
    let stores: usize = (chains.iter())
        .map(|chain| exits(chain) * registers(chain))
        .sum();
    let live_after = |chain: &Chain<'_>| {
        let live = |&next: &usize| chains[next].live.count_ones() as usize;
        chain.successors.iter().map(live).sum::<usize>()
    };
    let live: usize = chains.iter().map(live_after).sum();
    let is_loop = INTERPRETER_LOOP_TARGETS.contains(&targets);
    let live_limit = match is_loop {
        true => LOOP_LIVE_REGISTERS,
        false => UNIT_LIVE_REGISTERS,
    };
    if stores <= UNIT_EXIT_STORES && live <= live_limit {
        return 0;
    }
    if !is_loop {
        return u32::MAX;
    }
    let touched = |chain: &Chain<'_>| (chain.uses | chain.defs).count_ones() as usize;
    let mean = chains
        .iter()
        .map(touched)
        .sum::<usize>()
        .div_ceil(chains.len());
    // Accesses that share a check share an exit.
    let planned = |chain: &Chain<'_>| {
        memory_checks::plan(&chain.accesses, chain.first_block_accesses()).exits() + 1
    };
    let affordable = UNIT_EXIT_STORES / chains.iter().map(planned).sum::<usize>();
    let in_registers = HOST_REGISTERS
        .saturating_sub(mean)
        .max(LOOP_REGISTERS_AT_LEAST)
        .min(affordable);
    let users = |register: usize| {
        let users = chains
            .iter()
            .filter(|chain| chain.uses & 1 << register != 0);
        users.count()
    };
    let mut all: Vec<usize> = (1..Reg::COUNT).collect();
    all.sort_by_key(|&register| Reverse(users(register)));
    all[in_registers..]
        .iter()
        .fold(0, |memory_resident, register| {
            memory_resident | 1 << register
        })
}
