//! Transactions with all that their scripts may ask for, and the way from a file to a verdict.
//!
//! A node takes cells and headers from its store; a tool has them in a file, in the format that
//! `ckb-debugger` reads (`--tx-file`) and `ckb-cli mock-tx dump` writes. [`Transaction::read`] takes
//! such a file, [`Transaction::verifier`] hands it to `ckb-script` on any machine, and
//! [`Transaction::run`] runs one script of it and says what came of it.
//!
//! What this is not: a check of the transaction itself (capacities, since, maturity). It is about
//! scripts, and what decides about them is `ckb-script`.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ckb_chain_spec::consensus::{Consensus, ConsensusBuilder};
use ckb_mock_tx_types::{MockCellDep, MockTransaction, Resource};
use ckb_script::types::{DebugPrinter, SyscallGenerator};
use ckb_script::{
    RunMode, Scheduler, ScriptError, ScriptGroup, TransactionScriptsVerifier, TxVerifyEnv,
    generate_ckb_syscalls,
};
use ckb_types::bytes::Bytes;
use ckb_types::core::cell::{ResolvedTransaction, resolve_transaction};
use ckb_types::core::hardfork::{CKB2021, CKB2023, HardForks};
use ckb_types::core::{EpochNumberWithFraction, HeaderView};
use ckb_vm::DefaultMachineRunner;
use lockstep_isa::Version;

mod chain;
mod file;
mod host;
mod name;
mod placeholder;
mod processes;
mod replace;

pub use chain::Chain;
pub use file::FileError;
pub use host::{Host, HostedVerifier, MoreCalls};
pub use name::{InvalidScriptName, NoScript, ScriptName};
pub use placeholder::PlaceholderError;
pub use processes::{Process, Processes, Program, Source};
pub use replace::NoCode;

/// A transaction, its cells and headers.
///
/// ```
/// use std::path::Path;
/// use lockstep::transaction::Transaction;
///
/// let error = Transaction::parse("{}", Path::new(".")).unwrap_err();
/// println!("{error}");
/// let path = Path::new("examples/transactions/sighash_good.json");
/// let transaction = Transaction::read(path)?;
/// assert!(!transaction.resolved().resolved_inputs.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Transaction {
    resolved: Arc<ResolvedTransaction>,
    chain: Chain,
    /// As they stand in the file.
    dependencies: Arc<[MockCellDep]>,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transaction")
            .field(&self.resolved.transaction.hash())
            .finish()
    }
}

/// What runs a transaction's scripts on the machine `M`.
///
/// ```
/// use std::sync::Arc;
/// use lockstep::ckb::NativeMachine;
/// use lockstep::isa::Version;
/// use lockstep::transaction::{Transaction, Verifier};
///
/// # let transaction = Transaction::read("examples/transactions/sighash_good.json".as_ref())?;
/// let verifier: Verifier<NativeMachine> = transaction.verifier(Version::V2, Arc::new(|_: &_, _: &str| {}));
/// assert!(verifier.verify(u64::MAX).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Verifier<M> = TransactionScriptsVerifier<Chain, DebugPrinter, M>;

/// What one script came to.
///
/// ```
/// use std::sync::Arc;
/// use lockstep::ckb::NativeMachine;
/// use lockstep::isa::Version;
/// use lockstep::transaction::{Run, Transaction, Verifier};
///
/// # let transaction = Transaction::read("examples/transactions/sighash_good.json".as_ref())?;
/// let verifier: Verifier<NativeMachine> = transaction.verifier(Version::V2, Arc::new(|_: &_, _: &str| {}));
/// for (_hash, group) in verifier.groups() {
///     let run: Run = Transaction::run(&verifier, group, 70_000_000, |_scheduler| {})?;
///     assert!(matches!(run.result, Ok(0)));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// Its exit code, or what stopped it.
    pub result: Result<i8, ScriptError>,
    /// Cycles consumed, also when it was stopped.
    pub cycles: u64,
}

impl Run {
    /// What the error that stopped it says beside its name, where it says more: why scripts that were
    /// spawned cannot go on, for example. CKB-VM's own text of such an error leaves it out.
    #[must_use]
    pub fn fault_reason(&self) -> Option<&str> {
        match &self.result {
            Err(ScriptError::VMInternalError(error)) => crate::ckb::error_reason(error),
            _ => None,
        }
    }
}

impl Transaction {
    /// Reads a transaction from a file.
    ///
    /// # Errors
    /// The file cannot be read or is not of the format, with the field and its value; a cell or
    /// header that the transaction needs is not in it.
    pub fn read(path: &Path) -> Result<Transaction, FileError> {
        Transaction::new(&file::read(path)?)
    }

    /// Reads a transaction from the text of a file. Placeholders name files relative to `folder`.
    ///
    /// # Errors
    /// As for [`Transaction::read`].
    pub fn parse(text: &str, folder: &Path) -> Result<Transaction, FileError> {
        Transaction::new(&file::parse(text, folder)?)
    }

    /// Finds the cells and headers of a transaction.
    ///
    /// # Errors
    /// One that it needs is not there.
    pub fn new(mock: &MockTransaction) -> Result<Transaction, FileError> {
        let resource = Resource::from_mock_tx(mock).map_err(FileError::Incomplete)?;
        let resolved = resolve_transaction(
            mock.core_transaction(),
            &mut HashSet::new(),
            &resource,
            &resource,
        )?;
        Ok(Transaction {
            resolved: Arc::new(resolved),
            chain: Chain::new(resource),
            dependencies: mock.mock_info.cell_deps.clone().into(),
        })
    }

    /// The transaction with its cells.
    #[must_use]
    pub fn resolved(&self) -> &Arc<ResolvedTransaction> {
        &self.resolved
    }

    /// A verifier of its scripts on the machine `M`, on a chain whose latest VM version is `latest`:
    /// what the hash type `type` runs, and the last that the others may ask for. `print` gets what
    /// scripts print.
    #[must_use]
    pub fn verifier<M: DefaultMachineRunner>(
        &self,
        latest: Version,
        print: DebugPrinter,
    ) -> Verifier<M> {
        self.verifier_on(consensus(latest), print)
    }

    /// As [`Transaction::verifier`], on a chain with these rules, in its first epoch.
    #[must_use]
    pub fn verifier_on<M: DefaultMachineRunner>(
        &self,
        consensus: Arc<Consensus>,
        print: DebugPrinter,
    ) -> Verifier<M> {
        self.verifier_with(consensus, generate_ckb_syscalls::<Chain, M::Inner>, print)
    }

    fn verifier_with<V: Clone, M: DefaultMachineRunner>(
        &self,
        consensus: Arc<Consensus>,
        generate: SyscallGenerator<Chain, V, M::Inner>,
        context: V,
    ) -> TransactionScriptsVerifier<Chain, V, M> {
        let header = HeaderView::new_advanced_builder()
            .epoch(EpochNumberWithFraction::new(0, 0, 1))
            .build();
        TransactionScriptsVerifier::new_with_generator(
            Arc::clone(&self.resolved),
            self.chain.clone(),
            consensus,
            Arc::new(TxVerifyEnv::new_commit(&header)),
            generate,
            context,
        )
    }

    /// Runs one script to its end. `look` sees the scheduler afterwards, whatever came of it; it does
    /// not where there is none: the type id script is no program.
    ///
    /// # Errors
    /// The code of the script is not among the transaction's dependencies, or its hash type is not
    /// allowed on this chain.
    pub fn run<V: Clone, M: DefaultMachineRunner>(
        verifier: &TransactionScriptsVerifier<Chain, V, M>,
        group: &ScriptGroup,
        max_cycles: u64,
        look: impl FnOnce(&mut Scheduler<Chain, V, M>),
    ) -> Result<Run, ScriptError> {
        Transaction::run_with_arguments(verifier, group, Vec::new(), max_cycles, look)
    }

    /// As [`Transaction::run`], with arguments for the script's own process. The chain gives it none.
    ///
    /// # Errors
    /// As for [`Transaction::run`].
    pub fn run_with_arguments<V: Clone, M: DefaultMachineRunner>(
        verifier: &TransactionScriptsVerifier<Chain, V, M>,
        group: &ScriptGroup,
        arguments: Vec<Bytes>,
        max_cycles: u64,
        look: impl FnOnce(&mut Scheduler<Chain, V, M>),
    ) -> Result<Run, ScriptError> {
        if is_type_id(group) {
            let hash = group.script.calc_script_hash();
            let result = verifier.verify_single(group.group_type, &hash, max_cycles);
            let cycles = *result.as_ref().unwrap_or(&0);
            return Ok(Run {
                result: result.map(|_| 0),
                cycles,
            });
        }
        let mut scheduler = verifier.create_scheduler(group)?;
        scheduler.set_root_vm_args(arguments);
        let result = scheduler.run(RunMode::LimitCycles(max_cycles));
        look(&mut scheduler);
        Ok(Run {
            result: result
                .map(|end| end.exit_code)
                .map_err(|error| match error {
                    ckb_vm::Error::CyclesExceeded => ScriptError::ExceededMaximumCycles(max_cycles),
                    error => ScriptError::VMInternalError(error),
                }),
            cycles: scheduler.consumed_cycles(),
        })
    }
}

/// Whether this group is `ckb-script`'s own type id script.
fn is_type_id(group: &ScriptGroup) -> bool {
    use ckb_chain_spec::consensus::TYPE_ID_CODE_HASH;
    use ckb_types::core::ScriptHashType;
    use ckb_types::prelude::Unpack;
    let script = &group.script;
    let hash: ckb_types::H256 = script.code_hash().unpack();
    hash == TYPE_ID_CODE_HASH && script.hash_type() == ScriptHashType::Type.into()
}

/// A chain whose latest VM version is this one, from its first epoch on.
#[must_use]
pub fn consensus(latest: Version) -> Arc<Consensus> {
    let hardforks = HardForks {
        ckb2021: match latest {
            Version::V0 => CKB2021::new_mirana(),
            Version::V1 | Version::V2 => CKB2021::new_dev_default(),
        },
        ckb2023: match latest {
            Version::V0 | Version::V1 => CKB2023::new_mirana(),
            Version::V2 => CKB2023::new_dev_default(),
        },
    };
    let builder = ConsensusBuilder::default().hardfork_switch(hardforks);
    Arc::new(builder.build())
}

#[cfg(test)]
mod tests;
