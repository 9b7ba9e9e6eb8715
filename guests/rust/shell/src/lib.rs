//! What a large guest needs around its work: an entry point with arguments, a big heap, printing, system calls.
//!
//! It differs from `guest-support`, whose guests take a number of rounds and need little memory. The heap is
//! `.bss` and nearly all that a program of up to 700 KB and a stack of 300 KB leave of the four megabytes. A panic ends the guest with 101, and an allocation that does not fit with 102, so that the two
//! can be told apart.

#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::asm;

use buddy_alloc::{BuddyAllocParam, FastAllocParam, NonThreadsafeAlloc};

const FAST_HEAP_SIZE: usize = 64 * 1024;
const HEAP_SIZE: usize = 2944 * 1024;
const LEAF_SIZE: usize = 64;

/// The exit code after a panic.
const PANIC: i64 = 101;
/// The exit code when the heap is used up.
const OUT_OF_MEMORY: i64 = 102;

const EXIT: u64 = 93;
const DEBUG_PRINT: u64 = 2177;

#[repr(align(64))]
struct Heap<const N: usize>(core::cell::UnsafeCell<[u8; N]>);

// SAFETY: a guest has one thread.
unsafe impl<const N: usize> Sync for Heap<N> {}

static FAST_HEAP: Heap<FAST_HEAP_SIZE> = Heap(core::cell::UnsafeCell::new([0; FAST_HEAP_SIZE]));
static HEAP: Heap<HEAP_SIZE> = Heap(core::cell::UnsafeCell::new([0; HEAP_SIZE]));

/// Gives memory, or ends the guest.
struct Allocator(NonThreadsafeAlloc);

#[global_allocator]
static ALLOCATOR: Allocator = Allocator(NonThreadsafeAlloc::new(
    FastAllocParam::new(FAST_HEAP.0.get().cast_const().cast(), FAST_HEAP_SIZE),
    BuddyAllocParam::new(HEAP.0.get().cast_const().cast(), HEAP_SIZE, LEAF_SIZE),
));

// SAFETY: the allocator inside keeps the rules; a guest has one thread.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // The allocator computes with sizes before it looks whether they fit.
        if layout.size() > HEAP_SIZE {
            exit(OUT_OF_MEMORY);
        }
        // SAFETY: passed on as it came.
        let memory = unsafe { self.0.alloc(layout) };
        if memory.is_null() {
            exit(OUT_OF_MEMORY);
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: passed on as it came.
        unsafe { self.0.dealloc(memory, layout) }
    }
}

core::arch::global_asm!(
    ".global _start",
    "_start:",
    "ld a0, 0(sp)",
    "addi a1, sp, 8",
    "call shell_start",
    "li a7, 93",
    "ecall",
);

extern "Rust" {
    /// What the guest does. Returns its exit code.
    fn guest(arguments: Arguments) -> i8;
}

/// Runs the guest.
///
/// # Safety
/// `argv` has `argc` pointers to texts that end with a zero byte, as CKB-VM lays them out.
#[no_mangle]
unsafe extern "C" fn shell_start(argc: u64, argv: *const *const u8) -> i64 {
    let arguments = Arguments {
        left: argc,
        next: argv,
    };
    // SAFETY: each guest defines it with this signature.
    i64::from(unsafe { guest(arguments) })
}

/// The arguments, of which the first is no name of a program.
pub struct Arguments {
    left: u64,
    next: *const *const u8,
}

impl Iterator for Arguments {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: there was one more argument at least, and it ends with a zero byte. It stays where it is.
        unsafe {
            let text = *self.next;
            self.next = self.next.add(1);
            Some(core::ffi::CStr::from_ptr(text.cast()).to_bytes())
        }
    }
}

/// Ends the guest.
pub fn exit(code: i64) -> ! {
    // SAFETY: the system call does not come back.
    unsafe { asm!("ecall", in("a7") EXIT, in("a0") code, options(noreturn)) }
}

/// Prints bytes that end with a zero byte.
pub fn print(text: &core::ffi::CStr) {
    // SAFETY: the call reads as far as the zero byte.
    unsafe { asm!("ecall", in("a7") DEBUG_PRINT, inlateout("a0") text.as_ptr() => _) }
}

/// A system call that loads something: the most bytes that fit `buffer`, from its beginning. Returns the call's result
/// (0 is success) and the size of the whole.
pub fn load(call: u64, buffer: &mut [u8], index: u64, source: u64) -> (u64, usize) {
    let mut size = buffer.len();
    let mut result = buffer.as_mut_ptr() as u64;
    // SAFETY: the call writes at most `size` bytes to the buffer, and `size`.
    unsafe {
        asm!(
            "ecall",
            in("a7") call,
            inlateout("a0") result,
            in("a1") &mut size,
            in("a2") 0,
            in("a3") index,
            in("a4") source,
            in("a5") 0,
        );
    }
    (result, size)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(PANIC)
}
