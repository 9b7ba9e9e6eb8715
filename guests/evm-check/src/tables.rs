//! Prints what stands in the sources: the results of the workloads, and recorded programs.

use evm::json;
use evm::workloads::{GAS, WORKLOADS, digest};

use crate::compare::{self, arguments};
use crate::generator::{accounts, operations, programs};
use crate::reference;

/// The results that `guests/rust/evm/src/workloads.rs` states, by `revm` on the host.
pub fn workloads() -> Result<(), String> {
    for workload in &WORKLOADS {
        let call = workload.call().ok_or("a workload has hexadecimal code")?;
        let outcome = reference::run(&call, &workload.accounts())?;
        let (left, found) = (outcome.gas_left, digest(&outcome, call.to));
        println!(
            "{:12} {:?} gas used {} gas_left: {left}, digest: \"{found}\"",
            workload.name,
            outcome.status,
            GAS - left
        );
        println!("  {}", json::hex(&outcome.output));
    }
    Ok(())
}

/// Programs with what `revm` on the host makes of them, for `tests/evm/recorded.tsv`.
pub fn recorded() -> Result<(), String> {
    println!(
        "# Programs for guests/elf/rust_evm.elf, and what it prints, as far as the root of the state: what revm on the host"
    );
    println!(
        "# gave. The first line has the accounts that all of them begin with; each other one has a name, the arguments and"
    );
    println!("# the text. Written by `evm-check recorded`; separated by tabs.");
    println!("accounts\t{}", json::write_accounts(&accounts()));
    let guest = compare::guest();
    for case in operations()
        .step_by(331)
        .take(40)
        .chain(programs(1).take(40))
    {
        // What needs more memory than the guest has ends with a code of its own.
        if compare::in_guest(&guest, &case).is_err() {
            continue;
        }
        let (mut outcome, _) = reference::run_with_cap(&case.call, &case.accounts)?;
        // The guest refunds all; what a transaction cuts off is not of interest here.
        outcome.gas_refund = 0;
        let line = json::write_outcome(&outcome);
        let (line, _) = line.split_once(",\"accounts\"").ok_or("it has accounts")?;
        let arguments = arguments(&case);
        println!(
            "{}\t{}\t{line}",
            case.name,
            arguments[..arguments.len() - 2].join(" ")
        );
    }
    Ok(())
}
