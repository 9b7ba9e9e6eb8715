//! A state transition with one thing changed: every field in turn.

use alloy_consensus::TxEnvelope;
use alloy_eips::eip2718::Decodable2718;
use evm::witness::{BlockHash, Cell, Configuration, LogEntry, SlotEntry, Witness};
use revm::primitives::{Address, B256, Bytes, U256, keccak256};

use crate::guest::Chain;
use crate::transitions::Good;

impl Good {
    /// Everything with one field changed, by the field's name. The cells are consistent with the change where whoever
    /// makes them could make them so: the history is that of the changed transition.
    pub fn changes(&self) -> Vec<(&'static str, Chain)> {
        let mut all: Vec<(&'static str, Chain)> = Vec::new();
        let mut add =
            |name, change: &dyn Fn(&mut Witness, &mut Cell, &mut Cell, &mut Configuration)| {
                let (mut witness, mut before, mut after, mut configuration) = (
                    self.made.witness.clone(),
                    self.before,
                    self.made.cell,
                    self.configuration,
                );
                change(&mut witness, &mut before, &mut after, &mut configuration);
                let same = witness == self.made.witness
                    && before == self.before
                    && after == self.made.cell
                    && configuration == self.configuration;
                if !same {
                    all.push((
                        name,
                        self.changed(&witness, &before, &after, &configuration),
                    ));
                }
            };
        macro_rules! change {
            ($name:literal, $witness:ident, $body:expr) => {
                // As it stands, and with the history made to fit.
                add($name, &|witness, _, _, _| {
                    let $witness = witness;
                    $body;
                });
            };
        }
        macro_rules! claim {
            ($name:literal, $claim:ident, $body:expr) => {
                change!($name, witness, {
                    let $claim = &mut witness.transition.claim;
                    $body
                });
                add(
                    concat!($name, ", history made to fit"),
                    &|witness, before, after, _| {
                        {
                            let $claim = &mut witness.transition.claim;
                            $body;
                        }
                        after.history = witness.transition.history(before.history);
                    },
                );
            };
        }
        claim!("status", claim, claim.status = (claim.status + 1) % 3);
        claim!("status of another value", claim, claim.status += 3);
        claim!("gas used, more", claim, claim.gas_used += 1);
        claim!("gas used, less", claim, claim.gas_used -= 1);
        claim!(
            "output, longer",
            claim,
            claim.output = [&claim.output[..], &[0]].concat().into()
        );
        claim!(
            "output, a bit",
            claim,
            claim.output = flipped(&claim.output)
        );
        claim!(
            "logs, one more",
            claim,
            claim.logs.push(LogEntry {
                address: Address::ZERO,
                topics: Vec::new(),
                data: Bytes::new()
            })
        );
        claim!(
            "logs, one less",
            claim,
            claim.logs.truncate(claim.logs.len().saturating_sub(1))
        );
        claim!(
            "log's address",
            claim,
            claim
                .logs
                .iter_mut()
                .for_each(|log| log.address = Address::ZERO)
        );
        claim!(
            "log's topics",
            claim,
            claim
                .logs
                .iter_mut()
                .for_each(|log| log.topics.push(B256::ZERO))
        );
        claim!(
            "log's data",
            claim,
            claim
                .logs
                .iter_mut()
                .for_each(|log| log.data = [&log.data[..], &[1]].concat().into())
        );
        claim!(
            "accounts, one less",
            claim,
            claim
                .accounts
                .truncate(claim.accounts.len().saturating_sub(1))
        );
        claim!(
            "accounts, twice",
            claim,
            claim.accounts.extend(claim.accounts.first().cloned())
        );
        claim!("accounts, reversed", claim, claim.accounts.reverse());
        for at in 0..self.made.witness.transition.claim.accounts.len() {
            claim!(
                "account's address",
                claim,
                claim.accounts[at].address = flipped_address(claim.accounts[at].address)
            );
            claim!("account's existence", claim, claim.accounts[at].exists ^= 1);
            claim!("account's nonce", claim, claim.accounts[at].nonce ^= 1);
            claim!(
                "account's balance",
                claim,
                claim.accounts[at].balance ^= U256::from(1)
            );
            claim!(
                "account's code hash",
                claim,
                claim.accounts[at].code_hash[5] ^= 1
            );
            claim!("account's clearing", claim, claim.accounts[at].cleared ^= 1);
            claim!(
                "account's slots, one more",
                claim,
                claim.accounts[at].slots.push(SlotEntry {
                    key: U256::from(99),
                    value: U256::from(1)
                })
            );
            claim!(
                "account's slots, one less",
                claim,
                _ = claim.accounts[at].slots.pop()
            );
            claim!(
                "slot's key",
                claim,
                claim.accounts[at]
                    .slots
                    .iter_mut()
                    .for_each(|slot| slot.key ^= U256::from(1))
            );
            claim!(
                "slot's value",
                claim,
                claim.accounts[at]
                    .slots
                    .iter_mut()
                    .for_each(|slot| slot.value ^= U256::from(1))
            );
        }
        change!(
            "block's number",
            witness,
            witness.transition.block.number ^= 1
        );
        change!(
            "block's timestamp",
            witness,
            witness.transition.block.timestamp ^= 1
        );
        change!(
            "block's coinbase",
            witness,
            witness.transition.block.coinbase = flipped_address(witness.transition.block.coinbase)
        );
        change!(
            "block's gas limit",
            witness,
            witness.transition.block.gas_limit ^= 1
        );
        change!(
            "block's base fee",
            witness,
            witness.transition.block.base_fee ^= 1
        );
        change!(
            "block's difficulty",
            witness,
            witness.transition.block.difficulty ^= U256::from(1)
        );
        change!(
            "block's random number",
            witness,
            witness.transition.block.random[0] ^= 1
        );
        change!(
            "hash of a block that nothing needs",
            witness,
            witness.transition.hashes.push(BlockHash {
                number: 1,
                hash: B256::ZERO
            })
        );
        for at in 0..self.made.witness.transition.transaction.len() {
            change!("transaction, a bit", witness, {
                let mut transaction = witness.transition.transaction.to_vec();
                transaction[at] ^= 1 << (at % 8);
                witness.transition.transaction = transaction.into();
            });
        }
        for at in 0..self.made.witness.nodes.len() {
            change!(
                "node, a bit",
                witness,
                witness.nodes[at] = flipped(&witness.nodes[at])
            );
            change!("node, gone", witness, drop(witness.nodes.remove(at)));
            change!(
                "node, twice",
                witness,
                witness.nodes.insert(at, witness.nodes[at].clone())
            );
        }
        change!(
            "nodes, one that nothing needs",
            witness,
            add_sorted(&mut witness.nodes, vec![0xc2, 0x31, 1])
        );
        change!("nodes, reversed", witness, witness.nodes.reverse());
        for at in 0..self.made.witness.codes.len() {
            change!(
                "code, a bit",
                witness,
                witness.codes[at] = flipped(&witness.codes[at])
            );
            change!("code, gone", witness, drop(witness.codes.remove(at)));
        }
        change!(
            "codes, one that nothing needs",
            witness,
            add_sorted(&mut witness.codes, vec![0])
        );
        add("input cell's root", &|_, before, _, _| before.root[3] ^= 1);
        add("input cell's history", &|_, before, _, _| {
            before.history[3] ^= 1
        });
        add("output cell's root", &|_, _, after, _| after.root[3] ^= 1);
        add(
            "output cell's root: nothing changed",
            &|_, before, after, _| after.root = before.root,
        );
        add("output cell's history", &|_, _, after, _| {
            after.history[3] ^= 1
        });
        // Transactions without a chain of their own run on each chain, as on Ethereum.
        let unbound = alloy_consensus::Transaction::chain_id(&envelope(
            &self.made.witness.transition.transaction,
        ))
        .is_none();
        if !unbound {
            add("script's chain", &|_, _, _, configuration| {
                configuration.chain += 1
            });
        }
        add("script's specification", &|_, _, _, configuration| {
            configuration.specification += 99
        });
        all
    }
}

fn envelope(bytes: &[u8]) -> TxEnvelope {
    TxEnvelope::decode_2718_exact(bytes).expect("it was made so")
}

fn add_sorted(list: &mut Vec<Bytes>, one: Vec<u8>) {
    list.push(one.into());
    list.sort_by_key(|item| keccak256(item));
}

fn flipped(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    if let Some(byte) = bytes.last_mut() {
        *byte ^= 1;
    }
    bytes.into()
}

fn flipped_address(address: Address) -> Address {
    let mut address = address;
    address[7] ^= 1;
    address
}
