//! The tables.

use lockstep_test_support::record::{median, spread, table};

use crate::alone::Alone;
use crate::counts::Counts;
use crate::whole::Whole;

/// From how many cycles on native code decides about a script's time.
const LONG_CYCLES: u64 = 1_000_000;
/// A script of a transaction with fewer cycles has no line of its own: its run takes less time than two
/// measurements of the same verification differ by.
const SHORT_CYCLES: u64 = 100_000;

/// Seconds on both machines, a value for each round.
#[derive(Default)]
pub(crate) struct Pair {
    pub(crate) asm: Vec<f64>,
    pub(crate) ours: Vec<f64>,
}

impl Pair {
    /// The values of one machine.
    pub(crate) fn of(&mut self, asm: bool) -> &mut Vec<f64> {
        match asm {
            true => &mut self.asm,
            false => &mut self.ours,
        }
    }

    fn medians(&self) -> (f64, f64) {
        (median(&self.asm), median(&self.ours))
    }

    /// How many times as fast ours is.
    fn ratio(&self) -> f64 {
        let (asm, ours) = self.medians();
        asm / ours
    }
}

/// Everything that was measured.
pub(crate) struct Report {
    pub(crate) rounds: usize,
    pub(crate) alone: Vec<Alone>,
    pub(crate) whole: Vec<Whole>,
}

/// A line of the first table.
struct Run<'a> {
    name: &'a str,
    cycles: u64,
    asm: f64,
    ours: f64,
    spread: Option<f64>,
    native_share: f64,
    counts: Option<Counts>,
}

impl Report {
    /// All tables, in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "Runs alone, without loading: milliseconds of CPU time, medians of {} interleaved rounds; in parentheses half \
             the spread:\n\n{}\n{}\n",
            self.rounds,
            self.runs(),
            self.means(),
        );
        text += &format!(
            "Whole transactions: microseconds of CPU time for one verification, medians of {} interleaved rounds. Cold is \
             the first verification after 48 MiB of other memory were read:\n\n{}\n",
            self.rounds,
            self.transactions(),
        );
        if self.whole.iter().any(|whole| whole.counts.is_some()) {
            text += &format!(
                "What the instructions of one of our verifications are for, counted by callgrind:\n\n{}\n",
                self.shares()
            );
        }
        text
    }

    /// What ran alone, then the scripts of the transactions: a whole verification without making and loading. A
    /// script in JavaScript is there once.
    fn lines(&self) -> Vec<Run<'_>> {
        let mut lines: Vec<Run<'_>> = Vec::new();
        for alone in &self.alone {
            let (asm, ours) = alone.times.medians();
            lines.push(Run {
                name: &alone.guest.name,
                cycles: alone.cycles,
                asm,
                ours,
                spread: Some(spread(&alone.times.ours)),
                native_share: alone.native_share,
                counts: alone.counts,
            });
        }
        for whole in &self.whole {
            if whole.name.starts_with("js ") || whole.cycles < SHORT_CYCLES {
                continue;
            }
            let (warm, loaded) = (whole.warm.medians(), whole.loaded.medians());
            lines.push(Run {
                name: &whole.name,
                cycles: whole.cycles,
                asm: warm.0 - loaded.0,
                ours: warm.1 - loaded.1,
                spread: None,
                native_share: whole.native_share,
                counts: None,
            });
        }
        lines
    }

    fn runs(&self) -> String {
        let head = [
            "script",
            "cycles",
            "asm machine",
            "native code",
            "times as fast",
            "native share of cycles",
            "host instructions for one of the guest's",
        ];
        let mut table_lines = vec![head.map(String::from).to_vec()];
        for run in self.lines() {
            let spread = match run.spread {
                Some(spread) => format!(" (±{:.0} %)", spread * 100.0),
                None => String::new(),
            };
            let each = run.counts.filter(|counts| counts.guest > 0);
            table_lines.push(vec![
                run.name.to_owned(),
                run.cycles.to_string(),
                format!("{:.3}", run.asm * 1e3),
                format!("{:.3}{spread}", run.ours * 1e3),
                format!("**{:.2}**", run.asm / run.ours),
                format!("{:.3} %", run.native_share * 100.0),
                each.map_or("-".into(), |counts| {
                    format!("{:.2}", counts.total as f64 / counts.guest as f64)
                }),
            ]);
        }
        table(&table_lines)
    }

    /// The geometric means of the runs.
    fn means(&self) -> String {
        let lines = self.lines();
        let long = |run: &&Run<'_>| run.cycles >= LONG_CYCLES;
        let mean = |runs: &[&Run<'_>]| {
            let ratios = runs.iter().map(|run| (run.asm / run.ours).ln());
            (ratios.sum::<f64>() / runs.len() as f64).exp()
        };
        let all: Vec<&Run<'_>> = lines.iter().filter(long).collect();
        let js = |run: &&Run<'_>| run.name.starts_with("js ");
        let javascript: Vec<&Run<'_>> = lines.iter().filter(js).collect();
        format!(
            "Geometric mean over the {} with more than a million cycles: **{:.2}**; over the {} in JavaScript: **{:.2}**.\n",
            all.len(),
            mean(&all),
            javascript.len(),
            mean(&javascript)
        )
    }

    fn transactions(&self) -> String {
        let head = [
            "transaction",
            "cycles",
            "asm, warm",
            "ours, warm",
            "times as fast",
            "asm, cold",
            "ours, cold",
            "times as fast",
            "ours: making",
            "loading",
            "running",
        ];
        let mut lines = vec![head.map(String::from).to_vec()];
        for whole in &self.whole {
            let (warm, cold) = (whole.warm.medians(), whole.cold.medians());
            let (made, loaded) = (whole.made.medians().1, whole.loaded.medians().1);
            let share = |part: f64| format!("{:.0} %", 100.0 * part / warm.1);
            lines.push(vec![
                whole.name.clone(),
                whole.cycles.to_string(),
                format!("{:.1}", warm.0 * 1e6),
                format!("{:.1}", warm.1 * 1e6),
                format!("**{:.2}**", whole.warm.ratio()),
                format!("{:.1}", cold.0 * 1e6),
                format!("{:.1}", cold.1 * 1e6),
                format!("**{:.2}**", whole.cold.ratio()),
                share(made),
                share(loaded - made),
                share(warm.1 - loaded),
            ]);
        }
        table(&lines)
    }

    fn shares(&self) -> String {
        let head = [
            "transaction",
            "host instructions",
            "a cycle",
            "making",
            "loading and dropping",
            "native code",
            "copying and clearing",
            "rest",
        ];
        let mut lines = vec![head.map(String::from).to_vec()];
        for whole in &self.whole {
            let Some(counts) = whole.counts else { continue };
            let share = |part: u64| format!("{:.0} %", 100.0 * part as f64 / counts.total as f64);
            let known = counts.made + counts.loaded + counts.native + counts.copied;
            lines.push(vec![
                whole.name.clone(),
                counts.total.to_string(),
                format!("{:.2}", counts.total as f64 / whole.cycles as f64),
                share(counts.made),
                share(counts.loaded),
                share(counts.native),
                share(counts.copied),
                share(counts.total.saturating_sub(known)),
            ]);
        }
        table(&lines)
    }
}
