//! The options that name a script of a transaction, in the words of `ckb-debugger`. `script` reads what they name.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::number;

/// A transaction, and which script of it. A verb that takes these has a positional argument `elf`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ScriptOptions {
    /// A transaction with its cells, in the format of ckb-debugger and `ckb-cli mock-tx`; - is standard input
    #[arg(long, short = 'f', value_name = "FILE", conflicts_with = "elf")]
    pub(crate) tx_file: Option<PathBuf>,
    /// Which script of the transaction: input.N.lock, input.N.type, output.N.type, or all; --vm-version is what hash type `type` runs [default: input.0.lock]
    #[arg(
        long,
        value_name = "SCRIPT",
        requires = "tx_file",
        conflicts_with = "elf"
    )]
    pub(crate) script: Option<String>,
    /// Run this ELF in the place of the script's code, which stands in a cell dependency of the transaction
    #[arg(
        long,
        value_name = "FILE",
        requires = "tx_file",
        conflicts_with = "elf"
    )]
    pub(crate) bin: Option<PathBuf>,
    /// The N of --script
    #[arg(long, short = 'i', value_name = "N", requires = "tx_file", conflicts_with = "elf", value_parser = number)]
    pub(crate) cell_index: Option<u64>,
    /// The cell of --script
    #[arg(
        long,
        short = 't',
        value_name = "CELL",
        requires = "tx_file",
        conflicts_with = "elf"
    )]
    pub(crate) cell_type: Option<Cell>,
    /// The kind of --script
    #[arg(
        long,
        short = 's',
        value_name = "KIND",
        requires = "tx_file",
        conflicts_with = "elf"
    )]
    pub(crate) script_group_type: Option<Kind>,
    /// The script with this hash, 0x and 64 digits, wherever it stands
    #[arg(long, value_name = "HASH", requires = "tx_file", conflicts_with_all = ["elf", "cell_index", "cell_type"])]
    pub(crate) script_hash: Option<String>,
    /// Which process of a script that spawns others; its own is 0
    #[arg(long, value_name = "N", requires = "tx_file", conflicts_with = "elf", default_value = "0", hide_default_value = true, value_parser = number)]
    pub(crate) vm_id: u64,
    /// An ELF with symbols and debug information of the program, or of that process, and of all that run the same: scripts on the chain are stripped
    #[arg(long, value_name = "FILE")]
    pub(crate) symbols: Option<PathBuf>,
}

/// Cells of a transaction.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum Cell {
    /// Those that it spends
    Input,
    /// Those that it makes
    Output,
}

impl Cell {
    /// As in the name of a script.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Cell::Input => "input",
            Cell::Output => "output",
        }
    }
}

/// Scripts of a cell.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// What decides who may spend it
    Lock,
    /// What decides what it may hold
    Type,
}

impl Kind {
    /// As in the name of a script.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Lock => "lock",
            Kind::Type => "type",
        }
    }
}
