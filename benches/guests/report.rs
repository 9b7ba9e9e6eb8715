//! The figures: medians, ratios, the table, and the files for later.

use std::fmt::Write as _;
use std::{fs, io};

use serde_json::{Value, json};

use crate::chart;
use crate::common::guests::root;

/// CPU seconds of one run.
pub(crate) type Sample = f64;

/// A column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Engine {
    /// The build for this machine.
    Host,
    /// The oracle's assembly machine.
    Asm,
    /// The oracle's trace machine.
    Trace,
    /// Our interpreter.
    Interpreter,
    /// Our native code.
    Native,
}

impl Engine {
    pub(crate) const ALL: [Engine; 5] = [
        Engine::Host,
        Engine::Asm,
        Engine::Trace,
        Engine::Interpreter,
        Engine::Native,
    ];

    /// The head of the column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Engine::Host => "x86-64 build",
            Engine::Asm => "asm machine",
            Engine::Trace => "trace machine",
            Engine::Interpreter => "interpreter",
            Engine::Native => "native code",
        }
    }
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
    /// By engine.
    pub(crate) samples: [Vec<Sample>; 5],
}

impl Row {
    pub(crate) fn new(name: &str) -> Row {
        Row {
            name: name.to_string(),
            cycles: 0,
            native_share: 0.0,
            translation: Translation::default(),
            samples: Default::default(),
        }
    }

    /// The median, where there is one.
    pub(crate) fn seconds(&self, engine: Engine) -> Option<f64> {
        let mut samples = self.samples[engine as usize].clone();
        samples.sort_by(f64::total_cmp);
        let middle = samples.len() / 2;
        match samples.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(samples[middle]),
            _ => Some((samples[middle - 1] + samples[middle]) / 2.0),
        }
    }

    /// Half the distance between the fastest and the slowest run, as a part of the median.
    pub(crate) fn spread(&self, engine: Engine) -> Option<f64> {
        let samples = &self.samples[engine as usize];
        let low = samples.iter().copied().min_by(f64::total_cmp)?;
        let high = samples.iter().copied().max_by(f64::total_cmp)?;
        Some((high - low) / 2.0 / self.seconds(engine)?)
    }

    /// How many times faster than the assembly machine.
    pub(crate) fn speed_up(&self, engine: Engine) -> Option<f64> {
        Some(self.seconds(Engine::Asm)? / self.seconds(engine)?)
    }
}

/// The geometric mean of the speed-ups over the assembly machine.
pub(crate) fn mean_speed_up(rows: &[Row], engine: Engine) -> Option<f64> {
    let ratios: Option<Vec<f64>> = rows.iter().map(|row| row.speed_up(engine)).collect();
    let ratios = ratios?;
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    Some((sum / ratios.len() as f64).exp())
}

/// All tables, in Markdown.
pub(crate) fn table(rows: &[Row], rounds: usize) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "CPU time in milliseconds, medians of {rounds} interleaved rounds, in parentheses half the \
         spread; loading and translation left out. `~`: a shorter run, scaled by cycles. In bold: \
         times faster than the asm machine.\n"
    );
    text.push_str(&times(rows));
    text.push('\n');
    text.push_str(&translations(rows));
    text
}

fn times(rows: &[Row]) -> String {
    let mut head = vec!["guest".to_string(), "million cycles".to_string()];
    for engine in Engine::ALL {
        head.push(engine.title().to_string());
    }
    head.push("native code / x86-64 build".to_string());
    let mut lines = vec![head];
    for row in rows {
        let mut cells = vec![row.name.clone(), format!("{:.1}", row.cycles as f64 / 1e6)];
        cells.extend(Engine::ALL.iter().map(|engine| cell(row, *engine)));
        let times = row.seconds(Engine::Native).zip(row.seconds(Engine::Host));
        cells.push(times.map_or("-".into(), |(ours, host)| format!("{:.2}", ours / host)));
        lines.push(cells);
    }
    let mut mean = vec!["geometric mean".to_string(), String::new()];
    for engine in Engine::ALL {
        let ratio = mean_speed_up(rows, engine);
        mean.push(ratio.map_or("-".into(), |ratio| format!("**{ratio:.2}**")));
    }
    let over_host = mean_speed_up(rows, Engine::Host).zip(mean_speed_up(rows, Engine::Native));
    mean.push(over_host.map_or("-".into(), |(host, ours)| format!("{:.2}", host / ours)));
    lines.push(mean);
    markdown(&lines)
}

fn cell(row: &Row, engine: Engine) -> String {
    let (Some(seconds), Some(spread)) = (row.seconds(engine), row.spread(engine)) else {
        return "-".to_string();
    };
    let mark = if engine == Engine::Trace { "~" } else { "" };
    let figures = format!("{mark}{:.1} (±{:.0} %)", seconds * 1e3, spread * 100.0);
    match row.speed_up(engine) {
        Some(ratio) if engine != Engine::Asm => format!("{figures} **{ratio:.2}**"),
        _ => figures,
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
    markdown(&lines)
}

/// Cells in columns; the first line is the head.
fn markdown(lines: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, cell) in line.iter().enumerate() {
            let pad = width(column) - cell.chars().count();
            let fill = " ".repeat(pad);
            if column == 0 {
                let _ = write!(text, "| {cell}{fill} ");
            } else {
                let _ = write!(text, "| {fill}{cell} ");
            }
        }
        text.push_str("|\n");
        if number == 0 {
            for column in 0..line.len() {
                let dashes = "-".repeat(width(column) + 1);
                let _ = write!(text, "|{}{}", dashes, if column == 0 { "-" } else { ":" });
            }
            text.push_str("|\n");
        }
    }
    text
}

/// `target/bench/guests.json` and the chart beside it.
pub(crate) fn write_files(rows: &[Row]) -> io::Result<()> {
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let means: Vec<Value> = Engine::ALL
        .iter()
        .map(|engine| json!({ "engine": engine.title(), "speed_up": mean_speed_up(rows, *engine) }))
        .collect();
    let report = json!({
        "unit": "CPU seconds",
        "guests": rows.iter().map(row_as_json).collect::<Vec<Value>>(),
        "geometric_means": means,
    });
    fs::write(folder.join("guests.json"), format!("{report:#}\n"))?;
    fs::write(folder.join("guests.svg"), chart::draw(rows))
}

fn row_as_json(row: &Row) -> Value {
    let engines: Vec<Value> = Engine::ALL
        .iter()
        .map(|engine| {
            json!({
                "engine": engine.title(),
                "median": row.seconds(*engine),
                "speed_up": row.speed_up(*engine),
                "samples": row.samples[*engine as usize],
            })
        })
        .collect();
    json!({
        "name": row.name,
        "cycles": row.cycles,
        "native_share": row.native_share,
        "translate_seconds": row.translation.seconds,
        "translated_instructions": row.translation.instructions,
        "code_bytes": row.translation.code_bytes,
        "engines": engines,
    })
}
