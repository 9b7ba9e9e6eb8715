//! Which packages and crates there are, as cargo says, and what each package must not depend on.
//!
//! `cargo metadata` and `cargo tree` answer for the lock file as it is, for the platform that this runs
//! on. Nothing is compiled, and dependencies for tests do not count.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::ModulesError;
use crate::step::cargo_command;

/// The root file of every library and program of the workspace at `root`, by name.
pub(super) fn crate_roots(root: &Path) -> Result<Vec<(String, PathBuf)>, ModulesError> {
    let metadata = metadata(root, &["--no-deps"])?;
    let mut roots = Vec::new();
    for package in list(&metadata["packages"]) {
        for target in list(&package["targets"]) {
            let kinds = list(&target["kind"]);
            if kinds.iter().any(|kind| *kind == "lib" || *kind == "bin") {
                roots.push((text(&target["name"]), text(&target["src_path"]).into()));
            }
        }
    }
    Ok(roots)
}

/// How many crates a node builds for us: distinct names below the root package without the
/// command, with the adapter.
pub(super) fn crates_of_a_node(root: &Path) -> Result<usize, ModulesError> {
    let tree = cargo(
        root,
        &[
            "tree",
            "--no-default-features",
            "--features",
            "ckb",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ],
    )?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let names: HashSet<&str> = names.filter(|name| !name.is_empty()).collect();
    Ok(names.len())
}

fn metadata(root: &Path, options: &[&str]) -> Result<Value, ModulesError> {
    let arguments = [&["metadata", "--format-version", "1"], options].concat();
    let answer = cargo(root, &arguments)?;
    serde_json::from_str(&answer).map_err(|error| ModulesError::Cargo {
        command: arguments.join(" "),
        root: root.to_owned(),
        reason: error.to_string(),
    })
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<String, ModulesError> {
    let failed = |reason: String| ModulesError::Cargo {
        command: arguments.join(" "),
        root: root.to_owned(),
        reason,
    };
    let mut command = cargo_command();
    command.args(arguments).arg("--locked").current_dir(root);
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::root;
    use std::collections::HashMap;

    /// The dependencies of each package, named by the package that a build for use (not for tests) links.
    struct Dependencies(HashMap<String, Vec<String>>);

    impl Dependencies {
        /// Reads them with these features of the root package.
        fn read(root: &Path, features: &[&str]) -> Result<Dependencies, ModulesError> {
            let host = host(root)?;
            let platform = ["--filter-platform", &host];
            let metadata = metadata(root, &[features, &platform].concat())?;
            let mut names = HashMap::new();
            for package in list(&metadata["packages"]) {
                names.insert(text(&package["id"]), text(&package["name"]));
            }
            let mut dependencies: HashMap<String, Vec<String>> = HashMap::new();
            for node in list(&metadata["resolve"]["nodes"]) {
                let own = dependencies.entry(names[&text(&node["id"])].clone());
                let linked = (list(&node["deps"]).iter()).filter(|dependency| {
                    let kinds = list(&dependency["dep_kinds"]);
                    kinds.iter().any(|kind| kind["kind"].is_null())
                });
                let linked = linked.map(|dependency| names[&text(&dependency["pkg"])].clone());
                own.or_default().extend(linked);
            }
            Ok(Dependencies(dependencies))
        }

        /// Everything that a package links.
        fn below(&self, package: &str) -> HashSet<&str> {
            let mut found = HashSet::new();
            let mut open = vec![package];
            while let Some(package) = open.pop() {
                for dependency in self.0.get(package).into_iter().flatten() {
                    if found.insert(dependency.as_str()) {
                        open.push(dependency);
                    }
                }
            }
            found
        }
    }

    /// The host's target triple, as the compiler names it.
    fn host(root: &Path) -> Result<String, ModulesError> {
        let version = cargo(root, &["version", "--verbose"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        host.map(str::to_owned).ok_or_else(|| ModulesError::Cargo {
            command: "version --verbose".into(),
            root: root.to_owned(),
            reason: "no line `host: `".into(),
        })
    }

    const WITHOUT_A_COMPILER: [&str; 4] = [
        "lockstep-isa",
        "lockstep-contract",
        "lockstep-runtime",
        "lockstep-cache",
    ];

    /// The first crate below `package` whose name begins with one of `names`.
    fn first_below(found: &Dependencies, package: &str, names: &[&str]) -> Option<String> {
        let below = found.below(package);
        let unwanted = |one: &&&str| names.iter().any(|name| one.starts_with(name));
        below.iter().find(unwanted).map(|name| (*name).to_owned())
    }

    #[test]
    fn packages_link_only_what_their_layer_may() {
        let found = Dependencies::read(&root(), &[]).expect("cargo's answer");
        let translator = first_below(&found, "lockstep-translator", &["cranelift"]);
        assert!(
            translator.is_some(),
            "the translator's dependencies were not read"
        );
        for package in WITHOUT_A_COMPILER {
            assert!(
                found.0.contains_key(package),
                "no package is called {package}"
            );
            let compiler = first_below(&found, package, &["cranelift", "regalloc2"]);
            assert_eq!(compiler, None, "{package} links the compiler");
        }
        for package in ["lockstep-contract", "lockstep-translator"] {
            let reader = first_below(&found, package, &["goblin", "object", "elf"]);
            assert_eq!(reader, None, "{package} links an ELF reader");
        }
        for package in WITHOUT_A_COMPILER
            .into_iter()
            .chain(["lockstep-translator"])
        {
            let reference = first_below(&found, package, &["ckb-"]);
            assert_eq!(reference, None, "{package} links CKB-VM or CKB");
        }
    }

    #[test]
    fn the_library_links_ckb_vm_and_ckb_script_only_by_their_features() {
        let cases: [(&[&str], &[&str]); 3] = [
            (&["--no-default-features"], &[]),
            (&["--no-default-features", "--features", "ckb"], &["ckb-vm"]),
            (
                &["--no-default-features", "--features", "tx"],
                &["ckb-vm", "ckb-script"],
            ),
        ];
        for (features, expected) in cases {
            let found = Dependencies::read(&root(), features).expect("cargo's answer");
            let below = found.below("lockstep-vm");
            assert!(
                below.contains("lockstep-runtime"),
                "nothing was read with {features:?}"
            );
            for name in ["ckb-vm", "ckb-script"] {
                let linked = below.contains(name);
                assert_eq!(linked, expected.contains(&name), "{name} with {features:?}");
            }
        }
    }
}
