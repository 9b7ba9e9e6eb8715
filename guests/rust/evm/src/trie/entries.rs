//! What tries have for their keys: accounts in a state, words in a storage.

use alloc::vec::Vec;

use alloy_rlp::{Decodable, Encodable, Header};
use revm::primitives::{B256, U256};

use crate::wrong::Wrong;

/// What the state's trie has for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountEntry {
    /// Its nonce.
    pub nonce: u64,
    /// Its wei.
    pub balance: U256,
    /// The root of its storage.
    pub storage: B256,
    /// The hash of its code.
    pub code_hash: B256,
}

/// The entry of an account.
pub fn encode_account(nonce: u64, balance: U256, storage: B256, code_hash: B256) -> Vec<u8> {
    let mut out = Vec::new();
    alloy_rlp::encode_list::<&dyn Encodable, dyn Encodable>(
        &[&nonce, &balance, &storage, &code_hash],
        &mut out,
    );
    out
}

/// Reads the entry of an account.
///
/// # Errors
/// It is none.
pub fn decode_account(mut bytes: &[u8]) -> Result<AccountEntry, Wrong> {
    let malformed = |_| Wrong::MalformedNode;
    let mut payload = Header::decode_bytes(&mut bytes, true).map_err(malformed)?;
    let entry = AccountEntry {
        nonce: u64::decode(&mut payload).map_err(malformed)?,
        balance: U256::decode(&mut payload).map_err(malformed)?,
        storage: B256::decode(&mut payload).map_err(malformed)?,
        code_hash: B256::decode(&mut payload).map_err(malformed)?,
    };
    if payload.is_empty() && bytes.is_empty() {
        Ok(entry)
    } else {
        Err(Wrong::MalformedNode)
    }
}

/// What a storage's trie has for a word.
pub fn slot_value(value: U256) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

/// Reads a word of a storage.
///
/// # Errors
/// It is none, or zero, which a trie does not have.
pub fn decode_slot(mut bytes: &[u8]) -> Result<U256, Wrong> {
    let value = U256::decode(&mut bytes).map_err(|_| Wrong::MalformedNode)?;
    if bytes.is_empty() && !value.is_zero() {
        Ok(value)
    } else {
        Err(Wrong::MalformedNode)
    }
}
