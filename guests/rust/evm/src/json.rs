//! Accounts and outcomes as JSON.
//!
//! A state is an object with `root`, the hash of the whole state, and `accounts`: a map from the address (40 hexadecimal
//! digits) to `balance` (a decimal text), `nonce` (a number), `root` (the hash of the storage), `codeHash`, `code`
//! (hexadecimal) and `storage` (a map from 64 digits to 64 digits). Every field may be left out where a state is read. A
//! hash that is there must be right. Digits may have `0x` before them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use revm::primitives::{Address, Bytes, Log, B256, U256};
use serde_json::Value;

use crate::run::{Outcome, Status};
use crate::state::{Account, Accounts};
use crate::wrong::Wrong;

/// The bytes of a hexadecimal text.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    pairs
        .iter()
        .map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?))
        .collect()
}

/// So many bytes of a hexadecimal text.
pub fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    bytes(text)?.try_into().ok()
}

/// Reads a state.
///
/// # Errors
/// It is not of that shape, or a hash in it is wrong.
pub fn accounts(text: &str) -> Result<Accounts, Wrong> {
    let value: Value = serde_json::from_str(text).map_err(|_| Wrong::Accounts)?;
    let fields = value.as_object().ok_or(Wrong::Accounts)?;
    let mut accounts = Accounts::default();
    for (name, value) in fields {
        match name.as_str() {
            "root" => {}
            "accounts" => {
                for (address, value) in value.as_object().ok_or(Wrong::Accounts)? {
                    let address = array(address).map(Address::new).ok_or(Wrong::Accounts)?;
                    if accounts.0.insert(address, account(value)?).is_some() {
                        return Err(Wrong::Accounts);
                    }
                }
            }
            _ => return Err(Wrong::Accounts),
        }
    }
    check(fields.get("root"), || accounts.root(None))?;
    Ok(accounts)
}

fn account(value: &Value) -> Result<Account, Wrong> {
    let fields = value.as_object().ok_or(Wrong::Accounts)?;
    let mut account = Account::default();
    for (name, value) in fields {
        match name.as_str() {
            "balance" => {
                account.balance = value.as_str().and_then(decimal).ok_or(Wrong::Accounts)?
            }
            "nonce" => account.nonce = value.as_u64().ok_or(Wrong::Accounts)?,
            "code" => {
                account.code = value
                    .as_str()
                    .and_then(bytes)
                    .map(Bytes::from)
                    .ok_or(Wrong::Accounts)?
            }
            "root" | "codeHash" => {}
            "storage" => {
                for (key, value) in value.as_object().ok_or(Wrong::Accounts)? {
                    let value = value.as_str().and_then(word).ok_or(Wrong::Accounts)?;
                    let key = word(key).ok_or(Wrong::Accounts)?;
                    if !value.is_zero() {
                        account.storage.insert(key, value);
                    }
                }
            }
            _ => return Err(Wrong::Accounts),
        }
    }
    check(fields.get("root"), || account.storage_root(None))?;
    check(fields.get("codeHash"), || account.code_hash())?;
    Ok(account)
}

fn check(given: Option<&Value>, right: impl FnOnce() -> B256) -> Result<(), Wrong> {
    let Some(given) = given else { return Ok(()) };
    let given = given
        .as_str()
        .and_then(array)
        .map(B256::new)
        .ok_or(Wrong::Accounts)?;
    if given == right() {
        Ok(())
    } else {
        Err(Wrong::AccountsHash)
    }
}

fn word(text: &str) -> Option<U256> {
    array(text).map(U256::from_be_bytes::<32>)
}

/// A number in decimal digits alone.
pub fn decimal(text: &str) -> Option<U256> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| U256::from_str_radix(text, 10).ok())
        .flatten()
}

/// Writes a state.
pub fn write_accounts(accounts: &Accounts) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "{{\"root\":\"{:x}\",\"accounts\":{{",
        accounts.root(None)
    );
    for (index, (address, account)) in accounts.0.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let Account {
            balance,
            nonce,
            code,
            storage,
        } = account;
        let (root, hash) = (account.storage_root(None), account.code_hash());
        let _ = write!(
            out,
            "{comma}\"{}\":{{\"balance\":\"{balance}\",\"nonce\":{nonce},\"root\":\"{root:x}\",\"codeHash\":\"{hash:x}\",\"code\":\"{}\",\"storage\":{{",
            hex(address.as_slice()),
            hex(code)
        );
        for (index, (key, value)) in storage.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(out, "{comma}\"{key:064x}\":\"{value:064x}\"");
        }
        out.push_str("}}");
    }
    out.push_str("}}");
    out
}

/// Writes an outcome: `status` (`success`, `revert` or `halt`), `reason`, `gas_left`, `gas_refund`, `output`, `logs`
/// and `state`.
pub fn write_outcome(outcome: &Outcome) -> String {
    let (status, reason) = match &outcome.status {
        Status::Success(name) => ("success", (*name).to_string()),
        Status::Revert => ("revert", "revert".to_string()),
        Status::Halt(name) => ("halt", name.clone()),
    };
    let (left, refund) = (outcome.gas_left, outcome.gas_refund);
    let output = hex(&outcome.output);
    let mut out = String::new();
    let _ = write!(
        out,
        "{{\"status\":\"{status}\",\"reason\":\"{reason}\",\"gas_left\":{left},\"gas_refund\":{refund},\"output\":\"{output}\",\"logs\":["
    );
    for (index, log) in outcome.logs.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_log(&mut out, log);
    }
    out.push_str("],\"state\":");
    out.push_str(&write_accounts(&outcome.accounts));
    out.push('}');
    out
}

fn write_log(out: &mut String, log: &Log) {
    let address = hex(log.address.as_slice());
    let topics: Vec<String> = log
        .topics()
        .iter()
        .map(|topic| alloc::format!("\"{topic:x}\""))
        .collect();
    let data = hex(&log.data.data);
    let _ = write!(
        out,
        "{{\"address\":\"{address}\",\"topics\":[{}],\"data\":\"{data}\"}}",
        topics.join(",")
    );
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
