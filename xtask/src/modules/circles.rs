//! Circles of files that use each other, and the committed list of those that are allowed.
//!
//! A circle is a strongly connected component with more than one file: from each of its files the
//! arrows lead to each other one and back.

use std::collections::BTreeSet;
use std::fmt::Write;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use super::arrows::Arrows;
use super::source::{Crate, FileId};

/// A circle of one crate: its files, as paths from the root of the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Circle {
    pub(super) package: String,
    pub(super) files: BTreeSet<String>,
}

/// All circles of a crate, with the arrows inside each as text.
pub(super) fn circles(source: &Crate, arrows: &Arrows) -> Vec<(Circle, String)> {
    let graph: DiGraphMap<FileId, ()> = arrows.keys().map(|&(a, b)| (a, b, ())).collect();
    let components = tarjan_scc(&graph);
    let mut found: Vec<_> = (components.iter().filter(|files| files.len() > 1))
        .map(|files| describe(source, arrows, files))
        .collect();
    found.sort();
    found
}

fn describe(source: &Crate, arrows: &Arrows, files: &[FileId]) -> (Circle, String) {
    let path = |file: FileId| source.files[file].path.display().to_string();
    let mut text = String::new();
    for ((from, to), names) in arrows {
        if files.contains(from) && files.contains(to) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let names = names.join(", ");
            _ = writeln!(text, "    {} → {}: {names}", path(*from), path(*to));
        }
    }
    let circle = Circle {
        package: source.name.clone(),
        files: files.iter().map(|&file| path(file)).collect(),
    };
    (circle, text)
}

/// Reads the list of allowed circles. A line `crate: reason` opens one; the lines with its files
/// follow, indented. An empty line or a line with `#` says nothing. The error is the line that is neither.
pub(super) fn allowed(list: &str) -> Result<Vec<Circle>, String> {
    let mut circles: Vec<Circle> = Vec::new();
    for line in list.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        match (line.strip_prefix("  "), line.split_once(": ")) {
            (Some(file), _) => {
                let circle = circles.last_mut().ok_or_else(|| line.to_owned())?;
                circle.files.insert(file.trim().to_owned());
            }
            (None, Some((package, reason))) if !reason.trim().is_empty() => circles.push(Circle {
                package: package.to_owned(),
                files: BTreeSet::new(),
            }),
            _ => return Err(line.to_owned()),
        }
    }
    Ok(circles)
}

/// What is wrong: circles that are not allowed, and allowed circles that there are not.
pub(super) fn complaints(found: &[&(Circle, String)], allowed: &[Circle]) -> String {
    let mut text = String::new();
    for (circle, arrows) in found.iter().copied() {
        if !allowed.contains(circle) {
            _ = writeln!(text, "a new circle in {}:\n{arrows}", circle.package);
        }
    }
    for circle in allowed {
        if !found.iter().any(|(other, _)| other == circle) {
            let files: Vec<&str> = circle.files.iter().map(String::as_str).collect();
            let (package, files) = (&circle.package, files.join(", "));
            _ = writeln!(text, "an allowed circle of {package} that is gone: {files}");
        }
    }
    text
}
