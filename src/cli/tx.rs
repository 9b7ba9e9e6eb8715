//! `translate tx new`: a transaction that runs an ELF as the lock or type script of its one input, in the format of
//! `ckb-debugger`.
//!
//! The ELF stands in it by name, in placeholders, so that the next build runs without another skeleton. It is the least
//! that runs: whoever needs more cells, witnesses or headers writes them in.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use lockstep_isa::Version;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::args::version;
use super::failure::Failure;
use super::{code, guest};

/// The transaction hash of the cell with the code, and of the cell that is spent.
const CODE_TRANSACTION: u8 = 0x11;
const SPENT_TRANSACTION: u8 = 0x22;
/// Shannons in a byte of capacity.
const SHANNONS: u64 = 100_000_000;
/// Bytes of capacity that the spent cell has.
const SPENT_BYTES: u64 = 500;

/// Transactions in files
#[derive(Args)]
pub(crate) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    New(New),
}

/// Writes a transaction that runs an ELF as a lock script, or as a type script, to be filled in
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate tx new guests/elf/spawn.elf -o spawn.json --args 0x02\n  \
                  translate run --tx-file spawn.json"
)]
struct New {
    /// The script; the file is named in the transaction, and read whenever that is run
    elf: PathBuf,
    /// Write it here; without this it goes to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The script's arguments
    #[arg(long, value_name = "HEX", default_value = "0x", value_parser = hex)]
    args: String,
    /// The bytes of the witness
    #[arg(long, value_name = "HEX", default_value = "0x", value_parser = hex)]
    witness: String,
    /// Run it as a type script; nobody locks the cell then, and --script all would miss the lock's code
    #[arg(long = "type")]
    is_type: bool,
    /// VM version of the script's hash type: 0, 1 or 2 (data, data1, data2)
    #[arg(long, value_name = "N", default_value = "2", value_parser = version)]
    vm_version: Version,
    /// Put the bytes of the ELF into the transaction, so that it needs no other file
    #[arg(long)]
    inline: bool,
}

/// What was written, for `--json`.
#[derive(Serialize)]
struct Written {
    path: String,
    script: &'static str,
}

fn hex(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    match digits.len().is_multiple_of(2) && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        true => Ok(format!("0x{digits}")),
        false => Err("it is not bytes in hexadecimal digits; write it as 0x0102".to_owned()),
    }
}

impl Command {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        match self.verb {
            Verb::New(new) => new.execute(json),
        }
    }
}

impl New {
    fn execute(self, json: bool) -> Result<Answer, Failure> {
        let elf = guest::read_elf(&self.elf)?;
        if !elf.starts_with(b"\x7fELF") {
            let message = format!(
                "{} is no ELF; name the script that the transaction is to run",
                guest::shown(&self.elf)
            );
            return Err(Failure::new(code::DATA, "ElfParseError", message));
        }
        let transaction = self.transaction(&elf)?;
        let text = serde_json::to_string_pretty(&transaction).map_err(Failure::defect)? + "\n";
        let Some(output) = &self.output else {
            let code = code::SUCCESS;
            return Ok(Answer { text, code });
        };
        std::fs::write(output, text)
            .map_err(|error| Failure::unwritable(output.display(), &error))?;
        let written = Written {
            path: output.display().to_string(),
            script: match self.is_type {
                true => "input.0.type",
                false => "input.0.lock",
            },
        };
        let told = || {
            let path = &written.path;
            // The lock is what runs where no script is named.
            let which = match self.is_type {
                true => format!(" --script {}", written.script),
                false => String::new(),
            };
            format!("Transaction: {path}\nRun it: translate run --tx-file {path}{which}\n")
        };
        Answer::new(json, &written, told, code::SUCCESS)
    }

    /// The transaction: one cell with the code, one that is spent, and no output.
    fn transaction(&self, elf: &[u8]) -> Result<Value, Failure> {
        let (data, code_hash) = self.code(elf)?;
        let hash_type = match self.vm_version {
            Version::V0 => "data",
            Version::V1 => "data1",
            Version::V2 => "data2",
        };
        let out_point = |of: u8| {
            let hash = format!("{of:02x}").repeat(32);
            json!({"tx_hash": format!("0x{hash}"), "index": "0x0"})
        };
        let capacity = |bytes: u64| format!("{:#x}", bytes.saturating_mul(SHANNONS));
        let nobody = json!({
            "code_hash": format!("0x{}", "00".repeat(32)), "hash_type": "data", "args": "0x",
        });
        let script = json!({"code_hash": code_hash, "hash_type": hash_type, "args": self.args});
        let (lock, type_script) = match self.is_type {
            true => (nobody.clone(), script),
            false => (script, Value::Null),
        };
        let cell_dep = json!({"out_point": out_point(CODE_TRANSACTION), "dep_type": "code"});
        let input = json!({"previous_output": out_point(SPENT_TRANSACTION), "since": "0x0"});
        let code_bytes = elf.len() as u64 + SPENT_BYTES;
        Ok(json!({
            "mock_info": {
                "inputs": [{
                    "input": input,
                    "output": {"capacity": capacity(SPENT_BYTES), "lock": lock, "type": type_script},
                    "data": "0x",
                    "header": null,
                }],
                "cell_deps": [{
                    "cell_dep": cell_dep,
                    "output": {"capacity": capacity(code_bytes), "lock": nobody, "type": null},
                    "data": data,
                    "header": null,
                }],
                "header_deps": [],
                "extensions": [],
            },
            "tx": {
                "version": "0x0",
                "cell_deps": [cell_dep],
                "header_deps": [],
                "inputs": [input],
                "outputs": [],
                "outputs_data": [],
                "witnesses": [self.witness],
            },
        }))
    }

    /// The data of the cell with the code, and the hash that names it.
    fn code(&self, elf: &[u8]) -> Result<(String, String), Failure> {
        if !self.inline
            && let Some(name) = self.name()?
        {
            let data = format!("0x{{{{ data {name} }}}}");
            return Ok((data, format!("0x{{{{ hash {name} }}}}")));
        }
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let data: String = digits(elf);
        let hash: String = digits(&ckb_hash::blake2b_256(elf));
        Ok((format!("0x{data}"), format!("0x{hash}")))
    }

    /// The name of the ELF, as it is found from the folder of the transaction; none where a placeholder cannot hold it.
    fn name(&self) -> Result<Option<String>, Failure> {
        if guest::is_standard_input(&self.elf) {
            return Ok(None);
        }
        let folder = self.output.as_deref().and_then(Path::parent);
        let is_here = folder.is_none_or(|folder| folder == Path::new(""));
        let path = match is_here {
            true => self.elf.clone(),
            false => std::path::absolute(&self.elf)
                .map_err(|error| Failure::unreadable(&self.elf, &error))?,
        };
        let fits = |name: &&str| {
            name.trim() == *name
                && !name.contains(['{', '}', '"', '\\'])
                && !name.contains(char::is_control)
        };
        Ok(path.to_str().filter(fits).map(str::to_owned))
    }
}
