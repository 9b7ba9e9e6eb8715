//! Which script of which transaction a verb is about: the options, in the words of `ckb-debugger`, and the transaction that
//! they describe. Every verb with `--tx-file` takes these.
//!
//! Where an option has two readings, it has the one of `ckb-debugger`. What this is not: what runs the script.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;

use ckb_script::{
    Scheduler, ScriptError, ScriptGroup, ScriptGroupType, TransactionScriptsVerifier,
};
use ckb_types::bytes::Bytes;
use ckb_types::core::ScriptHashType;
use ckb_types::packed::{Byte32, Script};
use ckb_types::prelude::Entity;
use ckb_vm::DefaultMachineRunner;
use lockstep::transaction::{
    Chain, FileError, Host, HostedVerifier, PlaceholderError, Process, Run, ScriptName,
    Transaction, consensus,
};
use lockstep_isa::Version;

use super::failure::Failure;
use super::script_options::{Kind, ScriptOptions};
use super::{code, guest, stderr};

/// The script that is meant where nothing else is said.
const FIRST_LOCK: &str = "input.0.lock";
/// All scripts of the transaction.
const ALL: &str = "all";

/// A transaction in which another build may stand in the place of a script, and the scripts of it that are meant.
pub(crate) struct Loaded {
    pub(crate) transaction: Transaction,
    /// The file as it was read.
    text: String,
    /// One, or all with `--script all`.
    pub(crate) scripts: Vec<Chosen>,
    /// Whether `--script all` asked for them.
    pub(crate) all: bool,
    /// What stands in the place of the script's code.
    bin: Option<Bytes>,
    /// The argv of a script's own process.
    arguments: Vec<Bytes>,
    latest: Version,
}

/// A script that is meant.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) name: ScriptName,
    pub(crate) kind: ScriptGroupType,
    pub(crate) hash: Byte32,
    pub(crate) script: Script,
}

impl ScriptOptions {
    /// Reads the transaction of `file`, finds the scripts that the options name, and puts the file of `--bin` in the place of
    /// one. `arguments` are for the script's own process; `latest` is what the hash type `type` runs.
    pub(crate) fn load(
        &self,
        file: &Path,
        latest: Version,
        arguments: &[OsString],
    ) -> Result<Loaded, Failure> {
        let (mut transaction, text) = read(file)?;
        let all = self.script.as_deref() == Some(ALL);
        let scripts = match all {
            true if self.names_a_cell() => {
                return Err(Failure::usage(
                    "--script all means every script of the transaction; leave out --cell-index, --cell-type, \
                     --script-group-type and --script-hash",
                ));
            }
            true => (transaction.names().into_iter())
                .map(|name| chosen(&transaction, name))
                .collect::<Result<_, _>>()?,
            false => vec![self.one(&transaction)?],
        };
        let mut bin = None;
        if let Some(path) = &self.bin {
            let [script] = &scripts[..] else {
                return Err(Failure::usage(format!(
                    "--bin is put in the place of one script, and the transaction has {}; name it: --script input.0.lock",
                    scripts.len()
                )));
            };
            let elf = Bytes::from(guest::read_elf(path)?);
            transaction = with_code(&transaction, script, path, elf.clone())?;
            bin = Some(elf);
        }
        Ok(Loaded {
            transaction,
            text,
            scripts,
            all,
            bin,
            arguments: arguments.iter().map(argument).collect(),
            latest,
        })
    }

    fn names_a_cell(&self) -> bool {
        self.cell_index.is_some()
            || self.cell_type.is_some()
            || self.script_group_type.is_some()
            || self.script_hash.is_some()
    }

    /// The one script that the options name: `--script`, of which the three others replace a part each, or its hash.
    fn one(&self, transaction: &Transaction) -> Result<Chosen, Failure> {
        if let Some(hash) = &self.script_hash {
            return self.by_hash(transaction, hash);
        }
        let text = self.script.as_deref().unwrap_or(FIRST_LOCK);
        let parts: Vec<&str> = text.split('.').collect();
        let [cell, index, kind] = parts[..] else {
            let error = text.parse::<ScriptName>().err();
            let error = error.map_or_else(String::new, |error| error.to_string());
            return Err(Failure::usage(format!("--script {error}, or all")));
        };
        let given = self.cell_index.map(|index| index.to_string());
        let text = format!(
            "{}.{}.{}",
            self.cell_type.map_or(cell, |cell| cell.word()),
            given.as_deref().unwrap_or(index),
            self.script_group_type.map_or(kind, |kind| kind.word()),
        );
        let name = text
            .parse()
            .map_err(|error| Failure::usage(format!("--script {error}")))?;
        chosen(transaction, name)
    }

    fn by_hash(&self, transaction: &Transaction, text: &str) -> Result<Chosen, Failure> {
        let hash = hash(text).ok_or_else(|| {
            Failure::usage(format!(
                "--script-hash {text:?} is no hash; write 0x and 64 hexadecimal digits"
            ))
        })?;
        // `ckb-debugger` takes lock where no kind is named; a hash that only a type script has can mean only that.
        let kinds = match self.script_group_type {
            Some(Kind::Lock) => vec![ScriptGroupType::Lock],
            Some(Kind::Type) => vec![ScriptGroupType::Type],
            None => vec![ScriptGroupType::Lock, ScriptGroupType::Type],
        };
        let name = kinds
            .into_iter()
            .find_map(|kind| transaction.named(kind, &hash));
        let name = name.ok_or_else(|| {
            Failure::usage(format!(
                "--script-hash {text}: no script of the transaction has this hash; `translate run --tx-file FILE --script \
                 all --json` shows those that it has"
            ))
        })?;
        chosen(transaction, name)
    }
}

fn chosen(transaction: &Transaction, name: ScriptName) -> Result<Chosen, Failure> {
    let found = transaction.find_script(name);
    let script = found.map_err(|error| Failure::usage(format!("--script {error}")))?;
    let kind = match name.is_type {
        true => ScriptGroupType::Type,
        false => ScriptGroupType::Lock,
    };
    Ok(Chosen {
        name,
        kind,
        hash: script.calc_script_hash(),
        script,
    })
}

/// The transaction with the file of `--bin` in the place of a script's code.
fn with_code(
    transaction: &Transaction,
    script: &Chosen,
    path: &Path,
    elf: Bytes,
) -> Result<Transaction, Failure> {
    transaction.with_code(&script.script, elf).map_err(|error| {
        let message = format!(
            "--bin {}: {error}, {} ({})",
            path.display(),
            script.name,
            code_of(&script.script)
        );
        Failure::new(code::DATA, "ScriptNotFound", message)
    })
}

impl Loaded {
    /// The files that lead to the same run again, for the bundle of a divergence.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let text = self.text.clone().into_bytes();
        let mut files = vec![("transaction.json".to_owned(), text)];
        files.extend((self.bin.as_ref()).map(|elf| ("bin.elf".to_owned(), elf.to_vec())));
        files
    }

    /// Warns where the file of `--bin` was put in the place of one cell and another one with the same code ran, as it happens to
    /// transactions that depend on the same code twice.
    pub(crate) fn warn_unless_bin_ran(&self, processes: &[Process]) {
        let ran = processes.first().and_then(|root| root.programs.first());
        if let (Some(bin), Some(ran)) = (&self.bin, ran)
            && ran.elf != *bin
        {
            stderr::warn(format_args!(
                "the file of --bin did not run: it is in the place of the first cell of mock_info.cell_deps that holds the \
                 script's code, and {} holds it too; leave one of them",
                ran.source
            ));
        }
    }

    /// What runs the scripts on the machine `M`.
    pub(crate) fn verifier<M: DefaultMachineRunner>(
        &self,
        host: Host<M::Inner>,
    ) -> HostedVerifier<M> {
        self.transaction.hosted(consensus(self.latest), host)
    }

    /// The group of a script.
    pub(crate) fn group<'a, V: Clone, M: DefaultMachineRunner>(
        &self,
        verifier: &'a TransactionScriptsVerifier<Chain, V, M>,
        script: &Chosen,
    ) -> Result<&'a ScriptGroup, Failure> {
        let group = verifier.find_script_group(script.kind, &script.hash);
        group.ok_or_else(|| {
            Failure::defect(format!(
                "ckb-script has no group for the script {}; please report it with the file",
                script.name
            ))
        })
    }

    /// Runs a script to its end. `look` sees the scheduler afterwards.
    pub(crate) fn run<M: DefaultMachineRunner>(
        &self,
        script: &Chosen,
        host: Host<M::Inner>,
        max_cycles: u64,
        look: impl FnOnce(&mut Scheduler<Chain, Host<M::Inner>, M>),
    ) -> Result<Run, Failure> {
        let verifier = self.verifier::<M>(host);
        let group = self.group(&verifier, script)?;
        let arguments = self.arguments.clone();
        Transaction::run_with_arguments(&verifier, group, arguments, max_cycles, look)
            .map_err(|error| no_code(script, &error))
    }
}

/// The transaction of a file, and its text.
fn read(file: &Path) -> Result<(Transaction, String), Failure> {
    let text = if guest::is_standard_input(file) {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.map_err(|error| Failure::unreadable(Path::new("standard input"), &error))?;
        text
    } else {
        let bytes = guest::read(file)?;
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let message = format!(
                "{} is not a transaction in JSON: the byte at offset {at:#x} is not UTF-8; name a file of `ckb-cli mock-tx \
                 dump`",
                guest::shown(file)
            );
            Failure::new(code::DATA, "TransactionJson", message)
        })?
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    let transaction = Transaction::parse(&text, folder);
    let transaction = transaction.map_err(|error| refused(file, &error))?;
    Ok((transaction, text))
}

/// Why a file is no transaction.
fn refused(file: &Path, error: &FileError) -> Failure {
    let (code, kind, advice) = match error {
        FileError::Unreadable { path, source } => return Failure::unreadable(path, source),
        FileError::TooLarge { .. } => (code::DATA, "FileTooLarge", ""),
        FileError::Placeholder(PlaceholderError::File { .. }) => (
            code::FILE,
            "Unreadable",
            "; names in placeholders are relative to the folder of the file",
        ),
        FileError::Placeholder(_) => (code::DATA, "TransactionPlaceholder", ""),
        FileError::Json(_) => (code::DATA, "TransactionJson", ""),
        FileError::Field { .. } => (
            code::DATA,
            "TransactionField",
            "; the format is the one of `ckb-cli mock-tx dump`",
        ),
        FileError::Incomplete(_) => (code::DATA, "TransactionIncomplete", "; add it to mock_info"),
        FileError::Cells(_) => (code::DATA, "TransactionCells", ""),
        _ => (code::DATA, "Transaction", ""),
    };
    let message = format!("{}: {error}{advice}", guest::shown(file));
    Failure::new(code, kind, message)
}

/// Why a script has nothing that could run.
fn no_code(script: &Chosen, error: &ScriptError) -> Failure {
    let (kind, advice) = match error {
        ScriptError::ScriptNotFound(_) => (
            "ScriptNotFound",
            "no cell dependency of the transaction has this code; add it to cell_deps and mock_info.cell_deps",
        ),
        ScriptError::InvalidVmVersion(_) | ScriptError::InvalidScriptHashType(_) => (
            "InvalidVmVersion",
            "its hash type asks for a later version than --vm-version allows; give a higher one",
        ),
        ScriptError::MultipleMatches => (
            "MultipleMatches",
            "several cell dependencies of this type have different data; leave one of them",
        ),
        _ => ("Script", "ckb-script refuses it"),
    };
    let message = format!(
        "{}: {error}; {advice} ({})",
        script.name,
        code_of(&script.script)
    );
    Failure::new(code::DATA, kind, message)
}

/// A script's code, as transactions name it.
fn code_of(script: &Script) -> String {
    let hash = script.code_hash();
    match ScriptHashType::try_from(script.hash_type()) {
        Ok(hash_type) => {
            let hash_type = format!("{hash_type:?}").to_lowercase();
            format!("code hash {hash:#x}, hash type {hash_type}")
        }
        Err(_) => format!("code hash {hash:#x}, hash type {}", script.hash_type()),
    }
}

/// 32 bytes as `0x` and their digits.
fn hash(text: &str) -> Option<Byte32> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let digit = |c: u8| char::from(c).to_digit(16);
    let mut bytes = Vec::new();
    for pair in digits.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push((digit(*high)? * 16 + digit(*low)?) as u8);
    }
    Byte32::from_slice(&bytes).ok()
}

fn argument(argument: &OsString) -> Bytes {
    Bytes::copy_from_slice(argument.as_encoded_bytes())
}
