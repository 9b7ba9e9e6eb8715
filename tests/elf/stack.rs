//! The plan of the initial stack, carried out on CKB-VM's own memory, against CKB-VM's stack.

use ckb_vm::memory::Memory;
use ckb_vm::registers::SP;
use ckb_vm::{
    Bytes, CoreMachine, DefaultCoreMachine, FlatMemory, Register, SparseMemory, SupportMachine,
    WXorXMemory,
};
use lockstep_contract::pages::{EXECUTABLE, FREEZED};
use lockstep_isa::{Version, Xlen};
use lockstep_runtime::stack::{Store, plan_at, region};

use super::{VERSIONS, content, flags, name};

/// Argument lists of every shape: none, empty ones, many, and such that end at the stack's start.
pub(super) fn shapes(size: u64) -> Vec<Vec<Vec<u8>>> {
    let arg = |len: u64| -> Vec<u8> { (0..len).map(|i| b'a' + (i % 23) as u8).collect() };
    let mut shapes: Vec<Vec<Vec<u8>>> = vec![
        vec![],
        vec![arg(0)],
        vec![arg(1)],
        vec![b"\0\xff\0".to_vec(), arg(7)],
        vec![arg(0); 1000],
        vec![arg(15); (size / 16) as usize],
        vec![arg(0); (size / 9) as usize],
        (0..40).map(arg).collect(),
    ];
    // Around the start of the stack, around the start of memory, and far beyond.
    for around in [size, 4 * size, 8 * size] {
        for len in around.saturating_sub(70)..around + 4 {
            shapes.push(vec![arg(len)]);
            shapes.push(vec![arg(3), arg(len)]);
        }
        shapes.push(vec![arg(around), arg(0), arg(5)]);
    }
    shapes
}

/// Compares the plan, carried out on CKB-VM's memory, with CKB-VM's own stack.
fn compare_stack<M: Memory>(version: Version, xlen: Xlen, memory: usize, args: &[Vec<u8>])
where
    M::REG: Default,
{
    let (start, size) = region(memory as u64);
    for guarded in [false, true] {
        let mut core: DefaultCoreMachine<M::REG, M> =
            SupportMachine::new_with_memory(0, version.number(), u64::MAX, memory);
        let mut own = M::new_with_memory(memory);
        if guarded {
            // Code in the middle of the stack, for arguments to run into.
            let page = (start + size / 2) & !0xfff;
            for memory in [core.memory_mut(), &mut own] {
                let flags = EXECUTABLE | FREEZED;
                memory.init_pages(page, 0x1000, flags, None, 0).unwrap();
            }
        }
        let list = args.iter().map(|arg| Ok(Bytes::copy_from_slice(arg)));
        let list: Vec<_> = list.collect();
        let reference = core
            .initialize_stack(list.into_iter(), start, size)
            .map(|used| (core.registers()[SP].to_u64(), used))
            .map_err(|error| name(&error));
        let slices: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
        let ours = carry_out(&mut own, version, xlen, (start, size), &slices);
        let shape: Vec<usize> = args.iter().map(Vec::len).take(8).collect();
        let case = format!("{version:?} {xlen:?} {memory:#x} {guarded} {shape:x?}");
        assert_eq!(reference, ours, "{case}");
        let same = content(core.memory_mut()) == content(&mut own);
        assert!(same, "memory differs: {case}");
        assert_eq!(flags(core.memory_mut()), flags(&mut own), "{case}");
    }
}

fn carry_out<M: Memory>(
    memory: &mut M,
    version: Version,
    xlen: Xlen,
    (start, size): (u64, u64),
    args: &[&[u8]],
) -> Result<(u64, u64), String> {
    let plan = plan_at(version, xlen, start, size, args);
    let register = M::REG::from_u64;
    for store in plan.stores {
        match store {
            Store::Bytes { addr, bytes } => memory.store_bytes(addr, bytes),
            Store::Nul { addr } => memory.store_byte(addr, 1, 0),
            Store::Word32 { addr, value } => {
                memory.store32(&register(addr), &register(value.into()))
            }
            Store::Word64 { addr, value } => memory.store64(&register(addr), &register(value)),
        }
        .map_err(|error| name(&error))?;
    }
    match plan.end {
        Ok(layout) => Ok((layout.sp, layout.used)),
        Err(_) => Err("MemOutOfStack".to_string()),
    }
}

#[test]
fn stacks() {
    for memory in [0x4000, 0x10000] {
        for args in shapes(memory as u64 / 4) {
            for version in VERSIONS {
                compare_stack::<WXorXMemory<FlatMemory<u64>>>(version, Xlen::X64, memory, &args);
                compare_stack::<WXorXMemory<SparseMemory<u64>>>(version, Xlen::X64, memory, &args);
                compare_stack::<WXorXMemory<FlatMemory<u32>>>(version, Xlen::X32, memory, &args);
            }
        }
    }
}
