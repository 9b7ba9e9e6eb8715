//! The figures: medians, ratios, the table, and the files for later.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::peers::Peer;
use lockstep_test_support::record::{median, spread, table};

/// CPU seconds of one run.
pub(crate) type Sample = f64;

/// A column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Engine {
    /// The build for this machine.
    Host,
    /// CKB-VM's assembly machine.
    Asm,
    /// CKB-VM's trace machine.
    Trace,
    /// Our interpreter.
    Interpreter,
    /// Our native code.
    Native,
    /// Somebody else's engine, by its number.
    Peer(usize),
}

/// What a translation took and gave.
#[derive(Default)]
pub(crate) struct Translation {
    /// Seconds.
    pub(crate) seconds: f64,
    /// Guest instructions, duplicates counted.
    pub(crate) instructions: usize,
    /// Bytes of code.
    pub(crate) code_bytes: usize,
    /// Compiled functions.
    pub(crate) units: usize,
}

/// One guest's figures.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) cycles: u64,
    /// 0 to 1.
    pub(crate) native_share: f64,
    pub(crate) translation: Translation,
    pub(crate) samples: BTreeMap<Engine, Vec<Sample>>,
}

impl Row {
    pub(crate) fn new(name: &str) -> Row {
        Row {
            name: name.to_string(),
            cycles: 0,
            native_share: 0.0,
            translation: Translation::default(),
            samples: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, engine: Engine, sample: Sample) {
        self.samples.entry(engine).or_default().push(sample);
    }

    /// The median, where there is one.
    pub(crate) fn seconds(&self, engine: Engine) -> Option<f64> {
        Some(median(self.samples.get(&engine)?))
    }

    /// How many times faster than the assembly machine.
    pub(crate) fn speed_up(&self, engine: Engine) -> Option<f64> {
        Some(self.seconds(Engine::Asm)? / self.seconds(engine)?)
    }
}

/// Everything that was measured.
pub(crate) struct Report {
    pub(crate) rounds: usize,
    /// A part of the usual work.
    pub(crate) quick: bool,
    pub(crate) rows: Vec<Row>,
    pub(crate) peers: Vec<Peer>,
}

impl Report {
    /// The columns.
    pub(crate) fn engines(&self) -> Vec<Engine> {
        let ours = [
            Engine::Host,
            Engine::Asm,
            Engine::Trace,
            Engine::Interpreter,
            Engine::Native,
        ];
        let peers = (0..self.peers.len()).map(Engine::Peer);
        ours.into_iter().chain(peers).collect()
    }

    /// The head of a column.
    pub(crate) fn title(&self, engine: Engine) -> &str {
        match engine {
            Engine::Host => "x86-64 build",
            Engine::Asm => "asm machine",
            Engine::Trace => "trace machine",
            Engine::Interpreter => "interpreter",
            Engine::Native => "native code",
            Engine::Peer(number) => &self.peers[number].title,
        }
    }

    /// The geometric mean of the speed-ups over the assembly machine, and over how many guests.
    pub(crate) fn mean_speed_up(&self, engine: Engine) -> Option<(f64, usize)> {
        let ratios = self.rows.iter().filter_map(|row| row.speed_up(engine));
        geometric_mean(ratios)
    }

    /// The geometric mean of how many times as fast as that engine our native code is, over the guests
    /// that both have.
    fn mean_over(&self, engine: Engine) -> Option<(f64, usize)> {
        geometric_mean(self.rows.iter().filter_map(|row| over(row, engine)))
    }

    /// All tables, in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let part = if self.quick {
            ", an eighth of the usual work (`--quick`)"
        } else {
            ""
        };
        let mut text = format!(
            "Times as fast as the assembly machine, medians of {} interleaved rounds{part}; in parentheses \
             half the spread of the time:\n\n{}\n",
            self.rounds,
            self.speed_ups()
        );
        if !self.peers.is_empty() {
            text += &format!(
                "How many times as fast as the others our native code is:\n\n{}\n",
                self.against_peers()
            );
            for peer in &self.peers {
                text += &format!("- *{}*: {}.\n", peer.title, peer.settings);
            }
            text += "\n";
        }
        text += &format!(
            "CPU time in milliseconds; loading and translation left out. `~`: a shorter run, scaled by \
             cycles:\n\n{}\n",
            self.times()
        );
        text += &format!(
            "Translation for the baseline CPU:\n\n{}",
            translations(&self.rows)
        );
        text
    }

    fn head(&self, more: &[&str]) -> Vec<String> {
        let mut head = vec!["guest".to_string()];
        let engines = self.engines().into_iter();
        head.extend(engines.map(|engine| self.title(engine).to_string()));
        head.extend(more.iter().map(ToString::to_string));
        head
    }

    fn speed_ups(&self) -> String {
        let mut lines = vec![self.head(&["native code / x86-64 build"])];
        for row in &self.rows {
            let mut line = vec![row.name.clone()];
            for engine in self.engines() {
                let ratio = row.speed_up(engine);
                let spread = row.samples.get(&engine).map(|samples| spread(samples));
                line.push(match ratio.zip(spread) {
                    Some((ratio, spread)) => {
                        format!("{} (±{:.0} %)", bold(engine, ratio), spread * 100.0)
                    }
                    None => "-".into(),
                });
            }
            let times = row.seconds(Engine::Native).zip(row.seconds(Engine::Host));
            line.push(times.map_or("-".into(), |(ours, host)| format!("{:.2}", ours / host)));
            lines.push(line);
        }
        let mut last = vec!["geometric mean".to_string()];
        for engine in self.engines() {
            let mean = self.mean_speed_up(engine);
            last.push(mean.map_or("-".into(), |(ratio, count)| {
                of_some(bold(engine, ratio), count, self.rows.len())
            }));
        }
        let host = self.mean_over(Engine::Host);
        last.push(host.map_or("-".into(), |(ratio, _)| format!("{:.2}", 1.0 / ratio)));
        lines.push(last);
        table(&lines)
    }

    fn against_peers(&self) -> String {
        let engines: Vec<Engine> = (0..self.peers.len()).map(Engine::Peer).collect();
        let mut head = vec!["guest".to_string()];
        head.extend(engines.iter().map(|engine| self.title(*engine).to_string()));
        let mut lines = vec![head];
        for row in &self.rows {
            let mut line = vec![row.name.clone()];
            for engine in &engines {
                line.push(over(row, *engine).map_or("-".into(), |ratio| format!("{ratio:.2}")));
            }
            lines.push(line);
        }
        let mut last = vec!["geometric mean".to_string()];
        for engine in &engines {
            let mean = self.mean_over(*engine);
            last.push(mean.map_or("-".into(), |(ratio, count)| {
                of_some(format!("**{ratio:.2}**"), count, self.rows.len())
            }));
        }
        lines.push(last);
        table(&lines)
    }

    fn times(&self) -> String {
        let mut head = self.head(&[]);
        head.insert(1, "million cycles".into());
        let mut lines = vec![head];
        for row in &self.rows {
            let mut line = vec![row.name.clone(), format!("{:.1}", row.cycles as f64 / 1e6)];
            for engine in self.engines() {
                let mark = if engine == Engine::Trace { "~" } else { "" };
                let seconds = row.seconds(engine);
                line.push(seconds.map_or("-".into(), |time| format!("{mark}{:.1}", time * 1e3)));
            }
            lines.push(line);
        }
        table(&lines)
    }

    /// Everything, for programs.
    pub(crate) fn json(&self) -> Value {
        let mean = |engine: Engine| {
            let mean = self.mean_speed_up(engine);
            json!({
                "engine": self.title(engine),
                "speed_up": mean.map(|(ratio, _)| ratio),
                "guests": mean.map(|(_, count)| count),
            })
        };
        let peer = |peer: &Peer| json!({ "engine": peer.title, "settings": peer.settings });
        json!({
            "unit": "CPU seconds",
            "rounds": self.rounds,
            "quick": self.quick,
            "guests": self.rows.iter().map(|row| self.row_as_json(row)).collect::<Vec<_>>(),
            "geometric_means": self.engines().into_iter().map(mean).collect::<Vec<_>>(),
            "settings": self.peers.iter().map(peer).collect::<Vec<_>>(),
        })
    }

    fn row_as_json(&self, row: &Row) -> Value {
        let engine = |engine: Engine| {
            json!({
                "engine": self.title(engine),
                "median": row.seconds(engine),
                "speed_up": row.speed_up(engine),
                "samples": row.samples.get(&engine),
            })
        };
        json!({
            "name": row.name,
            "cycles": row.cycles,
            "native_share": row.native_share,
            "translate_seconds": row.translation.seconds,
            "translated_instructions": row.translation.instructions,
            "code_bytes": row.translation.code_bytes,
            "engines": self.engines().into_iter().map(engine).collect::<Vec<_>>(),
        })
    }
}

/// How many times as fast as that engine our native code is.
fn over(row: &Row, engine: Engine) -> Option<f64> {
    Some(row.seconds(engine)? / row.seconds(Engine::Native)?)
}

fn geometric_mean(ratios: impl Iterator<Item = f64>) -> Option<(f64, usize)> {
    let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
    let count = logarithms.len();
    (count > 0).then(|| ((logarithms.iter().sum::<f64>() / count as f64).exp(), count))
}

/// Ours stands out.
fn bold(engine: Engine, ratio: f64) -> String {
    match engine {
        Engine::Native => format!("**{ratio:.2}**"),
        _ => format!("{ratio:.2}"),
    }
}

/// A mean over some of the guests says so.
fn of_some(text: String, count: usize, all: usize) -> String {
    if count == all {
        text
    } else {
        format!("{text} (of {count})")
    }
}

fn translations(rows: &[Row]) -> String {
    let head = [
        "guest",
        "translated instructions",
        "units",
        "translation ms",
        "µs an instruction",
        "code bytes",
        "bytes an instruction",
        "native share of cycles",
    ];
    let mut lines = vec![head.map(String::from).to_vec()];
    for row in rows {
        let made = &row.translation;
        let each = made.instructions.max(1) as f64;
        lines.push(vec![
            row.name.clone(),
            made.instructions.to_string(),
            made.units.to_string(),
            format!("{:.1}", made.seconds * 1e3),
            format!("{:.1}", made.seconds * 1e6 / each),
            made.code_bytes.to_string(),
            format!("{:.1}", made.code_bytes as f64 / each),
            format!("{:.3} %", row.native_share * 100.0),
        ]);
    }
    table(&lines)
}
