//! Programs for the EVM: every operation of every specification, statements in random order, and random bytes.

use evm::arguments::{DEFAULT_CALLER, DEFAULT_TO};
use evm::run::Call;
use evm::spec::SPECIFICATIONS;
use evm::state::{Account, Accounts};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, Bytes, U256};

/// A generator of random numbers (splitmix64): the same numbers for the same seed, everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// A program and the accounts around it.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub call: Call,
    pub accounts: Accounts,
}

/// Contracts that programs call: one returns its data's hash, one writes, logs and reverts if its data is empty, one
/// destroys itself, one calls back.
pub const CALLEES: [Address; 4] = [
    Address::repeat_byte(0xc1),
    Address::repeat_byte(0xc2),
    Address::repeat_byte(0xc3),
    Address::repeat_byte(0xc4),
];

const CALLEE_CODES: [&[u8]; 4] = [
    // calldatacopy(0, 0, size); mstore(0, keccak(0, size)); return(0, 32)
    &[
        0x36, 0x60, 0, 0x60, 0, 0x37, 0x36, 0x60, 0, 0x20, 0x60, 0, 0x52, 0x60, 0x20, 0x60, 0, 0xf3,
    ],
    // sstore(1, callvalue + 1); log1(0, 0, caller); if calldatasize == 0 revert(0, 32)
    &[
        0x34, 0x60, 1, 1, 0x60, 1, 0x55, 0x33, 0x60, 0, 0x60, 0, 0xa1, 0x36, 0x60, 0x16, 0x57,
        0x60, 0x20, 0x60, 0, 0xfd, 0x5b, 0,
    ],
    // selfdestruct(caller)
    &[0x33, 0xff],
    // call(gas, caller, 0, 0, 0, 0, 0); stop
    &[
        0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x33, 0x5a, 0xf1, 0,
    ],
];

/// The accounts before a program.
pub fn accounts() -> Accounts {
    let mut accounts = Accounts::default();
    for (address, code) in CALLEES.into_iter().zip(CALLEE_CODES) {
        let storage = [(U256::from(1), U256::from(7))].into_iter().collect();
        let account = Account {
            balance: U256::from(5),
            nonce: 1,
            code: Bytes::from_static(code),
            storage,
        };
        accounts.0.insert(address, account);
    }
    let storage = [(U256::ZERO, U256::from(1)), (U256::from(1), U256::MAX)]
        .into_iter()
        .collect();
    let own = Account {
        balance: U256::from(1_000_000),
        nonce: 1,
        code: Bytes::new(),
        storage,
    };
    accounts.0.insert(DEFAULT_TO, own);
    let caller = Account {
        balance: U256::from(10).pow(U256::from(18)),
        ..Account::default()
    };
    accounts.0.insert(DEFAULT_CALLER, caller);
    accounts
}

fn case(name: String, code: Vec<u8>, data: Vec<u8>, gas: u64, spec: SpecId, value: u64) -> Case {
    let call = Call {
        code: code.into(),
        data: data.into(),
        gas,
        spec,
        to: DEFAULT_TO,
        caller: DEFAULT_CALLER,
        value: U256::from(value),
    };
    Case {
        name,
        call,
        accounts: accounts(),
    }
}

/// Every operation in every specification, with different words on the stack.
pub fn operations() -> impl Iterator<Item = Case> {
    let mut random = Random(0xe7);
    SPECIFICATIONS.into_iter().flat_map(move |(name, spec)| {
        let mut cases = Vec::new();
        for opcode in 0..=255_u8 {
            for round in 0..3 {
                let mut code = Vec::new();
                for _ in 0..if round == 2 { random.below(8) } else { 17 } {
                    match round {
                        0 => push(&mut code, &[random.below(64) as u8]),
                        _ => word(&mut random, &mut code),
                    }
                }
                code.push(opcode);
                // The operands of a PUSH, or a landing place.
                code.extend(if opcode == 0x56 {
                    vec![0x5b; 4]
                } else {
                    random.bytes(usize::from(opcode & 1) * 32)
                });
                finish(&mut random, &mut code);
                let data = random.bytes(70);
                let name = format!("{name} operation {opcode:02x} {round}");
                cases.push(case(name, code, data, 300_000, spec, 1));
            }
        }
        cases
    })
}

/// Random programs, from this seed on.
pub fn programs(seed: u64) -> impl Iterator<Item = Case> {
    (seed..).map(|seed| {
        let mut random = Random(seed.wrapping_mul(0x1234_5678_9abc_def1));
        let (spec_name, spec) = random.pick(&SPECIFICATIONS);
        let mut code = Vec::new();
        if random.one_in(12) {
            let length = 1 + random.below(120) as usize;
            code = random.bytes(length);
        } else {
            for _ in 0..1 + random.below(14) {
                statement(&mut random, &mut code, 0);
            }
            finish(&mut random, &mut code);
            if random.one_in(10) {
                let at = random.below(code.len() as u64) as usize;
                code[at] = random.next() as u8;
            }
        }
        let length = random.below(100) as usize;
        let data = random.bytes(length);
        let gas =
            random.pick(&[500, 25_000, 60_000, 100_000, 400_000, 400_000]) + random.below(1000);
        let value = random.below(3);
        case(
            format!("{spec_name} program {seed}"),
            code,
            data,
            gas,
            spec,
            value,
        )
    })
}

fn push(code: &mut Vec<u8>, bytes: &[u8]) {
    code.push(0x5f + bytes.len() as u8);
    code.extend_from_slice(bytes);
}

fn small(random: &mut Random, code: &mut Vec<u8>, limit: u64) {
    push(code, &[random.below(limit) as u8]);
}

/// A word: small, large, an edge, an address, or anything.
fn word(random: &mut Random, code: &mut Vec<u8>) {
    let word = match random.below(8) {
        0 | 1 => U256::from(random.below(70)),
        2 => U256::MAX - U256::from(random.below(3)),
        3 => (U256::from(1) << random.below(256) as usize) - U256::from(random.below(2)),
        4 => U256::from_be_slice(random.pick(&CALLEES).as_slice()),
        5 => U256::from(random.next()),
        6 => U256::from(random.below(0x15)),
        _ => U256::from_be_slice(&random.bytes(32)),
    };
    let bytes = word.to_be_bytes::<32>();
    let skipped = bytes.iter().take_while(|byte| **byte == 0).count().min(31);
    push(code, &bytes[skipped..]);
}

/// An offset or a length, seldom too large.
fn place(random: &mut Random, code: &mut Vec<u8>) {
    match random.below(40) {
        0 => word(random, code),
        1 => push(code, &[4, random.next() as u8]),
        _ => small(random, code, 100),
    }
}

/// Keeps the word on the stack, in memory or storage, or drops it.
fn keep(random: &mut Random, code: &mut Vec<u8>) {
    match random.below(6) {
        0..=2 => {
            small(random, code, 120);
            code.push(0x52);
        }
        3 => {
            small(random, code, 4);
            code.push(0x55);
        }
        4 => code.push(0x50),
        _ => {}
    }
}

fn finish(random: &mut Random, code: &mut Vec<u8>) {
    match random.below(10) {
        0 => code.push(0),
        1 => {
            push(code, &[32]);
            push(code, &[0]);
            code.push(0xfd);
        }
        2 if random.one_in(2) => {
            word(random, code);
            code.push(0xff);
        }
        _ => {
            keep(random, code);
            push(code, &[96]);
            push(code, &[0]);
            code.push(0xf3);
        }
    }
}

fn statement(random: &mut Random, code: &mut Vec<u8>, depth: u32) {
    match random.below(17) {
        0..=2 => {
            let opcode = random.pick(&[
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
                0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e,
            ]);
            (0..3).for_each(|_| word(random, code));
            code.push(opcode);
            keep(random, code);
        }
        3 => {
            // The environment: what takes nothing.
            code.push(random.pick(&[
                0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46,
                0x47, 0x48, 0x4a, 0x58, 0x59, 0x5a, 0x5f,
            ]));
            keep(random, code);
        }
        4 => {
            word(random, code);
            code.push(random.pick(&[0x31, 0x35, 0x3b, 0x3f, 0x40, 0x49, 0x51]));
            keep(random, code);
        }
        5 => {
            place(random, code);
            place(random, code);
            code.push(0x20);
            keep(random, code);
        }
        6 => {
            word(random, code);
            place(random, code);
            code.push(random.pick(&[0x52, 0x53]));
        }
        7 => {
            (0..3).for_each(|_| place(random, code));
            code.push(random.pick(&[0x37, 0x39, 0x3e, 0x5e]));
        }
        8 => {
            (0..3).for_each(|_| place(random, code));
            word(random, code);
            code.push(0x3c);
        }
        9 | 10 => {
            if random.one_in(3) {
                push(code, &[0]);
            } else {
                word(random, code);
            }
            small(random, code, 4);
            code.push(random.pick(&[0x55, 0x55, 0x5d]));
        }
        11 => {
            small(random, code, 4);
            code.push(random.pick(&[0x54, 0x54, 0x5c]));
            keep(random, code);
        }
        12 => {
            let topics = random.below(5) as u8;
            (0..topics).for_each(|_| word(random, code));
            place(random, code);
            place(random, code);
            code.push(0xa0 + topics);
        }
        13 | 14 => call(random, code),
        15 => create(random, code),
        _ if depth < 2 => {
            if random.one_in(2) {
                // A loop: n = few; do { … } while --n, with the counter in memory, so that the stack is free.
                let counter = 0x80 + depth as u8 * 32;
                small(random, code, 5);
                push(code, &[counter]);
                code.push(0x52);
                let top = code.len();
                code.push(0x5b);
                (0..1 + random.below(3)).for_each(|_| statement(random, code, depth + 1));
                push(code, &[1]);
                push(code, &[counter]);
                code.extend([0x51, 0x03, 0x80]);
                push(code, &[counter]);
                code.push(0x52);
                push(code, &(top as u16).to_be_bytes());
                code.push(0x57);
            } else {
                // A branch over statements.
                word(random, code);
                let at = code.len();
                push(code, &[0, 0]);
                code.push(0x57);
                (0..1 + random.below(2)).for_each(|_| statement(random, code, depth + 1));
                let to = (code.len() as u16).to_be_bytes();
                code[at + 1..at + 3].copy_from_slice(&to);
                code.push(0x5b);
            }
        }
        _ => code.extend([0x80 + random.below(16) as u8, 0x90 + random.below(16) as u8]),
    }
}

/// Input of a precompile that it accepts, at memory 0.
fn valid_input(random: &mut Random, code: &mut Vec<u8>, precompile: u8) {
    let words: Vec<Vec<u8>> = match precompile {
        // Lengths 1, 1, 1 and then base, exponent, modulus.
        5 => vec![vec![1], vec![1], vec![1], random.bytes(32)],
        // The generator of BN254, twice.
        6 => vec![vec![1], vec![2], vec![1], vec![2]],
        7 => vec![vec![1], vec![2], random.bytes(32)],
        _ => (0..4).map(|_| random.bytes(32)).collect(),
    };
    for (index, word) in words.iter().enumerate() {
        push(code, word);
        push(code, &[index as u8 * 32]);
        code.push(0x52);
    }
}

fn call(random: &mut Random, code: &mut Vec<u8>) {
    let opcode = random.pick(&[0xf1, 0xf1, 0xf2, 0xf4, 0xfa]);
    let precompile = random.one_in(3).then(|| 1 + random.below(0x12) as u8);
    if let Some(precompile) = precompile {
        valid_input(random, code, precompile);
    }
    // Output and input.
    small(random, code, 70);
    place(random, code);
    match precompile {
        Some(8) => push(code, &[0]),
        Some(_) => push(code, &[random.pick(&[0, 64, 96, 128])]),
        None => small(random, code, 70),
    }
    match precompile {
        Some(_) => push(code, &[0]),
        None => place(random, code),
    }
    if matches!(opcode, 0xf1 | 0xf2) {
        small(random, code, 2);
    }
    match precompile {
        Some(precompile) => push(code, &[precompile]),
        None if random.one_in(6) => code.push(0x30),
        None if random.one_in(8) => word(random, code),
        None => push(code, random.pick(&CALLEES).as_slice()),
    }
    match random.below(3) {
        0 => code.push(0x5a),
        1 => push(code, &[0x0f, random.next() as u8]),
        _ => push(code, &[0xff, 0xff]),
    }
    code.push(opcode);
    keep(random, code);
    if random.one_in(3) {
        code.push(0x3d);
        push(code, &[0]);
        push(code, &[0]);
        code.push(0x3e);
    }
}

fn create(random: &mut Random, code: &mut Vec<u8>) {
    // Code that returns some of its memory, after a write to its storage now and then.
    let mut init = Vec::new();
    if random.one_in(2) {
        init.extend([0x60, random.below(3) as u8, 0x60, 1, 0x55]);
    }
    init.extend([0x60, random.next() as u8, 0x60, 0, 0x53]);
    init.extend([
        0x60,
        random.below(40) as u8,
        0x60,
        0,
        random.pick(&[0xf3, 0xf3, 0xf3, 0xfd, 0xff]),
    ]);
    let length = init.len() as u8;
    push(code, &init);
    push(code, &[0]);
    code.push(0x52);
    let second = random.one_in(2);
    if second {
        small(random, code, 3);
    }
    push(code, &[length]);
    push(code, &[32 - length]);
    small(random, code, 3);
    code.push(if second { 0xf5 } else { 0xf0 });
    if random.one_in(2) {
        // Calls what was made.
        (0..5).for_each(|_| push(code, &[0]));
        code.push(0x85);
        code.extend([0x5a, 0xf1]);
    }
    keep(random, code);
}
