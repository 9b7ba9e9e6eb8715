//! Decides whether a transaction leads from one state root to another.
//!
//! The state before is known in part: the nodes and codes of the witness, which are found by their hashes, beginning
//! with the root in the input cell. An execution that needs anything else is refused, and so is a witness with anything
//! that the execution did not need. So what is executed is what the chain of that root would execute.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use alloy_consensus::transaction::SignerRecoverable;
use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_eips::Typed2718;
use revm::context::result::{EVMError, ExecutionResult, Output};
use revm::context::transaction::AccessList;
use revm::context::{BlockEnv, CfgEnv, Context, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::context_interface::either::Either;
use revm::handler::MainnetContext;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{keccak256, Address, Bytes, B256, KECCAK_EMPTY, U256};
use revm::state::{AccountInfo, Bytecode};
use revm::{Database, ExecuteEvm, MainBuilder};

use crate::state::{changes, Accounts, Change};
use crate::trie::{
    decode_account, decode_slot, encode_account, slot_value, AccountEntry, Nodes, Trie,
};
use crate::witness::{
    BlockFields, BlockHash, Cell, Claim, Configuration, LogEntry, PostAccount, Transition, Witness,
};
use crate::wrong::Wrong;

/// Verifies a transition: exactly if it returns no error, executing the witness's transaction on the state of the input
/// cell gives its claim and the output cell. Without an input cell, the output cell must be the first one.
///
/// # Errors
/// What is wrong.
pub fn verify(
    arguments: &[u8],
    input: Option<&[u8]>,
    output: &[u8],
    witness: Option<&[u8]>,
) -> Result<(), Wrong> {
    let (configuration, spec) = Configuration::read(arguments)?;
    let after = Cell::read(output)?;
    let Some(input) = input else {
        let first = Cell {
            root: configuration.first_root,
            history: B256::ZERO,
        };
        return if after == first {
            Ok(())
        } else {
            Err(Wrong::FirstState)
        };
    };
    let before = Cell::read(input)?;
    let Witness {
        transition,
        nodes,
        codes,
    } = Witness::read(witness.ok_or(Wrong::Witness)?)?;
    let mut state = Partial::new(before.root);
    for node in nodes {
        state.nodes.add(node.into());
    }
    for code in codes {
        state.codes.insert(keccak256(&code), (code, false));
    }
    let (claim, root) = execute(&configuration, spec, &transition, &mut state)?;
    compare(&transition.claim, &claim)?;
    if !state.all_used() {
        return Err(Wrong::UnusedNode);
    }
    if root != after.root {
        return Err(Wrong::Root);
    }
    if transition.history(before.history) != after.history {
        return Err(Wrong::History);
    }
    Ok(())
}

fn compare(claimed: &Claim, right: &Claim) -> Result<(), Wrong> {
    let checks = [
        (claimed.status == right.status, Wrong::Status),
        (claimed.gas_used == right.gas_used, Wrong::GasUsed),
        (claimed.output == right.output, Wrong::Output),
        (claimed.logs == right.logs, Wrong::Logs),
        (claimed.accounts == right.accounts, Wrong::PostState),
    ];
    checks
        .into_iter()
        .try_for_each(|(same, wrong)| if same { Ok(()) } else { Err(wrong) })
}

/// A transition as its maker needs it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The witness.
    pub witness: Witness,
    /// The cell afterwards.
    pub cell: Cell,
}

/// Makes the witness of a transaction on accounts that are there whole, as [`verify`] accepts it.
///
/// # Errors
/// The transaction may not be executed.
pub fn make(
    configuration: &Configuration,
    accounts: &Accounts,
    history: B256,
    block: BlockFields,
    transaction: Bytes,
    hashes: Vec<BlockHash>,
) -> Result<Made, Wrong> {
    let spec = crate::spec::numbered(configuration.specification).ok_or(Wrong::Configuration)?;
    let claim = Claim {
        status: 0,
        gas_used: 0,
        output: Bytes::new(),
        logs: Vec::new(),
        accounts: Vec::new(),
    };
    let mut transition = Transition {
        block,
        transaction,
        hashes,
        claim,
    };
    let mut nodes = Nodes::default();
    let mut state = Partial::new(accounts.root(Some(&mut nodes)));
    state.nodes = nodes;
    for account in accounts.0.values() {
        state
            .codes
            .insert(account.code_hash(), (account.code.clone(), false));
    }
    let (claim, root) = execute(configuration, spec, &transition, &mut state)?;
    transition.claim = claim;
    let cell = Cell {
        root,
        history: transition.history(history),
    };
    // Maps by hash give them sorted by hash.
    let nodes = state.nodes.used().map(Bytes::copy_from_slice).collect();
    let codes = state
        .codes
        .into_values()
        .filter(|(_, used)| *used)
        .map(|(code, _)| code)
        .collect();
    Ok(Made {
        witness: Witness {
            transition,
            nodes,
            codes,
        },
        cell,
    })
}

/// Executes the transaction of a transition. Returns what comes of it, and the root afterwards.
fn execute(
    configuration: &Configuration,
    spec: SpecId,
    transition: &Transition,
    state: &mut Partial,
) -> Result<(Claim, B256), Wrong> {
    state.hashes = transition
        .hashes
        .iter()
        .map(|block| (block.number, block.hash))
        .collect();
    let transaction = transaction(&transition.transaction, configuration.chain)?;
    let mut cfg = CfgEnv::new_with_spec(spec);
    cfg.chain_id = configuration.chain;
    cfg.tx_chain_id_check = true;
    let context: MainnetContext<&mut Partial> = Context::new(&mut *state, spec);
    let mut evm = context
        .with_cfg(cfg)
        .with_block(block(&transition.block))
        .build_mainnet();
    let executed = evm.transact(transaction).map_err(|error| match error {
        EVMError::Database(wrong) => wrong,
        _ => Wrong::Invalid,
    })?;
    drop(evm);
    let changes = changes(executed.state, spec);
    let claim = claim(executed.result, &changes);
    Ok((claim, state.apply(&changes)?))
}

fn claim(result: ExecutionResult, changes: &[Change]) -> Claim {
    let gas_used = result.gas().tx_gas_used();
    let accounts = changes.iter().map(PostAccount::from).collect();
    let (status, output, logs) = match result {
        ExecutionResult::Success { logs, output, .. } => {
            let (Output::Call(output) | Output::Create(output, _)) = output;
            (1, output, logs.iter().map(LogEntry::from).collect())
        }
        ExecutionResult::Revert { output, .. } => (2, output, Vec::new()),
        ExecutionResult::Halt { .. } => (0, Bytes::new(), Vec::new()),
    };
    Claim {
        status,
        gas_used,
        output,
        logs,
        accounts,
    }
}

fn block(fields: &BlockFields) -> BlockEnv {
    BlockEnv {
        number: U256::from(fields.number),
        timestamp: U256::from(fields.timestamp),
        beneficiary: fields.coinbase,
        gas_limit: fields.gas_limit,
        basefee: fields.base_fee,
        difficulty: fields.difficulty,
        prevrandao: Some(fields.random),
        // There are no blobs, so their gas has its lowest price.
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
            excess_blob_gas: 0,
            blob_gasprice: 1,
        }),
        ..BlockEnv::default()
    }
}

/// Reads a signed transaction and finds its sender.
fn transaction(bytes: &[u8], chain: u64) -> Result<TxEnv, Wrong> {
    let envelope = TxEnvelope::decode_2718_exact(bytes).map_err(|_| Wrong::Transaction)?;
    if envelope.is_eip4844() || envelope.encoded_2718() != bytes {
        return Err(Wrong::Transaction);
    }
    if envelope.chain_id().is_some_and(|signed| signed != chain) {
        return Err(Wrong::Signature);
    }
    let caller = envelope.recover_signer().map_err(|_| Wrong::Signature)?;
    let access_list: AccessList = envelope.access_list().cloned().unwrap_or_default();
    let authorizations = envelope.authorization_list().unwrap_or_default();
    Ok(TxEnv {
        tx_type: envelope.ty(),
        caller,
        gas_limit: envelope.gas_limit(),
        gas_price: envelope.max_fee_per_gas(),
        kind: envelope.kind(),
        value: envelope.value(),
        data: envelope.input().clone(),
        nonce: envelope.nonce(),
        chain_id: envelope.chain_id(),
        access_list,
        gas_priority_fee: envelope.max_priority_fee_per_gas(),
        authorization_list: authorizations.iter().cloned().map(Either::Left).collect(),
        ..TxEnv::default()
    })
}

/// A state of which some nodes and codes are there.
#[derive(Debug)]
struct Partial {
    state: Trie,
    entries: BTreeMap<Address, Option<AccountEntry>>,
    storages: BTreeMap<Address, Trie>,
    nodes: Nodes,
    /// By hash, and whether they were needed.
    codes: BTreeMap<B256, (Bytes, bool)>,
    hashes: BTreeMap<u64, B256>,
}

impl Partial {
    fn new(root: B256) -> Self {
        Self {
            state: Trie::with_root(root),
            entries: BTreeMap::new(),
            storages: BTreeMap::new(),
            nodes: Nodes::default(),
            codes: BTreeMap::new(),
            hashes: BTreeMap::new(),
        }
    }

    fn all_used(&self) -> bool {
        self.nodes.all_used() && self.codes.values().all(|(_, used)| *used)
    }

    fn entry(&mut self, address: Address) -> Result<Option<AccountEntry>, Wrong> {
        if let Some(entry) = self.entries.get(&address) {
            return Ok(*entry);
        }
        let value = self.state.get(keccak256(address), &mut self.nodes)?;
        let entry = value.map(|value| decode_account(&value)).transpose()?;
        self.entries.insert(address, entry);
        Ok(entry)
    }

    /// The storage of an account, which has none if the account does not exist.
    fn storage_of(&mut self, address: Address) -> Result<(&mut Trie, &mut Nodes), Wrong> {
        let entry = self.entry(address)?;
        let trie = self.storages.entry(address);
        let trie = trie
            .or_insert_with(|| entry.map_or(Trie::empty(), |entry| Trie::with_root(entry.storage)));
        Ok((trie, &mut self.nodes))
    }

    /// Makes changes, and returns the root afterwards.
    fn apply(&mut self, changes: &[Change]) -> Result<B256, Wrong> {
        for change in changes {
            let key = keccak256(change.address);
            let Some(after) = &change.after else {
                self.state.remove(key, &mut self.nodes)?;
                continue;
            };
            if change.storage_cleared {
                self.storages.insert(change.address, Trie::empty());
            }
            let (storage, nodes) = self.storage_of(change.address)?;
            for (slot, value) in &change.slots {
                let key = keccak256(slot.to_be_bytes::<32>());
                match value.is_zero() {
                    true => storage.remove(key, nodes)?,
                    false => storage.insert(key, slot_value(*value), nodes)?,
                }
            }
            let value = encode_account(
                after.nonce,
                after.balance,
                storage.root(None),
                after.code_hash,
            );
            self.state.insert(key, value, &mut self.nodes)?;
        }
        Ok(self.state.root(None))
    }
}

impl Database for Partial {
    type Error = Wrong;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Wrong> {
        let info = self.entry(address)?.map(|entry| AccountInfo {
            balance: entry.balance,
            nonce: entry.nonce,
            code_hash: entry.code_hash,
            code: (entry.code_hash == KECCAK_EMPTY).then(Bytecode::default),
            ..AccountInfo::default()
        });
        Ok(info)
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Wrong> {
        let (code, used) = self.codes.get_mut(&hash).ok_or(Wrong::MissingCode)?;
        *used = true;
        Ok(Bytecode::new_raw_checked(code.clone())
            .unwrap_or_else(|_| Bytecode::new_legacy(code.clone())))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Wrong> {
        let (storage, nodes) = self.storage_of(address)?;
        let value = storage.get(keccak256(slot.to_be_bytes::<32>()), nodes)?;
        value.map_or(Ok(U256::ZERO), |value| decode_slot(&value))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Wrong> {
        self.hashes.get(&number).copied().ok_or(Wrong::MissingBlock)
    }
}
