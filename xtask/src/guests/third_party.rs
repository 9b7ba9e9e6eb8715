//! Where cargo keeps the C sources of the crates that `guests/third_party/Cargo.toml` names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::error::GuestError;
use crate::step::cargo_command;

/// Folder of each crate, by its name.
#[derive(Debug)]
pub(crate) struct Sources(BTreeMap<String, PathBuf>);

impl Sources {
    /// The folder of a crate that the manifest names.
    pub(crate) fn folder(&self, name: &str) -> Result<&Path, GuestError> {
        self.0
            .get(name)
            .map(PathBuf::as_path)
            .ok_or_else(|| GuestError::Metadata(format!("{name} is not among the packages")))
    }
}

/// Asks cargo, which fetches what is not there yet.
pub(crate) fn locate(root: &Path) -> Result<Sources, GuestError> {
    let output = cargo_command()
        .args([
            "metadata",
            "--locked",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(root.join("guests/third_party/Cargo.toml"))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| GuestError::Metadata(error.to_string()))?;
    if !output.status.success() {
        return Err(GuestError::Metadata(format!(
            "failed with {}",
            output.status
        )));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| GuestError::Metadata(error.to_string()))?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or_else(|| GuestError::Metadata("no list of packages".into()))?;
    let folder = |package: &serde_json::Value| {
        let name = package["name"].as_str()?.to_owned();
        let folder = Path::new(package["manifest_path"].as_str()?)
            .parent()?
            .to_owned();
        Some((name, folder))
    };
    Ok(Sources(packages.iter().filter_map(folder).collect()))
}
