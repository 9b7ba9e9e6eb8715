//! `translate coverage`: which lines, functions and branches of a script ran, and how often.
//!
//! The interpreter runs the guest and tells of every trace: what a branch did follows from the trace behind it, which native
//! code does not count. Lines come from the debug information, also for code that never ran. The result is a tracefile of lcov, which `genhtml` and editors read.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
#[cfg(feature = "tx")]
use std::sync::Arc;

use clap::Args;
use lockstep::Platform;
use lockstep_cache::replace;
use lockstep_isa::fuse;
use lockstep_runtime::Recorder;
use lockstep_translator::{End, GuestBlock, Options, guest_block};
use serde::Serialize;

use super::answer::Answer;
use super::beside::Counter;
use super::counted::CountedOptions;
use super::failure::Failure;
use super::guest_code::GuestCode;
use super::{code, guest};
use lockstep::debug_info::DebugInfo;

mod tracefile;

use tracefile::Tracefile;

/// Runs an ELF, or scripts of a transaction, and writes which of their lines, functions and branches ran, as lcov does
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate coverage examples/faults/faults.elf -o faults.info -- 2\n  \
                        translate coverage examples/faults/faults.elf -o faults.info --merge faults.info -- 3\n  \
                        genhtml --branch-coverage faults.info -o report"
)]
pub(crate) struct Coverage {
    #[command(flatten)]
    guest: CountedOptions,
    /// Write the tracefile here
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Add the counts of this tracefile; may be given several times
    #[arg(long, value_name = "FILE")]
    merge: Vec<PathBuf>,
}

/// The whole answer, for `--json`.
#[derive(Serialize)]
struct Object {
    result: &'static str,
    path: String,
    /// How the run ended.
    end: String,
    cycles: u64,
    /// Each with what ran, and what there is; the tracefiles that were added are in it.
    lines: [usize; 2],
    functions: [usize; 2],
    branches: [usize; 2],
}

/// How often each trace ran, and which one came behind it.
#[derive(Default)]
struct Counts {
    runs: HashMap<u64, u64>,
    steps: HashMap<(u64, u64), u64>,
    last: Option<u64>,
}

impl Recorder for Counts {
    fn trace(&mut self, head: u64, _cycles: u64) {
        *self.runs.entry(head).or_default() += 1;
        if let Some(last) = self.last.replace(head) {
            *self.steps.entry((last, head)).or_default() += 1;
        }
    }
}

impl Counter for Counts {}

/// A program that ran, with what was counted.
struct Ran {
    elf: Vec<u8>,
    /// The ELF with its lines, where that is another one.
    symbols: Option<Vec<u8>>,
    platform: Platform,
    counts: Counts,
}

/// A run with the programs that it ran.
struct Covered {
    end: String,
    cycles: u64,
    programs: Vec<Ran>,
}

impl Coverage {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let before = self
            .merge
            .iter()
            .map(|path| read(path))
            .collect::<Result<Vec<_>, _>>()?;
        let covered = match &self.guest.elf {
            Some(elf) => self.program(elf)?,
            None => self.script()?,
        };
        let mut all = Tracefile::default();
        // A line may have branches in several regions.
        let mut numbers = HashMap::new();
        for ran in &covered.programs {
            let program = guest::load(Path::new(&self.guest.title()), &ran.elf, &ran.platform)?;
            let info = DebugInfo::read(ran.symbols.as_deref().unwrap_or(&ran.elf));
            for region in program.code_regions() {
                let code = GuestCode::new(&program, &region, &Options::default(), &info);
                // The interpreter may have run what the translator does not find.
                let heads = ran.counts.runs.keys();
                let more = heads.filter(|head| code.block_at(**head).is_none());
                let more: Vec<GuestBlock> = more
                    .filter_map(|&head| guest_block(&region, head))
                    .collect();
                count(&mut all, &mut numbers, &code, &more, &ran.counts, &info);
            }
        }
        if all.0.is_empty() {
            let message = format!(
                "{} names no line of a source: build it with debug information (-g), or name the ELF before it was \
                 stripped with --symbols FILE",
                self.guest.title()
            );
            return Err(Failure::new(code::DATA, "NoLines", message));
        }
        for other in &before {
            all.merge(other);
        }
        replace(&self.output, all.to_text().as_bytes())
            .map_err(|error| Failure::unwritable(self.output.display(), &error))?;
        let path = self.output.display().to_string();
        let object = Object::new(&all, path, covered.end, covered.cycles);
        Answer::new(json, &object, || object.text(), code::SUCCESS)
    }

    /// A program that runs by itself.
    fn program(&self, path: &Path) -> Result<Covered, Failure> {
        let elf = guest::read_elf(path)?;
        let symbols = self.guest.symbols()?;
        let run = self.guest.run(path, &elf);
        let platform = run.platform;
        let (counts, ended) = run.run(Counts::default(), None)?;
        let ran = Ran {
            elf,
            symbols,
            platform,
            counts,
        };
        Ok(Covered {
            end: ended.end,
            cycles: ended.cycles,
            programs: vec![ran],
        })
    }

    /// A script of a transaction, with all that it spawns and executes.
    #[cfg(feature = "tx")]
    fn script(&self) -> Result<Covered, Failure> {
        use lockstep::transaction::Program;
        use lockstep_runtime::Core;

        use super::counted_script::{self, Make};

        let loaded = self.guest.loaded()?;
        let symbols = self.guest.symbols()?;
        let mut covered = Covered {
            end: String::new(),
            cycles: 0,
            programs: Vec::new(),
        };
        let make: Arc<Make<Counts>> =
            Arc::new(|_: &Program, _, _: &Core| (Counts::default(), None));
        let (mut ends, mut own) = (Vec::new(), None);
        for script in &loaded.scripts {
            let limit = self.guest.max_cycles.saturating_sub(covered.cycles);
            let ended = counted_script::run(&loaded, script, limit, &make)?;
            ends.push(format!("{}: {}", script.name, ended.end));
            covered.cycles += ended.cycles;
            // The symbols are of the first script's own program, whichever processes run it.
            let first = ended.programs.first();
            own = own.or_else(|| first.map(|program| program.program.elf.clone()));
            covered
                .programs
                .extend(ended.programs.into_iter().map(|one| Ran {
                    symbols: (symbols.clone()).filter(|_| own.as_ref() == Some(&one.program.elf)),
                    elf: one.program.elf.to_vec(),
                    platform: Platform::default().with_profile(one.profile),
                    counts: one.recorder,
                }));
        }
        covered.end = ends.join("; ");
        Ok(covered)
    }

    /// Without the parts that know transactions.
    #[cfg(not(feature = "tx"))]
    fn script(&self) -> Result<Covered, Failure> {
        Err(Failure::usage(
            "--tx-file needs a command that was built with the feature tx; build it with --features tx",
        ))
    }
}

fn read(path: &Path) -> Result<Tracefile, Failure> {
    let bytes = guest::read(path)?;
    Tracefile::read(&String::from_utf8_lossy(&bytes)).map_err(|error| {
        let message = format!("{} is no tracefile of lcov: {error}", path.display());
        Failure::new(code::DATA, "TracefileMalformed", message)
    })
}

/// Adds the lines, functions and branches of a region: of its blocks, and of those that ran besides. `numbers` says how
/// many branches each line has so far.
fn count(
    all: &mut Tracefile,
    numbers: &mut HashMap<(String, u32), u32>,
    code: &GuestCode,
    more: &[GuestBlock],
    counts: &Counts,
    info: &DebugInfo<'_>,
) {
    let mut runs: BTreeMap<u64, u64> = BTreeMap::new();
    let mut branches: BTreeMap<u64, Option<[u64; 2]>> = BTreeMap::new();
    for block in code.blocks.iter().chain(more) {
        let ran = counts.runs.get(&block.head).copied().unwrap_or(0);
        let mut last = block.head;
        for (pc, inst) in block.places() {
            // A fused instruction is several, which may be of several lines.
            let mut at = pc;
            for part in fuse::parts(inst).iter() {
                *runs.entry(at).or_default() += ran;
                last = at;
                at += u64::from(part.len);
            }
        }
        if let End::Branch(taken) = block.end {
            let went = |to: u64| counts.steps.get(&(block.head, to)).copied().unwrap_or(0);
            let ways = branches.entry(last).or_default();
            if ran > 0 {
                let sums = ways.get_or_insert([0; 2]);
                sums[0] += went(taken);
                sums[1] += went(block.behind());
            }
        }
    }
    let place = |pc: u64| {
        let place = info.places(pc).into_iter().next()?;
        Some((place.file?, place.line?))
    };
    for (&pc, &ran) in &runs {
        if let Some((file, line)) = place(pc) {
            let lines = &mut all.0.entry(file).or_default().lines;
            let most = lines.entry(line).or_default();
            *most = (*most).max(ran);
        }
    }
    for function in &code.functions {
        let start = function.range.start;
        if let Some((file, line)) = place(start) {
            let ran = runs.get(&start).copied().unwrap_or(0);
            let functions = &mut all.0.entry(file).or_default().functions;
            functions.insert(function.name.clone(), (line, ran));
        }
    }
    for (&pc, ways) in &branches {
        let Some((file, line)) = place(pc) else {
            continue;
        };
        let number = numbers.entry((file.clone(), line)).or_default();
        for way in 0..2 {
            let went = ways.map(|ways| ways[way]);
            let entries = &mut all.0.entry(file.clone()).or_default().branches;
            entries.insert((line, *number, way as u32), went);
        }
        *number += 1;
    }
}

impl Object {
    fn new(all: &Tracefile, path: String, end: String, cycles: u64) -> Object {
        let mut object = Object {
            result: "coverage",
            path,
            end,
            cycles,
            lines: [0; 2],
            functions: [0; 2],
            branches: [0; 2],
        };
        for file in all.0.values() {
            let lines = file.lines.values().map(|runs| *runs > 0);
            let functions = file.functions.values().map(|(_, runs)| *runs > 0);
            let branches = file
                .branches
                .values()
                .map(|runs| runs.is_some_and(|runs| runs > 0));
            add(&mut object.lines, lines);
            add(&mut object.functions, functions);
            add(&mut object.branches, branches);
        }
        object
    }

    fn text(&self) -> String {
        let part = |[ran, all]: [usize; 2]| format!("{ran} of {all}");
        format!(
            "Run: {} cycles, {}\nLines: {}\nFunctions: {}\nBranches: {}\nWritten: {}\n",
            self.cycles,
            self.end,
            part(self.lines),
            part(self.functions),
            part(self.branches),
            self.path
        )
    }
}

fn add(sums: &mut [usize; 2], ran: impl Iterator<Item = bool>) {
    for ran in ran {
        sums[0] += usize::from(ran);
        sums[1] += 1;
    }
}
