//! ⚠ Native code in memory: a module's code, read-execute, in pages that nobody can write.
//!
//! On Linux the code is written to a sealed memory file and mapped from there, so that no mapping of
//! it can ever be written again; elsewhere, and where the system refuses that, it is copied to
//! anonymous memory that is writable first and executable then, never both at once.
//!
//! A module is code: mapping one means trusting who made its bytes, so only a [`TrustedModule`] is
//! taken. The numbers in it are checked here all the same, so that a mistake elsewhere is an error and
//! not a jump into nowhere.
#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
use core::ptr::NonNull;
use std::io;
#[cfg(target_os = "linux")]
use std::{
    fs::File,
    io::Write,
    os::fd::{AsRawFd, FromRawFd},
};

use lockstep_contract::context::Context;
use lockstep_contract::counting::is_counting;
use lockstep_contract::heat::Heat;
use lockstep_contract::key::Key;
use lockstep_contract::layout;
use lockstep_contract::module::{Module, ModuleError, TrustedModule};
use lockstep_contract::pages::PAGE_SIZE;
use memmap2::{Mmap, MmapMut, MmapOptions};

use crate::cpu;

/// The function that the host calls: it reads pc and budget from the context and runs on from the
/// entry it is given, a row of the module's table. The result is an [`Exit`](lockstep_contract::exit::Exit) word.
pub(crate) type Enter = unsafe extern "C" fn(context: *mut Context, entry: u64) -> u64;

/// The target that this process is built for, as modules name theirs: processor, vendor, operating
/// system, and its interface. How functions are called depends on all of it.
pub(crate) const TARGET: &str = env!("BUILD_TARGET");

/// A module, ready to run.
///
/// ```
/// use lockstep_contract::module::TrustedModule;
/// use lockstep_runtime::{MapError, NativeModule};
///
/// /// The address at which the code region of a module begins, if the module can run here.
/// fn base(module: TrustedModule) -> Result<u64, MapError> {
///     Ok(NativeModule::map(module)?.key().base)
/// }
/// ```
#[derive(Debug)]
pub struct NativeModule {
    /// Without its code, which is mapped and not kept twice.
    module: Module,
    code: Code,
    enter: Enter,
    counts: bool,
}

/// The pages; they live as long as the module.
#[derive(Debug)]
enum Code {
    #[cfg(target_os = "linux")]
    Sealed(Sealed),
    Anonymous(Mmap),
    /// In the crate's tests a function of ours stands for native code.
    #[cfg(test)]
    Function,
}

/// Why a module cannot be mapped.
///
/// ```
/// use lockstep_runtime::MapError;
///
/// /// Whether translating again helps.
/// fn is_foreign(error: &MapError) -> bool {
///     matches!(error, MapError::Target { .. } | MapError::Layout { .. })
/// }
///
/// assert!(is_foreign(&MapError::Layout { found: 1, expected: 2 }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// For another processor or operating system.
    #[error("the module is for the target {target}; this process is built for {host}")]
    Target {
        /// What it was compiled for.
        target: String,
        /// What this process is built for.
        host: &'static str,
    },
    /// It uses instructions that this CPU does not have.
    #[error("the module needs the CPU feature {feature}, which this CPU does not have")]
    Feature {
        /// The first one that is missing, as the module's key names it.
        feature: String,
    },
    /// For a runtime that keeps its state elsewhere.
    #[error("the module relies on the layout {found:016x}; this runtime has {expected:016x}")]
    Layout {
        /// The fingerprint in the module's key.
        found: u64,
        /// This build's.
        expected: u64,
    },
    /// Its parts do not fit together.
    #[error("the module cannot be used: {0}")]
    Module(#[from] ModuleError),
    /// The system refused.
    #[error("native code cannot be mapped: {0}")]
    System(#[from] io::Error),
}

impl MapError {
    /// Whether the system, or this process's share of it, was short of memory, descriptors or disk: the
    /// module is not to blame, and may be mapped later.
    #[must_use]
    pub fn is_shortage(&self) -> bool {
        match self {
            MapError::System(error) => {
                // ENFILE and EMFILE have no kind of their own; the numbers are those of Linux and the BSDs.
                matches!(
                    error.kind(),
                    io::ErrorKind::OutOfMemory
                        | io::ErrorKind::WouldBlock
                        | io::ErrorKind::StorageFull
                ) || matches!(error.raw_os_error(), Some(23 | 24))
            }
            _ => false,
        }
    }
}

/// A place where a module can be entered: a row of its own table that is not 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryPoint<'a> {
    module: &'a NativeModule,
    row: u32,
}

impl<'a> EntryPoint<'a> {
    pub(crate) fn module(&self) -> &'a NativeModule {
        self.module
    }

    pub(crate) fn row(&self) -> u32 {
        self.row
    }
}

impl NativeModule {
    /// Maps a module's code.
    ///
    /// # Errors
    /// A module whose numbers do not fit together, one for another target, one that uses instructions
    /// which this CPU does not have, or no memory.
    ///
    /// ```
    /// use lockstep_contract::module::TrustedModule;
    /// use lockstep_runtime::{MapError, NativeModule};
    /// fn map(module: TrustedModule) -> Result<NativeModule, MapError> {
    ///     NativeModule::map(module)
    /// }
    /// ```
    ///
    /// A module that anybody can write down or read from a file is not taken:
    ///
    /// ```compile_fail,E0308
    /// use lockstep_contract::module::Module;
    /// use lockstep_runtime::{MapError, NativeModule};
    /// fn map(module: Module) -> Result<NativeModule, MapError> {
    ///     NativeModule::map(module)
    /// }
    /// ```
    pub fn map(module: TrustedModule) -> Result<NativeModule, MapError> {
        NativeModule::map_by(module, map_code)
    }

    /// Maps a module's code into anonymous memory, even where this system has sealed memory files. `perf` looks for
    /// names in a map (`/tmp/perf-PID.map`) only where executable memory belongs to no file.
    ///
    /// # Errors
    /// As [`NativeModule::map`].
    pub fn map_anonymous(module: TrustedModule) -> Result<NativeModule, MapError> {
        NativeModule::map_by(module, |code| map_anonymous(code).map(Code::Anonymous))
    }

    fn map_by(
        module: TrustedModule,
        map: impl FnOnce(&[u8]) -> io::Result<Code>,
    ) -> Result<NativeModule, MapError> {
        check(&module)?;
        let mut module = module.into_module();
        let code = map(&module.code)?;
        module.code = Vec::new();
        // It stays for long, and the translator leaves room in them.
        module.hints.shrink_to_fit();
        module.heat.shrink_to_fit();
        module.table.shrink_to_fit();
        module.blocks.shrink_to_fit();
        module.map.shrink_to_fit();
        let at = code.start().wrapping_add(module.enter as usize);
        // SAFETY: `at` lies in mapped executable memory that lives as long as this value, because
        // `check` compared `enter` with the length of the code. The module was a `TrustedModule`: a
        // translator of ours made it, and put there a function of this signature.
        let enter = unsafe { core::mem::transmute::<*const u8, Enter>(at) };
        Ok(NativeModule {
            counts: is_counting(&module.key.translator),
            module,
            code,
            enter,
        })
    }

    /// What it was made from and for.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.module.key
    }

    /// A copy of the module as it was mapped.
    #[must_use]
    pub fn to_module(&self) -> TrustedModule {
        let module = Module {
            code: self.code.bytes().to_vec(),
            ..self.module.clone()
        };
        // SAFETY: these are the fields of the `TrustedModule` that `map` took. None was changed since:
        // they are private to this value, and nobody can write to the code's pages.
        unsafe { TrustedModule::assume_trusted(module) }
    }

    /// The native code.
    #[must_use]
    pub fn code_bytes(&self) -> &[u8] {
        self.code.bytes()
    }

    /// Whether its code counts its blocks, and so needs room for that.
    pub(crate) fn counts(&self) -> bool {
        self.counts
    }

    /// The address in this process at which the native code begins.
    #[must_use]
    pub fn code_address(&self) -> u64 {
        self.code.start() as u64
    }

    /// Bytes of memory that it takes: code, table, and what is kept for whoever looks into it.
    #[must_use]
    pub fn size(&self) -> usize {
        let Module {
            hints,
            heat,
            table,
            blocks,
            map,
            ..
        } = &self.module;
        self.code.bytes().len()
            + size_of_val(&hints[..])
            + size_of_val(&heat[..])
            + size_of_val(&table[..])
            + size_of_val(&blocks[..])
            + size_of_val(&map[..])
    }

    /// Whether it has the block at a guest address. Not every block can be entered from outside.
    #[must_use]
    pub fn has_block(&self, head: u64) -> bool {
        let offset = head.wrapping_sub(self.module.key.base);
        let blocks = &self.module.blocks;
        u32::try_from(offset)
            .is_ok_and(|offset| (blocks.binary_search_by_key(&offset, |block| block.head)).is_ok())
    }

    /// Which heads its translation was told to be hot.
    #[must_use]
    pub fn heat(&self) -> Heat {
        Heat::from_recorded(&self.module.heat)
    }

    /// The rows for native code to find its way by.
    pub(crate) fn table(&self) -> &[u32] {
        &self.module.table
    }

    /// Address of the first byte of code.
    pub(crate) fn code(&self) -> *const u8 {
        self.code.start()
    }

    /// The function to call.
    pub(crate) fn enter(&self) -> Enter {
        self.enter
    }

    /// The table's row for a guest address; none where there is no native entry.
    #[inline]
    pub(crate) fn entry(&self, pc: u64) -> Option<u32> {
        let offset = pc.wrapping_sub(self.module.key.base);
        if !offset.is_multiple_of(2) || offset >= self.module.key.len {
            return None;
        }
        let entry = self.module.table.get((offset / 2) as usize).copied();
        entry.filter(|entry| *entry != 0)
    }

    /// Where to enter it for a guest address, if it can be entered there.
    #[inline]
    pub(crate) fn entry_point(&self, pc: u64) -> Option<EntryPoint<'_>> {
        let row = self.entry(pc)?;
        Some(EntryPoint { module: self, row })
    }

    /// A module whose native code is a function of the test.
    #[cfg(test)]
    pub(crate) fn of_function(module: Module, enter: Enter) -> NativeModule {
        NativeModule {
            counts: false,
            module,
            code: Code::Function,
            enter,
        }
    }
}

/// Checks every number that the run loop and the entry function use, the target, and that this CPU has
/// the instructions.
fn check(module: &Module) -> Result<(), MapError> {
    module.check_to_run()?;
    let target = &module.key.target;
    if target != TARGET {
        let target = target.clone();
        return Err(MapError::Target {
            target,
            host: TARGET,
        });
    }
    if let Some(feature) = module.key.missing_feature(cpu::has) {
        let feature = feature.to_owned();
        return Err(MapError::Feature { feature });
    }
    let (found, expected) = (module.key.layout, layout::fingerprint());
    if found != expected {
        return Err(MapError::Layout { found, expected });
    }
    Ok(())
}

impl Code {
    /// Address of the first byte.
    fn start(&self) -> *const u8 {
        match self {
            #[cfg(target_os = "linux")]
            Code::Sealed(code) => code.start.as_ptr(),
            Code::Anonymous(code) => code.as_ptr(),
            #[cfg(test)]
            Code::Function => core::ptr::null(),
        }
    }

    /// All bytes. They never change.
    fn bytes(&self) -> &[u8] {
        match self {
            #[cfg(target_os = "linux")]
            Code::Sealed(code) => code.bytes(),
            Code::Anonymous(code) => code,
            #[cfg(test)]
            Code::Function => &[],
        }
    }
}

/// Code in executable pages.
fn map_code(code: &[u8]) -> io::Result<Code> {
    #[cfg(target_os = "linux")]
    match Sealed::map(code) {
        Ok(mapped) => return Ok(Code::Sealed(mapped)),
        Err(error) => {
            tracing::debug!(%error, "no sealed memory for native code; anonymous memory instead");
        }
    }
    map_anonymous(code).map(Code::Anonymous)
}

/// Tries whether this system lets a process execute code from a memory file that nobody can change: maps a page of zeros
/// from one, and unmaps it. Where it does not, native code lies in anonymous memory, which is never writable and
/// executable at once either.
///
/// # Errors
///
/// The system's, of the call that it refused; [`io::ErrorKind::Unsupported`] on a system without memory files.
pub fn try_sealed_memory() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        Sealed::map(&[0; PAGE_SIZE]).map(drop)
    }
    #[cfg(not(target_os = "linux"))]
    {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A read-execute mapping of a memory file that can no longer be written, resized, or unsealed.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Sealed {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the pages never change, and the mapping belongs to this value alone.
#[cfg(target_os = "linux")]
unsafe impl Send for Sealed {}
// SAFETY: as above.
#[cfg(target_os = "linux")]
unsafe impl Sync for Sealed {}

#[cfg(target_os = "linux")]
impl Sealed {
    fn map(code: &[u8]) -> io::Result<Sealed> {
        let file = Self::seal(code)?;
        // SAFETY: a new mapping at an address of the system's choice touches no memory of ours. It is
        // private, because older kernels refuse shared mappings of a sealed file; nobody can write to
        // the file, so it shows the file's bytes for as long as it lives.
        let start = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                code.len(),
                libc::PROT_READ | libc::PROT_EXEC,
                libc::MAP_PRIVATE,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        let len = code.len();
        Ok(Sealed { start, len })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: so many bytes are mapped from there, readable, for as long as this value lives, and
        // nobody can change them.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// A memory file with these bytes, for ever.
    fn seal(code: &[u8]) -> io::Result<File> {
        // The limit on the size of files (`ulimit -f`) holds for memory files too, and the system ends
        // a process that writes beyond it with a signal.
        let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
        if limit.is_some_and(|limit| limit < code.len() as u64) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // SAFETY: the name is a C string; the call makes a new descriptor and touches nothing else.
        let fd = unsafe {
            libc::memfd_create(
                c"lockstep".as_ptr(),
                libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING,
            )
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made and belongs to nobody else.
        let mut file = unsafe { File::from_raw_fd(fd) };
        file.write_all(code)?;
        let seals =
            libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_SEAL;
        // SAFETY: the descriptor is open; the call changes its seals only.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(file)
    }
}

#[cfg(target_os = "linux")]
impl Drop for Sealed {
    fn drop(&mut self) {
        // SAFETY: this is the mapping made in `map`; the module that owns it is not running, for
        // whoever runs it holds a reference.
        unsafe {
            libc::munmap(self.start.as_ptr().cast(), self.len);
        }
    }
}

/// By way of memory that is writable before it is executable.
fn map_anonymous(code: &[u8]) -> io::Result<Mmap> {
    let mut mapped = MmapMut::map_anon(code.len())?;
    mapped.copy_from_slice(code);
    mapped.make_exec()
}

/// Where a [`Marker`] maps a file: no file reaches so far.
const BEYOND_ANY_FILE: u64 = 1 << 40;

/// A mapping of a file that exists so that tools that observe this process are told the file's name. It has none of the
/// file's bytes.
///
/// ```
/// use lockstep_runtime::Marker;
///
/// let file = std::fs::File::open("src/lib.rs")?;
/// let _marker = Marker::map(&file)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Marker {
    _pages: Mmap,
}

impl Marker {
    /// Maps a page for reading and executing that lies far beyond the end of a file. `perf` records executable mappings
    /// only, and finds the file that describes native code (a jitdump file) by the mapping of it.
    ///
    /// # Errors
    /// The system's: the file lies where nothing may be executed.
    pub fn map(file: &std::fs::File) -> io::Result<Marker> {
        let mut options = MmapOptions::new();
        options.offset(BEYOND_ANY_FILE).len(PAGE_SIZE);
        // SAFETY: the mapping is at an address of the system's choice, and a `Marker` gives nobody its address. It has no
        // bytes: an access to a page beyond the end of a file ends the process, so that nothing there can be executed.
        let pages = unsafe { options.map_exec(file) }?;
        Ok(Marker { _pages: pages })
    }
}

#[cfg(test)]
mod tests;
