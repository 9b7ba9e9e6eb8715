//! The same programs in `@ethereumjs/evm`, which shares no code with `revm`.
//!
//! `javascript/run.mjs` reads one program a line and writes one result a line: status, gas left, refund, output, logs and
//! the root of the state, which stands for every balance, nonce, code and word of storage.

use std::io::Write as _;
use std::process::{Command, Stdio};

use evm::json;
use revm::primitives::hardfork::SpecId;
use serde_json::{Value, json};

use crate::compare::{guest, in_guest, parting};
use crate::generator::{Case, operations, programs};
use crate::root;

/// Its names of the specifications, in our order. It has no Amsterdam.
const HARDFORKS: [&str; 14] = [
    "chainstart",
    "homestead",
    "tangerineWhistle",
    "spuriousDragon",
    "byzantium",
    "petersburg",
    "istanbul",
    "berlin",
    "london",
    "paris",
    "shanghai",
    "cancun",
    "prague",
    "osaka",
];

fn described(case: &Case) -> Value {
    let accounts: Value =
        serde_json::from_str(&json::write_accounts(&case.accounts)).expect("it is JSON");
    json!({
        "hardfork": HARDFORKS[evm::spec::number(case.call.spec) as usize],
        "code": json::hex(&case.call.code),
        "data": json::hex(&case.call.data),
        "gas": case.call.gas,
        "value": case.call.value.to_string(),
        "to": json::hex(case.call.to.as_slice()),
        "caller": json::hex(case.call.caller.as_slice()),
        "accounts": accounts["accounts"],
    })
}

/// Some operations of each specification, the workloads, and random programs: so many in all.
pub fn run(count: u64, seed: u64) -> Result<(), String> {
    let workloads = evm::workloads::WORKLOADS.iter().map(|workload| Case {
        name: format!("workload {}", workload.name),
        call: workload.call().expect("it has hexadecimal code"),
        accounts: workload.accounts(),
    });
    let known = |case: &Case| case.call.spec < SpecId::AMSTERDAM;
    let some = operations().step_by(7).chain(programs(seed));
    let cases: Vec<Case> = workloads
        .chain(some.filter(known))
        .take(count as usize)
        .collect();
    let folder = root().join("target/guests/javascript");
    let mut child = Command::new("node")
        .arg(root().join("guests/evm-check/javascript/run.mjs"))
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("node: {error}"))?;
    let mut input = child.stdin.take().expect("it is piped");
    let lines: Vec<String> = cases
        .iter()
        .map(|case| described(case).to_string())
        .collect();
    let writer =
        std::thread::spawn(move || lines.iter().try_for_each(|line| writeln!(input, "{line}")));
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    writer
        .join()
        .expect("it does not panic")
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let guest = guest();
    let (mut compared, mut memory, mut unable, mut differences) = (0, 0, 0, Vec::new());
    for (case, theirs) in cases.iter().zip(text.lines()) {
        let ours = match in_guest(&guest, case) {
            Ok((line, ..)) => line,
            Err(text) if text.starts_with("Ok(102)") => {
                memory += 1;
                continue;
            }
            Err(text) => return Err(format!("{}: {text}", case.name)),
        };
        let ours: Value = serde_json::from_str(&ours).map_err(|error| error.to_string())?;
        // A halt has no refund, and what it logged is undone.
        let ours = json!({
            "status": ours["status"], "gas_left": ours["gas_left"], "gas_refund": ours["gas_refund"], "output": ours["output"],
            "logs": ours["logs"], "root": ours["state"]["root"],
        });
        let theirs: Value = serde_json::from_str(theirs).map_err(|error| error.to_string())?;
        // Its point evaluation needs a library that is not among its dependencies.
        if theirs["reason"]
            .as_str()
            .is_some_and(|text| text.contains("kzg not initialized"))
        {
            unable += 1;
            continue;
        }
        compared += 1;
        let reason = theirs["reason"].as_str().unwrap_or_default().to_string();
        let mut same = theirs.clone();
        same.as_object_mut().map(|fields| fields.remove("reason"));
        if ours != same {
            let parting = parting(&ours.to_string(), &same.to_string());
            differences.push(format!(
                "{} ({reason})\n  code {}\n  data {}\n  {parting}",
                case.name,
                json::hex(&case.call.code),
                json::hex(&case.call.data)
            ));
        }
    }
    println!(
        "{compared} programs against @ethereumjs/evm: {} differences; {memory} more need more memory than the guest has, {unable} evaluate points, which it cannot",
        differences.len()
    );
    differences
        .iter()
        .take(12)
        .for_each(|difference| println!("{difference}"));
    if differences.is_empty() && compared + memory + unable == cases.len() {
        Ok(())
    } else {
        Err(format!("{} of {} programs compared", compared, cases.len()))
    }
}
