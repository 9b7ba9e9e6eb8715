//! Building the guest programs: what is built where, and when it counts as done.
//!
//! Everything is built in `target/guests/build` first and moved to its place only after all of it
//! was built, so that a failure leaves the old files as they were.

mod error;
mod install;
mod manifest;
pub(crate) mod peer;
mod recipe;
mod rust;
mod third_party;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use error::{GuestError, at};
use install::install;
use manifest::{Manifest, Row};
use recipe::{Native, Origin, Recipe};
use toolchain::{Target, Toolchain};

/// Rebuilds our own guests: `guests/elf/*.elf`, their unstripped twins and the manifest.
pub(crate) fn rebuild() -> Result<(), GuestError> {
    let toolchain = Toolchain::find()?;
    let mut manifest = Manifest::read(&toolchain.root)?;
    let built = build_all(&toolchain, &recipe::own(), Target::Guest)?;
    manifest.set_toolchain(toolchain.version(), &toolchain::guest_flags().join(" "));
    for (recipe, file) in &built {
        let changed = manifest.set(row(recipe, file)?);
        let place = toolchain.root.join(elf_path(recipe));
        install(file, &place)?;
        keep_unstripped(&toolchain, recipe, file)?;
        println!(
            "{}{}",
            elf_path(recipe),
            if changed {
                "  changed: measure its cycles again"
            } else {
                ""
            }
        );
    }
    manifest.write(&toolchain.root)
}

/// Builds our own guests aside and compares them with the committed files and the manifest.
pub(crate) fn check() -> Result<(), GuestError> {
    let toolchain = Toolchain::find()?;
    let manifest = Manifest::read(&toolchain.root)?;
    let mut different = Vec::new();
    for (recipe, file) in build_all(&toolchain, &recipe::own(), Target::Guest)? {
        let new = fs::read(&file).map_err(at(&file))?;
        let place = toolchain.root.join(elf_path(&recipe));
        let committed = fs::read(&place).map_err(at(&place))?;
        let hash = blake3::hash(&new).to_hex();
        let recorded = manifest
            .get(recipe.name)
            .is_some_and(|row| row.blake3 == hash.as_str());
        if new != committed || !recorded {
            different.push(recipe.name);
        }
    }
    if !different.is_empty() {
        return Err(GuestError::Differs {
            names: different.join(", "),
            recorded: manifest.toolchain().to_owned(),
            here: toolchain.version().to_owned(),
        });
    }
    println!("every guest in guests/elf is what its source gives");
    Ok(())
}

/// Builds our own guests for this machine: for the bench's "native" column, and to check the expected results.
pub(crate) fn build_native() -> Result<(), GuestError> {
    let toolchain = Toolchain::find()?;
    install_native(&toolchain, &recipe::own())?;
    rust::build_native(&toolchain.root)
}

/// Builds the guests whose sources are in crates: ELFs, their unstripped twins, native builds.
pub(crate) fn build_third_party(record: bool) -> Result<(), GuestError> {
    let toolchain = Toolchain::find()?;
    let mut manifest = Manifest::read(&toolchain.root)?;
    let recipes = recipe::third_party(&third_party::locate(&toolchain.root)?)?;
    for (recipe, file) in build_all(&toolchain, &recipes, Target::Guest)? {
        let new = row(&recipe, &file)?;
        let known = manifest
            .get(recipe.name)
            .is_some_and(|old| old.blake3 == new.blake3);
        if record {
            manifest.set(new);
        } else if !known {
            eprintln!(
                "warning: {} is not the build that the manifest's cycles were measured on ({}; here is {})",
                recipe.name,
                manifest.toolchain(),
                toolchain.version()
            );
        }
        install(&file, &toolchain.root.join(elf_path(&recipe)))?;
        keep_unstripped(&toolchain, &recipe, &file)?;
        println!("{}", elf_path(&recipe));
    }
    if record {
        manifest.write(&toolchain.root)?;
    }
    install_native(&toolchain, &recipes)
}

/// Rebuilds our guests in Rust: `guests/elf/rust_*.elf` and the manifest.
pub(crate) fn build_rust() -> Result<(), GuestError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().map_err(at(&root))?;
    rust::rebuild(&root)
}

/// Builds the guests that benches measure for a machine that they compare with.
pub(crate) fn build_for(machine: peer::Machine) -> Result<(), GuestError> {
    let toolchain = Toolchain::find()?;
    let mut recipes = recipe::own();
    recipes.extend(recipe::third_party(&third_party::locate(&toolchain.root)?)?);
    recipes.retain(|recipe| recipe.bench != 0 && machine.has(recipe));
    for (recipe, file) in build_all(&toolchain, &recipes, Target::Peer(machine))? {
        let path = machine.path(&recipe);
        install(&file, &toolchain.root.join(&path))?;
        println!("{path}");
    }
    Ok(())
}

fn install_native(toolchain: &Toolchain, recipes: &[Recipe]) -> Result<(), GuestError> {
    let native: Vec<Recipe> = recipes
        .iter()
        .filter(|recipe| recipe.native != Native::Nothing)
        .cloned()
        .collect();
    for (recipe, file) in build_all(toolchain, &native, Target::Native)? {
        // Natively too a program checks its own result.
        toolchain.run(&mut Command::new(&file))?;
        install(&file, &toolchain.root.join(native_path(&recipe)))?;
        println!("{}", native_path(&recipe));
    }
    Ok(())
}

/// Builds each recipe in the build folder; nothing outside it is touched.
fn build_all(
    toolchain: &Toolchain,
    recipes: &[Recipe],
    target: Target,
) -> Result<Vec<(Recipe, PathBuf)>, GuestError> {
    recipes
        .iter()
        .map(|recipe| Ok((recipe.clone(), toolchain.build(recipe, target)?)))
        .collect()
}

/// Where a guest's ELF belongs, from the root of the repository.
fn elf_path(recipe: &Recipe) -> String {
    match recipe.origin {
        Origin::Own | Origin::Narrow | Origin::Script => format!("guests/elf/{}.elf", recipe.name),
        Origin::ThirdParty => format!("target/guests/elf/{}.elf", recipe.name),
    }
}

/// Where a native build belongs, from the root of the repository.
fn native_path(recipe: &Recipe) -> String {
    format!("target/guests/native/{}", recipe.name)
}

/// The manifest's row for a fresh build; cycles are filled in by whoever measures them.
fn row(recipe: &Recipe, file: &Path) -> Result<Row, GuestError> {
    let bytes = fs::read(file).map_err(at(file))?;
    Ok(Row {
        name: recipe.name.to_owned(),
        kind: recipe.origin.word().to_owned(),
        elf: elf_path(recipe),
        native: if recipe.native == Native::Program {
            native_path(recipe)
        } else {
            "-".to_owned()
        },
        default_cycles: 0,
        bench_argument: recipe.bench,
        bench_cycles: 0,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
    })
}

/// The same program with its symbols, for profiling: same segments, never committed.
fn keep_unstripped(
    toolchain: &Toolchain,
    recipe: &Recipe,
    stripped: &Path,
) -> Result<(), GuestError> {
    let place = toolchain
        .root
        .join(format!("target/guests/unstripped/{}.elf", recipe.name));
    install(&toolchain::unstripped(stripped), &place)
}
