//! `cargo xtask modules`: the graph of modules of each package, its circles, and its sizes.
//!
//! Packages cannot depend on each other in circles, because cargo forbids it. Modules can, and a
//! circle of files has to be understood as one. The tests here fail on a circle that
//! `modules/circles.txt` does not list, on a listed one that is gone, and on a dependency that a
//! package must not have. [`arrows`] states what counts as a use.
//!
//! This reads sources; it does not compile them. `--root PATH` reads another checkout.

mod arrows;
mod circles;
mod error;
mod layers;
mod resolve;
mod source;

use std::path::{Path, PathBuf};

use arrows::Methods;
use circles::Circle;
use error::ModulesError;
use source::Crate;

/// The circles that are allowed, each with its reason.
const ALLOWED: &str = include_str!("modules/circles.txt");

/// One crate, measured.
struct Measured {
    name: String,
    files: usize,
    lines: usize,
    /// Items that other crates can name.
    items: usize,
    /// Public methods and associated constants of those items.
    methods: usize,
    circles: Vec<(Circle, String)>,
}

/// Prints sizes and circles of the checkout at `root`. Without a path it is this checkout, whose
/// circles must be the allowed ones.
pub(crate) fn run(root: Option<&str>) -> Result<(), ModulesError> {
    match root {
        Some(root) => print(Path::new(root)).map(drop),
        None => only_allowed(&print(&this_checkout())?),
    }
}

fn print(root: &Path) -> Result<Vec<Measured>, ModulesError> {
    let crates = measure_all(root)?;
    println!(
        "{:22} {:>5} {:>6} {:>12} {:>14}",
        "crate", "files", "lines", "public items", "their methods"
    );
    for one in &crates {
        println!(
            "{:22} {:>5} {:>6} {:>12} {:>14}",
            one.name, one.files, one.lines, one.items, one.methods
        );
    }
    let node = layers::crates_of_a_node(root)?;
    println!("\ncrates that a node builds (features: ckb): {node}");
    for one in &crates {
        for (circle, arrows) in &one.circles {
            let files = circle.files.len();
            println!("\na circle of {files} files in {}:\n{arrows}", one.name);
        }
    }
    Ok(crates)
}

fn only_allowed(crates: &[Measured]) -> Result<(), ModulesError> {
    let found: Vec<_> = crates.iter().flat_map(|one| &one.circles).collect();
    let allowed = circles::allowed(ALLOWED).map_err(ModulesError::List)?;
    let complaints = circles::complaints(&found, &allowed);
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(ModulesError::Circles(complaints)),
    }
}

fn this_checkout() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

fn measure_all(root: &Path) -> Result<Vec<Measured>, ModulesError> {
    let root = root.canonicalize().map_err(|error| ModulesError::Read {
        path: root.to_owned(),
        error,
    })?;
    let roots = layers::crate_roots(&root)?;
    (roots.iter())
        .map(|(name, entry)| Ok(measure(&Crate::read(name, &root, entry)?)))
        .collect()
}

fn measure(source: &Crate) -> Measured {
    let methods = Methods::read(source);
    let arrows = arrows::arrows(source, &methods);
    let public = source.public_items();
    Measured {
        name: source.name.clone(),
        files: source.files.len(),
        lines: source.files.iter().map(|file| file.lines).sum(),
        items: public.len(),
        methods: public
            .iter()
            .filter_map(|item| methods.public.get(item))
            .sum(),
        circles: circles::circles(source, &arrows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_circle_but_the_listed_ones() {
        let crates = measure_all(&this_checkout()).expect("the sources are read");
        assert!(crates.len() >= 8, "only {} crates were found", crates.len());
        if let Err(error) = only_allowed(&crates) {
            panic!("{error}");
        }
    }

    #[test]
    fn the_list_of_circles_cannot_go_stale() {
        let list = "# a remark\n\nold: because\n  a.rs\n  b.rs\n";
        let allowed = circles::allowed(list).expect("a list");
        let found = circles::complaints(&[], &allowed);
        assert_eq!(found, "an allowed circle of old that is gone: a.rs, b.rs\n");
        let same = (allowed[0].clone(), String::new());
        assert_eq!(circles::complaints(&[&same], &allowed), "");
        assert_eq!(circles::allowed("old:\n"), Err("old:".to_owned()));
    }
}
