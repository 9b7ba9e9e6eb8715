//! The native functions of Move's standard library.
//!
//! A module that declares one with other types than the library's gets none: the call ends with `MISSING_DEPENDENCY`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use sha2::Digest;

use super::gas::{NATIVE, NATIVE_BYTES};
use super::value::{item_reference, own, Value};
use super::{Machine, Stop};
use crate::bcs;
use crate::format::{Address, Token};
use crate::types::{ListId, TypeId};
use crate::world::Function;

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Native {
    BorrowAddress,
    Sha2,
    Sha3,
    ToBytes,
    IsUtf8,
    IsBoundary,
    SubString,
    IndexOf,
}

/// The address of the standard library.
const LIBRARY: Address = {
    let mut address = [0; 32];
    address[31] = 1;
    address
};

/// The native function that a declaration stands for.
pub fn find(address: &Address, module: &str, function: &Function) -> Option<Native> {
    if *address != LIBRARY {
        return None;
    }
    let reference = |token: Token| Token::Reference(Box::new(token));
    let bytes = || Token::Vector(Box::new(Token::U8));
    let (native, type_parameters, parameters, results): (_, usize, &[Token], &[Token]) =
        match (module, function.name.as_str()) {
            ("signer", "borrow_address") => (
                Native::BorrowAddress,
                0,
                &[reference(Token::Signer)],
                &[reference(Token::Address)],
            ),
            ("hash", "sha2_256") => (Native::Sha2, 0, &[bytes()], &[bytes()]),
            ("hash", "sha3_256") => (Native::Sha3, 0, &[bytes()], &[bytes()]),
            ("bcs", "to_bytes") => (
                Native::ToBytes,
                1,
                &[reference(Token::Parameter(0))],
                &[bytes()],
            ),
            ("string", "internal_check_utf8") => {
                (Native::IsUtf8, 0, &[reference(bytes())], &[Token::Bool])
            }
            ("string", "internal_is_char_boundary") => (
                Native::IsBoundary,
                0,
                &[reference(bytes()), Token::U64],
                &[Token::Bool],
            ),
            ("string", "internal_sub_string") => (
                Native::SubString,
                0,
                &[reference(bytes()), Token::U64, Token::U64],
                &[bytes()],
            ),
            ("string", "internal_index_of") => (
                Native::IndexOf,
                0,
                &[reference(bytes()), reference(bytes())],
                &[Token::U64],
            ),
            _ => return None,
        };
    let fits = function.type_parameters.len() == type_parameters
        && function.parameters == parameters
        && function.results == results;
    fits.then_some(native)
}

impl Machine<'_> {
    /// Executes a native function: takes its arguments from the operand stack and puts its result there.
    pub(super) fn native(&mut self, native: Native, arguments: ListId) -> Result<(), Stop> {
        self.gas.charge(NATIVE)?;
        let result = match native {
            Native::BorrowAddress => {
                let signer = self.stack.pop()?;
                item_reference(signer.referred_items()?, 0).ok_or(Stop::INVARIANT)?
            }
            Native::Sha2 => {
                let bytes = self.pop_bytes()?;
                Value::bytes(sha2::Sha256::digest(&bytes).to_vec())
            }
            Native::Sha3 => {
                let bytes = self.pop_bytes()?;
                Value::bytes(sha3::Sha3_256::digest(&bytes).to_vec())
            }
            Native::ToBytes => {
                let reference = self.stack.pop()?;
                let of: Option<TypeId> = self.types.list(arguments)?.first().copied();
                let of = of.ok_or(Stop::INVARIANT)?;
                let value = self.read(&reference)?;
                let mut bytes = Vec::new();
                bcs::write(&value, of, &mut self.types, &mut bytes)?;
                self.charge_bytes(bytes.len())?;
                Value::bytes(bytes)
            }
            Native::IsUtf8 => {
                let bytes = self.pop_referred_bytes()?;
                Value::Bool(core::str::from_utf8(&bytes).is_ok())
            }
            Native::IsBoundary => {
                let index = self.stack.pop()?.number()?;
                let bytes = self.pop_referred_bytes()?;
                let text = core::str::from_utf8(&bytes).map_err(|_| Stop::INVARIANT)?;
                let index = usize::try_from(index).unwrap_or(usize::MAX);
                Value::Bool(text.is_char_boundary(index))
            }
            Native::SubString => {
                let to = self.stack.pop()?.number()?;
                let from = self.stack.pop()?.number()?;
                let bytes = self.pop_referred_bytes()?;
                let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
                let part = range.and_then(|(from, to)| bytes.get(from..to));
                Value::bytes(part.ok_or(Stop::INVARIANT)?.to_vec())
            }
            Native::IndexOf => {
                let wanted = self.pop_referred_bytes()?;
                let bytes = self.pop_referred_bytes()?;
                // The worst case is charged before the search begins.
                self.charge_bytes(wanted.len().saturating_mul(bytes.len()))?;
                // As for texts: an empty one is found at once, and one that is missing at the end.
                let found = match wanted.is_empty() {
                    true => Some(0),
                    false => bytes.windows(wanted.len()).position(|part| part == wanted),
                };
                Value::U64(found.unwrap_or(bytes.len()) as u64)
            }
        };
        self.stack.push(result)
    }

    fn charge_bytes(&mut self, count: usize) -> Result<(), Stop> {
        self.gas.charge(count as u64 / NATIVE_BYTES)
    }

    fn pop_bytes(&mut self) -> Result<Vec<u8>, Stop> {
        let Value::Bytes(bytes) = self.stack.pop()? else {
            return Err(Stop::INVARIANT);
        };
        let bytes = own(bytes);
        self.charge_bytes(bytes.len())?;
        Ok(bytes)
    }

    fn pop_referred_bytes(&mut self) -> Result<Vec<u8>, Stop> {
        let Value::ToBytes(bytes) = self.stack.pop()? else {
            return Err(Stop::INVARIANT);
        };
        let length = bytes.borrow().len();
        self.charge_bytes(length)?;
        let copy = bytes.borrow().clone();
        Ok(copy)
    }
}
