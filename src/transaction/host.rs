//! What scripts are offered beside the system calls of the chain: observers that see every call first, and calls that
//! only tools have.

use std::fmt;
use std::sync::Arc;

use ckb_chain_spec::consensus::Consensus;
use ckb_script::types::{DebugPrinter, SgData, VmContext, VmId};
use ckb_script::{TransactionScriptsVerifier, generate_ckb_syscalls};
use ckb_vm::{DefaultMachineRunner, SupportMachine, Syscalls};

use super::{Chain, Transaction};

/// Makes system calls for each process of a script that is started or resumed. They are asked before those of the chain:
/// one that only looks answers `Ok(false)`.
///
/// ```
/// use std::sync::Arc;
/// use lockstep::ckb::NativeCore;
/// use lockstep::transaction::MoreCalls;
///
/// let none: MoreCalls<NativeCore> = Arc::new(|_id, _group, _context| Vec::new());
/// ```
pub type MoreCalls<Mac> = Arc<
    dyn Fn(&VmId, &SgData<Chain>, &VmContext<Chain>) -> Vec<Box<dyn Syscalls<Mac>>> + Send + Sync,
>;

/// What scripts print to, and the system calls that they have beside those of the chain.
///
/// ```
/// use std::sync::Arc;
/// use lockstep::ckb::NativeCore;
/// use lockstep::transaction::Host;
///
/// let host: Host<NativeCore> = Host::new(Arc::new(|_hash: &_, text: &str| print!("{text}")));
/// ```
pub struct Host<Mac> {
    print: DebugPrinter,
    more: Option<MoreCalls<Mac>>,
}

impl<Mac> Host<Mac> {
    /// The system calls of the chain alone; `print` gets what scripts print.
    #[must_use]
    pub fn new(print: DebugPrinter) -> Host<Mac> {
        Host { print, more: None }
    }

    /// Also the calls that `more` makes.
    #[must_use]
    pub fn with(self, more: MoreCalls<Mac>) -> Host<Mac> {
        let more = Some(more);
        Host { more, ..self }
    }
}

// Derived, these would ask the same of the machine.
impl<Mac> Clone for Host<Mac> {
    fn clone(&self) -> Host<Mac> {
        Host {
            print: Arc::clone(&self.print),
            more: self.more.clone(),
        }
    }
}

impl<Mac> fmt::Debug for Host<Mac> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = self.more.is_some();
        let mut shown = f.debug_struct("Host");
        shown.field("more", &more).finish_non_exhaustive()
    }
}

/// As [`Verifier`](super::Verifier), with a [`Host`].
///
/// ```
/// use std::sync::Arc;
/// use lockstep::ckb::NativeMachine;
/// use lockstep::isa::Version;
/// use lockstep::transaction::{Host, HostedVerifier, Transaction, consensus};
///
/// # let transaction = Transaction::read("examples/transactions/sighash_good.json".as_ref())?;
/// let host = Host::new(Arc::new(|_: &_, _: &str| {}));
/// let verifier: HostedVerifier<NativeMachine> = transaction.hosted(consensus(Version::V2), host);
/// assert!(verifier.verify(u64::MAX).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type HostedVerifier<M> =
    TransactionScriptsVerifier<Chain, Host<<M as DefaultMachineRunner>::Inner>, M>;

impl Transaction {
    /// As [`Transaction::verifier_on`], with a [`Host`].
    #[must_use]
    pub fn hosted<M: DefaultMachineRunner>(
        &self,
        consensus: Arc<Consensus>,
        host: Host<M::Inner>,
    ) -> HostedVerifier<M> {
        self.verifier_with(consensus, generate::<M::Inner>, host)
    }
}

fn generate<Mac: SupportMachine>(
    id: &VmId,
    group: &SgData<Chain>,
    context: &VmContext<Chain>,
    host: &Host<Mac>,
) -> Vec<Box<dyn Syscalls<Mac>>> {
    let more = host.more.as_ref();
    let mut calls = more.map_or_else(Vec::new, |more| more(id, group, context));
    calls.extend(generate_ckb_syscalls::<Chain, Mac>(
        id,
        group,
        context,
        &host.print,
    ));
    calls
}
