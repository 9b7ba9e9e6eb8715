//! Where native code comes from: the question that the run loop asks its host, and who answers it.
//!
//! The run loop knows code regions and modules. Whether a module comes from memory, from a cache or from a
//! compiler is the business of whoever implements [`CodeSource`]. What the host wants to know about the work of
//! native code is another trait, [`Observer`](crate::Observer).

use std::fmt;
use std::sync::Arc;

use lockstep_contract::identity::CodePlace;
use lockstep_isa::{Cost, Profile};

use crate::memory::Memory;
use crate::shared_region::SharedRegion;

/// A source of native code.
///
/// ```
/// use std::sync::Arc;
/// use lockstep_runtime::{CodeSource, Request, SharedRegion};
///
/// /// One module for every code region that it fits.
/// struct One(Arc<SharedRegion>);
///
/// impl CodeSource for One {
///     fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
///         let module = self.0.module()?;
///         let fits = module.key().base == request.base && module.key().profile == request.profile;
///         fits.then(|| Arc::clone(&self.0))
///     }
/// }
///
/// assert!(One(Arc::new(SharedRegion::new())).enabled());
/// ```
pub trait CodeSource: Send + Sync {
    /// Answers with what machines share about a code region: its native code, or the place where that will
    /// appear. `None` means that there will never be any. The run loop asks once for each code region, when the
    /// guest first gets there, and asks again after the region was forgotten ([`SharedRegion::forget`]).
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>>;

    /// Whether native code may be entered at all. This is the kill switch: the run loop asks before each slice of
    /// native code.
    fn enabled(&self) -> bool {
        true
    }

    /// Called when as many cycles of this code region were interpreted as it asked to be told of
    /// ([`SharedRegion::call_at`]). The thread that runs the guest calls it, and waits.
    fn hot(&self, request: &Request<'_>, region: &Arc<SharedRegion>) {
        let _ = (request, region);
    }

    /// The source of modules that leave after every block, if native code is to be checked in lockstep. Guests
    /// then run on the interpreter, with both modules beside it, and all three are compared.
    fn every_block(&self) -> Option<&dyn CodeSource> {
        None
    }
}

/// What native code is asked for.
///
/// ```
/// use lockstep_isa::{Cost, Profile, Version};
/// use lockstep_runtime::{Memory, Request};
///
/// let memory = Memory::new(1 << 16)?;
/// let request = Request {
///     profile: Profile::of(Version::V2),
///     cost: Cost::Estimate,
///     memory_size: memory.size(),
///     base: 0x1000,
///     region: &memory.as_bytes()[0x1000..0x2000],
///     memory: &memory,
///     pc: 0x1000,
/// };
/// assert_eq!(request.region.len(), 4096);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Version, extensions, register width.
    pub profile: Profile,
    /// The cost model.
    pub cost: Cost,
    /// Bytes of guest memory.
    pub memory_size: usize,
    /// Address of the first byte of the code region.
    pub base: u64,
    /// The code region: a maximal run of pages that are executable and frozen.
    pub region: &'a [u8],
    /// All of memory: data may hold pointers to code.
    pub memory: &'a Memory,
    /// Where the guest is: in the code region.
    pub pc: u64,
}

impl Request<'_> {
    /// Which code is asked for, but for the content.
    #[must_use]
    pub const fn place(&self) -> CodePlace {
        CodePlace {
            base: self.base,
            len: self.region.len() as u64,
            memory_size: self.memory_size as u64,
            profile: self.profile,
            cost: self.cost,
        }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("profile", &self.profile)
            .field("cost", &self.cost)
            .field("memory_size", &self.memory_size)
            .field("base", &format_args!("{:#x}", self.base))
            .field("len", &format_args!("{:#x}", self.region.len()))
            .field("pc", &format_args!("{:#x}", self.pc))
            .finish_non_exhaustive()
    }
}
