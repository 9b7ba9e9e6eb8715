//! What the type script is given, as RLP.
//!
//! The witness of a transition has the block's fields, the signed transaction, the claim, the hashes of earlier blocks
//! that the code asks for, and then the proof: the nodes of tries and the codes that the execution needs, each sorted by
//! hash and none twice.

use alloc::vec::Vec;

use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use revm::primitives::{keccak256, Address, Bytes, Log, B256, U256};

use crate::spec;
use crate::state::Change;
use crate::wrong::Wrong;
use revm::primitives::hardfork::SpecId;

/// The arguments of the type script: which chain it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Configuration {
    /// The chain that transactions are signed for.
    pub chain: u64,
    /// The number of the specification, which counts from Frontier.
    pub specification: u64,
    /// The state root of the first cell.
    pub first_root: B256,
}

impl Configuration {
    /// Reads the arguments.
    ///
    /// # Errors
    /// They are something else.
    pub fn read(mut bytes: &[u8]) -> Result<(Self, SpecId), Wrong> {
        let read = Self::decode(&mut bytes).map_err(|_| Wrong::Configuration)?;
        let spec = spec::numbered(read.specification).ok_or(Wrong::Configuration)?;
        if bytes.is_empty() {
            Ok((read, spec))
        } else {
            Err(Wrong::Configuration)
        }
    }
}

/// The data of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The root of the state.
    pub root: B256,
    /// A digest of all transitions that led to it, with their claims.
    pub history: B256,
}

impl Cell {
    /// Reads the data.
    ///
    /// # Errors
    /// They have not 64 bytes.
    pub fn read(data: &[u8]) -> Result<Self, Wrong> {
        let data: &[u8; 64] = data.try_into().map_err(|_| Wrong::Cells)?;
        Ok(Self {
            root: B256::from_slice(&data[..32]),
            history: B256::from_slice(&data[32..]),
        })
    }

    /// The data.
    pub fn bytes(&self) -> Vec<u8> {
        [self.root.0, self.history.0].concat()
    }
}

/// The fields of the block, which who makes the witness chooses, as who makes a block does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct BlockFields {
    /// Its number.
    pub number: u64,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// Who gets the fees.
    pub coinbase: Address,
    /// The most gas of a transaction.
    pub gas_limit: u64,
    /// What a unit of gas costs at least.
    pub base_fee: u64,
    /// The difficulty, before the merge.
    pub difficulty: U256,
    /// The random number, after the merge.
    pub random: B256,
}

/// A log.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct LogEntry {
    /// Whose.
    pub address: Address,
    /// What can be searched for.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Bytes,
}

impl From<&Log> for LogEntry {
    fn from(log: &Log) -> Self {
        Self {
            address: log.address,
            topics: log.topics().to_vec(),
            data: log.data.data.clone(),
        }
    }
}

/// A word of a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct SlotEntry {
    /// Where.
    pub key: U256,
    /// What.
    pub value: U256,
}

/// An account that the transaction changed.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct PostAccount {
    /// Whose.
    pub address: Address,
    /// 1 if the account exists afterwards, otherwise 0, and the rest is zero.
    pub exists: u8,
    /// Its nonce.
    pub nonce: u64,
    /// Its wei.
    pub balance: U256,
    /// The hash of its code.
    pub code_hash: B256,
    /// 1 if its storage from before is gone.
    pub cleared: u8,
    /// The words that changed, by key.
    pub slots: Vec<SlotEntry>,
}

impl From<&Change> for PostAccount {
    fn from(change: &Change) -> Self {
        let after = change.after.as_ref();
        Self {
            address: change.address,
            exists: u8::from(after.is_some()),
            nonce: after.map_or(0, |after| after.nonce),
            balance: after.map_or(U256::ZERO, |after| after.balance),
            code_hash: after.map_or(B256::ZERO, |after| after.code_hash),
            cleared: u8::from(change.storage_cleared),
            slots: change
                .slots
                .iter()
                .map(|(key, value)| SlotEntry {
                    key: *key,
                    value: *value,
                })
                .collect(),
        }
    }
}

/// What executing is claimed to give.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Claim {
    /// 1 for success, 2 for a revert, 0 if the machine halted it.
    pub status: u8,
    /// The gas that the sender pays for.
    pub gas_used: u64,
    /// What the code returned; for a creation, the code of the contract.
    pub output: Bytes,
    /// The logs, in order.
    pub logs: Vec<LogEntry>,
    /// The post-state: the accounts that changed, by address.
    pub accounts: Vec<PostAccount>,
}

/// The hash of an earlier block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct BlockHash {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

/// A transition, without the proof.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Transition {
    /// The block's fields.
    pub block: BlockFields,
    /// The signed transaction, in its own encoding (EIP-2718).
    pub transaction: Bytes,
    /// The hashes of earlier blocks.
    pub hashes: Vec<BlockHash>,
    /// What comes of it.
    pub claim: Claim,
}

impl Transition {
    /// The history after this transition: the next link of a chain of hashes.
    pub fn history(&self, before: B256) -> B256 {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        keccak256([before.0, keccak256(&bytes).0].concat())
    }
}

/// A transition with its proof.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Witness {
    /// The transition.
    pub transition: Transition,
    /// Nodes of tries.
    pub nodes: Vec<Bytes>,
    /// Codes.
    pub codes: Vec<Bytes>,
}

impl Witness {
    /// Reads a witness.
    ///
    /// # Errors
    /// It is something else, or encoded in another way.
    pub fn read(mut bytes: &[u8]) -> Result<Self, Wrong> {
        let read = Self::decode(&mut bytes).map_err(|_| Wrong::Witness)?;
        let sorted = |list: &[Bytes]| list.iter().map(keccak256).is_sorted_by(|a, b| a < b);
        let right = bytes.is_empty() && sorted(&read.nodes) && sorted(&read.codes);
        if right {
            Ok(read)
        } else {
            Err(Wrong::Witness)
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        bytes
    }
}
