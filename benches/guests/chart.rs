//! The table as bars: how many times faster than the assembly machine, on a logarithmic scale.
//!
//! Plain SVG text, no library: a chart is a few rectangles.

use std::fmt::Write as _;

use crate::report::{Engine, Row};

/// What has a bar; the assembly machine is the line at 1.
const BARS: [(Engine, &str); 4] = [
    (Engine::Trace, "#c0c0c0"),
    (Engine::Interpreter, "#7fa7d6"),
    (Engine::Native, "#1f5fa8"),
    (Engine::Host, "#555555"),
];
const BAR: f64 = 10.0;
const GROUP: f64 = 54.0;
const LEFT: f64 = 110.0;
const WIDTH: f64 = 640.0;
const TOP: f64 = 60.0;
/// The ends of the scale.
const LOW: f64 = 0.1;
const HIGH: f64 = 100.0;

/// The chart.
pub(crate) fn draw(rows: &[Row]) -> String {
    let height = TOP + GROUP * rows.len() as f64 + 20.0;
    let total = LEFT + WIDTH + 60.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{total}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"18\">Times faster than the asm machine (CPU time)</text>\n"
    );
    draw_legend(&mut svg);
    for tick in [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0] {
        let x = place(tick);
        let colour = if tick == 1.0 { "#d03030" } else { "#e4e4e4" };
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{:.1}\" stroke=\"{colour}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick}</text>",
            height - 20.0,
            height - 6.0
        );
    }
    for (number, row) in rows.iter().enumerate() {
        draw_group(&mut svg, row, TOP + GROUP * number as f64 + 4.0);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_legend(svg: &mut String) {
    for (number, (engine, colour)) in BARS.iter().enumerate() {
        let x = LEFT + 140.0 * number as f64;
        let title = engine.title();
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"30\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"40\">{title}</text>",
            x + 16.0
        );
    }
}

fn draw_group(svg: &mut String, row: &Row, top: f64) {
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        LEFT - 8.0,
        top + 26.0,
        row.name
    );
    for (number, (engine, colour)) in BARS.iter().enumerate() {
        let Some(ratio) = row.speed_up(*engine) else {
            continue;
        };
        let y = top + (BAR + 1.0) * number as f64;
        let (from, to) = (place(1.0).min(place(ratio)), place(1.0).max(place(ratio)));
        let _ = writeln!(
            svg,
            "<rect x=\"{from:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\">{ratio:.1}</text>",
            to - from,
            to + 4.0,
            y + 9.0
        );
    }
}

/// Where a ratio stands on the scale.
fn place(ratio: f64) -> f64 {
    let clamped = ratio.clamp(LOW, HIGH);
    LEFT + WIDTH * (clamped / LOW).ln() / (HIGH / LOW).ln()
}
