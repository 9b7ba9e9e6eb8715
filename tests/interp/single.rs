//! Instruction by instruction against trace by trace: whatever a debugger does with a guest, it comes to the same end, with
//! the same cycles, as one that ran in one piece. The programs are those of the comparison with CKB-VM.

use lockstep_isa::{Reg, Version};
use lockstep_runtime::{Core, CostTable, Environment, Event, Runner, Stepped, Steps, Trap};
use lockstep_test_support::ours::Ours;
use lockstep_test_support::random::Random;

use super::ENOUGH;
use crate::maker::make;

/// Runs a guest to its first call or failure: by single instructions, or by the rest of a trace now and then.
fn by_steps(core: &mut Core, cost: &CostTable, mut random: Option<Random>) -> Result<Event, Trap> {
    let mut steps = Steps::default();
    let mut last = steps.position(core);
    loop {
        let rest = random.as_mut().is_some_and(|random| random.one_in(3));
        let stepped = match rest {
            true => steps.finish(core, cost)?,
            false => steps.step(core, cost)?,
        };
        match stepped {
            Stepped::On => {}
            Stepped::Ecall => return Ok(Event::Ecall),
            Stepped::Ebreak => return Ok(Event::Ebreak),
        }
        let here = steps.position(core);
        assert!(here > last, "{here:?} does not come after {last:?}");
        last = here;
        if !steps.is_inside() {
            assert_eq!(steps.pc(core), core.pc());
        }
    }
}

fn state(core: &Core) -> (u64, u64, Vec<u64>, u64, Option<&[u32]>, &[u8], &[u8]) {
    let registers = Reg::all().map(|reg| core.register(reg)).collect();
    let memory = core.memory();
    let heads = core.trace_heads();
    (
        core.pc(),
        core.cycles(),
        registers,
        core.reservation(),
        heads,
        memory.flags(),
        memory.as_bytes(),
    )
}

#[test]
fn single_instructions_come_to_the_same_end_as_traces() {
    let (mut failed, mut versions) = (0, Vec::new());
    for seed in 0..2_000 {
        let (program, setup) = make(seed);
        let Ok(ours) = Ours::interpreter(&program, &setup) else {
            continue;
        };
        let cost = CostTable::from(setup.cost);
        let fork = |limit: u64| {
            let mut core = ours.core().fork().expect("memory for a guest");
            core.set_max_cycles(limit);
            core
        };
        for limit in [ENOUGH, 50 + seed % 200] {
            let mut whole = Runner::new(fork(limit));
            let expected = whole.advance(&Environment::new(&cost));
            failed += u32::from(expected.is_err());
            for random in [None, Some(Random::new(seed))] {
                let mut core = fork(limit);
                let end = by_steps(&mut core, &cost, random);
                assert_eq!(end, expected, "seed {seed}, {setup:?}");
                assert!(
                    state(&core) == state(whole.core()),
                    "seed {seed}, {setup:?}"
                );
            }
        }
        versions.push(setup.profile.version);
    }
    assert!(failed > 100, "{failed} programs failed");
    for version in [Version::V0, Version::V1, Version::V2] {
        assert!(versions.contains(&version));
    }
}
