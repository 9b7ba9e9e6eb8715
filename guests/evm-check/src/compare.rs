//! Guest against `revm` on the host: status, gas, refund, output, logs, every account.

use std::collections::BTreeMap;

use evm::json;
use evm::run::Status;
use evm::wrong::OUT_OF_MEMORY;

use crate::generator::{Case, operations, programs as random};
use crate::guest::Guest;
use crate::{reference, root};

/// The arguments of the guest for a case.
pub fn arguments(case: &Case) -> Vec<String> {
    let (name, _) = evm::spec::SPECIFICATIONS[evm::spec::number(case.call.spec) as usize];
    [
        "run",
        "--code",
        &json::hex(&case.call.code),
        "--data",
        &json::hex(&case.call.data),
        "--gas",
        &case.call.gas.to_string(),
        "--spec",
        name,
        "--value",
        &case.call.value.to_string(),
        "--accounts",
        &json::write_accounts(&case.accounts),
    ]
    .map(str::to_string)
    .to_vec()
}

/// What the guest prints for it.
pub fn in_guest(guest: &Guest, case: &Case) -> Result<(String, u64, u64), String> {
    let arguments = arguments(case);
    let ended = guest.run(arguments.iter().map(String::as_str));
    match (ended.result, ended.lines.as_slice()) {
        (Ok(0), [line]) => Ok((line.clone(), ended.cycles, ended.native)),
        (result, lines) => Err(format!("{result:?} {lines:?}")),
    }
}

fn refund(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("\"gas_refund\":")?;
    rest.split(',').next()?.parse().ok()
}

/// The guest that runs code.
pub fn guest() -> Guest {
    Guest::load(&root().join("guests/elf/rust_evm.elf"))
}

/// All operations of all specifications, and so many random programs.
pub fn programs(count: u64, seed: u64) -> Result<(), String> {
    let guest = guest();
    let mut endings: BTreeMap<String, u64> = BTreeMap::new();
    let (mut compared, mut cycles, mut native, mut heaviest) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut differences = Vec::new();
    for case in operations().chain(random(seed).take(count as usize)) {
        let expected = reference::run_with_cap(&case.call, &case.accounts);
        let found = in_guest(&guest, &case);
        let (mut expected, cap) = match expected {
            Ok(expected) => expected,
            Err(error) => {
                differences.push(format!("{}: the reference fails: {error}", case.name));
                continue;
            }
        };
        let ending = match &expected.status {
            Status::Success(name) => (*name).to_string(),
            Status::Revert => "revert".to_string(),
            Status::Halt(name) => name.clone(),
        };
        *endings.entry(ending).or_default() += 1;
        compared += 1;
        // A call of its own refunds all; a transaction cuts that.
        let refund = found.as_ref().ok().and_then(|(line, ..)| refund(line));
        expected.gas_refund = refund
            .filter(|refund| expected.gas_refund == cap.min(*refund))
            .unwrap_or(expected.gas_refund);
        let expected = json::write_outcome(&expected);
        match found {
            Ok((line, all, by_native)) => {
                cycles += all;
                native += by_native;
                heaviest = heaviest.max(all);
                if line != expected {
                    differences.push(format!(
                        "{}\n  code {}\n  {}",
                        case.name,
                        json::hex(&case.call.code),
                        parting(&line, &expected)
                    ));
                }
            }
            Err(text) if text.starts_with(&format!("Ok({OUT_OF_MEMORY})")) => {
                *endings
                    .entry("(guest out of memory)".to_string())
                    .or_default() += 1;
            }
            Err(text) => differences.push(format!(
                "{}\n  code {}\n  guest {text}",
                case.name,
                json::hex(&case.call.code)
            )),
        }
    }
    println!(
        "{compared} programs against revm on the host, random ones from seed {seed}: {} differences",
        differences.len()
    );
    println!(
        "  {cycles} cycles, {:.3} % native, {heaviest} at most",
        native as f64 * 100.0 / cycles as f64
    );
    println!("  endings: {endings:?}");
    differences
        .iter()
        .take(5)
        .for_each(|difference| println!("{difference}"));
    if differences.is_empty() {
        Ok(())
    } else {
        Err("the guest differs from revm".to_string())
    }
}

/// Where two texts part.
pub fn parting(guest: &str, other: &str) -> String {
    if std::env::var_os("EVM_CHECK_WHOLE").is_some() {
        return format!("guest {guest}\n  other {other}");
    }
    let at = guest
        .bytes()
        .zip(other.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let around = |text: &str| {
        text.get(at.saturating_sub(40)..(at + 100).min(text.len()))
            .unwrap_or_default()
            .to_string()
    };
    format!("guest …{}\n  other …{}", around(guest), around(other))
}
