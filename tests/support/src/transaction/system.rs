//! Transactions that the scripts of `ckb-system-scripts` decide about: those deployed on CKB's main
//! net. The values come from the deployed scripts, not from us.

use ckb_crypto::secp::Privkey;
use ckb_hash::{blake2b_256, new_blake2b};
use ckb_mock_tx_types::MockTransaction;
use ckb_system_scripts::BUNDLED_CELL;
use ckb_types::H256;
use ckb_types::bytes::Bytes;
use ckb_types::core::{EpochNumberWithFraction, HeaderView, ScriptHashType};
use ckb_types::packed::{Byte32, Script, WitnessArgs};
use ckb_types::prelude::*;

use super::{Case, Coin, Draft, script_of, scripts, witness};

/// Bytes of a recoverable signature.
pub const SIGNATURE_BYTES: usize = 65;

/// What is wrong with the signature, if anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signature {
    /// It is the key's.
    Good,
    /// One bit of it is flipped.
    BitFlipped,
}

/// A bundled cell's data. Panics when the crate has no such cell: a test cannot go on.
pub fn system_cell(name: &str) -> Bytes {
    let path = format!("specs/cells/{name}");
    let data = BUNDLED_CELL.get(&path).expect("a bundled system cell");
    Bytes::from(data.into_owned())
}

/// A type script for a cell of code, so that the hash type `type` finds it.
fn code_type(name: &str) -> Script {
    Script::new_builder()
        .code_hash(Byte32::zero())
        .hash_type(ScriptHashType::Data)
        .args(Bytes::copy_from_slice(name.as_bytes()))
        .build()
}

/// A script that runs a bundled cell, by any hash type.
fn system_script(name: &str, hash_type: ScriptHashType, args: impl Into<Bytes>) -> Script {
    match hash_type {
        ScriptHashType::Type => Script::new_builder()
            .code_hash(code_type(name).calc_script_hash())
            .hash_type(hash_type)
            .args(args.into())
            .build(),
        _ => script_of(&system_cell(name), hash_type, args),
    }
}

/// The dependencies of a script that verifies signatures.
fn signature_deps(name: &str) -> Vec<(Bytes, Option<Script>)> {
    vec![
        (system_cell(name), Some(code_type(name))),
        (system_cell("secp256k1_data"), None),
    ]
}

fn key(number: u8) -> Privkey {
    Privkey::from_slice(&[number; 32])
}

/// What stands for a key in a script's args.
fn key_hash(key: &Privkey) -> [u8; 20] {
    let public = key.pubkey().expect("a valid key").serialize();
    let mut hash = [0; 20];
    hash.copy_from_slice(&blake2b_256(public)[..20]);
    hash
}

/// What is signed: the transaction's hash and the witness with zeros for the signatures.
fn message(hash: &Byte32, blank: &WitnessArgs) -> H256 {
    let blank = blank.as_bytes();
    let mut hasher = new_blake2b();
    hasher.update(hash.as_slice());
    hasher.update(&(blank.len() as u64).to_le_bytes());
    hasher.update(&blank);
    let mut digest = [0; 32];
    hasher.finalize(&mut digest);
    H256::from(digest)
}

fn sign(key: &Privkey, message: &H256, signature: Signature) -> Vec<u8> {
    let mut bytes = key
        .sign_recoverable(message)
        .expect("a signature")
        .serialize();
    if signature == Signature::BitFlipped {
        bytes[40] ^= 0x10;
    }
    bytes
}

/// What stands in a lock's args for the key that signs in [`signed`].
pub fn owner() -> [u8; 20] {
    key_hash(&key(0x42))
}

/// An input with a lock of others' that one key unlocks. What is signed has the witness `blank`; the transaction has
/// the one that `filled` makes of the signature.
pub fn signed(
    code: Bytes,
    lock: Script,
    blank: &WitnessArgs,
    filled: impl FnOnce(Vec<u8>) -> WitnessArgs,
) -> MockTransaction {
    let draft = Draft::default()
        .dep_group(vec![(code, None), (system_cell("secp256k1_data"), None)])
        .output(&Coin::new(lock.clone()))
        .input(Coin::new(lock));
    let message = message(&draft.hash(), blank);
    let signature = sign(&key(0x42), &message, Signature::Good);
    draft.witness(filled(signature).as_bytes()).build()
}

/// An input that one key unlocks: `secp256k1_blake160_sighash_all`.
pub fn sighash(hash_type: ScriptHashType, signature: Signature) -> MockTransaction {
    const NAME: &str = "secp256k1_blake160_sighash_all";
    let key = key(0x42);
    let lock = system_script(NAME, hash_type, key_hash(&key).to_vec());
    let draft = Draft::default()
        .dep_group(signature_deps(NAME))
        .output(&Coin::new(lock.clone()))
        .input(Coin::new(lock));
    let message = message(&draft.hash(), &witness(vec![0; SIGNATURE_BYTES]));
    let signed = witness(sign(&key, &message, signature));
    draft.witness(signed.as_bytes()).build()
}

/// An input that two of three keys unlock: `secp256k1_blake160_multisig_all`.
pub fn multisig(hash_type: ScriptHashType, signature: Signature) -> MockTransaction {
    const NAME: &str = "secp256k1_blake160_multisig_all";
    const NEEDED: u8 = 2;
    let keys = [key(0x42), key(0x43), key(0x44)];
    let mut owners = vec![0, 0, NEEDED, keys.len() as u8];
    owners.extend(keys.iter().flat_map(key_hash));
    let lock = system_script(NAME, hash_type, blake2b_256(&owners)[..20].to_vec());
    let draft = Draft::default()
        .dep_group(signature_deps(NAME))
        .output(&Coin::new(lock.clone()))
        .input(Coin::new(lock));
    let with = |signatures: Vec<u8>| witness([owners.clone(), signatures].concat());
    let blank = with(vec![0; usize::from(NEEDED) * SIGNATURE_BYTES]);
    let message = message(&draft.hash(), &blank);
    let signatures = [
        sign(&keys[0], &message, Signature::Good),
        sign(&keys[2], &message, signature),
    ];
    let signed = with(signatures.concat());
    draft.witness(signed.as_bytes()).build()
}

/// A block with this accumulated rate of interest.
fn block(number: u64, epoch: u64, rate: u64) -> HeaderView {
    let mut dao = [0; 32];
    dao[8..16].copy_from_slice(&rate.to_le_bytes());
    HeaderView::new_advanced_builder()
        .number(number)
        .epoch(EpochNumberWithFraction::new(epoch, 0, 1800))
        .dao(Byte32::from_slice(&dao).expect("32 bytes"))
        .build()
}

/// The interest that is taken in [`dao_withdrawal`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    /// What is due.
    Due,
    /// One byte's worth of capacity more.
    TooMuch,
}

/// A rate that doubles what is deposited.
const RATES: [u64; 2] = [10_000_000_000_000_000, 20_000_000_000_000_000];

fn dao_coin() -> Coin {
    let (_, lock) = scripts::always_success();
    Coin {
        type_: Some(system_script("dao", ScriptHashType::Type, Bytes::new())),
        capacity: 1000,
        ..Coin::new(lock)
    }
}

fn dao_draft() -> Draft {
    Draft::default()
        .dep(system_cell("dao"), Some(code_type("dao")))
        .dep(scripts::always_success().0, None)
}

/// A deposit that begins to be withdrawn: the first phase.
pub fn dao_announcement() -> MockTransaction {
    let deposit = block(1000, 100, RATES[0]);
    let coin = Coin {
        data: vec![0; 8],
        block: Some(deposit.hash()),
        ..dao_coin()
    };
    let announced = Coin {
        data: 1000_u64.to_le_bytes().to_vec(),
        ..dao_coin()
    };
    dao_draft()
        .header(deposit)
        .input(coin)
        .output(&announced)
        .witness(Bytes::new())
        .build()
}

/// A deposit that is withdrawn, with interest: the second phase.
pub fn dao_withdrawal(interest: Interest) -> MockTransaction {
    let (deposit, announcement) = (block(1000, 100, RATES[0]), block(9000, 270, RATES[1]));
    // Locked for whole periods of 180 epochs; an epoch as such, not a distance.
    let since = 0x20 << 56 | EpochNumberWithFraction::new(280, 0, 1800).full_value();
    let coin = Coin {
        data: 1000_u64.to_le_bytes().to_vec(),
        since,
        block: Some(announcement.hash()),
        ..dao_coin()
    };
    // What the cell itself occupies earns nothing.
    let output = coin.output();
    let occupied = output
        .occupied_capacity(ckb_types::core::Capacity::bytes(8).expect("capacity in range"))
        .expect("capacity in range")
        .as_u64()
        / 100_000_000;
    let due = occupied + 2 * (1000 - occupied);
    let paid = Coin {
        capacity: due + u64::from(interest == Interest::TooMuch),
        ..Coin::new(coin.lock.clone())
    };
    // Which of the headers is the deposit's.
    let index = Bytes::copy_from_slice(&0_u64.to_le_bytes());
    let witness = WitnessArgs::new_builder().input_type(Some(index)).build();
    dao_draft()
        .header(deposit)
        .header(announcement)
        .input(coin)
        .output(&paid)
        .witness(witness.as_bytes())
        .build()
}

/// All of them: each script, good and bad, by different hash types.
pub fn cases() -> Vec<Case> {
    use ScriptHashType::{Data, Data1, Data2, Type};
    let mut cases = Vec::new();
    for (hash_type, name) in [
        (Data, "data"),
        (Data1, "data1"),
        (Data2, "data2"),
        (Type, "type"),
    ] {
        for (signature, verdict) in [(Signature::Good, "good"), (Signature::BitFlipped, "bad")] {
            let valid = signature == Signature::Good;
            let sighash = sighash(hash_type, signature);
            cases.push(Case::new(
                format!("sighash_{name}_{verdict}"),
                sighash,
                valid,
            ));
            let multisig = multisig(hash_type, signature);
            cases.push(Case::new(
                format!("multisig_{name}_{verdict}"),
                multisig,
                valid,
            ));
        }
    }
    cases.push(Case::new("dao_announcement", dao_announcement(), true));
    cases.push(Case::new("dao_good", dao_withdrawal(Interest::Due), true));
    cases.push(Case::new(
        "dao_bad",
        dao_withdrawal(Interest::TooMuch),
        false,
    ));
    cases
}
