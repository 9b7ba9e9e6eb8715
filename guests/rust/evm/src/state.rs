//! Accounts that are there whole, and what an execution changed of them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use revm::primitives::hardfork::SpecId;
use revm::primitives::{keccak256, Address, Bytes, B256, KECCAK_EMPTY, U256};
use revm::state::{AccountInfo, Bytecode, EvmState};
use revm::Database;

use crate::trie::{encode_account, slot_value, Nodes, Trie, EMPTY_ROOT};
use crate::wrong::Wrong;

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Its wei.
    pub balance: U256,
    /// How many transactions it sent, or contracts it made.
    pub nonce: u64,
    /// Its code; empty for an account of a person.
    pub code: Bytes,
    /// Its words that are not zero.
    pub storage: BTreeMap<U256, U256>,
}

/// All accounts of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts(pub BTreeMap<Address, Account>);

/// What an execution made of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub address: Address,
    /// The account afterwards; none if it is gone.
    pub after: Option<AccountInfo>,
    /// Whether the storage from before is gone, because the account is new or was destroyed.
    pub storage_cleared: bool,
    /// The words that changed.
    pub slots: BTreeMap<U256, U256>,
}

/// What an execution changed, by address.
pub fn changes(state: EvmState, spec: SpecId) -> Vec<Change> {
    let mut changes: Vec<Change> = state
        .into_iter()
        .filter_map(|(address, account)| {
            let storage_cleared = account.is_created() || account.is_selfdestructed();
            let empty = account.info.is_empty();
            let gone = account.is_selfdestructed() || (empty && spec >= SpecId::SPURIOUS_DRAGON);
            let absent = account.is_loaded_as_not_existing();
            if !account.is_touched() || (gone && absent) {
                return None;
            }
            let slots: BTreeMap<U256, U256> = account
                .storage
                .iter()
                .filter(|(_, slot)| {
                    slot.is_changed() || (storage_cleared && !slot.present_value().is_zero())
                })
                .map(|(key, slot)| (*key, slot.present_value()))
                .collect();
            let same = account.original_info() == account.info && !absent;
            if same && slots.is_empty() && !storage_cleared && !gone {
                return None;
            }
            Some(Change {
                address,
                after: (!gone).then_some(account.info),
                storage_cleared,
                slots: if gone { BTreeMap::new() } else { slots },
            })
        })
        .collect();
    changes.sort_by_key(|change| change.address);
    changes
}

impl Accounts {
    /// Makes the changes.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            let Some(after) = &change.after else {
                self.0.remove(&change.address);
                continue;
            };
            let account = self.0.entry(change.address).or_default();
            account.balance = after.balance;
            account.nonce = after.nonce;
            if let Some(code) = &after.code {
                account.code = code.original_bytes();
            }
            if change.storage_cleared {
                account.storage.clear();
            }
            for (key, value) in &change.slots {
                match value.is_zero() {
                    true => account.storage.remove(key),
                    false => account.storage.insert(*key, *value),
                };
            }
        }
    }

    /// The root of the state, and every node of its tries goes to `nodes`.
    pub fn root(&self, mut nodes: Option<&mut Nodes>) -> B256 {
        let mut trie = Trie::empty();
        let mut none = Nodes::default();
        for (address, account) in &self.0 {
            let storage = account.storage_root(nodes.as_deref_mut());
            let value =
                encode_account(account.nonce, account.balance, storage, account.code_hash());
            let inserted = trie.insert(keccak256(address), value, &mut none);
            debug_assert!(inserted.is_ok(), "a whole trie misses no node");
        }
        trie.root(nodes)
    }
}

impl Account {
    /// The hash of the code.
    pub fn code_hash(&self) -> B256 {
        if self.code.is_empty() {
            KECCAK_EMPTY
        } else {
            keccak256(&self.code)
        }
    }

    /// The root of the storage, and every node of its trie goes to `nodes`.
    pub fn storage_root(&self, nodes: Option<&mut Nodes>) -> B256 {
        if self.storage.is_empty() {
            return EMPTY_ROOT;
        }
        let mut trie = Trie::empty();
        let mut none = Nodes::default();
        for (key, value) in &self.storage {
            let inserted = trie.insert(
                keccak256(key.to_be_bytes::<32>()),
                slot_value(*value),
                &mut none,
            );
            debug_assert!(inserted.is_ok(), "a whole trie misses no node");
        }
        trie.root(nodes)
    }
}

impl Database for Accounts {
    type Error = Wrong;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Wrong> {
        Ok(self.0.get(&address).map(|account| {
            let code = Bytecode::new_raw_checked(account.code.clone())
                .unwrap_or_else(|_| Bytecode::new_legacy(account.code.clone()));
            AccountInfo {
                balance: account.balance,
                nonce: account.nonce,
                code_hash: account.code_hash(),
                code: Some(code),
                ..AccountInfo::default()
            }
        }))
    }

    fn code_by_hash(&mut self, _: B256) -> Result<Bytecode, Wrong> {
        // `basic` gives the code of each account.
        Err(Wrong::MissingCode)
    }

    fn storage(&mut self, address: Address, key: U256) -> Result<U256, Wrong> {
        let account = self.0.get(&address);
        Ok(account
            .and_then(|account| account.storage.get(&key))
            .copied()
            .unwrap_or_default())
    }

    /// There are no blocks before this one: their hashes are zero.
    fn block_hash(&mut self, _: u64) -> Result<B256, Wrong> {
        Ok(B256::ZERO)
    }
}
