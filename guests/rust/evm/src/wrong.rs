//! The exit codes of both guests, other than 0.
//!
//! Codes of a guest are signed bytes, so they end at 127. The guests end with 101 if they panic, which is a defect, and
//! with 102 if the EVM needs more memory than the guest has.

use core::fmt;

/// A panic: a defect of the guest.
pub const PANIC: i8 = 101;
/// The heap is used up.
pub const OUT_OF_MEMORY: i8 = 102;

macro_rules! wrong {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why a guest refuses.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(i8)]
        pub enum Wrong { $($(#[doc = $doc])* $name = $code,)* }

        impl Wrong {
            /// All of them.
            pub const ALL: &'static [Wrong] = &[$(Wrong::$name,)*];

            /// What it says, in a line.
            pub const fn text(self) -> &'static str {
                match self { $(Wrong::$name => $text,)* }
            }
        }
    };
}

wrong! {
    /// The command line.
    Arguments = 10, "the arguments are wrong: run --code HEX [--data HEX] [--gas N] [--spec NAME] [--accounts JSON] \
        [--to ADDRESS] [--caller ADDRESS] [--value N] [--trace]";
    /// The accounts.
    Accounts = 11, "the accounts are not JSON of the shape that is printed";
    /// A hash among the accounts.
    AccountsHash = 12, "a root or code hash among the accounts is not that of what stands beside it";
    /// The name of the specification.
    Specification = 13, "no specification has this name";
    /// The machine cannot start.
    Machine = 14, "the machine cannot execute this";
    /// A workload gave something else than it should.
    Workload = 15, "a workload did not end as it should";
    /// The arguments of the type script.
    Configuration = 20, "the arguments of the script are not RLP of chain, specification and first state root";
    /// The cells of the script's group.
    Cells = 21, "the group has not one input and one output (or one output alone), or their data is not 64 bytes";
    /// A cell that is created.
    FirstState = 22, "a first cell has not the state root of the script's arguments and a history of zeros";
    /// The witness of the group.
    Witness = 23, "there is no witness, or it is not the RLP that it should be";
    /// The signed transaction.
    Transaction = 24, "the transaction is not one of the types 0, 1, 2 and 4 in its canonical encoding";
    /// Its signature.
    Signature = 25, "the transaction's signature gives no sender, or is for another chain";
    /// A node of a trie is missing.
    MissingNode = 26, "the execution needs a node of a trie that the witness does not have";
    /// A node of a trie is damaged.
    MalformedNode = 27, "a node of a trie is not in its canonical encoding";
    /// A node that nothing needs.
    UnusedNode = 28, "the witness has a node or a code that the execution does not need";
    /// A code is missing.
    MissingCode = 29, "the execution needs a code that the witness does not have";
    /// A hash of a block is missing.
    MissingBlock = 30, "the execution needs the hash of a block that the witness does not have";
    /// Rules of transactions.
    Invalid = 31, "the transaction may not be executed: its nonce, balance, gas or fees are wrong";
    /// The claim.
    Status = 32, "the claim has another status";
    /// The claim.
    GasUsed = 33, "the claim has another amount of gas";
    /// The claim.
    Output = 34, "the claim has another output";
    /// The claim.
    Logs = 35, "the claim has other logs";
    /// The claim.
    PostState = 36, "the claim has another state of the accounts";
    /// The output cell.
    Root = 37, "the output cell has another state root";
    /// The output cell.
    History = 38, "the output cell has another history";
    /// A system call.
    SystemCall = 39, "the chain refused a system call";
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Wrong {}
impl revm::database_interface::DBErrorMarker for Wrong {}
