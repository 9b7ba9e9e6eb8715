//! Damaged codes, arguments, states and witnesses: the guests end with a code that is defined, in time, and accept nothing
//! that they should not.

use std::collections::BTreeMap;

use evm::molecule;
use evm::witness::Configuration;
use evm::wrong::{OUT_OF_MEMORY, Wrong};

use crate::compare;
use crate::generator::{Random, programs};
use crate::guest::Chain;
use crate::transitions::{self, Good, good};

/// Damages bytes: bits, bytes, cuts, copies, growth.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..1 + random.below(4) {
        let length = bytes.len() as u64;
        if length == 0 {
            let more = 1 + random.below(8) as usize;
            bytes.extend(random.bytes(more));
            continue;
        }
        let at = random.below(length) as usize;
        match random.below(7) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.next() as u8,
            3 => {
                bytes[at] = random.pick(&[0, 0x7f, 0x80, 0xb7, 0xb8, 0xbf, 0xc0, 0xf7, 0xf8, 0xff])
            }
            4 => bytes.truncate(at),
            5 => {
                let end = at + random.below(length - at as u64 + 1) as usize;
                let part = bytes[at..end].to_vec();
                let to = random.below(length) as usize;
                bytes.splice(to..to, part);
            }
            _ => {
                let more = 1 + random.below(8) as usize;
                let part = random.bytes(more);
                bytes.splice(at..at, part);
            }
        }
    }
}

fn defined(code: i8) -> bool {
    code == 0 || code == OUT_OF_MEMORY || Wrong::ALL.iter().any(|wrong| *wrong as i8 == code)
}

/// So many damaged inputs: half for the guest that runs code, half for the one that verifies.
pub fn run(count: u64) -> Result<(), String> {
    run_side(count / 2)?;
    verify_side(count - count / 2)
}

fn run_side(count: u64) -> Result<(), String> {
    let guest = compare::guest();
    let mut codes: BTreeMap<i8, u64> = BTreeMap::new();
    for (seed, case) in (0..count).zip(programs(1_000_000)) {
        let mut random = Random(seed ^ 0x5eed);
        let mut arguments: Vec<Vec<u8>> = compare::arguments(&case)
            .into_iter()
            .map(String::into_bytes)
            .collect();
        match random.below(4) {
            // The code's own bytes, or any argument's text: the accounts most often, since they are the longest.
            0 => {
                let mut code = case.call.code.to_vec();
                damage(&mut random, &mut code);
                arguments[2] = evm::json::hex(&code).into_bytes();
            }
            1 => damage(&mut random, &mut arguments[12]),
            2 => {
                let at = random.below(13) as usize;
                damage(&mut random, &mut arguments[at]);
            }
            // Accounts whose hashes do not give the damage away.
            _ => {
                let text = String::from_utf8_lossy(&arguments[12])
                    .replace("\"root\":", "\"toor\":")
                    .replace("\"codeHash\":", "\"hash\":");
                let mut value: serde_json::Value =
                    serde_json::from_str(&text).expect("it was written so");
                let fields = value.as_object_mut().expect("an object");
                fields.remove("toor");
                for account in fields["accounts"]
                    .as_object_mut()
                    .expect("an object")
                    .values_mut()
                {
                    let account = account.as_object_mut().expect("an object");
                    account.remove("toor");
                    account.remove("hash");
                }
                arguments[12] = value.to_string().into_bytes();
                damage(&mut random, &mut arguments[12]);
            }
        }
        arguments
            .iter_mut()
            .for_each(|argument| argument.retain(|byte| *byte != 0));
        // Bytes that are no text stay as they are: the guest gets bytes.
        let ended = guest.run_bytes(&arguments);
        match ended.result {
            Ok(code) if defined(code) => *codes.entry(code).or_default() += 1,
            other => {
                return Err(format!(
                    "damage {seed}: {other:?}: {:?}",
                    arguments
                        .iter()
                        .map(|bytes| String::from_utf8_lossy(bytes))
                        .collect::<Vec<_>>()
                ));
            }
        }
    }
    println!("{count} damaged codes, states and arguments: exit codes {codes:?}");
    Ok(())
}

fn verify_side(count: u64) -> Result<(), String> {
    let guest = transitions::guest();
    let good: Vec<Good> = (1..)
        .filter_map(good)
        .filter(|good| good.made.witness.bytes().len() < 8000)
        .take(60)
        .collect();
    let mut codes: BTreeMap<i8, u64> = BTreeMap::new();
    let (mut tried, mut same, mut seed) = (0, 0, 0);
    while tried < count {
        seed += 1;
        let mut random = Random(seed ^ 0xdead);
        let one = &good[random.below(good.len() as u64) as usize];
        let right = one.chain();
        let chain = damaged(&mut random, one);
        // Damage where the script does not look, which is its own code's hash and other parts of the witness, and
        // arguments that are right ones too: they make another script, which no input cell of this one has.
        let other = chain.script != right.script
            && molecule::script_arguments(&chain.script)
                .is_some_and(|read| Configuration::read(read).is_ok());
        if seen(&chain) == seen(&right) || other {
            same += 1;
            continue;
        }
        let code = match guest.verify(chain).result {
            Ok(code) if defined(code) => code,
            other => return Err(format!("damage {seed}: {other:?}")),
        };
        if code == 0 {
            return Err(format!("damage {seed}: a changed transition is accepted"));
        }
        *codes.entry(code).or_default() += 1;
        tried += 1;
    }
    println!("{tried} damaged witnesses, cells and scripts: none accepted, exit codes {codes:?}");
    println!(
        "  {same} more are another script, or were damaged only where the script does not look"
    );
    Ok(())
}

fn damaged(random: &mut Random, good: &Good) -> Chain {
    let mut chain = good.chain();
    match random.below(12) {
        0 => damage(random, &mut chain.script),
        1 => damage(random, &mut chain.inputs[0]),
        2 => damage(random, &mut chain.outputs[0]),
        3 => chain.witness = None,
        4 => damage(random, chain.witness.as_mut().expect("there is one")),
        5 => chain.outputs.push(chain.outputs[0].clone()),
        _ => {
            // Inside the witness: a node, a code, the transaction, in an encoding that is right, so that the damage gets
            // as far as it can.
            let mut witness = good.made.witness.clone();
            let lists = [&mut witness.nodes, &mut witness.codes];
            let list = lists
                .into_iter()
                .nth(random.below(2) as usize)
                .expect("one of two");
            match random.below(3) {
                0 | 1 if !list.is_empty() => {
                    let at = random.below(list.len() as u64) as usize;
                    let mut item = list[at].to_vec();
                    damage(random, &mut item);
                    list[at] = item.into();
                    list.sort_by_key(|item| revm::primitives::keccak256(item));
                    list.dedup();
                }
                _ => {
                    let mut transaction = witness.transition.transaction.to_vec();
                    damage(random, &mut transaction);
                    witness.transition.transaction = transaction.into();
                }
            }
            // A root that fits a damaged first node would need its preimage; the history can be made to fit.
            let history = witness.transition.history(good.before.history);
            let after = evm::witness::Cell {
                history,
                ..good.made.cell
            };
            let script = chain.script.clone();
            chain = transitions::chain(&[], &good.before.bytes(), &after.bytes(), &witness.bytes());
            chain.script = script;
            if witness == good.made.witness {
                chain = good.chain();
            }
        }
    }
    chain
}

/// What the script looks at.
fn seen(chain: &Chain) -> (Option<&[u8]>, &[Vec<u8>], &[Vec<u8>], Option<&[u8]>) {
    let witness = chain.witness.as_deref().and_then(molecule::input_type);
    (
        molecule::script_arguments(&chain.script),
        &chain.inputs,
        &chain.outputs,
        witness,
    )
}
