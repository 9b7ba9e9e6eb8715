//! Transactions around real scripts (`crate::real`): what each is for, put together and signed here, and the
//! transactions that `ckb-debugger` ships as files.

use std::fs;
use std::path::{Path, PathBuf};

use ckb_mock_tx_types::{MockTransaction, ReprMockTransaction};
use ckb_types::bytes::Bytes;
use ckb_types::core::ScriptHashType;
use ckb_types::packed::{CellOutput, Script};
use ckb_types::prelude::*;
use lockstep::transaction::Transaction;

use super::scripts::{self, always_success, somebody};
use super::system::{self, Interest, Signature};
use super::{Coin, Draft, script_of, transaction, witness};
use crate::real::{self, DEBUGGER};

/// A transaction that is valid, with a name for tables.
pub struct Real {
    /// What it is.
    pub name: String,
    fetched: bool,
    make: Box<dyn Fn() -> Result<Source, String>>,
}

/// Where a transaction is.
enum Source {
    /// Put together here.
    Drafted(Box<MockTransaction>),
    /// In a file of a package.
    File(PathBuf),
}

impl Real {
    fn drafted(name: &str, make: impl Fn() -> Result<MockTransaction, String> + 'static) -> Real {
        Real {
            name: name.to_owned(),
            fetched: true,
            make: Box::new(move || Ok(Source::Drafted(Box::new(make()?)))),
        }
    }

    /// One of scripts that are on every machine that builds this workspace.
    fn here(name: &str, mock: MockTransaction) -> Real {
        Real {
            fetched: false,
            ..Real::drafted(name, move || Ok(mock.clone()))
        }
    }

    /// Whether it needs a package that this workspace is not built with.
    pub fn needs_fetching(&self) -> bool {
        self.fetched
    }

    /// It, as a node has it.
    ///
    /// # Errors
    /// A package of the registries is not here and cannot be fetched.
    pub fn transaction(&self) -> Result<Transaction, String> {
        match (self.make)()? {
            Source::Drafted(mock) => Ok(transaction(&mock)),
            Source::File(path) => {
                let read = Transaction::read(&path);
                read.map_err(|error| format!("{}: {error}", path.display()))
            }
        }
    }

    /// A file with it, as `translate run --tx-file` takes one: that of the package, or one in this folder.
    ///
    /// # Errors
    /// As [`Real::transaction`], and a file that cannot be written.
    pub fn file(&self, folder: &Path) -> Result<PathBuf, String> {
        let mock = match (self.make)()? {
            Source::File(path) => return Ok(path),
            Source::Drafted(mock) => *mock,
        };
        let text = serde_json::to_string(&ReprMockTransaction::from(mock));
        let text = text.map_err(|error| error.to_string())?;
        let path = folder.join(format!("{}.json", self.name.replace([' ', ',', '/'], "_")));
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

/// What runs a script of the registries by its code.
const HASH_TYPE: ScriptHashType = ScriptHashType::Data2;

fn code(name: &str) -> Result<Bytes, String> {
    Ok(Bytes::from(real::script(name).elf()?))
}

/// All of them. Those that run JavaScript have names that begin with `js `.
pub fn transactions() -> Vec<Real> {
    use Signature::Good;
    let mut all = vec![
        Real::drafted("always_success", smallest),
        Real::here("secp256k1_blake160", system::sighash(HASH_TYPE, Good)),
        Real::here("multisig, 2 of 3", system::multisig(HASH_TYPE, Good)),
        Real::here("dao withdrawal", system::dao_withdrawal(Interest::Due)),
        Real::drafted("anyone-can-pay", anyone_can_pay),
        Real::drafted("omnilock", omnilock),
        Real::drafted("cheque", cheque),
        Real::drafted("simple token", || {
            Ok(scripts::transfer(&code("simple_udt")?, HASH_TYPE, 1000))
        }),
    ];
    for case in scripts::rust_cases().into_iter().filter(|case| case.valid) {
        all.push(Real::here(&case.name, case.mock));
    }
    for file in ["mock_tx", "spawn_cycle_mismatch_tx", "dynamic"] {
        all.push(Real {
            name: format!("debugger {file}"),
            fetched: true,
            make: Box::new(move || shipped(file)),
        });
    }
    for (name, caller, callee) in [
        ("debugger exec", "exec_caller", "exec_callee"),
        (
            "debugger spawn",
            "spawn_caller_strcat",
            "spawn_callee_strcat",
        ),
    ] {
        all.push(Real::drafted(name, move || called(caller, callee)));
    }
    for (name, text) in real::javascript() {
        let make = move || javascript(&text);
        all.push(Real::drafted(&format!("js {name}"), make));
    }
    all
}

/// A file of `ckb-debugger`'s examples.
fn shipped(name: &str) -> Result<Source, String> {
    let path = DEBUGGER.folder()?.join(format!("examples/{name}.json"));
    Ok(Source::File(path))
}

/// A lock that runs another program, which is in the second cell that the transaction depends on. The files that
/// `ckb-debugger` ships of these have an output without a script that there is.
fn called(caller: &str, callee: &str) -> Result<MockTransaction, String> {
    let caller = code(caller)?;
    let lock = script_of(&caller, HASH_TYPE, Bytes::new());
    let draft = Draft::default().dep(caller, None).dep(code(callee)?, None);
    let draft = draft.input(Coin::new(lock)).witness(Bytes::new());
    Ok(draft.build())
}

/// The smallest script, as `ckb-sdk` has it.
fn smallest() -> Result<MockTransaction, String> {
    let code = code("always_success")?;
    let lock = script_of(&code, HASH_TYPE, Bytes::new());
    let draft = Draft::default().dep(code, None).input(Coin::new(lock));
    Ok(draft.witness(Bytes::new()).build())
}

/// A cell of anyone-can-pay that its owner spends, by signature.
fn anyone_can_pay() -> Result<MockTransaction, String> {
    let code = code("anyone_can_pay")?;
    let lock = script_of(&code, HASH_TYPE, system::owner().to_vec());
    let empty = witness(vec![0; system::SIGNATURE_BYTES]);
    Ok(system::signed(code, lock, &empty, witness))
}

/// A cell of omnilock that its owner spends, by signature.
fn omnilock() -> Result<MockTransaction, String> {
    let code = code("omni_lock")?;
    // The first byte says that a hash of a key follows, the last that nothing more is asked for.
    let args = [&[0][..], &system::owner(), &[0]].concat();
    let lock = script_of(&code, HASH_TYPE, args);
    // A molecule table of three options (signature, identity, preimage), of which the first is there.
    let filled = |signature: Vec<u8>| {
        let words = [16 + 4 + signature.len(), 16, 16 + 4 + signature.len()];
        let words = words.into_iter().chain([words[0], signature.len()]);
        let mut table: Vec<u8> = words.flat_map(|word| (word as u32).to_le_bytes()).collect();
        table.extend(signature);
        table
    };
    // What is signed has zeros in place of the whole table.
    let size = filled(vec![0; system::SIGNATURE_BYTES]).len();
    let empty = witness(vec![0; size]);
    Ok(system::signed(code, lock, &empty, |signature| {
        witness(filled(signature))
    }))
}

/// A cheque that its receiver claims by spending another cell.
fn cheque() -> Result<MockTransaction, String> {
    let code = code("ckb-cheque-script")?;
    let (sender, receiver) = (somebody(1), somebody(2));
    let part = |script: &Script| script.calc_script_hash().as_bytes().slice(..20);
    let args = [part(&receiver), part(&sender)].concat();
    let cheque = Coin::new(script_of(&code, HASH_TYPE, args));
    let draft = Draft::default()
        .dep(code, None)
        .dep(always_success().0, None)
        .input(cheque)
        .input(Coin::new(receiver.clone()))
        .output(&Coin::new(sender))
        .output(&Coin::new(receiver));
    // The cheque's own witness is empty. The script wants a witness where the receiver's signature would be.
    let signature = witness(vec![0; system::SIGNATURE_BYTES]);
    let draft = draft.witness(Bytes::new());
    Ok(draft.witness(signature.as_bytes()).build())
}

/// A cell whose lock is a JavaScript program, which is in a cell of its own.
fn javascript(text: &str) -> Result<MockTransaction, String> {
    let machine = code("ckb-js-vm")?;
    let program = Bytes::copy_from_slice(text.as_bytes());
    // Two bytes of options, then the program's code hash and its hash type.
    let hash = CellOutput::calc_data_hash(&program);
    let args = [&[0, 0][..], hash.as_slice(), &[HASH_TYPE.into()]].concat();
    let lock = script_of(&machine, HASH_TYPE, args);
    let draft = Draft::default().dep(machine, None).dep(program, None);
    let draft = draft.input(Coin::new(lock)).witness(Bytes::new());
    Ok(draft.build())
}
