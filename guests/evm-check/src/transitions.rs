//! The type script: state transitions that it must accept, and each with one thing changed, which it must refuse.

use std::collections::BTreeMap;

use alloy_consensus::transaction::SignableTransaction;
use alloy_consensus::{TxEip1559, TxEip2930, TxEnvelope, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use evm::arguments::DEFAULT_TO;
use evm::json;
use evm::spec::SPECIFICATIONS;
use evm::state::{Account, Accounts};
use evm::verify::{Made, make};
use evm::witness::{BlockFields, Cell, Configuration, Witness};
use k256::ecdsa::SigningKey;
use revm::primitives::alloy_primitives::Signature;
use revm::primitives::{Address, B256, Bytes, TxKind, U256, keccak256};

use crate::generator::{Random, accounts, programs};
use crate::guest::{Chain, Guest};
use crate::root;

pub const CHAIN: u64 = 1337;

/// A transition that must be accepted.
#[derive(Clone)]
pub struct Good {
    pub configuration: Configuration,
    pub before: Cell,
    pub made: Made,
}

/// The guest that verifies.
pub fn guest() -> Guest {
    Guest::load(&root().join("guests/elf/rust_evm_verify.elf"))
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[0x46; 32]).expect("a key")
}

fn address_of(key: &SigningKey) -> Address {
    Address::from_raw_public_key(&key.verifying_key().to_encoded_point(false).as_bytes()[1..])
}

fn signed<T: SignableTransaction<Signature>>(transaction: T) -> Bytes
where
    TxEnvelope: From<alloy_consensus::Signed<T>>,
{
    let (signature, recovery) = key()
        .sign_prehash_recoverable(transaction.signature_hash().as_slice())
        .expect("a signature");
    let signature = Signature::from((signature, recovery));
    TxEnvelope::from(transaction.into_signed(signature))
        .encoded_2718()
        .into()
}

/// A transaction to a program, from somebody with wei, in one of the kinds that the specification has.
fn transaction(
    random: &mut Random,
    specification: u64,
    nonce: u64,
    to: TxKind,
    input: Bytes,
    gas_limit: u64,
) -> Bytes {
    let value = U256::from(random.below(3));
    let price = 10 + u128::from(random.below(5));
    match (specification, random.below(3)) {
        (8.., 0) => signed(TxEip1559 {
            chain_id: CHAIN,
            nonce,
            gas_limit,
            max_fee_per_gas: price,
            max_priority_fee_per_gas: 2,
            to,
            value,
            access_list: Default::default(),
            input,
        }),
        (7.., 1) => signed(TxEip2930 {
            chain_id: CHAIN,
            nonce,
            gas_price: price,
            gas_limit,
            to,
            value,
            access_list: Default::default(),
            input,
        }),
        _ => {
            let chain_id = (specification >= 3 && random.one_in(2)).then_some(CHAIN);
            signed(TxLegacy {
                chain_id,
                nonce,
                gas_price: price,
                gas_limit,
                to,
                value,
                input,
            })
        }
    }
}

/// The transition number `seed`. None if Ethereum would not execute the transaction.
pub fn good(seed: u64) -> Option<Good> {
    let mut random = Random(seed);
    let case = programs(seed).next()?;
    let specification = evm::spec::number(case.call.spec);
    let mut accounts = accounts();
    accounts.0.get_mut(&DEFAULT_TO)?.code = case.call.code.clone();
    let sender = Account {
        balance: U256::from(10).pow(U256::from(18)),
        nonce: 3,
        ..Account::default()
    };
    accounts.0.insert(address_of(&key()), sender);
    // Others, so that the tries have branches.
    for _ in 0..random.below(40) {
        let balance = U256::from(random.next());
        accounts.0.insert(
            Address::from_slice(&random.bytes(20)),
            Account {
                balance,
                ..Account::default()
            },
        );
    }
    let storage = &mut accounts.0.get_mut(&DEFAULT_TO)?.storage;
    for _ in 0..random.below(20) {
        storage.insert(U256::from(random.below(60)), U256::from(random.next()));
    }
    let (to, input) = match random.one_in(8) {
        true => (TxKind::Create, case.call.code.clone()),
        false => (TxKind::Call(DEFAULT_TO), case.call.data.clone()),
    };
    let signed = transaction(
        &mut random,
        specification,
        3,
        to,
        input,
        case.call.gas + 100_000,
    );
    let block = BlockFields {
        number: 5 + random.below(100),
        timestamp: 1_700_000_000 + random.below(1000),
        coinbase: if random.one_in(2) {
            Address::repeat_byte(0xcb)
        } else {
            Address::from_slice(&random.bytes(20))
        },
        gas_limit: 30_000_000,
        base_fee: 7,
        difficulty: U256::from(random.below(1000)),
        random: B256::from_slice(&random.bytes(32)),
    };
    let configuration = Configuration {
        chain: CHAIN,
        specification,
        first_root: B256::ZERO,
    };
    let before = Cell {
        root: accounts.root(None),
        history: keccak256(seed.to_le_bytes()),
    };
    let made = make(
        &configuration,
        &accounts,
        before.history,
        block,
        signed,
        Vec::new(),
    )
    .ok()?;
    Some(Good {
        configuration,
        before,
        made,
    })
}

fn rlp(value: &impl alloy_consensus::private::alloy_rlp::Encodable) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}

/// A molecule table of three fields.
fn table(fields: [&[u8]; 3]) -> Vec<u8> {
    let total = 16 + fields.iter().map(|field| field.len()).sum::<usize>();
    let mut out = (total as u32).to_le_bytes().to_vec();
    let mut offset = 16_u32;
    for field in fields {
        out.extend(offset.to_le_bytes());
        offset += field.len() as u32;
    }
    out.extend(fields.concat());
    out
}

fn bytes(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32).to_le_bytes()[..], content].concat()
}

/// What the script of such a transaction can load.
pub fn chain(configuration: &[u8], before: &[u8], after: &[u8], witness: &[u8]) -> Chain {
    Chain {
        script: table([&[0x5c; 32], &[4], &bytes(configuration)]),
        inputs: vec![before.to_vec()],
        outputs: vec![after.to_vec()],
        witness: Some(table([&[], &bytes(witness), &[]])),
    }
}

impl Good {
    /// What the script can load.
    pub fn chain(&self) -> Chain {
        self.changed(
            &self.made.witness,
            &self.before,
            &self.made.cell,
            &self.configuration,
        )
    }

    pub fn changed(
        &self,
        witness: &Witness,
        before: &Cell,
        after: &Cell,
        configuration: &Configuration,
    ) -> Chain {
        chain(
            &rlp(configuration),
            &before.bytes(),
            &after.bytes(),
            &witness.bytes(),
        )
    }
}

/// Accepts good transitions, and refuses each of them with one thing changed.
pub fn run(count: u64) -> Result<(), String> {
    let guest = guest();
    let (mut accepted, mut refused, mut cycles, mut native, mut impossible) =
        (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let mut codes: BTreeMap<i8, u64> = BTreeMap::new();
    let mut fields: BTreeMap<&str, u64> = BTreeMap::new();
    let mut seed = 0;
    while accepted < count {
        seed += 1;
        let Some(good) = good(seed) else {
            impossible += 1;
            continue;
        };
        let ended = guest.verify(good.chain());
        if ended.result == Ok(evm::wrong::OUT_OF_MEMORY) {
            impossible += 1;
            continue;
        }
        if ended.result != Ok(0) {
            return Err(format!(
                "transition {seed}: a good transition is refused: {:?}",
                ended.result
            ));
        }
        accepted += 1;
        cycles += ended.cycles;
        native += ended.native;
        for (name, chain) in good.changes() {
            match guest.verify(chain).result {
                Ok(code) if code != 0 && code != evm::wrong::PANIC => {
                    refused += 1;
                    *codes.entry(code).or_default() += 1;
                    *fields.entry(name).or_default() += 1;
                }
                other => return Err(format!("transition {seed}, {name} changed: {other:?}")),
            }
        }
    }
    println!(
        "{accepted} transitions accepted ({impossible} seeds gave none), {} cycles each on average, {:.3} % native",
        cycles / accepted,
        native as f64 * 100.0 / cycles as f64
    );
    println!(
        "{refused} changes of {} kinds of field, all refused: by exit code {codes:?}",
        fields.len()
    );
    println!("  {fields:?}");
    Ok(())
}

/// The transitions that stand in `examples/evm`, as one line each: the arguments of the script, the input's and the
/// output's data, the witness.
pub fn write() -> Result<(), String> {
    let mut accounts = Accounts::default();
    let token = evm::workloads::WORKLOADS
        .iter()
        .find(|workload| workload.name == "token")
        .ok_or("a token")?;
    let sender = address_of(&key());
    let mut slot = [0; 64];
    slot[12..32].copy_from_slice(sender.as_slice());
    let supply = U256::from(1_000_000);
    let storage = [
        (U256::from_be_bytes(keccak256(slot).0), supply),
        (U256::from(2), supply),
    ]
    .into_iter()
    .collect();
    let code = json::bytes(token.code).ok_or("hexadecimal")?.into();
    accounts.0.insert(
        DEFAULT_TO,
        Account {
            nonce: 1,
            code,
            storage,
            ..Account::default()
        },
    );
    accounts.0.insert(
        sender,
        Account {
            balance: U256::from(10).pow(U256::from(18)),
            ..Account::default()
        },
    );
    let specification = SPECIFICATIONS
        .iter()
        .position(|(name, _)| *name == "osaka")
        .ok_or("a specification")? as u64;
    let configuration = Configuration {
        chain: CHAIN,
        specification,
        first_root: accounts.root(None),
    };
    let before = Cell {
        root: configuration.first_root,
        history: B256::ZERO,
    };
    let block = BlockFields {
        number: 1,
        timestamp: 1_700_000_000,
        coinbase: Address::repeat_byte(0xcb),
        gas_limit: 30_000_000,
        base_fee: 7,
        difficulty: U256::ZERO,
        random: B256::ZERO,
    };
    let transaction = signed(TxEip1559 {
        chain_id: CHAIN,
        nonce: 0,
        gas_limit: 100_000,
        max_fee_per_gas: 10,
        max_priority_fee_per_gas: 2,
        to: TxKind::Call(DEFAULT_TO),
        value: U256::ZERO,
        access_list: Default::default(),
        input: json::bytes(token.data).ok_or("hexadecimal")?.into(),
    });
    let made = make(
        &configuration,
        &accounts,
        before.history,
        block,
        transaction,
        Vec::new(),
    )
    .map_err(|wrong| wrong.to_string())?;
    let mut wrong = made.clone();
    wrong.witness.transition.claim.accounts[1].balance += U256::from(1);
    wrong.cell.history = wrong.witness.transition.history(before.history);
    let line = |name: &str, cell: &Cell, witness: &Witness| {
        println!(
            "{name}\t{}\t{}\t{}\t{}",
            json::hex(&rlp(&configuration)),
            json::hex(&before.bytes()),
            json::hex(&cell.bytes()),
            json::hex(&witness.bytes())
        );
    };
    println!(
        "# State transitions for guests/elf/rust_evm_verify.elf: a name, the script's arguments, the data of the input and"
    );
    println!(
        "# the output cell, and the witness. Written by `cargo xtask prove evm`; separated by tabs."
    );
    line("transfer", &made.cell, &made.witness);
    line("wrong_balance", &wrong.cell, &wrong.witness);
    let guest = guest();
    for seed in 1..=30 {
        if let Some(good) = good(seed)
            .filter(|good| good.made.witness.bytes().len() < 6000)
            .filter(|good| guest.verify(good.chain()).result == Ok(0))
        {
            let configuration = good.configuration;
            println!(
                "random_{seed}\t{}\t{}\t{}\t{}",
                json::hex(&rlp(&configuration)),
                json::hex(&good.before.bytes()),
                json::hex(&good.made.cell.bytes()),
                json::hex(&good.made.witness.bytes())
            );
        }
    }
    Ok(())
}
