//! Reads a key from its canonical bytes.

use lockstep_isa::{Cost, Extensions, Profile, Version, Xlen};

use super::Key;
use crate::module::{Kind, ModuleError};

impl Key {
    /// Reads what [`Key::encode`] wrote. `at` is where the bytes stand in the file, for errors.
    ///
    /// # Errors
    /// When the bytes are not exactly what it wrote.
    pub fn decode(bytes: &[u8], at: usize) -> Result<Key, ModuleError> {
        let mut fields = Fields {
            bytes,
            at,
            what: "key",
        };
        let key = Key {
            format: fields.number::<4>("key: format")? as u32,
            profile: profile(&mut fields)?,
            cost: cost(&mut fields)?,
            memory_size: fields.number::<8>("key: memory size")?,
            base: fields.number::<8>("key: base")?,
            len: fields.number::<8>("key: len")?,
            digest: *fields.take("key: digest")?,
            layout: fields.number::<8>("key: layout")?,
            heat: heat(&mut fields)?,
            translator: fields.text("key: translator")?,
            compiler: fields.text("key: compiler")?,
            target: fields.text("key: target")?,
            cpu: fields.text("key: cpu")?,
        };
        if !fields.bytes.is_empty() {
            let found = fields.bytes.len() as u64;
            let expected = "no bytes behind the last field";
            return Err(ModuleError::number("key", fields.at, found, expected));
        }
        Ok(key)
    }
}

fn profile(fields: &mut Fields<'_>) -> Result<Profile, ModuleError> {
    let version = fields.number::<1>("key: version")?;
    let version = Version::from_number(version as u32)
        .ok_or_else(|| fields.refuse(format!("{version:#x}"), "0x0, 0x1 or 0x2"))?;
    let bits = fields.number::<1>("key: extensions")? as u8;
    let extensions = Extensions::from_bits(bits);
    if extensions.bits() != bits {
        return Err(fields.refuse(format!("{bits:#x}"), "0x0 to 0x7"));
    }
    let xlen = match fields.number::<1>("key: register width")? {
        32 => Xlen::X32,
        64 => Xlen::X64,
        width => return Err(fields.refuse(format!("{width:#x}"), "0x20 or 0x40")),
    };
    Ok(Profile {
        version,
        extensions,
        xlen,
    })
}

fn heat(fields: &mut Fields<'_>) -> Result<Option<[u8; 32]>, ModuleError> {
    match fields.number::<1>("key: heat")? {
        0 => Ok(None),
        1 => Ok(Some(*fields.take("key: heat")?)),
        other => Err(fields.refuse(format!("{other:#x}"), "0x0 or 0x1")),
    }
}

fn cost(fields: &mut Fields<'_>) -> Result<Cost, ModuleError> {
    match fields.number::<1>("key: cost model")? {
        0 => Ok(Cost::Estimate),
        1 => Ok(Cost::Constant),
        other => Err(fields.refuse(format!("{other:#x}"), "0x0 or 0x1")),
    }
}

/// What is left to read.
struct Fields<'a> {
    bytes: &'a [u8],
    /// Where the next byte stands in the file.
    at: usize,
    /// The field read last.
    what: &'static str,
}

impl<'a> Fields<'a> {
    /// The next `N` bytes.
    fn take<const N: usize>(&mut self, what: &'static str) -> Result<&'a [u8; N], ModuleError> {
        self.what = what;
        match self.bytes.split_first_chunk() {
            Some((taken, rest)) => {
                self.bytes = rest;
                self.at += N;
                Ok(taken)
            }
            None => Err(self.short(N)),
        }
    }

    /// A number of `N` bytes, at most 8.
    fn number<const N: usize>(&mut self, what: &'static str) -> Result<u64, ModuleError> {
        let bytes = self.take::<N>(what)?;
        let number = bytes.iter().rev();
        Ok(number.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// A text behind its length.
    fn text(&mut self, what: &'static str) -> Result<String, ModuleError> {
        let len = self.number::<4>(what)? as usize;
        let Some((text, rest)) = self.bytes.split_at_checked(len) else {
            return Err(self.short(len));
        };
        let text = str::from_utf8(text)
            .map_err(|error| self.refuse(error, "UTF-8"))?
            .to_string();
        self.bytes = rest;
        self.at += len;
        Ok(text)
    }

    fn short(&self, needed: usize) -> ModuleError {
        let found = format!("{:#x} bytes", self.bytes.len());
        self.refuse(found, format!("{needed:#x} bytes"))
    }

    /// What is wrong with the field read last.
    fn refuse(
        &self,
        found: impl core::fmt::Display,
        expected: impl core::fmt::Display,
    ) -> ModuleError {
        ModuleError::new(Kind::Content, self.what, self.at, found, expected)
    }
}
