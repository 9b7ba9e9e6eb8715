//! A flame graph as one SVG: each box is a function, as wide as its cycles, above the function that called it.
//!
//! It is drawn here, because the libraries that draw them are under licences that this project does not take or bring
//! scripts of their own. A browser shows the figures of a box when the pointer rests on it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use super::super::markup::escape;
use super::figures::{Stack, stacks, used};
use super::part::Part;

const WIDTH: f64 = 1200.0;
const ROW: f64 = 18.0;
const TOP: f64 = 46.0;
/// Boxes that are narrower are left out.
const NARROWEST: f64 = 0.3;
/// Width of a letter.
const LETTER: f64 = 7.2;

struct Box<'s> {
    name: &'s str,
    depth: usize,
    start: u64,
    cycles: u64,
}

/// The picture.
pub(super) fn draw(parts: &[&Part], title: &str) -> String {
    let stacks = stacks(parts);
    let all: u64 = stacks.values().sum();
    let boxes = boxes(&stacks);
    let scale = WIDTH / all.max(1) as f64;
    let wide = |one: &&Box<'_>| one.cycles as f64 * scale >= NARROWEST;
    let depth = boxes
        .iter()
        .filter(wide)
        .map(|one| one.depth + 1)
        .max()
        .unwrap_or(1);
    let height = TOP + depth as f64 * ROW + 8.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"ui-monospace, monospace\" \
         font-size=\"12\">\n<style>text {{ pointer-events: none }} rect {{ stroke: #fff; stroke-width: 0.5 }} \
         g:hover rect {{ stroke: #000 }}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fdfdfb\"/>\n\
         <text x=\"8\" y=\"20\" font-size=\"15\">{}</text>\n<text x=\"8\" y=\"38\" fill=\"#555\">{all} cycles, {} functions</text>\n",
        escape(title),
        used(&stacks).len(),
    );
    for one in boxes.iter().filter(wide) {
        let name = one.name;
        let (x, width) = (one.start as f64 * scale, one.cycles as f64 * scale);
        let y = height - 8.0 - (one.depth + 1) as f64 * ROW;
        let share = 100.0 * one.cycles as f64 / all.max(1) as f64;
        let letters = ((width - 6.0) / LETTER).max(0.0) as usize;
        // Writing to a string does not fail.
        let _ = writeln!(
            svg,
            "<g><title>{}: {} cycles, {share:.2}%</title><rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" \
             height=\"{ROW}\" rx=\"2\" fill=\"{}\"/><text x=\"{:.2}\" y=\"{:.1}\">{}</text></g>",
            escape(name),
            one.cycles,
            colour(name),
            x + 3.0,
            y + 13.0,
            escape(&shortened(name, letters)),
        );
    }
    svg + "</svg>\n"
}

/// Neighbours with the same callers and the same function are one box. The stacks are sorted, so equal beginnings
/// stand together.
fn boxes(stacks: &BTreeMap<Stack, u64>) -> Vec<Box<'_>> {
    let mut boxes: Vec<Box<'_>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut before: &[Rc<str>] = &[];
    let mut start = 0;
    for (stack, &cycles) in stacks {
        let same = stack
            .iter()
            .zip(before)
            .take_while(|(one, other)| one == other)
            .count();
        open.truncate(same);
        for (depth, name) in stack.iter().enumerate().skip(same) {
            open.push(boxes.len());
            boxes.push(Box {
                name,
                depth,
                start,
                cycles: 0,
            });
        }
        for &number in &open {
            boxes[number].cycles += cycles;
        }
        start += cycles;
        before = stack;
    }
    boxes
}

fn shortened(name: &str, letters: usize) -> String {
    match name.chars().count() {
        count if count <= letters => name.to_owned(),
        _ if letters < 3 => String::new(),
        _ => name.chars().take(letters - 2).collect::<String>() + "..",
    }
}

/// A warm colour that a name always has.
fn colour(name: &str) -> String {
    let sum = name.bytes().fold(7_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    format!("hsl({}, 80%, {}%)", 8 + sum % 45, 62 + (sum >> 8) % 16)
}
