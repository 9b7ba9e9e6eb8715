//! The initial stack for every version, and where it ends.

use lockstep_isa::{Version, Xlen};
use lockstep_runtime::stack::{Layout, Planner, Store, plan, plan_at, region};

const MEMORY: u64 = 4 << 20;

#[test]
fn the_stack_is_the_top_quarter() {
    assert_eq!(region(MEMORY), (3 << 20, 1 << 20));
    assert_eq!(region(0x1000), (0xc00, 0x400));
    assert_eq!(region(0x3000), (0x2400, 0xc00));
}

#[test]
fn no_arguments() {
    for version in [Version::V1, Version::V2] {
        let plan = plan(version, MEMORY, &[]);
        assert_eq!(plan.stores, []);
        let (sp, used) = (MEMORY - 16, 16);
        assert_eq!(plan.end, Ok(Layout { sp, used }));
    }
    let plan = plan(Version::V0, MEMORY, &[]);
    let addr = MEMORY - 8;
    assert_eq!(plan.stores, [Store::Word32 { addr, value: 0 }]);
    assert_eq!(plan.end, Ok(Layout { sp: addr, used: 8 }));
}

#[test]
fn two_arguments_by_the_abi() {
    let plan = plan(Version::V1, MEMORY, &[b"abc", b""]);
    let (first, second) = (MEMORY - 4, MEMORY - 5);
    let sp = MEMORY - 48;
    let bytes = |addr, bytes| Store::Bytes { addr, bytes };
    let word = |addr, value| Store::Word64 { addr, value };
    let expected = [
        bytes(first, b"abc"),
        Store::Nul { addr: MEMORY - 1 },
        bytes(second, b""),
        Store::Nul { addr: MEMORY - 5 },
        word(sp + 24, 0),
        word(sp + 16, second),
        word(sp + 8, first),
        word(sp, 2),
    ];
    assert_eq!(plan.stores, expected);
    assert_eq!(plan.end, Ok(Layout { sp, used: 48 }));
}

#[test]
fn two_arguments_as_they_were_in_version_0() {
    let plan = plan(Version::V0, MEMORY, &[b"abc", b""]);
    let sp = MEMORY - 5 - 24;
    let word = |addr, value: u64| Store::Word32 {
        addr,
        value: value as u32,
    };
    let words = [
        word(sp + 16, MEMORY - 5),
        word(sp + 8, MEMORY - 4),
        word(sp, 2),
    ];
    assert_eq!(plan.stores[4..], words);
    assert_eq!(plan.end, Ok(Layout { sp, used: 29 }));
}

#[test]
fn words_of_a_narrow_machine() {
    let plan = plan_at(Version::V2, Xlen::X32, 0x3000, 0x1000, &[b"abc"]);
    let word = |addr, value| Store::Word32 { addr, value };
    let words = [word(0x3ff8, 0), word(0x3ff4, 0x3ffc), word(0x3ff0, 1)];
    assert_eq!(plan.stores[2..], words);
    assert_eq!(plan.end.unwrap().sp, 0x3ff0);
}

#[test]
fn an_argument_that_leaves_the_stack() {
    let (start, size) = region(MEMORY);
    let huge = vec![b'x'; size as usize];
    let args: [&[u8]; 2] = [&huge, b"never placed"];
    let early = plan(Version::V2, MEMORY, &args);
    let error = early.end.unwrap_err();
    assert_eq!((error.sp, error.start), (start - 1, start));
    assert!(error.to_string().contains("0x2fffff"));
    // Its own stores come first: they may fail otherwise.
    assert_eq!(early.stores.len(), 2);

    for version in [Version::V0, Version::V1] {
        let late = plan(version, MEMORY, &args);
        assert!(late.end.is_err());
        assert!(late.stores.len() > 4);
    }
}

#[test]
fn words_that_leave_the_stack() {
    // The argument ends exactly at the start: what does not fit are the words.
    let (start, size) = region(MEMORY);
    let arg = vec![b'x'; size as usize - 1];
    for version in [Version::V0, Version::V1, Version::V2] {
        let plan = plan(version, MEMORY, &[&arg]);
        assert_eq!(
            plan.stores[0],
            Store::Bytes {
                addr: start,
                bytes: &arg
            }
        );
        assert!(plan.end.unwrap_err().sp < start);
        assert!(plan.stores.len() > 2);
    }
}

#[test]
fn the_planner_takes_arguments_one_by_one() {
    let (start, size) = region(MEMORY);
    let mut planner = Planner::new(Version::V2, Xlen::X64, start, size);
    let placed = planner.place(3);
    assert_eq!((placed.addr, placed.nul), (MEMORY - 4, MEMORY - 1));
    assert_eq!(placed.fits, Ok(()));
    let words = planner.finish();
    let whole = plan(Version::V2, MEMORY, &[b"abc"]);
    assert_eq!(words.stores[..], whole.stores[2..]);
    assert_eq!(words.end, whole.end);
}

#[test]
fn lengths_that_wrap() {
    for version in [Version::V0, Version::V1, Version::V2] {
        for xlen in [Xlen::X32, Xlen::X64] {
            for len in [u64::MAX, u64::MAX - 1, MEMORY + 1, 1 << 32] {
                let mut planner = Planner::new(version, xlen, 3 << 20, 1 << 20);
                let placed = planner.place(len);
                assert_eq!(placed.nul, placed.addr.wrapping_add(len));
                let _ = planner.finish();
            }
        }
    }
}
