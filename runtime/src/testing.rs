//! What several tests of this crate need: a module whose native code is a closure, a source that gives it out, and a
//! guest with a few instructions. No translator is involved.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use lockstep_contract::context::Context;
use lockstep_contract::exit::Exit;
use lockstep_contract::key::{FORMAT, Key, digest};
use lockstep_contract::module::Module;
use lockstep_contract::pages::{EXECUTABLE, FREEZED};
use lockstep_isa::encode::encode;
use lockstep_isa::{Cost, Extensions, Inst, Op, Profile, Reg, Version, Xlen};

use crate::code_source::{CodeSource, Request};
use crate::enter::script;
use crate::mapping::NativeModule;
use crate::runner::Runner;
use crate::shared_region::SharedRegion;
use crate::state::Core;

pub(crate) const BASE: u64 = 0x1000;
pub(crate) const MEMORY_BYTES: usize = 0x8000;

pub(crate) const PROFILE: Profile = Profile {
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
            memory_size: MEMORY_BYTES as u64,
            base: BASE,
            len: 0x1000,
            digest: digest(&[]),
            layout: lockstep_contract::layout::fingerprint(),
            heat: None,
            translator: String::new(),
            compiler: String::new(),
            target: crate::mapping::TARGET.into(),
            cpu: String::new(),
        },
        hints: Vec::new(),
        heat: Vec::new(),
        enter: 0,
        table,
        code: vec![0; 64],
        blocks: Vec::new(),
        map: Vec::new(),
    }
}

/// Gives out modules by the address of their code region, and remembers what it was asked.
#[derive(Default)]
pub(crate) struct Shelf {
    modules: BTreeMap<u64, Module>,
    asked: Mutex<Vec<u64>>,
    pub(crate) closed: bool,
}

impl CodeSource for Shelf {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        assert!(request.pc.wrapping_sub(request.base) < request.region.len() as u64);
        assert_eq!(
            (request.profile, request.memory_size),
            (PROFILE, MEMORY_BYTES)
        );
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
    pub(crate) fn with(module: Module) -> Shelf {
        Shelf::at(module.key.base, module)
    }

    /// With a module that it gives out for this address, whatever the module is for.
    pub(crate) fn at(base: u64, module: Module) -> Shelf {
        Shelf {
            modules: BTreeMap::from([(base, module)]),
            ..Shelf::default()
        }
    }

    pub(crate) fn take_asked(&self) -> Vec<u64> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

pub(crate) fn addi(reg: Reg, imm: i32) -> Inst {
    Inst {
        rd: reg,
        rs1: reg,
        imm,
        ..Inst::bare(Op::Addi, 4)
    }
}

pub(crate) fn jump(offset: i32) -> Inst {
    Inst {
        imm: offset,
        ..Inst::bare(Op::Jal, 4)
    }
}

pub(crate) fn region(insts: &[Inst]) -> Vec<u8> {
    insts
        .iter()
        .flat_map(|inst| encode(inst).unwrap().to_le_bytes())
        .collect()
}

/// A guest with these instructions at `BASE`, about to run them.
pub(crate) fn guest(insts: &[Inst], flags: u8, max_cycles: u64) -> Runner {
    let mut core = Core::new(PROFILE, MEMORY_BYTES, max_cycles).unwrap();
    core.memory
        .init_pages(BASE, 0x1000, flags, &region(insts), 0)
        .unwrap();
    core.set_pc(BASE);
    Runner::new(core)
}

pub(crate) const CODE: u8 = EXECUTABLE | FREEZED;

/// Eight times one more in `a0`, then a loop of that and a jump.
pub(crate) fn counting() -> Vec<Inst> {
    let mut insts = vec![addi(Reg::A0, 1); 7];
    insts.push(jump(4));
    insts.extend([addi(Reg::A0, 1), jump(-4)]);
    insts
}

/// Runs this in place of native code; the result is how often it was entered.
pub(crate) fn native(mut run: impl FnMut(u32, &mut Context) -> Exit + 'static) -> Rc<Cell<u32>> {
    let count = Rc::new(Cell::new(0));
    let entered = count.clone();
    script::set(move |context| {
        entered.set(entered.get() + 1);
        run(entered.get(), context).encode()
    });
    count
}
