//! Transactions for the tests, benches and files of the adapter: signed, whole, and made anew each
//! time from fixed keys, so that cycles are the same in every run.
//!
//! [`Draft`] puts one together; `system` has those that the scripts of `ckb-system-scripts` unlock,
//! `scripts` those of our own guests. They are in the form of a file ([`MockTransaction`]), and
//! `lockstep::transaction` makes of them what a node would.

use std::sync::Arc;

use ckb_mock_tx_types::{MockCellDep, MockInfo, MockInput, MockTransaction};
use ckb_script::types::DebugPrinter;
use ckb_types::bytes::Bytes;
use ckb_types::core::{Capacity, DepType, HeaderView, ScriptHashType, TransactionBuilder};
use ckb_types::packed::{
    Byte32, CellDep, CellInput, CellOutput, OutPoint, OutPointVec, Script, WitnessArgs,
};
use ckb_types::prelude::*;
use lockstep::transaction::Transaction;
use lockstep_isa::Version;

pub mod real;
pub mod scripts;
pub mod system;

/// One transaction to verify.
#[derive(Clone)]
pub struct Case {
    /// For messages, and for the name of its file.
    pub name: String,
    /// It, with its cells.
    pub mock: MockTransaction,
    /// The latest version of the chain that it is verified on.
    pub latest: Version,
    /// Whether it is valid.
    pub valid: bool,
}

impl Case {
    pub fn new(name: impl Into<String>, mock: MockTransaction, valid: bool) -> Case {
        Case {
            name: name.into(),
            mock,
            latest: Version::V2,
            valid,
        }
    }

    /// As a node has it.
    pub fn transaction(&self) -> Transaction {
        transaction(&self.mock)
    }
}

/// A transaction as a node has it.
pub fn transaction(mock: &MockTransaction) -> Transaction {
    Transaction::new(mock).expect("all cells are there")
}

/// Throws away what scripts print.
pub fn silent() -> DebugPrinter {
    Arc::new(|_: &Byte32, _: &str| {})
}

/// A transaction in the making. Cells get out points of their own in the order in which they come.
#[derive(Clone, Default)]
pub struct Draft {
    info: MockInfo,
    tx: TransactionBuilder,
}

/// A cell that may be spent, with what stands beside it in an input.
pub struct Coin {
    pub lock: Script,
    pub type_: Option<Script>,
    pub capacity: u64,
    pub data: Vec<u8>,
    pub since: u64,
    /// The block that made it.
    pub block: Option<Byte32>,
}

impl Coin {
    pub fn new(lock: Script) -> Coin {
        Coin {
            lock,
            type_: None,
            capacity: 500,
            data: Vec::new(),
            since: 0,
            block: None,
        }
    }

    /// The cell.
    pub fn output(&self) -> CellOutput {
        CellOutput::new_builder()
            .capacity(Capacity::bytes(self.capacity as usize).expect("capacity in range"))
            .lock(self.lock.clone())
            .type_(self.type_.clone())
            .build()
    }
}

fn out_point(kind: u8, index: usize) -> OutPoint {
    let hash = Byte32::from_slice(&[kind; 32]).expect("32 bytes");
    OutPoint::new(hash, index as u32)
}

impl Draft {
    fn cell(&mut self, data: impl Into<Bytes>, type_: Option<Script>) -> CellDep {
        let data = data.into();
        let point = out_point(0xd0, self.info.cell_deps.len());
        let dep = CellDep::new_builder()
            .out_point(point)
            .dep_type(DepType::Code)
            .build();
        self.info.cell_deps.push(MockCellDep {
            cell_dep: dep.clone(),
            output: CellOutput::new_builder()
                .capacity(Capacity::bytes(data.len() + 200).expect("capacity in range"))
                .type_(type_)
                .build(),
            data,
            header: None,
        });
        dep
    }

    /// A cell that scripts may read.
    pub fn dep(mut self, data: impl Into<Bytes>, type_: Option<Script>) -> Draft {
        let dep = self.cell(data, type_);
        self.tx = self.tx.cell_dep(dep);
        self
    }

    /// Such cells behind one that names them.
    pub fn dep_group(mut self, cells: Vec<(Bytes, Option<Script>)>) -> Draft {
        let points: Vec<OutPoint> = cells
            .into_iter()
            .map(|(data, type_)| self.cell(data, type_).out_point())
            .collect();
        let list = OutPointVec::new_builder().set(points).build();
        let dep = self.cell(list.as_bytes(), None);
        let group = dep.as_builder().dep_type(DepType::DepGroup).build();
        let last = self.info.cell_deps.last_mut().expect("just put there");
        last.cell_dep = group.clone();
        self.tx = self.tx.cell_dep(group);
        self
    }

    /// A block that scripts may ask about.
    pub fn header(mut self, header: HeaderView) -> Draft {
        self.tx = self.tx.header_dep(header.hash());
        self.info.header_deps.push(header);
        self
    }

    pub fn input(mut self, coin: Coin) -> Draft {
        let point = out_point(0x11, self.info.inputs.len());
        let input = CellInput::new(point, coin.since);
        self.info.inputs.push(MockInput {
            input: input.clone(),
            output: coin.output(),
            data: Bytes::from(coin.data),
            header: coin.block,
        });
        self.tx = self.tx.input(input);
        self
    }

    pub fn output(mut self, coin: &Coin) -> Draft {
        self.tx = self.tx.output(coin.output());
        self.tx = self.tx.output_data(Bytes::from(coin.data.clone()));
        self
    }

    pub fn witness(mut self, witness: impl Into<Bytes>) -> Draft {
        self.tx = self.tx.witness(witness.into());
        self
    }

    /// The hash that signatures are about.
    pub fn hash(&self) -> Byte32 {
        self.tx.clone().build().hash()
    }

    pub fn build(self) -> MockTransaction {
        MockTransaction {
            mock_info: self.info,
            tx: self.tx.build().data(),
        }
    }
}

/// A witness whose lock is this.
pub fn witness(lock: Vec<u8>) -> WitnessArgs {
    WitnessArgs::new_builder()
        .lock(Some(Bytes::from(lock)))
        .build()
}

/// A script whose code is this data.
pub fn script_of(code: &Bytes, hash_type: ScriptHashType, args: impl Into<Bytes>) -> Script {
    Script::new_builder()
        .code_hash(CellOutput::calc_data_hash(code))
        .hash_type(hash_type)
        .args(args.into())
        .build()
}
