//! Executes code on accounts, without a transaction around it.
//!
//! There is no signature, fee, nonce or gas for the call itself: the first operation has all the gas. The caller, the
//! account with the code and, from Shanghai on, the coinbase (address zero) are warm.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::marker::PhantomData;

use revm::context::result::{
    EVMError, ExecutionResult, HaltReason, Output, ResultGas, SuccessReason,
};
use revm::context::{BlockEnv, CfgEnv, Context, ContextTr, JournalTr, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::context_interface::Transaction;
use revm::handler::{EvmTr, FrameResult, Handler, MainnetContext, PreExecutionOutput};
use revm::inspector::{Inspector, InspectorHandler};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{GasTracker, InitialAndFloorGas};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, Bytes, Log, TxKind, B256, U256};
use revm::{Database, MainBuilder, MainnetEvm};

use crate::state::{changes, Accounts};
use crate::trace::{Quiet, Tracer};
use crate::wrong::Wrong;

/// What to execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The code.
    pub code: Bytes,
    /// The data that it is called with.
    pub data: Bytes,
    /// The gas that it may use.
    pub gas: u64,
    /// The rules.
    pub spec: SpecId,
    /// The account that has the code.
    pub to: Address,
    /// The account that calls it.
    pub caller: Address,
    /// The wei that the caller sends.
    pub value: U256,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It stopped, returned or destroyed itself.
    Success(&'static str),
    /// It undid everything itself.
    Revert,
    /// The machine undid everything.
    Halt(String),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// The gas that is left; refunds are not in it.
    pub gas_left: u64,
    /// What would be refunded.
    pub gas_refund: u64,
    /// What it returned.
    pub output: Bytes,
    /// What it logged.
    pub logs: Vec<Log>,
    /// All accounts afterwards.
    pub accounts: Accounts,
}

/// The block that code sees: number 1, timestamp 1, 30 M gas, no fees.
pub fn block() -> BlockEnv {
    BlockEnv {
        number: U256::from(1),
        timestamp: U256::from(1),
        gas_limit: 30_000_000,
        prevrandao: Some(B256::ZERO),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
            excess_blob_gas: 0,
            blob_gasprice: 1,
        }),
        ..BlockEnv::default()
    }
}

/// Executes a call. Each step of a trace goes to `print`, if there is one.
///
/// # Errors
/// The machine cannot start, which its caller can do nothing about.
pub fn run(
    call: &Call,
    mut accounts: Accounts,
    print: Option<&mut dyn FnMut(&str)>,
) -> Result<Outcome, Wrong> {
    accounts.0.entry(call.to).or_default().code = call.code.clone();
    let mut cfg = CfgEnv::new_with_spec(call.spec);
    cfg.tx_gas_limit_cap = Some(u64::MAX);
    let transaction = TxEnv {
        caller: call.caller,
        kind: TxKind::Call(call.to),
        gas_limit: call.gas,
        data: call.data.clone(),
        value: call.value,
        ..TxEnv::default()
    };
    let context: MainnetContext<Accounts> = Context::new(accounts, call.spec);
    let context = context
        .with_cfg(cfg)
        .with_block(block())
        .with_tx(transaction);
    match print {
        Some(print) => inspected(
            context.build_mainnet_with_inspector(Tracer::new(print)),
            call,
        ),
        None => plain(context.build_mainnet_with_inspector(Quiet), call),
    }
}

fn plain(
    mut evm: MainnetEvm<MainnetContext<Accounts>, Quiet>,
    call: &Call,
) -> Result<Outcome, Wrong> {
    let result = Direct(PhantomData)
        .run(&mut evm)
        .map_err(|_| Wrong::Machine)?;
    Ok(outcome(result, &mut evm.ctx, call))
}

fn inspected(
    mut evm: MainnetEvm<MainnetContext<Accounts>, Tracer<'_>>,
    call: &Call,
) -> Result<Outcome, Wrong> {
    let result = Direct(PhantomData)
        .inspect_run(&mut evm)
        .map_err(|_| Wrong::Machine)?;
    Ok(outcome(result, &mut evm.ctx, call))
}

fn outcome(
    result: ExecutionResult,
    context: &mut MainnetContext<Accounts>,
    call: &Call,
) -> Outcome {
    let state = context.journal_mut().finalize();
    let mut accounts = core::mem::take(context.db_mut());
    accounts.apply(&changes(state, call.spec));
    let gas = *result.gas();
    let (status, output, logs) = status(result);
    Outcome {
        status,
        gas_left: call.gas.saturating_sub(gas.total_gas_spent()),
        gas_refund: gas.inner_refunded(),
        output,
        logs,
        accounts,
    }
}

/// The parts of a result.
pub fn status(result: ExecutionResult) -> (Status, Bytes, Vec<Log>) {
    match result {
        ExecutionResult::Success {
            reason,
            logs,
            output,
            ..
        } => {
            let name = match reason {
                SuccessReason::Stop => "stop",
                SuccessReason::Return => "return",
                SuccessReason::SelfDestruct => "selfdestruct",
            };
            let (Output::Call(output) | Output::Create(output, _)) = output;
            (Status::Success(name), output, logs)
        }
        ExecutionResult::Revert { output, .. } => (Status::Revert, output, Vec::new()),
        ExecutionResult::Halt { reason, .. } => {
            (Status::Halt(halt(&reason)), Bytes::new(), Vec::new())
        }
    }
}

/// The machine's name of the reason.
fn halt(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(_) => String::from("OutOfGas"),
        HaltReason::PrecompileErrorWithContext(_) => String::from("PrecompileError"),
        reason => format!("{reason:?}"),
    }
}

/// The machine's steps without those of a transaction.
struct Direct<DB, INSP>(PhantomData<Box<(DB, INSP)>>);

impl<DB: Database, INSP> Handler for Direct<DB, INSP> {
    type Evm = MainnetEvm<MainnetContext<DB>, INSP>;
    type Error = EVMError<DB::Error>;
    type HaltReason = HaltReason;

    fn validate(&self, evm: &mut Self::Evm) -> Result<InitialAndFloorGas, Self::Error> {
        let caller = evm.ctx.tx().caller();
        let spec = *evm.ctx.cfg.spec();
        evm.ctx.journal_mut().set_spec_id(spec);
        evm.ctx.journal_mut().load_account(caller)?;
        Ok(InitialAndFloorGas::new(0, 0))
    }

    fn pre_execution(
        &self,
        evm: &mut Self::Evm,
        _: &mut GasTracker,
    ) -> Result<Option<PreExecutionOutput>, Self::Error> {
        self.load_accounts(evm)?;
        let checkpoint = evm.ctx().journal_mut().checkpoint();
        Ok(Some(PreExecutionOutput {
            eip7702_refund: 0,
            checkpoint,
        }))
    }

    fn post_execution(
        &self,
        evm: &mut Self::Evm,
        result: &mut FrameResult,
        _: InitialAndFloorGas,
        _: i64,
    ) -> Result<ResultGas, Self::Error> {
        let gas = result.gas();
        let spent = evm
            .ctx
            .tx()
            .gas_limit()
            .saturating_sub(gas.remaining())
            .saturating_sub(gas.reservoir());
        let refund = u64::try_from(gas.refunded()).unwrap_or(0);
        Ok(ResultGas::default()
            .with_total_gas_spent(spent)
            .with_refunded(refund))
    }
}

impl<DB: Database, INSP: Inspector<MainnetContext<DB>, EthInterpreter>> InspectorHandler
    for Direct<DB, INSP>
where
    MainnetContext<DB>: ContextTr<Journal: revm::inspector::JournalExt>,
{
    type IT = EthInterpreter;
}
