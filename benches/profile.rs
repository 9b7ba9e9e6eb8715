//! `translate profile` against `translate run`: what a profile costs beside plain native code, and beside the interpreter.
//!
//! The guests, the transactions of the system scripts and of real scripts, and JavaScript on the machine that the chain has
//! for it. The command says how long the guest ran, without translation. Run and profile alternate, round after round; medians. The
//! interpreter's profile is made once. In each round the cycles of the profile are the run's, and the sum of its rows is too.
//!
//! `cargo bench --bench profile [-- ROUNDS] [--save]`

use std::path::Path;
use std::process::Command;

use lockstep_test_support::guests::{Guest, guests};
use lockstep_test_support::real;
use lockstep_test_support::record::{median, publish, table};
use lockstep_test_support::transaction::real::{Real, transactions};
use serde_json::Value;

/// Rounds without an argument.
const ROUNDS: usize = 5;

/// Something that is profiled: what stands behind the verb and its options.
struct Case {
    name: String,
    options: Vec<String>,
    arguments: Vec<String>,
    cycles: u64,
    /// Seconds of the plain run, of the profile, and of the profile by the interpreter.
    seconds: [Vec<f64>; 3],
}

/// The verbs of a round, each with its options.
const VERBS: [&[&str]; 3] = [
    &["run", "--engine", "native"],
    &["profile"],
    &["profile", "--engine", "interp"],
];

fn main() {
    // Cargo hands over `--bench`.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let folder = tempfile::tempdir().expect("a folder for transactions");
    let mut cases = cases(folder.path());
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for case in &mut cases {
            case.measure(round == 0);
        }
    }
    let save = std::env::args().any(|word| word == "--save");
    let command = "cargo bench --bench profile -- --save";
    publish("profile", command, &report(&cases, rounds), save);
}

fn cases(folder: &Path) -> Vec<Case> {
    let mut cases: Vec<Case> = guests().iter().filter_map(of_guest).collect();
    match real::javascript_machine().elf() {
        Ok(elf) => {
            let path = folder.join("ckb-js-vm");
            std::fs::write(&path, elf).expect("it can be written");
            cases.extend(real::javascript().into_iter().map(|(name, text)| Case {
                arguments: vec!["-e".to_owned(), text],
                ..Case::new(&format!("js {name}"), &[&path.to_string_lossy()])
            }));
        }
        Err(error) => eprintln!("no JavaScript: {error}"),
    }
    for real in transactions() {
        match of_transaction(&real, folder) {
            Ok(case) => cases.push(case),
            Err(error) => eprintln!("{} is left out: {error}", real.name),
        }
    }
    cases
}

/// A guest with its argument for benches; none where it has none.
fn of_guest(guest: &Guest) -> Option<Case> {
    (guest.bench_argument != "0").then(|| Case {
        arguments: vec![guest.bench_argument.clone()],
        ..Case::new(&guest.name, &[&guest.elf.to_string_lossy()])
    })
}

/// The first lock of a transaction.
fn of_transaction(real: &Real, folder: &Path) -> Result<Case, String> {
    let file = real.file(folder)?;
    let case = Case::new(&real.name, &["--tx-file", &file.to_string_lossy()]);
    Ok(case)
}

impl Case {
    fn new(name: &str, options: &[&str]) -> Case {
        Case {
            name: name.to_owned(),
            options: options.iter().map(|&word| word.to_owned()).collect(),
            arguments: Vec::new(),
            cycles: 0,
            seconds: Default::default(),
        }
    }

    fn measure(&mut self, is_first: bool) {
        // The interpreter takes so long that one round of it is enough.
        let verbs = if is_first { 3 } else { 2 };
        for (number, verb) in VERBS.into_iter().enumerate().take(verbs) {
            let answer = self.answer(verb);
            let cycles = answer["cycles"].as_u64().expect("a run has cycles");
            if self.cycles == 0 {
                self.cycles = cycles;
            }
            assert_eq!(cycles, self.cycles, "{}: {verb:?}", self.name);
            if let Some(rows) = answer["rows"].as_array() {
                let sum: u64 = rows.iter().filter_map(|row| row["cycles"].as_u64()).sum();
                assert_eq!(sum, cycles, "{}: the sum of the rows", self.name);
            }
            let seconds = answer["run_seconds"].as_f64();
            self.seconds[number].push(seconds.expect("a run has a time"));
        }
    }

    fn answer(&self, verb: &[&str]) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_translate"))
            .args(verb)
            .args(["--json", "--max-cycles", "unlimited"])
            .args(&self.options)
            .arg("--")
            .args(&self.arguments)
            .output()
            .expect("the command can be started");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("{}: {verb:?}: {said}", self.name)
        })
    }

    fn medians(&self) -> [f64; 3] {
        [0, 1, 2].map(|number| median(&self.seconds[number]))
    }
}

fn report(cases: &[Case], rounds: usize) -> String {
    let head = [
        "",
        "cycles",
        "run, ms",
        "profile, ms",
        "ratio",
        "interpreter's profile, ms",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    let mut ratios = Vec::new();
    // The JavaScript machine is one script, whatever it runs.
    let (mut scripts, mut javascript) = (Vec::new(), Vec::new());
    for case in cases {
        let [plain, profile, slow] = case.medians();
        ratios.push(profile / plain);
        match case.name.starts_with("js ") {
            true => javascript.push(profile / plain),
            false => scripts.push(profile / plain),
        }
        lines.push(vec![
            case.name.clone(),
            case.cycles.to_string(),
            format!("{:.3}", plain * 1e3),
            format!("{:.3}", profile * 1e3),
            format!("{:.2}", profile / plain),
            format!("{:.1}", slow * 1e3),
        ]);
    }
    let machine = (!javascript.is_empty()).then(|| median(&javascript));
    scripts.extend(machine);
    let machine = machine.map_or_else(String::new, |ratio| {
        format!(", with the JavaScript machine as one script, whose median is {ratio:.2}")
    });
    format!(
        "Medians of {rounds} interleaved rounds; the sum of every profile is the run's cycles.\n\n{}\n\nMedian ratio by script: \
         {:.2}{machine}. Median over all {} rows: {:.2}.\n",
        table(&lines),
        median(&scripts),
        cases.len(),
        median(&ratios)
    )
}
