//! Reads a [`Module`] from bytes: the frame of the file, then its sections, then the conditions on them.
//!
//! The reader trusts no number. It compares each with the bytes that are there before it uses it. So it
//! allocates memory in proportion to the size of the file, and no input makes it panic.

use std::borrow::Cow;

use super::{
    BLOCK, Block, DIGEST, ENTRY, FIRST, HEADER, HINT, HOT_HEAD, HotHead, Kind, MAGIC, Module,
    ModuleError, ROW, SECTIONS, SPAN, Section, Span, align,
};
use crate::key::{FORMAT, Key, hex};

impl Module {
    /// Reads a module file.
    ///
    /// # Errors
    /// Everything that [the format](crate::module) does not allow. Any change of a single byte is found.
    ///
    /// ```
    /// use lockstep_contract::module::{Kind, Module};
    ///
    /// let error = Module::read(b"\x7fELF").unwrap_err();
    /// assert_eq!(error.kind, Kind::Foreign);
    /// ```
    pub fn read(bytes: &[u8]) -> Result<Module, ModuleError> {
        HashedFile::new(bytes).read_as_module()
    }
}

/// The bytes of a file with their hashes: that of the whole file, and that of all bytes before its digest.
///
/// One pass over the bytes gives both. Whoever authenticates a module needs the first, and the reader needs the
/// second. Hashing is most of what a look-up of a module computes, so it is not done twice.
///
/// ```
/// use lockstep_contract::module::{HashedFile, Kind};
///
/// let file = HashedFile::new(b"\x7fELF".as_slice());
/// assert_eq!(file.hash(), *blake3::hash(b"\x7fELF").as_bytes());
/// assert_eq!(file.read_as_module().unwrap_err().kind, Kind::Foreign);
/// ```
#[derive(Clone, Debug)]
pub struct HashedFile<'a> {
    bytes: Cow<'a, [u8]>,
    /// Of all bytes but the last [`DIGEST`].
    body: blake3::Hash,
    /// Of all bytes.
    whole: blake3::Hash,
}

impl<'a> HashedFile<'a> {
    /// Hashes the bytes of a file, whatever they are.
    #[must_use]
    pub fn new(bytes: impl Into<Cow<'a, [u8]>>) -> HashedFile<'a> {
        let bytes = bytes.into();
        let (body, digest) = bytes.split_at(bytes.len().saturating_sub(DIGEST));
        let mut hasher = blake3::Hasher::new();
        let body = hasher.update(body).finalize();
        let whole = hasher.update(digest).finalize();
        HashedFile { bytes, body, whole }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The BLAKE3 of all bytes.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        *self.whole.as_bytes()
    }

    /// Reads the file as a module. Bytes that it owns become the module's code, which is most of them, so they
    /// are not copied to other memory.
    ///
    /// # Errors
    /// As [`Module::read`].
    pub fn read_as_module(self) -> Result<Module, ModuleError> {
        let sections = frame(&self)?;
        let part = |section: Section| sections[section as usize];
        let key = part(Section::Key);
        let code = part(Section::Code);
        let code = code.at..code.at + code.bytes.len();
        let mut module = Module {
            key: Key::decode(key.bytes, key.at)?,
            hints: part(Section::Hints).entries("hints", |entry: [u8; HINT], _| {
                Ok(u64::from_le_bytes(entry))
            })?,
            heat: part(Section::Heat).entries("heat", |entry: [u8; HOT_HEAD], _| {
                Ok(HotHead::from_bytes(entry))
            })?,
            enter: u32_at(&self.bytes, 24),
            table: part(Section::Table).entries("table", |entry: [u8; ENTRY], _| {
                Ok(u32::from_le_bytes(entry))
            })?,
            code: Vec::new(),
            blocks: part(Section::Blocks).entries("blocks", block)?,
            map: part(Section::Map).entries("map", |entry: [u8; SPAN], _| {
                Ok(Span {
                    start: u32_at(&entry, 0),
                    head: u32_at(&entry, 4),
                })
            })?,
        };
        module.code = match self.bytes {
            Cow::Borrowed(bytes) => bytes[code].to_vec(),
            Cow::Owned(mut bytes) => {
                bytes.truncate(code.end);
                bytes.drain(..code.start);
                bytes
            }
        };
        module.check()?;
        Ok(module)
    }
}

/// A section's bytes and their place in the file.
#[derive(Clone, Copy)]
struct Part<'a> {
    at: usize,
    bytes: &'a [u8],
}

impl Part<'_> {
    /// The section as entries of `N` bytes.
    fn entries<T, const N: usize>(
        &self,
        what: &'static str,
        entry: impl Fn([u8; N], usize) -> Result<T, ModuleError>,
    ) -> Result<Vec<T>, ModuleError> {
        let (entries, rest) = self.bytes.as_chunks::<N>();
        if !rest.is_empty() {
            let len = self.bytes.len() as u64;
            let expected = format!("a multiple of {N:#x} bytes");
            return Err(ModuleError::number(what, self.at, len, expected));
        }
        // All at once: collecting results would let it grow, copy by copy.
        let mut read = Vec::with_capacity(entries.len());
        for (index, bytes) in entries.iter().enumerate() {
            read.push(entry(*bytes, self.at + index * N)?);
        }
        Ok(read)
    }
}

/// One entry of the blocks.
fn block(entry: [u8; BLOCK], at: usize) -> Result<Block, ModuleError> {
    if entry[7] != 0 {
        return Err(ModuleError::number(
            "block padding",
            at + 7,
            entry[7],
            "0x0",
        ));
    }
    Ok(Block {
        head: u32_at(&entry, 0),
        len: u16::from_le_bytes([entry[4], entry[5]]),
        entries: entry[6],
        cycles: u32_at(&entry, 8),
    })
}

/// The sections of a file whose frame is whole: magic, format, size, digest, section table.
fn frame<'f>(file: &'f HashedFile<'_>) -> Result<[Part<'f>; SECTIONS], ModuleError> {
    let bytes = file.bytes();
    let magic = &bytes[..bytes.len().min(MAGIC.len())];
    if !MAGIC.starts_with(magic) {
        let (found, expected) = (hex(magic), hex(&MAGIC));
        return Err(ModuleError::new(Kind::Foreign, "magic", 0, found, expected));
    }
    let size = format!("{:#x} bytes", bytes.len());
    if bytes.len() >= 12 && u32_at(bytes, 8) != FORMAT {
        let found = format!("{:#x}", u32_at(bytes, 8));
        let expected = format!("{FORMAT:#x}");
        return Err(ModuleError::new(Kind::Format, "format", 8, found, expected));
    }
    if bytes.len() < FIRST + DIGEST {
        let expected = format!("at least {:#x} bytes", FIRST + DIGEST);
        return Err(ModuleError::new(Kind::Length, "file", 0, size, expected));
    }
    if u64_at(bytes, 16) != bytes.len() as u64 {
        let stated = format!("{:#x} bytes", u64_at(bytes, 16));
        return Err(ModuleError::new(Kind::Length, "file", 16, size, stated));
    }
    let (body, digest) = bytes.split_at(bytes.len() - DIGEST);
    if file.body.as_bytes() != digest {
        let (found, expected) = (hex(file.body.as_bytes()), hex(digest));
        let (kind, at) = (Kind::Digest, body.len());
        return Err(ModuleError::new(kind, "digest", at, found, expected));
    }
    zero(body, "header", 28..32)?;
    let count = u32_at(body, 12);
    if count as usize != SECTIONS {
        return Err(ModuleError::number("count of sections", 12, count, "0x7"));
    }
    sections(body)
}

/// The sections, each where the one before it ends and all inside `body`.
fn sections(body: &[u8]) -> Result<[Part<'_>; SECTIONS], ModuleError> {
    let mut parts = [Part { at: 0, bytes: &[] }; SECTIONS];
    let mut next = FIRST;
    for (index, part) in parts.iter_mut().enumerate() {
        let row = HEADER + index * ROW;
        let (kind, offset, len) = (
            u32_at(body, row),
            u64_at(body, row + 8),
            u64_at(body, row + 16),
        );
        if kind as usize != index + 1 {
            let expected = format!("{:#x}", index + 1);
            return Err(ModuleError::number("kind of section", row, kind, expected));
        }
        zero(body, "section table", row + 4..row + 8)?;
        if offset != next as u64 {
            let (at, expected) = (row + 8, format!("{next:#x}"));
            return Err(ModuleError::number(
                "offset of section",
                at,
                offset,
                expected,
            ));
        }
        let room = body.len() - next;
        let len = usize::try_from(len)
            .ok()
            .filter(|len| *len <= room)
            .ok_or_else(|| {
                let expected = format!("at most {room:#x}");
                ModuleError::number("length of section", row + 16, len, expected)
            })?;
        *part = Part {
            at: next,
            bytes: &body[next..next + len],
        };
        next = padding(body, next + len)?;
    }
    if next != body.len() {
        let found = format!("at {next:#x}");
        let expected = format!("at {:#x}, before the digest", body.len());
        let what = "end of the sections";
        return Err(ModuleError::new(Kind::Content, what, next, found, expected));
    }
    Ok(parts)
}

/// Where the padding behind a section ends, all of it being 0.
fn padding(body: &[u8], end: usize) -> Result<usize, ModuleError> {
    let next = align(end).filter(|next| *next <= body.len());
    let next = next.ok_or_else(|| {
        let found = format!("the end at {:#x}", body.len());
        ModuleError::new(Kind::Content, "padding", end, found, "a multiple of 0x10")
    })?;
    zero(body, "padding", end..next)?;
    Ok(next)
}

/// Refuses bytes that are not 0 where nothing may stand.
fn zero(
    body: &[u8],
    what: &'static str,
    range: core::ops::Range<usize>,
) -> Result<(), ModuleError> {
    for at in range {
        if body[at] != 0 {
            return Err(ModuleError::number(what, at, body[at], "0x0"));
        }
    }
    Ok(())
}

/// Four bytes as a number. The caller knows that they are there.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

/// Eight bytes as a number. The caller knows that they are there.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
