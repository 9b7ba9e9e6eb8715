//! Memory as CKB-VM's trait shows it, call by call, against the assembly machine's.

use ckb_vm::machine::asm::{AsmCoreMachine, AsmCoreMachineRevealer};
use ckb_vm::{Bytes, Error, Memory, SupportMachine};
use lockstep::ckb::NativeCore;

use lockstep_test_support::random::Random;

/// One call, with everything it was given.
#[derive(Clone, Debug)]
enum Call {
    InitPages(u64, u64, u8, Option<Bytes>, u64),
    FetchFlag(u64),
    SetFlag(u64, u8),
    ClearFlag(u64, u8),
    StoreByte(u64, u64, u8),
    StoreBytes(u64, Vec<u8>),
    LoadBytes(u64, u64),
    Fetch(u64),
    Load(u64),
    Store(u64, u64),
    Reserve(u64),
}

/// What it gave, as text: numbers, bytes and errors alike.
fn perform<M: Memory<REG = u64>>(memory: &mut M, call: &Call) -> String {
    fn text<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        format!("{result:x?}")
    }
    match call.clone() {
        Call::InitPages(addr, size, flags, source, offset) => {
            text(memory.init_pages(addr, size, flags, source, offset))
        }
        Call::FetchFlag(page) => text(memory.fetch_flag(page)),
        Call::SetFlag(page, flag) => text(memory.set_flag(page, flag)),
        Call::ClearFlag(page, flag) => text(memory.clear_flag(page, flag)),
        Call::StoreByte(addr, size, value) => text(memory.store_byte(addr, size, value)),
        Call::StoreBytes(addr, bytes) => text(memory.store_bytes(addr, &bytes)),
        Call::LoadBytes(addr, size) => text(memory.load_bytes(addr, size)),
        Call::Fetch(addr) => text(memory.execute_load16(addr)) + &text(memory.execute_load32(addr)),
        Call::Load(addr) => {
            text(memory.load8(&addr))
                + &text(memory.load16(&addr))
                + &text(memory.load32(&addr))
                + &text(memory.load64(&addr))
        }
        Call::Store(addr, value) => {
            text(memory.store8(&addr, &value))
                + &text(memory.store16(&addr.wrapping_add(3), &value))
                + &text(memory.store32(&addr.wrapping_add(9), &value))
                + &text(memory.store64(&addr.wrapping_add(21), &value))
        }
        Call::Reserve(addr) => {
            memory.set_lr(&addr);
            format!("{:x}", memory.lr())
        }
    }
}

const PAGE: u64 = 4096;
const PAGES: u64 = 1024;

/// Addresses where something happens: few pages, their edges, the end of memory, far beyond.
fn address(random: &mut Random) -> u64 {
    let page = random.pick(&[0, 1, 2, 3, 4, 63, 64, 65, 1022, 1023, 1024, 1025]);
    let offset = random.pick(&[0, 0, 1, 2, 8, 2048, 4092, 4094, 4095]);
    match random.below(40) {
        0 => u64::MAX - random.below(20),
        1 => random.next(),
        _ => page * PAGE + offset,
    }
}

fn bytes(random: &mut Random) -> Vec<u8> {
    let length = random.pick(&[0, 1, 5, 4095, 4096, 4097, 9000]);
    let first = random.next() as u8;
    (0..length)
        .map(|i: u64| first.wrapping_add((i * 31) as u8))
        .collect()
}

/// Flags that CKB-VM itself uses; others mean nothing to it.
fn flag(random: &mut Random) -> u8 {
    random.pick(&[0, 1, 2, 3, 4, 5, 7])
}

fn call(random: &mut Random) -> Call {
    let size = random.pick(&[0, 1, 8, 4096, 4097, 8192, 5 * PAGE]);
    match random.below(14) {
        0 => {
            let source = (!random.one_in(4)).then(|| Bytes::from(bytes(random)));
            let addr = match random.below(4) {
                0 => address(random),
                _ => address(random) & !(PAGE - 1),
            };
            let size = random.pick(&[0, PAGE, 2 * PAGE, 2 * PAGE, 3 * PAGE, 100]);
            let offset = random.pick(&[0, 0, 1, 100, 4095, 4096, 5000, 8192, 8193]);
            Call::InitPages(addr, size, flag(random), source, offset)
        }
        1 => Call::FetchFlag(random.pick(&[0, 1, 63, 1023, 1024, u64::MAX])),
        2 => Call::SetFlag(address(random) / PAGE, flag(random)),
        3 | 4 => Call::ClearFlag(address(random) / PAGE, flag(random)),
        5 => Call::StoreByte(address(random), size, random.next() as u8),
        6 => Call::StoreBytes(address(random), bytes(random)),
        7 => Call::LoadBytes(address(random), size),
        8 => Call::Fetch(address(random)),
        9 | 10 => Call::Load(address(random)),
        11 | 12 => Call::Store(address(random), random.next()),
        _ => Call::Reserve(random.next()),
    }
}

fn asm(memory_size: usize) -> Box<AsmCoreMachine> {
    <Box<AsmCoreMachine> as AsmCoreMachineRevealer>::new(0, 2, 0, memory_size)
}

fn flags<M: Memory<REG = u64>>(memory: &mut M) -> Vec<u8> {
    (0..memory.memory_pages() as u64)
        .map(|page| memory.fetch_flag(page).unwrap())
        .collect()
}

#[test]
fn every_call_does_the_same() {
    for seed in 0..120 {
        let mut random = Random::new(seed);
        let mut reference = asm((PAGES * PAGE) as usize);
        let mut ours = <NativeCore as SupportMachine>::new(0, 2, 0);
        // Every other time in chaos mode.
        let chaos = (seed % 2 == 1).then(|| random.next() as u32);
        if let Some(chaos) = chaos {
            (reference.chaos_mode, reference.chaos_seed) = (1, chaos);
            ours.set_chaos(Some(chaos));
        }
        for step in 0..300 {
            let call = call(&mut random);
            let expected = perform(&mut reference, &call);
            let found = perform(&mut ours, &call);
            assert_eq!(found, expected, "seed {seed}, step {step}: {call:x?}");
            if random.one_in(200) {
                reference.reset(0);
                ours.reset(0);
            }
            if chaos.is_some() {
                assert_eq!(
                    ours.chaos_seed(),
                    Some(reference.chaos_seed),
                    "seed {seed}, step {step}"
                );
            }
        }
        assert_eq!(flags(&mut ours), flags(&mut reference), "seed {seed}");
        let size = PAGES * PAGE;
        let all = ours.load_bytes(0, size).unwrap();
        assert!(all == reference.load_bytes(0, size).unwrap(), "seed {seed}");
    }
}

#[test]
fn a_reset_leaves_nothing() {
    let mut random = Random::new(1);
    let mut ours = <NativeCore as SupportMachine>::new(0, 2, 9);
    for _ in 0..500 {
        perform(&mut ours, &call(&mut random));
    }
    ours.set_running(true);
    ours.set_cycles(5);
    assert!(!ours.reset_signal());
    ours.reset(11);
    assert_eq!((ours.cycles(), ours.max_cycles()), (0, 11));
    assert!(ours.running());
    assert!(ours.reset_signal() && !ours.reset_signal());
    assert_eq!(*ours.lr(), u64::MAX);
    assert!(flags(&mut ours).iter().all(|flags| *flags == 0));
    let all = ours.load_bytes(0, PAGES * PAGE).unwrap();
    assert!(all.iter().all(|byte| *byte == 0));
}

#[test]
fn memory_can_be_made_alone() {
    let mut memory = <NativeCore as Memory>::new_with_memory(8192);
    assert_eq!((memory.memory_size(), memory.memory_pages()), (8192, 2));
    assert_eq!(memory.store64(&8184, &1), Ok(()));
    assert_eq!(memory.load64(&8185), Err(Error::MemOutOfBound));
    // A small machine ends where it ends, for the host's calls too.
    assert_eq!(memory.load_bytes(8191, 2), Err(Error::MemOutOfBound));
    assert_eq!(memory.store_bytes(8191, &[1, 2]), Err(Error::MemOutOfBound));
    assert_eq!(<NativeCore as Memory>::new().memory_size(), 4 << 20);
}
