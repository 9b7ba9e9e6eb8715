//! What every guest in Rust needs around its work: an entry point, an allocator, an exit.
//!
//! It stands in for `ckb-std`, whose scripts need a transaction. The heap is in `.bss`, as in scripts
//! that use `ckb-std`, so loading such a guest fills a large `.bss` with zeros.

#![no_std]

use buddy_alloc::{BuddyAllocParam, FastAllocParam, NonThreadsafeAlloc};

const FAST_HEAP_SIZE: usize = 64 * 1024;
const HEAP_SIZE: usize = 512 * 1024;
const LEAF_SIZE: usize = 64;

#[repr(align(64))]
struct Heap<const N: usize>(core::cell::UnsafeCell<[u8; N]>);

// SAFETY: a guest has one thread.
unsafe impl<const N: usize> Sync for Heap<N> {}

static FAST_HEAP: Heap<FAST_HEAP_SIZE> = Heap(core::cell::UnsafeCell::new([0; FAST_HEAP_SIZE]));
static HEAP: Heap<HEAP_SIZE> = Heap(core::cell::UnsafeCell::new([0; HEAP_SIZE]));

#[global_allocator]
static ALLOCATOR: NonThreadsafeAlloc = NonThreadsafeAlloc::new(
    FastAllocParam::new(FAST_HEAP.0.get().cast_const().cast(), FAST_HEAP_SIZE),
    BuddyAllocParam::new(HEAP.0.get().cast_const().cast(), HEAP_SIZE, LEAF_SIZE),
);

core::arch::global_asm!(
    ".global _start",
    "_start:",
    "ld a0, 0(sp)",
    "addi a1, sp, 8",
    "call guest_start",
    "li a7, 93",
    "ecall",
);

extern "Rust" {
    /// What the guest does so many times. Returns whether its result is the right one.
    fn guest(rounds: u64) -> bool;
}

/// Reads the number of rounds from `argv[0]` and runs the guest.
///
/// # Safety
/// `argv` has `argc` pointers to texts that end with a zero byte, as CKB-VM lays them out.
#[no_mangle]
unsafe extern "C" fn guest_start(argc: u64, argv: *const *const u8) -> u64 {
    let rounds = match argc {
        0 => 1,
        // SAFETY: the first of at least one argument.
        _ => number(unsafe { *argv }),
    };
    // SAFETY: each guest defines it with this signature.
    match unsafe { guest(rounds) } {
        true => 0,
        false => 1,
    }
}

/// # Safety
/// `text` ends with a zero byte.
unsafe fn number(mut text: *const u8) -> u64 {
    let mut value = 0_u64;
    loop {
        // SAFETY: the zero byte at the end was not passed yet.
        match unsafe { *text } {
            digit @ b'0'..=b'9' => {
                value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            }
            _ => return value,
        }
        // SAFETY: as above.
        text = unsafe { text.add(1) };
    }
}

/// Ends the guest with exit code 101, as Rust programs end that panic.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: the system call `exit` does not come back.
    unsafe {
        core::arch::asm!("ecall", in("a7") 93, in("a0") 101, options(noreturn));
    }
}
