//! The table as a picture: how many times as fast as the assembly machine, a row for each guest, a mark for each
//! engine, on a logarithmic scale.
//!
//! Plain SVG text, no library: a chart is lines, circles and words.

use std::fmt::Write as _;

use crate::report::{Engine, Report};

/// Colours of the peers, by number; after the last they begin again.
const PEERS: [&str; 5] = ["#e69f00", "#c06000", "#2f9e6e", "#8fcfae", "#b05fb0"];
const ROW: f64 = 30.0;
const LEFT: f64 = 130.0;
const WIDTH: f64 = 720.0;
const LEGEND: f64 = 20.0;
/// The ends of the scale.
const LOW: f64 = 0.2;
const HIGH: f64 = 60.0;

/// The chart.
pub(crate) fn draw(report: &Report) -> String {
    let engines: Vec<Engine> = report
        .engines()
        .into_iter()
        .filter(|engine| *engine != Engine::Asm)
        .collect();
    let top = 40.0 + LEGEND * engines.len().div_ceil(3) as f64 + 16.0;
    let bottom = top + ROW * (report.rows.len() + 1) as f64;
    let (width, height) = (LEFT + WIDTH + 30.0, bottom + 30.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"15\">Times as fast as the assembly machine of CKB-VM \
         (CPU time, logarithmic)</text>\n"
    );
    draw_legend(&mut svg, report, &engines);
    draw_scale(&mut svg, top, bottom);
    for (number, row) in report.rows.iter().enumerate() {
        let y = top + ROW * (number as f64 + 0.5);
        let ratios = engines
            .iter()
            .map(|engine| (*engine, row.speed_up(*engine)));
        draw_row(&mut svg, &row.name, y, ratios);
    }
    let y = bottom - ROW / 2.0;
    let line = bottom - ROW;
    let _ = writeln!(
        svg,
        "<line x1=\"20\" x2=\"{:.1}\" y1=\"{line}\" y2=\"{line}\" stroke=\"#808080\"/>",
        LEFT + WIDTH
    );
    let means = engines.iter().map(|engine| {
        let mean = report.mean_speed_up(*engine);
        (*engine, mean.map(|(ratio, _)| ratio))
    });
    draw_row(&mut svg, "geometric mean", y, means);
    svg.push_str("</svg>\n");
    svg
}

fn draw_legend(svg: &mut String, report: &Report, engines: &[Engine]) {
    for (number, engine) in engines.iter().enumerate() {
        let x = LEFT + 240.0 * (number % 3) as f64;
        let y = 42.0 + LEGEND * (number / 3) as f64;
        draw_mark(svg, *engine, x + 6.0, y);
        let title = match engine {
            Engine::Trace => "trace machine of CKB-VM",
            Engine::Interpreter => "Lockstep, interpreter",
            Engine::Native => "Lockstep, native code",
            other => report.title(*other),
        };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\">{title}</text>",
            x + 18.0,
            y + 4.0
        );
    }
}

fn draw_scale(svg: &mut String, top: f64, bottom: f64) {
    for tick in [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0] {
        let x = place(tick);
        let colour = if tick == 1.0 { "#606060" } else { "#e2e2e2" };
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\" stroke=\"{colour}\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>",
            bottom + 18.0
        );
    }
}

fn draw_row(
    svg: &mut String,
    name: &str,
    y: f64,
    ratios: impl Iterator<Item = (Engine, Option<f64>)>,
) {
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>",
        LEFT - 10.0,
        y + 4.0
    );
    // Ours first: it is the largest, and rings over it are still seen.
    let mut ratios: Vec<(Engine, f64)> = ratios
        .filter_map(|(engine, ratio)| Some((engine, ratio?)))
        .collect();
    ratios.sort_by_key(|(engine, _)| *engine != Engine::Native);
    for (engine, ratio) in ratios {
        draw_mark(svg, engine, place(ratio), y);
        if engine == Engine::Native {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" font-size=\"10\" font-weight=\"bold\" fill=\"#1f4fa8\" \
                 text-anchor=\"middle\">{ratio:.1}</text>",
                place(ratio),
                y - 9.0
            );
        }
    }
}

/// Ours are filled and blue, what comes with CKB-VM is grey, the x86-64 build is a stroke, the others are rings.
fn draw_mark(svg: &mut String, engine: Engine, x: f64, y: f64) {
    let _ = match engine {
        Engine::Host => writeln!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{}\" stroke=\"black\" stroke-width=\"3\"/>",
            y - 8.0,
            y + 8.0
        ),
        Engine::Native => circle(svg, x, y, 6.5, "#1f4fa8", "#1f4fa8"),
        Engine::Interpreter => circle(svg, x, y, 5.0, "#8fb4e8", "#1f4fa8"),
        Engine::Asm | Engine::Trace => circle(svg, x, y, 5.0, "#b0b0b0", "#606060"),
        Engine::Peer(number) => circle(svg, x, y, 4.5, "none", PEERS[number % PEERS.len()]),
    };
}

fn circle(
    svg: &mut String,
    x: f64,
    y: f64,
    radius: f64,
    fill: &str,
    stroke: &str,
) -> std::fmt::Result {
    writeln!(
        svg,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"{stroke}\" \
         stroke-width=\"2.5\"/>"
    )
}

/// Where a ratio stands on the scale.
fn place(ratio: f64) -> f64 {
    let clamped = ratio.clamp(LOW, HIGH);
    LEFT + WIDTH * (clamped / LOW).ln() / (HIGH / LOW).ln()
}
