//! A signed transaction that `secp256k1_blake160_sighash_all` unlocks, as a node would resolve it.
//!
//! One input, one output, the two system cells as dependencies, everything in memory. The key, the
//! out points and the capacity are fixed, so cycles are the same in every run. Shared by the tests
//! and the bench of the adapter; the values come from the deployed script, not from us.

use std::sync::Arc;

use ckb_chain_spec::consensus::{Consensus, ConsensusBuilder};
use ckb_crypto::secp::Privkey;
use ckb_hash::{blake2b_256, new_blake2b};
use ckb_script::types::DebugPrinter;
use ckb_script::{TransactionScriptsVerifier, TxVerifyEnv, generate_ckb_syscalls};
use ckb_system_scripts::BUNDLED_CELL;
use ckb_traits::{CellDataProvider, ExtensionProvider, HeaderProvider};
use ckb_types::H256;
use ckb_types::bytes::Bytes;
use ckb_types::core::cell::{CellMeta, CellMetaBuilder, ResolvedTransaction};
use ckb_types::core::hardfork::{CKB2021, CKB2023, HardForks};
use ckb_types::core::{
    Capacity, DepType, EpochNumberWithFraction, HeaderView, ScriptHashType, TransactionBuilder,
};
use ckb_types::packed::{self, Byte32, CellDep, CellInput, CellOutput, OutPoint, WitnessArgs};
use ckb_types::prelude::*;
use ckb_vm::DefaultMachineRunner;

/// Bytes of a recoverable signature.
const SIGNATURE_BYTES: usize = 65;

/// What a script may ask the chain for. Cells are in memory, and nothing else is asked.
#[derive(Clone)]
pub(crate) struct Chain;

impl CellDataProvider for Chain {
    fn get_cell_data(&self, _: &OutPoint) -> Option<Bytes> {
        None
    }
    fn get_cell_data_hash(&self, _: &OutPoint) -> Option<Byte32> {
        None
    }
}

impl HeaderProvider for Chain {
    fn get_header(&self, _: &Byte32) -> Option<HeaderView> {
        None
    }
}

impl ExtensionProvider for Chain {
    fn get_block_extension(&self, _: &Byte32) -> Option<packed::Bytes> {
        None
    }
}

/// What is wrong with the signature, if anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Signature {
    /// It is the key's.
    Good,
    /// One bit of it is flipped.
    BitFlipped,
}

/// A bundled cell's data. Panics when the crate has no such cell: a test cannot go on.
pub(crate) fn system_cell(name: &str) -> Bytes {
    let path = format!("specs/cells/{name}");
    let data = BUNDLED_CELL.get(&path).expect("a bundled system cell");
    Bytes::from(data.into_owned())
}

fn cell(data: Bytes, index: u32, type_script: Option<packed::Script>) -> CellMeta {
    let output = CellOutput::new_builder()
        .capacity(Capacity::bytes(data.len() + 200).expect("capacity in range"))
        .type_(type_script)
        .build();
    CellMetaBuilder::from_cell_output(output, data)
        .out_point(OutPoint::new(Byte32::zero(), index))
        .build()
}

/// The witness whose lock is `signature`; zeros while the message is being made.
fn witness(signature: Vec<u8>) -> WitnessArgs {
    WitnessArgs::new_builder()
        .lock(Some(Bytes::from(signature)))
        .build()
}

/// What the key signs: the transaction's hash and the only witness, its lock zeroed.
fn message(tx_hash: &Byte32) -> H256 {
    let blank = witness(vec![0; SIGNATURE_BYTES]).as_bytes();
    let mut hasher = new_blake2b();
    hasher.update(tx_hash.as_slice());
    hasher.update(&(blank.len() as u64).to_le_bytes());
    hasher.update(&blank);
    let mut digest = [0; 32];
    hasher.finalize(&mut digest);
    H256::from(digest)
}

/// The transaction, its input locked with the system script by this hash type.
pub(crate) fn resolved(hash_type: ScriptHashType, signature: Signature) -> ResolvedTransaction {
    let code = system_cell("secp256k1_blake160_sighash_all");
    let type_script = packed::Script::new_builder()
        .code_hash(Byte32::zero())
        .hash_type(ScriptHashType::Data)
        .args(Bytes::from_static(b"code"))
        .build();
    let code_hash = match hash_type {
        ScriptHashType::Type => type_script.calc_script_hash(),
        _ => CellOutput::calc_data_hash(&code),
    };
    let key = Privkey::from_slice(&[0x42; 32]);
    let public = key.pubkey().expect("a valid key").serialize();
    let lock = packed::Script::new_builder()
        .code_hash(code_hash)
        .hash_type(hash_type)
        .args(Bytes::copy_from_slice(&blake2b_256(public)[..20]))
        .build();
    let coin = CellOutput::new_builder()
        .capacity(Capacity::bytes(100).expect("capacity in range"))
        .lock(lock)
        .build();
    let spent = OutPoint::new(Byte32::from_slice(&[0x11; 32]).expect("32 bytes"), 0);
    let unsigned = TransactionBuilder::default()
        .cell_dep(
            CellDep::new_builder()
                .out_point(OutPoint::new(Byte32::zero(), 0))
                .dep_type(DepType::DepGroup)
                .build(),
        )
        .input(CellInput::new(spent.clone(), 0))
        .output(coin.clone())
        .output_data(Bytes::default())
        .build();
    let mut bytes = key
        .sign_recoverable(&message(&unsigned.hash()))
        .expect("a signature")
        .serialize();
    if signature == Signature::BitFlipped {
        bytes[40] ^= 0x10;
    }
    let transaction = unsigned
        .as_advanced_builder()
        .witness(witness(bytes).as_bytes())
        .build();
    ResolvedTransaction {
        transaction,
        resolved_cell_deps: vec![
            cell(code, 1, Some(type_script)),
            cell(system_cell("secp256k1_data"), 2, None),
        ],
        resolved_inputs: vec![
            CellMetaBuilder::from_cell_output(coin, Bytes::new())
                .out_point(spent)
                .build(),
        ],
        resolved_dep_groups: vec![],
    }
}

/// A chain on which all three versions are on since its first epoch.
pub(crate) fn consensus() -> Arc<Consensus> {
    Arc::new(
        ConsensusBuilder::default()
            .hardfork_switch(HardForks {
                ckb2021: CKB2021::new_dev_default(),
                ckb2023: CKB2023::new_dev_default(),
            })
            .build(),
    )
}

/// A chain whose later versions never start: hash type `type` means version 0.
pub(crate) fn old_consensus() -> Arc<Consensus> {
    Arc::new(
        ConsensusBuilder::default()
            .hardfork_switch(HardForks {
                ckb2021: CKB2021::new_mirana(),
                ckb2023: CKB2023::new_mirana(),
            })
            .build(),
    )
}

/// A verifier of this transaction on the machine `M`.
pub(crate) fn verifier<M: DefaultMachineRunner>(
    transaction: Arc<ResolvedTransaction>,
    consensus: Arc<Consensus>,
) -> TransactionScriptsVerifier<Chain, DebugPrinter, M> {
    let header = HeaderView::new_advanced_builder()
        .epoch(EpochNumberWithFraction::new(0, 0, 1))
        .build();
    let printer: DebugPrinter = Arc::new(|_: &Byte32, _: &str| {});
    TransactionScriptsVerifier::new_with_generator(
        transaction,
        Chain,
        consensus,
        Arc::new(TxVerifyEnv::new_commit(&header)),
        generate_ckb_syscalls::<Chain, M::Inner>,
        printer,
    )
}
