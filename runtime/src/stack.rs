//! The initial stack: where the arguments of a program go, and what `sp` is then.
//!
//! This file computes and stores nothing. A [`Plan`] is a list of stores to be done in order, and the result when all
//! of them succeeded. Each store may fail with the memory's own error. The order is CKB-VM's. So a caller that does
//! the stores and stops at the first failure fails as CKB-VM does. How the versions differ is said by the rules of
//! `lockstep_isa`.

use lockstep_isa::{Version, Xlen};

/// Where the stack of a machine is: the top quarter of its memory, as (first byte, bytes).
#[must_use]
pub const fn region(memory_size: u64) -> (u64, u64) {
    let size = memory_size / 4;
    (memory_size - size, size)
}

/// One store, to be done by the primitive that it names.
///
/// ```
/// use lockstep_isa::Version;
/// use lockstep_runtime::stack::{Store, plan};
///
/// let plan = plan(Version::V2, 4 << 20, &[b"a"]);
/// assert_eq!(plan.stores[1], Store::Nul { addr: 0x3fffff });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Store<'a> {
    /// `store_bytes`: an argument. May be empty.
    Bytes {
        /// Address of the first byte.
        addr: u64,
        /// The argument.
        bytes: &'a [u8],
    },
    /// `store_byte` of a single 0: the end of an argument.
    Nul {
        /// Its address.
        addr: u64,
    },
    /// A 32-bit store.
    Word32 {
        /// Address of the first byte.
        addr: u64,
        /// The word.
        value: u32,
    },
    /// A 64-bit store.
    Word64 {
        /// Address of the first byte.
        addr: u64,
        /// The word.
        value: u64,
    },
}

/// What holds when all stores are done.
///
/// ```
/// use lockstep_isa::Version;
/// use lockstep_runtime::stack::{Layout, plan};
///
/// let Layout { sp, used } = plan(Version::V2, 4 << 20, &[b"a"]).end?;
/// assert_eq!(sp + used, 4 << 20);
/// # Ok::<(), lockstep_runtime::stack::OutOfStack>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The stack pointer.
    pub sp: u64,
    /// Bytes of stack in use, which callers charge cycles for.
    pub used: u64,
}

/// The arguments do not fit the stack: CKB-VM's `MemOutOfStack`.
///
/// ```
/// use lockstep_isa::Version;
/// use lockstep_runtime::stack::plan;
///
/// let error = plan(Version::V2, 4096, &[&[b'a'; 2000]]).end.unwrap_err();
/// assert!(error.sp < error.start);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the arguments do not fit the stack: they reach down to {sp:#x}, the stack begins at {start:#x}"
)]
pub struct OutOfStack {
    /// Where the stack pointer would be.
    pub sp: u64,
    /// First byte of the stack.
    pub start: u64,
}

/// The stores that lay out a stack, and how it ends.
///
/// ```
/// use lockstep_isa::Version;
/// use lockstep_runtime::stack::plan;
///
/// let plan = plan(Version::V2, 4 << 20, &[]);
/// assert!(plan.stores.is_empty() && plan.end.is_ok());
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan<'a> {
    /// To do in order; the first failure ends the set-up with the memory's error.
    pub stores: Vec<Store<'a>>,
    /// The result when none failed.
    pub end: Result<Layout, OutOfStack>,
}

/// Plans the stack of a 64-bit machine with `memory_size` bytes.
///
/// ```
/// use lockstep_runtime::stack::{Layout, Store, plan};
/// use lockstep_isa::Version;
///
/// let plan = plan(Version::V2, 4 << 20, &[b"a"]);
/// assert_eq!(plan.stores[0], Store::Bytes { addr: 0x3ffffe, bytes: b"a" });
/// assert_eq!(plan.end, Ok(Layout { sp: 0x3fffe0, used: 0x20 }));
/// ```
#[must_use]
pub fn plan<'a>(version: Version, memory_size: u64, args: &[&'a [u8]]) -> Plan<'a> {
    let (start, size) = region(memory_size);
    plan_at(version, Xlen::X64, start, size, args)
}

/// Plans a stack of `size` bytes from `start` on.
#[must_use]
pub fn plan_at<'a>(
    version: Version,
    xlen: Xlen,
    start: u64,
    size: u64,
    args: &[&'a [u8]],
) -> Plan<'a> {
    let mut planner = Planner::new(version, xlen, start, size);
    let mut stores = Vec::new();
    for bytes in args {
        let placed = planner.place(bytes.len() as u64);
        let (addr, nul) = (placed.addr, placed.nul);
        stores.push(Store::Bytes { addr, bytes });
        stores.push(Store::Nul { addr: nul });
        if let Err(error) = placed.fits {
            return Plan {
                stores,
                end: Err(error),
            };
        }
    }
    let words = planner.finish();
    stores.extend(words.stores);
    Plan {
        stores,
        end: words.end,
    }
}

/// Lays out arguments one by one, for callers that read each argument only when the ones before it are stored.
///
/// ```
/// use lockstep_isa::{Version, Xlen};
/// use lockstep_runtime::stack::{self, Planner};
///
/// let (start, size) = stack::region(4 << 20);
/// let mut planner = Planner::new(Version::V2, Xlen::X64, start, size);
/// let placed = planner.place(1);
/// assert_eq!((placed.addr, placed.nul), (0x3ffffe, 0x3fffff));
/// assert_eq!(planner.finish().end.unwrap().sp, 0x3fffe0);
/// ```
#[derive(Clone, Debug)]
pub struct Planner {
    version: Version,
    xlen: Xlen,
    start: u64,
    end: u64,
    sp: u64,
    /// Addresses of the arguments so far.
    args: Vec<u64>,
}

/// Where an argument goes.
///
/// ```
/// use lockstep_isa::{Version, Xlen};
/// use lockstep_runtime::stack::Planner;
///
/// let placed = Planner::new(Version::V2, Xlen::X64, 0x3000, 0x1000).place(5);
/// assert_eq!(placed.nul - placed.addr, 5);
/// assert!(placed.fits.is_ok());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// For its bytes.
    pub addr: u64,
    /// For the 0 behind them.
    pub nul: u64,
    /// Whether it fits. To be checked after both stores are done.
    pub fits: Result<(), OutOfStack>,
}

impl Planner {
    /// An empty stack of `size` bytes from `start` on.
    #[must_use]
    pub fn new(version: Version, xlen: Xlen, start: u64, size: u64) -> Planner {
        let mut planner = Planner {
            version,
            xlen,
            start,
            end: start.wrapping_add(size),
            sp: 0,
            args: Vec::new(),
        };
        planner.sp = planner.register(planner.end);
        planner
    }

    /// Takes the next argument, of `len` bytes without its final 0.
    pub fn place(&mut self, len: u64) -> Placed {
        self.sp = self.below(len.wrapping_add(1));
        self.args.push(self.sp);
        let fits = if self.version.checks_stack_per_argument() {
            self.check()
        } else {
            Ok(())
        };
        Placed {
            addr: self.sp,
            nul: self.sp.wrapping_add(len),
            fits,
        }
    }

    /// The words below the arguments, from the highest address down, and the result.
    #[must_use]
    pub fn finish(mut self) -> Plan<'static> {
        let abi = self.version.follows_stack_abi();
        let word = u64::from(self.xlen.bits() / 8);
        if abi && self.args.is_empty() {
            // Nothing is written: memory is zero, and so is the argc that a program reads there.
            // CKB-VM computes this with 64 bits whatever the width of a register.
            let sp = self.end.wrapping_sub(word) & !15;
            let used = self.end.wrapping_sub(sp);
            let sp = self.register(sp);
            let stores = Vec::new();
            let end = Ok(Layout { sp, used });
            return Plan { stores, end };
        }
        let mut words = vec![self.args.len() as u64];
        words.append(&mut self.args);
        if abi {
            words.push(0);
            let lowest = self.below(word.wrapping_mul(words.len() as u64));
            self.sp = self.below(lowest % 16);
        }
        let mut stores = Vec::with_capacity(words.len());
        for value in words.into_iter().rev() {
            self.sp = self.below(word);
            stores.push(self.word(value));
        }
        let end = self.check().map(|()| Layout {
            sp: self.sp,
            used: self.end.wrapping_sub(self.sp),
        });
        Plan { stores, end }
    }

    /// The store of one word at `sp`. Without the ABI rule only 32 bits of a slot are written.
    fn word(&self, value: u64) -> Store<'static> {
        let addr = self.sp;
        match self.xlen {
            Xlen::X64 if self.version.follows_stack_abi() => Store::Word64 { addr, value },
            _ => Store::Word32 {
                addr,
                value: value as u32,
            },
        }
    }

    /// The address `distance` bytes below `sp`, in the arithmetic of a register.
    fn below(&self, distance: u64) -> u64 {
        self.register(self.sp.wrapping_sub(distance))
    }

    /// A number as a register of this width holds it, unsigned.
    fn register(&self, value: u64) -> u64 {
        match self.xlen {
            Xlen::X32 => u64::from(value as u32),
            Xlen::X64 => value,
        }
    }

    /// Whether `sp` is still in the stack. An `sp` that wrapped around is above the stack and passes; a store to it has
    /// failed before.
    fn check(&self) -> Result<(), OutOfStack> {
        if self.sp < self.start {
            return Err(OutOfStack {
                sp: self.sp,
                start: self.start,
            });
        }
        Ok(())
    }
}
