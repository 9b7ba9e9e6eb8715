//! The tries of the guests against `alloy-trie`.

use std::collections::BTreeMap;

use alloy_trie::root::storage_root_unhashed;
use evm::state::Account;
use evm::trie::{Nodes, Trie, slot_value};
use revm::primitives::{B256, U256, keccak256};

use crate::generator::Random;

/// The tries: roots against `alloy-trie`, after insertions and removals in part of the trie.
pub fn run(count: u64) -> Result<(), String> {
    let mut nodes_needed = 0;
    for seed in 0..count {
        let mut random = Random(seed);
        let mut words: BTreeMap<U256, U256> = BTreeMap::new();
        for _ in 0..random.below(60) {
            words.insert(
                U256::from(random.below(300)),
                U256::from(random.next() >> random.below(64)) + U256::from(1),
            );
        }
        let account = Account {
            storage: words.clone(),
            ..Account::default()
        };
        let mut nodes = Nodes::default();
        let before = account.storage_root(Some(&mut nodes));
        if before != expected(&words) {
            return Err(format!("trie {seed}: another root than alloy-trie's"));
        }
        let mut trie = Trie::with_root(before);
        for _ in 0..random.below(30) {
            let slot = U256::from(random.below(300));
            let key = keccak256(slot.to_be_bytes::<32>());
            let found = trie
                .get(key, &mut nodes)
                .map_err(|wrong| format!("trie {seed}: {wrong}"))?;
            if found != words.get(&slot).map(|value| slot_value(*value)) {
                return Err(format!("trie {seed}: another value of {slot}"));
            }
            if random.one_in(2) {
                words.remove(&slot);
                trie.remove(key, &mut nodes)
                    .map_err(|wrong| format!("trie {seed}: {wrong}"))?;
            } else {
                let value = U256::from(random.next());
                words.insert(slot, value);
                trie.insert(key, slot_value(value), &mut nodes)
                    .map_err(|wrong| format!("trie {seed}: {wrong}"))?;
            }
        }
        nodes_needed += nodes.used().count();
        if trie.root(None) != expected(&words) {
            return Err(format!(
                "trie {seed}: another root than alloy-trie's after changes"
            ));
        }
    }
    println!(
        "{count} tries against alloy-trie, whole and changed in part ({nodes_needed} nodes needed): the same roots"
    );
    Ok(())
}

fn expected(words: &BTreeMap<U256, U256>) -> B256 {
    storage_root_unhashed(
        words
            .iter()
            .filter(|(_, value)| !value.is_zero())
            .map(|(key, value)| (B256::from(*key), *value)),
    )
}
