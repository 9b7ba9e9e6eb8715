//! Authentication: the order of steps by which the bytes of a file become a module that may run.
//!
//! First the seal is read, then the whole module file, into a private copy that nobody else can change. That
//! copy is hashed once; all that follows needs no other hash of it. The MAC of this machine is computed over
//! the hash and compared in constant time. If it does not match, the seal needs a signature by a trusted
//! key, and the hash that the signature covers must match. Only then are the bytes read as a module. At the
//! end the seal's fields are compared with the module's key, and the deny-list is checked.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lockstep_contract::module::{HashedFile, Module, ModuleError, TrustedModule};
use lockstep_contract::seal::{self, Seal};

use super::deny::denied;
use super::error::{KeyError, Miss};
use super::files::{open_no_follow, put};
use super::locations::Locations;
use super::node_key::NodeKey;
use super::trust::{PublicKey, Trusted};

/// Who may read and write a new file.
///
/// ```
/// use std::path::Path;
/// use lockstep_cache::{Authority, FileAccess};
/// use lockstep_contract::seal::Seal;
/// /// Writes the seal of a module that is given to others.
/// fn publish(module: &Path, seal: &Seal) -> std::io::Result<()> {
///     Authority::write(module, seal, FileAccess::ByUmask)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FileAccess {
    /// Its owner alone, as for every file of a cache.
    OwnerOnly,
    /// Whoever the process's mask of permissions allows it to, as for a file that one asks a command for.
    ByUmask,
}

/// What decides whether a module may run on this machine.
///
/// ```
/// use lockstep_cache::{Authority, Locations};
/// // Without a key of this machine it seals nothing.
/// assert!(!Authority::present(&Locations::default()).can_seal());
/// ```
#[derive(Clone, Debug)]
pub struct Authority {
    node: Option<NodeKey>,
    locations: Locations,
}

/// What authenticated a module.
///
/// The set is a contract: a third way to be trusted breaks every `match` over the two, and should.
///
/// ```
/// use lockstep_cache::{Authority, TrustedBy};
/// use lockstep_contract::module::HashedFile;
/// use lockstep_contract::seal::Seal;
/// /// Whether the key of this machine authenticates the file of a module.
/// fn is_ours(authority: &Authority, file: &HashedFile<'_>, seal: &Seal) -> bool {
///     matches!(authority.authenticate(file, seal), Ok((TrustedBy::Node, _)))
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrustedBy {
    /// The key of this machine: it, or somebody who can read the key, made the module or checked it.
    Node,
    /// A signature by a trusted key.
    Signature(PublicKey),
}

/// A module that was authenticated, with its seal.
///
/// ```
/// use lockstep_cache::{Cache, Miss};
/// use lockstep_contract::key::KeyId;
/// /// The name of the translator that made a module of the cache.
/// fn translator(cache: &Cache, id: &KeyId) -> Result<String, Miss> {
///     let found = cache.load(id)?;
///     Ok(found.seal.translator)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Authenticated {
    /// The module.
    pub module: TrustedModule,
    /// What stands beside it.
    pub seal: Seal,
    /// What authenticated it.
    pub trusted_by: TrustedBy,
    /// How many of the seal's notes that covers, from the first.
    pub notes: usize,
}

/// What a file that somebody named holds.
///
/// There are these two and no others: a module may run or it may not.
///
/// ```
/// use std::path::Path;
/// use lockstep_cache::{Authority, NamedModule};
/// use lockstep_contract::module::ModuleError;
/// /// Whether the module in a file may run on this machine.
/// fn may_run(authority: &Authority, path: &Path, file: &[u8]) -> Result<bool, ModuleError> {
///     match authority.read_named(path, file)? {
///         NamedModule::Trusted(_) => Ok(true),
///         NamedModule::Untrusted { .. } => Ok(false),
///     }
/// }
/// ```
#[derive(Debug)]
pub enum NamedModule {
    /// A module that may run.
    Trusted(Box<Authenticated>),
    /// A module that may not run: nobody authenticates it, or the deny-list names it.
    Untrusted {
        /// The module, for looking at and comparing.
        module: Box<Module>,
        /// Why it may not run.
        why: Miss,
    },
}

impl NamedModule {
    /// The module, to look at.
    #[must_use]
    pub fn module(&self) -> &Module {
        match self {
            NamedModule::Trusted(found) => &found.module,
            NamedModule::Untrusted { module, .. } => module,
        }
    }
}

impl Authority {
    /// With the key of this machine, which is made if there is none.
    ///
    /// # Errors
    /// When there is no usable key and no signature is trusted either.
    pub fn obtain(locations: &Locations) -> Result<Authority, KeyError> {
        let key = locations.key.as_deref().ok_or(KeyError::NoPlace);
        let node = match key.and_then(NodeKey::obtain) {
            Ok(node) => Some(node),
            Err(error) => {
                let trusted = locations.trusted.as_deref().map(Trusted::read);
                match trusted {
                    Some(Ok(trusted)) if !trusted.0.is_empty() => {
                        tracing::warn!(
                            "{error}; of the modules in the cache, only those with a trusted signature are used"
                        );
                        None
                    }
                    _ => return Err(error),
                }
            }
        };
        Ok(Authority {
            node,
            locations: locations.clone(),
        })
    }

    /// With what is there; nothing is made.
    #[must_use]
    pub fn present(locations: &Locations) -> Authority {
        let node = locations.key.as_deref().map(NodeKey::read);
        Authority {
            node: node.and_then(Result::ok),
            locations: locations.clone(),
        }
    }

    /// Whether it can seal what this machine makes.
    #[must_use]
    pub fn can_seal(&self) -> bool {
        self.node.is_some()
    }

    /// Where its files are.
    #[must_use]
    pub fn locations(&self) -> &Locations {
        &self.locations
    }

    /// Puts the MAC of this machine to the seal of a module, if it has a key.
    ///
    /// What is sealed is taken as trusted later, so bytes of unknown origin are not taken:
    ///
    /// ```compile_fail,E0308
    /// use lockstep_cache::Authority;
    /// use lockstep_contract::seal::Seal;
    /// fn launder(authority: &Authority, seal: &mut Seal, file: &[u8]) {
    ///     authority.seal(seal, file);
    /// }
    /// ```
    pub fn seal(&self, seal: &mut Seal, module: &TrustedModule) {
        self.seal_file(seal, &module.to_bytes());
    }

    /// The same for who has the bytes of the module's file.
    pub(super) fn seal_file(&self, seal: &mut Seal, file: &[u8]) {
        let hash = blake3::hash(file);
        let mac = (self.node.as_ref()).map(|node| node.mac(hash.as_bytes(), &seal.body()));
        seal.mac = mac.map(|mac| *mac.as_bytes());
    }

    /// The MAC of this machine for the lines of a preference, if it has a key.
    pub(super) fn mac_of_preference(&self, lines: &[u8]) -> Option<blake3::Hash> {
        self.node.as_ref().map(|node| node.mac_of_preference(lines))
    }

    /// What authenticates the bytes of a module's file, and how many of the seal's notes it covers.
    ///
    /// # Errors
    /// When neither the key of this machine nor a trusted signature does.
    pub fn authenticate(
        &self,
        file: &HashedFile<'_>,
        seal: &Seal,
    ) -> Result<(TrustedBy, usize), Miss> {
        let hash = file.hash();
        let mut reasons = Vec::new();
        match (&self.node, seal.mac) {
            // Comparing hashes takes the same time wherever they differ.
            (Some(node), Some(mac)) if node.mac(&hash, &seal.body()) == mac => {
                return Ok((TrustedBy::Node, seal.notes.len()));
            }
            (Some(_), Some(_)) => reasons.push("its MAC is not that of these bytes".to_owned()),
            (None, _) => reasons.push("there is no key of this machine".to_owned()),
            (_, None) => reasons.push("it has no MAC".to_owned()),
        }
        let trusted = self.locations.trusted.as_deref().map(Trusted::read);
        match trusted.unwrap_or_else(|| Ok(Trusted::default())) {
            Ok(trusted) => match trusted.signature(seal) {
                Some((number, key)) if hash == seal.module => {
                    return Ok((TrustedBy::Signature(key), number));
                }
                Some((_, key)) => reasons.push(format!("{key} signed other bytes")),
                None => reasons.push("no trusted key signed it".to_owned()),
            },
            Err(error) => reasons.push(format!("nobody is trusted: {error}")),
        }
        Err(Miss::Unauthentic(reasons.join(", and ")))
    }

    /// The module in a file, if it can be authenticated, and the file. `refusal` says of an open file why it is
    /// not to be read.
    ///
    /// # Errors
    /// A miss says why not.
    pub(super) fn load(
        &self,
        path: &Path,
        refusal: Refusal<'_>,
    ) -> Result<(Authenticated, OpenFile), Miss> {
        let mut module = open(path, refusal)?;
        let seal = match read(&seal_name(path), seal::LARGEST_SEAL_BYTES as u64, refusal) {
            Ok(bytes) => Seal::read(&bytes)?,
            Err(Miss::Absent) => return Err(Miss::Unsealed),
            Err(miss) => return Err(miss),
        };
        let size = module.metadata.len();
        if size != seal.bytes {
            let bytes = seal.bytes;
            let reason = format!("it has {size} bytes, its seal is of {bytes}");
            return Err(Miss::Unauthentic(reason));
        }
        // `refusal` keeps it small.
        let file = read_first(&mut module.file, size as usize)?;
        Ok((self.check(file, seal)?, module))
    }

    /// The module in a file that somebody named, with its seal beside it. Links are followed: what
    /// authenticates the bytes decides, not where they are.
    ///
    /// # Errors
    /// A miss says why not.
    pub fn load_named(&self, path: &Path, file: Vec<u8>) -> Result<Authenticated, Miss> {
        let seal = match File::open(seal_name(path)) {
            Ok(mut found) => {
                let size = found.metadata()?.len();
                read_at_most(&mut found, size, seal::LARGEST_SEAL_BYTES as u64)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Miss::Unsealed),
            Err(error) => return Err(Miss::Unreadable(error)),
        };
        self.check(file, Seal::read(&seal)?)
    }

    /// A module in a file that somebody named, whether or not it may run: for whoever wants to look
    /// at one, or to make it again and compare. Authentication comes first here too.
    ///
    /// # Errors
    /// When the bytes are no module.
    pub fn read_named(&self, path: &Path, file: &[u8]) -> Result<NamedModule, ModuleError> {
        match self.load_named(path, file.to_vec()) {
            Ok(found) => Ok(NamedModule::Trusted(Box::new(found))),
            Err(why) => {
                let module = Module::read(file)?;
                let why = self.admit(&module).err().unwrap_or(why);
                Ok(NamedModule::Untrusted {
                    module: Box::new(module),
                    why,
                })
            }
        }
    }

    /// The one place where the bytes of a file become a module that may run.
    #[allow(unsafe_code)]
    fn check(&self, file: Vec<u8>, seal: Seal) -> Result<Authenticated, Miss> {
        let file = HashedFile::new(file);
        let (trusted_by, notes) = self.authenticate(&file, &seal)?;
        let (hash, bytes) = (file.hash(), file.bytes().len() as u64);
        let module = file.read_as_module()?;
        if let Some(mismatch) = seal.difference_of_hash(&module.key, hash, bytes) {
            return Err(Miss::Foreign(mismatch));
        }
        self.admit(&module)?;
        Ok(Authenticated {
            // SAFETY: `authenticate` found a MAC or a trusted signature over the hash of all bytes of
            // `file`, which is a private copy that nobody changed since it was hashed. Whoever can make
            // such a MAC or signature was given the right to run code here; what has one was a
            // `TrustedModule` when it was sealed.
            module: unsafe { TrustedModule::assume_trusted(module) },
            seal,
            trusted_by,
            notes,
        })
    }

    /// Refuses what the deny-list names.
    ///
    /// # Errors
    /// With the reason of the list.
    pub fn admit(&self, module: &Module) -> Result<(), Miss> {
        match denied(&module.key, self.locations.deny.as_deref()) {
            None => Ok(()),
            Some(reason) => Err(Miss::Denied(reason)),
        }
    }

    /// Writes the seal of a module's file beside it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(path: &Path, seal: &Seal, access: FileAccess) -> io::Result<()> {
        let private = match access {
            FileAccess::OwnerOnly => true,
            FileAccess::ByUmask => false,
        };
        put(&seal_name(path), &seal.to_bytes(), private)
    }
}

/// Where the seal of a module's file is.
#[must_use]
pub fn seal_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(seal::EXTENSION);
    name.into()
}

/// Why an open file must not be read, if there is a reason.
pub(super) type Refusal<'a> = &'a dyn Fn(&Metadata) -> Option<String>;

/// An open file that may be read, as it was when it was opened.
pub(super) struct OpenFile {
    pub(super) file: File,
    pub(super) metadata: Metadata,
}

pub(super) fn open(path: &Path, refusal: Refusal<'_>) -> Result<OpenFile, Miss> {
    let file = match open_no_follow(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Miss::Absent),
        Err(error) => return Err(Miss::Unreadable(error)),
    };
    let metadata = file.metadata()?;
    match refusal(&metadata) {
        None => Ok(OpenFile { file, metadata }),
        Some(reason) => Err(Miss::Untrusted(reason)),
    }
}

/// The bytes of a file of which there may be so many.
pub(super) fn read(path: &Path, limit: u64, refusal: Refusal<'_>) -> Result<Vec<u8>, Miss> {
    let OpenFile { mut file, metadata } = open(path, refusal)?;
    read_at_most(&mut file, metadata.len(), limit)
}

/// All bytes of a file, which is about `size` long and may have at most `limit` bytes.
fn read_at_most(file: &mut File, size: u64, limit: u64) -> Result<Vec<u8>, Miss> {
    if size > limit {
        return Err(Miss::Untrusted(format!("{size} bytes")));
    }
    let mut bytes = Vec::with_capacity(size as usize + 1);
    Read::by_ref(file).take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(Miss::Untrusted(format!("more than {limit} bytes"))),
        false => Ok(bytes),
    }
}

/// The first `size` bytes of a file; fewer if it has no more. The system copies them at once, into memory that it
/// has cleared, so nothing is written twice.
fn read_first(file: &mut File, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    let mut filled = 0;
    while filled < size {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
