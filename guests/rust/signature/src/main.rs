//! BIP-340 Schnorr signatures, verified by the crate `k256`: what a lock in Rust does.
//!
//! The good signature is a test vector of BIP-340; the bad one is the same with one bit changed.

#![no_std]
#![no_main]

extern crate guest_support;

use k256::schnorr::signature::hazmat::PrehashVerifier;
use k256::schnorr::{Signature, VerifyingKey};

/// Test vector 1 of BIP-340.
const KEY: [u8; 32] = hex(b"DFF1D77F2A671C5F36183726DB2341BE58FEAE1DA2DECED843240F7B502BA659");
const MESSAGE: [u8; 32] = hex(b"243F6A8885A308D313198A2E03707344A4093822299F31D0082EFA98EC4E6C89");
const SIGNATURE: [u8; 64] = hex(
    b"6896BD60EEAE296DB48A229FF71DFE071BDE413E6D43F917DC8DCF8C78DE3341\
8906D11AC976ABCCB20B091292BFF4EA897EFCB639EA871CFA95F6DE339E4B0A",
);

const fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => byte - b'A' + 10,
    }
}

const fn hex<const N: usize>(text: &[u8]) -> [u8; N] {
    assert!(text.len() == 2 * N);
    let mut bytes = [0; N];
    let mut index = 0;
    while index < N {
        bytes[index] = digit(text[2 * index]) << 4 | digit(text[2 * index + 1]);
        index += 1;
    }
    bytes
}

fn verifies(signature: &[u8]) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(&KEY) else {
        return false;
    };
    match Signature::try_from(signature) {
        Ok(signature) => key.verify_prehash(&MESSAGE, &signature).is_ok(),
        Err(_) => false,
    }
}

#[no_mangle]
fn guest(rounds: u64) -> bool {
    (0..rounds).all(|round| {
        let mut bad = SIGNATURE;
        bad[32 + (round % 32) as usize] ^= 1;
        verifies(&SIGNATURE) && !verifies(&bad)
    })
}
