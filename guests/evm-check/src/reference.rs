//! The same calls in `revm` on the host: as whole transactions, with its own handler and its precompiles in C.
//!
//! A transaction costs gas before its first operation. What it costs is measured with the same data and code that
//! stops at once, and taken off. Whoever sends it pays nothing, but its nonce rises, which is taken back.

use evm::run::{Call, Outcome, block, status};
use evm::state::{Accounts, changes};
use revm::context::{CfgEnv, Context, TxEnv};
use revm::handler::MainnetContext;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, Bytes, TxKind};
use revm::{ExecuteEvm, MainBuilder};

/// Gas for what comes before the first operation.
const AHEAD: u64 = 10_000_000;

/// Executes a call.
pub fn run(call: &Call, accounts: &Accounts) -> Result<Outcome, String> {
    run_with_cap(call, accounts).map(|(outcome, _)| outcome)
}

/// Executes a call. The number is the most that a transaction refunds, to which the outcome's refund was cut.
pub fn run_with_cap(call: &Call, accounts: &Accounts) -> Result<(Outcome, u64), String> {
    let empty = Call {
        code: Bytes::from_static(&[0]),
        gas: 0,
        ..call.clone()
    };
    let ahead = transact(&empty, accounts, AHEAD)?.1;
    let (mut outcome, spent) = transact(call, accounts, ahead)?;
    outcome.gas_left = (call.gas + ahead)
        .checked_sub(spent)
        .ok_or("it spent more gas than it had")?;
    let share = if call.spec >= SpecId::LONDON { 5 } else { 2 };
    Ok((outcome, spent / share))
}

fn transact(call: &Call, accounts: &Accounts, ahead: u64) -> Result<(Outcome, u64), String> {
    let mut accounts = accounts.clone();
    accounts.0.entry(call.to).or_default().code = call.code.clone();
    let absent = !accounts.0.contains_key(&Address::ZERO);
    let mut cfg = CfgEnv::new_with_spec(call.spec);
    cfg.tx_gas_limit_cap = Some(u64::MAX);
    cfg.disable_nonce_check = true;
    // What data cost at least belongs to transactions.
    cfg.disable_eip7623 = true;
    let transaction = TxEnv {
        caller: call.caller,
        kind: TxKind::Call(call.to),
        gas_limit: call.gas + ahead,
        data: call.data.clone(),
        value: call.value,
        chain_id: None,
        ..TxEnv::default()
    };
    let block = block();
    let context: MainnetContext<Accounts> = Context::new(accounts.clone(), call.spec);
    let mut evm = context.with_cfg(cfg).with_block(block).build_mainnet();
    let executed = evm
        .transact(transaction)
        .map_err(|error| format!("{error:?}"))?;
    let gas = *executed.result.gas();
    let (status, output, logs) = status(executed.result);
    accounts.apply(&changes(executed.state, call.spec));
    if let Some(caller) = accounts.0.get_mut(&call.caller) {
        caller.nonce -= 1;
    }
    // The fees of nothing go to the coinbase, which old specifications then have as an empty account.
    if absent
        && accounts
            .0
            .get(&Address::ZERO)
            .is_some_and(|account| *account == Default::default())
    {
        accounts.0.remove(&Address::ZERO);
    }
    let outcome = Outcome {
        status,
        gas_left: 0,
        gas_refund: gas.inner_refunded(),
        output,
        logs,
        accounts,
    };
    Ok((outcome, gas.total_gas_spent()))
}
