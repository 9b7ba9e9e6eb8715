//! Programs for the EVM that tests and benches run: six kinds of work, each with the result that it must have.
//!
//! The results were computed by `revm` on the host and by `@ethereumjs/evm`, which shares no code with it;
//! `cargo xtask prove evm` compares them again. The token is what npm's `solc` 0.8.37 made of `token/Token.sol`, with
//! the optimizer, for London, without metadata.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use revm::primitives::hardfork::SpecId;
use revm::primitives::{keccak256, Address, Bytes, U256};

use crate::arguments::{DEFAULT_CALLER, DEFAULT_TO};
use crate::json;
use crate::run::{run, Call, Outcome, Status};
use crate::state::{Account, Accounts};
use crate::wrong::Wrong;

/// A program with its data and its result.
pub struct Workload {
    /// Its name.
    pub name: &'static str,
    /// Its code in hexadecimal.
    pub code: &'static str,
    /// Its data in hexadecimal.
    pub data: &'static str,
    /// The gas that is left of [`GAS`].
    pub gas_left: u64,
    /// The Keccak-256 digest of its output, its logs and its storage; `digest` says how.
    pub digest: &'static str,
}

/// The gas that each gets.
pub const GAS: u64 = 10_000_000;

/// All of them.
pub const WORKLOADS: [Workload; 6] = [
    // n = 2000; do { n = n - 1 } while n
    Workload {
        name: "loop",
        code: "6107d05b600190038060035700",
        data: "",
        gas_left: 9_947_997,
        digest: "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    },
    // n = 100; do { memory[0..32] = keccak256(memory[0..64]) } while --n; return memory[0..32]
    Workload {
        name: "hashing",
        code: "60645b6040600020600052600190038060025760206000f3",
        data: "",
        gas_left: 9_991_985,
        digest: "256c266892060641ea278db16c88981afc1dd69dd7f1235018031b92f17d9f6e",
    },
    // x = seed; n = 50; do { x = addmod(x, (mulmod(x + 1, x, m) / 3) ** 5, m) } while --n; return x
    Workload {
        name: "arithmetic",
        code: "7f0123456789abcdeffedcba98765432100f1e2d3c4b5a69788796a5b4c3d2e1f060005260325b7fffffffffff\
               fffffffffffffffffffffffffffffffffffffffffffffefffffc2f6000518060010109600390046005900a7fff\
               fffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f9060005108600052600190038060\
               265760206000f3",
        data: "",
        gas_left: 9_992_229,
        digest: "39baa985760adb10453b8d2290f4e96608d76636e2f3635d42ae9c685e633e82",
    },
    // n = 64; do { storage[n % 16] += n } while --n
    Workload {
        name: "storage",
        code: "60405b80600f16805482019055600190038060025700",
        data: "",
        gas_left: 9_633_789,
        digest: "51051e2eeb829ef308d51ffed814a9a9b4d481fe6683fef890ed5d6de109e60a",
    },
    // f(n) = n == 0 ? 0 : f(n - 1) + n + 1, each a CALL of itself
    Workload {
        name: "calls",
        code: "60003580600c5760206000f35b806001900360005260206000602060006000305af16000510101600052602060\
               00f3",
        data: "0000000000000000000000000000000000000000000000000000000000000014",
        gas_left: 9_996_229,
        digest: "d31ddb47b5e8664717d3718acbd132396ff496fe337159c99410be8658408a27",
    },
    // transfer(0xdddd…, 1000)
    Workload {
        name: "token",
        code: include_str!("../token/runtime.hex"),
        data: "a9059cbb\
               000000000000000000000000dddddddddddddddddddddddddddddddddddddddd\
               00000000000000000000000000000000000000000000000000000000000003e8",
        gas_left: 9_970_119,
        digest: "1f4d6e0341fc0231bef33c760b3deb21ab43492d122a8286579d1f2dece047c5",
    },
];

/// What the caller has of the token.
const SUPPLY: u64 = 1_000_000;

impl Workload {
    /// The call.
    pub fn call(&self) -> Option<Call> {
        Some(Call {
            code: Bytes::from(json::bytes(self.code)?),
            data: Bytes::from(json::bytes(self.data)?),
            gas: GAS,
            spec: SpecId::OSAKA,
            to: DEFAULT_TO,
            caller: DEFAULT_CALLER,
            value: U256::ZERO,
        })
    }

    /// The accounts before it: the caller has wei and tokens.
    pub fn accounts(&self) -> Accounts {
        let mut storage = BTreeMap::new();
        if self.name == "token" {
            let mut key = [0; 64];
            key[12..32].copy_from_slice(DEFAULT_CALLER.as_slice());
            storage.insert(U256::from_be_bytes(keccak256(key).0), U256::from(SUPPLY));
            storage.insert(U256::from(2), U256::from(SUPPLY));
        }
        let contract = Account {
            nonce: 1,
            storage,
            ..Account::default()
        };
        let caller = Account {
            balance: U256::from(1_000_000_000_u64),
            ..Account::default()
        };
        Accounts(
            [(DEFAULT_TO, contract), (DEFAULT_CALLER, caller)]
                .into_iter()
                .collect(),
        )
    }

    fn run(&self) -> Result<(), Wrong> {
        let call = self.call().ok_or(Wrong::Workload)?;
        let outcome = run(&call, self.accounts(), None)?;
        let success = matches!(outcome.status, Status::Success(_));
        let right = success
            && outcome.gas_left == self.gas_left
            && digest(&outcome, call.to) == self.digest;
        if right {
            Ok(())
        } else {
            Err(Wrong::Workload)
        }
    }
}

/// The digest of an output, of each log's topics and data, and of each key and value of the account's storage.
pub fn digest(outcome: &Outcome, of: Address) -> alloc::string::String {
    let mut bytes: Vec<u8> = outcome.output.to_vec();
    for log in &outcome.logs {
        log.topics()
            .iter()
            .for_each(|topic| bytes.extend_from_slice(topic.as_slice()));
        bytes.extend_from_slice(&log.data.data);
    }
    let account = outcome.accounts.0.get(&of);
    for (key, value) in account.into_iter().flat_map(|account| &account.storage) {
        bytes.extend_from_slice(&key.to_be_bytes::<32>());
        bytes.extend_from_slice(&value.to_be_bytes::<32>());
    }
    json::hex(keccak256(bytes).as_slice())
}

/// Runs every workload so many times.
///
/// # Errors
/// One did not end as it should.
pub fn run_all(rounds: u64) -> Result<(), Wrong> {
    (0..rounds).try_for_each(|_| WORKLOADS.iter().try_for_each(Workload::run))
}

/// Runs one workload so many times.
///
/// # Errors
/// There is no such workload, or it did not end as it should.
pub fn run_named(name: &str, rounds: u64) -> Result<(), Wrong> {
    let workload = WORKLOADS
        .iter()
        .find(|workload| workload.name == name)
        .ok_or(Wrong::Arguments)?;
    (0..rounds).try_for_each(|_| workload.run())
}
