//! The command line of the guest that runs code.

use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, Bytes, U256};

use crate::json;
use crate::run::Call;
use crate::spec;
use crate::state::Accounts;
use crate::wrong::Wrong;

/// What the arguments ask for.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// The call.
    pub call: Call,
    /// The accounts before it.
    pub accounts: Accounts,
    /// Whether each operation is printed.
    pub trace: bool,
}

/// Where the code lives if nothing else is said.
pub const DEFAULT_TO: Address = Address::repeat_byte(0xc0);
/// Who calls it if nothing else is said.
pub const DEFAULT_CALLER: Address = Address::repeat_byte(0xca);

/// Reads the arguments that follow `run`.
///
/// # Errors
/// One of them is unknown, has no value or a wrong one, or there is no code.
pub fn parse<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Result<Arguments, Wrong> {
    let mut code = None;
    let mut read = Arguments {
        call: Call {
            code: Bytes::new(),
            data: Bytes::new(),
            gas: 10_000_000,
            spec: SpecId::OSAKA,
            to: DEFAULT_TO,
            caller: DEFAULT_CALLER,
            value: U256::ZERO,
        },
        accounts: Accounts::default(),
        trace: false,
    };
    while let Some(name) = arguments.next() {
        if name == "--trace" {
            read.trace = true;
            continue;
        }
        let value = arguments.next().ok_or(Wrong::Arguments)?;
        let hex = || json::bytes(value).map(Bytes::from).ok_or(Wrong::Arguments);
        let address = || json::array(value).map(Address::new).ok_or(Wrong::Arguments);
        match name {
            "--code" => code = Some(hex()?),
            "--data" => read.call.data = hex()?,
            "--gas" => read.call.gas = value.parse().map_err(|_| Wrong::Arguments)?,
            "--spec" => read.call.spec = spec::named(value).ok_or(Wrong::Specification)?,
            "--accounts" => read.accounts = json::accounts(value)?,
            "--to" => read.call.to = address()?,
            "--caller" => read.call.caller = address()?,
            "--value" => read.call.value = json::decimal(value).ok_or(Wrong::Arguments)?,
            _ => return Err(Wrong::Arguments),
        }
    }
    read.call.code = match code {
        Some(code) => code,
        // The account's own code, if the accounts have one.
        None => read
            .accounts
            .0
            .get(&read.call.to)
            .map(|account| account.code.clone())
            .ok_or(Wrong::Arguments)?,
    };
    Ok(read)
}
