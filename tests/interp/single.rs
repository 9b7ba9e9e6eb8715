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

/// The first thing in which two guests differ.
pub(super) fn difference(one: &Core, other: &Core) -> Option<&'static str> {
    let registers =
        |core: &Core| -> Vec<u64> { Reg::all().map(|reg| core.register(reg)).collect() };
    let checks = [
        ("pc", one.pc() == other.pc()),
        ("cycles", one.cycles() == other.cycles()),
        ("registers", registers(one) == registers(other)),
        ("reservation", one.reservation() == other.reservation()),
        ("trace heads", one.trace_heads() == other.trace_heads()),
        ("page flags", one.memory().flags() == other.memory().flags()),
        (
            "memory",
            one.memory().as_bytes() == other.memory().as_bytes(),
        ),
    ];
    checks
        .into_iter()
        .find(|(_, same)| !same)
        .map(|(name, _)| name)
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
                assert_eq!(
                    difference(&core, whole.core()),
                    None,
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
