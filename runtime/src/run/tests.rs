//! The run loop with a closure in place of native code: what each exit leads to, what budget native
//! code gets, when the library is asked. No translator is involved.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use lockstep_contract::context::Context;
use lockstep_contract::key::{FORMAT, Key, digest};
use lockstep_contract::module::Module;
use lockstep_contract::pages::{EXECUTABLE, FREEZED};
use lockstep_isa::encode::encode;
use lockstep_isa::{Cost, Extensions, Inst, Op, Profile, Reg, Version, Xlen};

use super::*;
use crate::enter::script;
use crate::environment::{CostTable, Request};
use crate::known::SharedRegion;
use crate::mapping::NativeModule;

const BASE: u64 = 0x1000;
pub(crate) const SIZE: usize = 0x8000;
const UNLIMITED: u64 = u64::MAX;

const PROFILE: Profile = Profile {
    version: Version::V2,
    extensions: Extensions {
        b: true,
        mop: true,
        a: true,
    },
    xlen: Xlen::X64,
};

/// A module for one page of code region at `BASE`, with entries at the first instruction and the ninth.
pub(crate) fn module() -> Module {
    let mut table = vec![0; 0x800];
    table[0] = 1;
    table[16] = 1;
    Module {
        key: Key {
            format: FORMAT,
            profile: PROFILE,
            cost: Cost::Constant,
            memory_size: SIZE as u64,
            base: BASE,
            len: 0x1000,
            digest: digest(&[]),
            layout: lockstep_contract::layout::fingerprint(),
            translator: String::new(),
            compiler: String::new(),
            target: crate::mapping::TARGET.into(),
            cpu: String::new(),
        },
        hints: Vec::new(),
        enter: 0,
        table,
        code: vec![0; 64],
        blocks: Vec::new(),
        map: Vec::new(),
    }
}

/// Gives out modules by the address of their text, and remembers what it was asked.
#[derive(Default)]
struct Shelf {
    modules: BTreeMap<u64, Module>,
    asked: Mutex<Vec<u64>>,
    closed: bool,
}

impl Library for Shelf {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        assert!(request.pc.wrapping_sub(request.base) < request.region.len() as u64);
        assert_eq!((request.profile, request.memory_size), (PROFILE, SIZE));
        self.asked.lock().unwrap().push(request.base);
        let module = self.modules.get(&request.base)?.clone();
        let module = NativeModule::of_function(module, script::run);
        Some(Arc::new(SharedRegion::from(Arc::new(module))))
    }

    fn enabled(&self) -> bool {
        !self.closed
    }
}

impl Shelf {
    fn with(module: Module) -> Shelf {
        Shelf {
            modules: BTreeMap::from([(module.key.base, module)]),
            ..Shelf::default()
        }
    }

    fn take_asked(&self) -> Vec<u64> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn addi(reg: Reg, imm: i32) -> Inst {
    Inst {
        rd: reg,
        rs1: reg,
        imm,
        ..Inst::bare(Op::Addi, 4)
    }
}

fn jump(offset: i32) -> Inst {
    Inst {
        imm: offset,
        ..Inst::bare(Op::Jal, 4)
    }
}

fn region(insts: &[Inst]) -> Vec<u8> {
    insts
        .iter()
        .flat_map(|inst| encode(inst).unwrap().to_le_bytes())
        .collect()
}

/// A guest with these instructions at `BASE`, about to run them.
fn core(insts: &[Inst], flags: u8, max_cycles: u64) -> Core {
    let mut core = Core::new(PROFILE, SIZE, max_cycles).unwrap();
    core.memory
        .init_pages(BASE, 0x1000, flags, &region(insts), 0)
        .unwrap();
    core.set_pc(BASE);
    core
}

const CODE: u8 = EXECUTABLE | FREEZED;

/// Eight times one more in `a0`, then a loop of that and a jump.
fn counting() -> Vec<Inst> {
    let mut insts = vec![addi(Reg::A0, 1); 7];
    insts.push(jump(4));
    insts.extend([addi(Reg::A0, 1), jump(-4)]);
    insts
}

fn advance(core: &mut Core, library: &dyn Library) -> Result<Event, Trap> {
    let env = Environment {
        cost: &CostTable::from(Cost::Constant),
        pause: None,
        library: Some(library),
    };
    core.advance(&env)
}

/// Runs this in place of native code; the result is how often it was entered.
fn native(mut run: impl FnMut(u32, &mut Context) -> Exit + 'static) -> Rc<Cell<u32>> {
    let count = Rc::new(Cell::new(0));
    let entered = count.clone();
    script::set(move |context| {
        entered.set(entered.get() + 1);
        run(entered.get(), context).encode()
    });
    count
}

#[test]
fn host_calls_come_out() {
    for (exit, event) in [(Exit::Ecall, Event::Ecall), (Exit::Ebreak, Event::Ebreak)] {
        native(move |_, context| {
            context.budget -= 11;
            context.pc = 0x1234;
            context.registers[10] = 5;
            exit
        });
        let mut core = core(&counting(), CODE, 100);
        assert_eq!(advance(&mut core, &Shelf::with(module())), Ok(event));
        assert_eq!((core.cycles(), core.native_cycles()), (11, 11));
        assert_eq!((core.pc(), core.registers()[10]), (0x1234, 5));
    }
}

#[test]
fn budget_comes_in_slices_up_to_the_limit() {
    let given = Rc::new(RefCell::new(Vec::new()));
    let seen = given.clone();
    native(move |_, context| {
        seen.borrow_mut().push(context.budget);
        context.budget = 0;
        Exit::Limit
    });
    let mut core = core(&counting(), CODE, 12_000_000);
    let shelf = Shelf::with(module());
    assert_eq!(advance(&mut core, &shelf), Err(Trap::CyclesExceeded));
    assert_eq!(*given.borrow(), [SLICE, SLICE, 2_000_000]);
    assert_eq!((core.cycles(), core.pc()), (12_000_000, BASE));
    // Above the limit already: nothing is given, and nothing happens.
    core.set_cycles(u64::MAX);
    given.borrow_mut().clear();
    assert_eq!(advance(&mut core, &shelf), Err(Trap::CyclesOverflow));
    assert_eq!(*given.borrow(), [0]);
    assert_eq!(core.cycles(), u64::MAX);
}

#[test]
fn near_the_limit_the_interpreter_goes_trace_by_trace() {
    // Native code that wants ten cycles for whatever it does.
    let entered = native(|_, context| {
        if context.budget >= 10 {
            context.budget -= 8;
            context.registers[10] += 7;
            context.pc = BASE + 32;
        }
        Exit::Limit
    });
    let mut core = core(&counting(), CODE, 15);
    let shelf = Shelf::with(module());
    assert_eq!(advance(&mut core, &shelf), Err(Trap::CyclesExceeded));
    // One stay of eight cycles; then three traces of two, a refused entry after each.
    assert_eq!((core.cycles(), core.native_cycles()), (14, 8));
    assert_eq!((core.pc(), core.registers()[10]), (BASE + 32, 10));
    assert_eq!(entered.get(), 4);
    core.set_max_cycles(14);
    assert_eq!(advance(&mut core, &shelf), Err(Trap::CyclesExceeded));
    assert_eq!(core.cycles(), 14);
    core.set_max_cycles(16);
    assert_eq!(advance(&mut core, &shelf), Err(Trap::CyclesExceeded));
    assert_eq!((core.cycles(), core.registers()[10]), (16, 11));
}

#[test]
fn the_interpreter_finishes_a_block_without_charging() {
    native(|_, context| {
        context.budget -= 8;
        context.pc = BASE + 12;
        context.registers[10] = 3;
        Exit::Side { entries: 5 }
    });
    // The fourth instruction stores out of memory.
    let mut insts = counting();
    let mut good = core(&insts, CODE, 100);
    insts[4] = Inst {
        rs1: Reg::A0,
        rs2: Reg::A0,
        imm: -8,
        ..Inst::bare(Op::Sd, 4)
    };
    let mut bad = core(&insts, CODE, 100);
    let shelf = Shelf::with(module());
    assert_eq!(advance(&mut bad, &shelf), Err(Trap::MemOutOfBound));
    // As the assembly machine leaves it: behind the trace, all of it charged.
    assert_eq!(
        (bad.pc(), bad.cycles(), bad.native_cycles()),
        (BASE + 32, 8, 8)
    );
    assert_eq!(bad.registers()[10], 4);
    // Where nothing fails it goes on from the block's end, natively again.
    native(|time, context| match time {
        1 => {
            context.budget -= 8;
            context.pc = BASE + 12;
            context.registers[10] = 3;
            Exit::Side { entries: 5 }
        }
        _ => {
            assert_eq!((context.pc, context.registers[10]), (BASE + 32, 7));
            context.budget -= 1;
            Exit::Ecall
        }
    });
    assert_eq!(advance(&mut good, &shelf), Ok(Event::Ecall));
    assert_eq!((good.cycles(), good.native_cycles()), (9, 9));
}

#[test]
fn host_calls_in_the_rest_of_a_block_come_out() {
    native(|_, context| {
        context.budget -= 2;
        Exit::Side { entries: 2 }
    });
    for (op, event) in [(Op::Ecall, Event::Ecall), (Op::Ebreak, Event::Ebreak)] {
        let insts = [addi(Reg::A0, 1), Inst::bare(op, 4)];
        let mut core = core(&insts, CODE, 100);
        assert_eq!(advance(&mut core, &Shelf::with(module())), Ok(event));
        assert_eq!(
            (core.pc(), core.cycles(), core.registers()[10]),
            (BASE + 8, 2, 1)
        );
    }
}

#[test]
fn where_there_is_no_entry_it_is_interpreted_up_to_the_next() {
    let entered = native(|time, context| {
        context.budget -= 1;
        match time {
            1 => {
                context.pc = BASE + 4;
                Exit::Lookup
            }
            _ => Exit::Ecall,
        }
    });
    let mut core = core(&counting(), CODE, 100);
    assert_eq!(advance(&mut core, &Shelf::with(module())), Ok(Event::Ecall));
    assert_eq!(
        (core.cycles(), core.native_cycles(), entered.get()),
        (1 + 7 + 1, 2, 2)
    );
    assert_eq!((core.pc(), core.registers()[10]), (BASE + 32, 6));
}

#[test]
fn native_code_that_does_nothing_does_not_hang() {
    native(|_, _| Exit::Lookup);
    let mut core = core(&counting(), CODE, 20);
    assert_eq!(
        advance(&mut core, &Shelf::with(module())),
        Err(Trap::CyclesExceeded)
    );
    assert_eq!((core.cycles(), core.native_cycles()), (20, 0));
}

#[test]
fn misbehaviour_is_a_defect() {
    for word in [5, 0x102, 0x2, 0x1102, u64::MAX] {
        script::set(move |_| word);
        let mut core = core(&counting(), CODE, 100);
        let defect = Trap::Defect(Defect::Exit { word, pc: BASE });
        let result = advance(&mut core, &Shelf::with(module()));
        if Exit::decode(word).is_none() {
            assert_eq!(result, Err(defect));
        }
    }
    script::set(|context| {
        context.budget += 1;
        Exit::Limit.encode()
    });
    let mut core = core(&counting(), CODE, 100);
    let defect = Defect::Budget {
        given: 100,
        left: 101,
    };
    assert_eq!(
        advance(&mut core, &Shelf::with(module())),
        Err(Trap::Defect(defect))
    );
}

#[test]
fn a_pause_is_seen_before_native_code_and_between_slices() {
    native(|_, context| {
        context.budget = 0;
        Exit::Limit
    });
    let shelf = Shelf::with(module());
    let mut core = core(&counting(), CODE, UNLIMITED);
    let left = Cell::new(0);
    let pause = || left.replace(left.get() - 1) == 0;
    let env = Environment {
        cost: &CostTable::from(Cost::Constant),
        pause: Some(&pause),
        library: Some(&shelf),
    };
    assert_eq!(core.advance(&env), Ok(Event::Paused));
    assert_eq!(core.cycles(), 0);
    left.set(3);
    assert_eq!(core.advance(&env), Ok(Event::Paused));
    assert_eq!(core.cycles(), 3 * SLICE);
    // Interpreted: before each trace.
    let env = Environment {
        library: None,
        ..env
    };
    left.set(3);
    assert_eq!(core.advance(&env), Ok(Event::Paused));
    assert_eq!((core.pc(), core.registers()[10]), (BASE + 32, 8));
}

#[test]
fn the_kill_switch_leaves_the_interpreter() {
    let entered = native(|_, _| Exit::Ecall);
    let mut shelf = Shelf::with(module());
    shelf.closed = true;
    let mut core = core(&counting(), CODE, 20);
    assert_eq!(advance(&mut core, &shelf), Err(Trap::CyclesExceeded));
    assert_eq!(
        (core.cycles(), core.native_cycles(), entered.get()),
        (20, 0, 0)
    );
}

#[test]
fn the_library_is_asked_once_for_each_text() {
    let shelf = Shelf::default();
    let mut core = core(&counting(), CODE, 20);
    // A neighbour that belongs to the same text, and another code region.
    core.memory
        .init_pages(0x2000, 0x1000, CODE, &[], 0)
        .unwrap();
    core.memory
        .init_pages(0x4000, 0x1000, CODE, &region(&counting()), 0)
        .unwrap();
    let run = |core: &mut Core| {
        assert_eq!(advance(core, &shelf), Err(Trap::CyclesExceeded));
        shelf.take_asked()
    };
    assert_eq!(run(&mut core), [0x1000]);
    assert_eq!(run(&mut core), [0; 0]);
    core.set_pc(0x4000);
    assert_eq!(run(&mut core), [0x4000]);
    // New code elsewhere changes nothing for these two.
    core.memory
        .init_pages(0x6000, 0x1000, CODE, &region(&counting()), 0)
        .unwrap();
    assert_eq!(run(&mut core), [0; 0]);
    core.set_pc(0x6000);
    assert_eq!(run(&mut core), [0x6000]);
    // Code next to a code region makes a new text.
    core.memory
        .init_pages(0x5000, 0x1000, CODE, &[], 0)
        .unwrap();
    assert_eq!(run(&mut core), [0x4000]);
    // A page that the host opens loses its native code, and so does everything at a reset.
    core.memory.clear_flag(1, FREEZED).unwrap();
    core.set_pc(BASE);
    assert_eq!(run(&mut core), [0; 0]);
    core.memory.set_flag(1, FREEZED).unwrap();
    assert_eq!(run(&mut core), [0x1000]);
    core.reset(20);
    core.memory
        .init_pages(BASE, 0x1000, CODE, &region(&counting()), 0)
        .unwrap();
    core.set_pc(BASE);
    assert_eq!(run(&mut core), [0x1000]);
}

#[test]
fn code_that_may_change_and_costs_that_are_unknown_are_interpreted() {
    native(|_, _| Exit::Ecall);
    let shelf = Shelf::with(module());
    let mut thawed = core(&counting(), EXECUTABLE, 20);
    assert_eq!(advance(&mut thawed, &shelf), Err(Trap::CyclesExceeded));
    let mut odd = core(&counting(), CODE, 20);
    let cost = CostTable::custom(|op| if op == Op::Addi { 2 } else { 1 });
    let env = Environment {
        cost: &cost,
        pause: None,
        library: Some(&shelf),
    };
    assert_eq!(odd.advance(&env), Err(Trap::CyclesExceeded));
    assert_eq!((odd.cycles(), odd.registers()[10]), (18, 8));
    assert_eq!(shelf.take_asked(), [0; 0]);
    assert_eq!(
        CostTable::custom(|op| Cost::Estimate.cycles(op)).model(),
        Some(Cost::Estimate)
    );
    assert_eq!(cost.model(), None);
}

#[test]
fn a_module_for_something_else_is_not_used() {
    let changes: [fn(&mut Key); 6] = [
        |key| key.profile.version = Version::V1,
        |key| key.profile.extensions.a = false,
        |key| key.cost = Cost::Estimate,
        |key| key.memory_size *= 2,
        |key| key.base += 0x1000,
        |key| key.len += 0x1000,
    ];
    native(|_, _| Exit::Ecall);
    for change in changes {
        let mut wrong = module();
        change(&mut wrong.key);
        let shelf = Shelf {
            modules: BTreeMap::from([(BASE, wrong)]),
            ..Shelf::default()
        };
        let mut core = core(&counting(), CODE, 20);
        assert_eq!(advance(&mut core, &shelf), Err(Trap::CyclesExceeded));
        assert_eq!(core.native_cycles(), 0);
    }
}

#[test]
fn fusion_in_version_0_is_refused() {
    let profile = Profile {
        version: Version::V0,
        ..PROFILE
    };
    let mut core = Core::new(profile, SIZE, 100).unwrap();
    assert_eq!(
        advance(&mut core, &Shelf::default()),
        Err(Trap::InvalidVersion)
    );
}

#[test]
fn a_core_may_change_threads() {
    fn sendable<T: Send>() {}
    sendable::<Core>();
    sendable::<NativeModule>();
    sendable::<crate::Machine>();
}
