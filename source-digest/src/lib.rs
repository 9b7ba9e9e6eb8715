//! The digest of a package's sources.
//!
//! A cached module may be used only by a build that would make the same one. So the build script of each
//! package that decides which native code is emitted computes a digest of its own sources, and the
//! translator puts these digests into its name, which is part of every key. Nobody can forget that.
//!
//! A package has the same digest in a checkout, in a published archive and in a vendored copy: only
//! `src/**/*.rs` counts, by paths relative to the package with `/` between the parts, in order, and
//! line ends are those of Unix. `Cargo.toml` does not count, because publishing rewrites it.
//!
//! What it is not: a digest of what the sources mean. A changed comment costs a translation.

#![forbid(unsafe_code)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// For a build script: sets the variable `SOURCE_DIGEST` for the package that is built, and
/// says when the script has to run again.
///
/// # Panics
/// When the sources cannot be read: nothing could be built then.
pub fn emit() {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let sources = Path::new(&package).join("src");
    let digest = of(&sources).expect("the sources can be read");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rustc-env=SOURCE_DIGEST={digest}");
}

/// The digest of all Rust files below a folder: BLAKE3, as 64 hexadecimal digits.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn of(sources: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    find(sources, "", &mut files)?;
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for (name, path) in files {
        let text = unix_line_ends(&fs::read(path)?);
        for part in [name.as_bytes(), &text] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The Rust files below a folder, by their paths relative to the first one.
fn find(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            find(&path, &format!("{name}/"), files)?;
        } else if name.ends_with(".rs") {
            files.push((name, path));
        }
    }
    Ok(())
}

/// The text with every `\r\n` as `\n`.
fn unix_line_ends(text: &[u8]) -> Vec<u8> {
    let mut unix = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(at + 1) != Some(&b'\n') {
            unix.push(*byte);
        }
    }
    unix
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of sources, gone with this value.
    struct Sources(PathBuf);

    impl Sources {
        fn new(name: &str, files: &[(&str, &str)]) -> Sources {
            let name = format!("lockstep-sources-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            let _ = fs::remove_dir_all(&folder);
            for (name, text) in files {
                let path = folder.join(name);
                fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
                fs::write(path, text).expect("writing");
            }
            Sources(folder)
        }

        fn digest(&self) -> String {
            of(&self.0).expect("they can be read")
        }
    }

    impl Drop for Sources {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const FILES: [(&str, &str); 3] = [
        ("lib.rs", "mod lift;\nmod units;\n"),
        ("lift.rs", "pub fn add() {}\n"),
        ("lift/wide.rs", "pub fn mul() {}\n"),
    ];

    #[test]
    fn a_changed_moved_or_added_source_gives_another_digest() {
        let digest = Sources::new("good", &FILES).digest();
        assert_eq!(digest.len(), 64);
        let mut seen = vec![digest];
        for (index, change) in [
            ("lift.rs", "pub fn add() {} \n"),
            ("lift.rs", ""),
            ("lift/more.rs", ""),
        ]
        .into_iter()
        .enumerate()
        {
            let mut files = FILES.to_vec();
            files.retain(|(name, _)| *name != change.0);
            files.push(change);
            seen.push(Sources::new(&format!("bad{index}"), &files).digest());
        }
        let moved = [FILES[0], FILES[1], ("lift_wide.rs", FILES[2].1)];
        seen.push(Sources::new("moved", &moved).digest());
        // Bytes that go from one file to the next.
        let shifted = [FILES[0], ("lift.rs", "pub fn add() {}\nx"), FILES[2]];
        seen.push(Sources::new("shifted", &shifted).digest());
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn place_line_ends_and_other_files_do_not_count() {
        let digest = Sources::new("here", &FILES).digest();
        let windows = FILES.map(|(name, text)| (name, text.replace('\n', "\r\n")));
        let mut windows: Vec<_> = windows.iter().map(|(n, t)| (*n, t.as_str())).collect();
        windows.push(("notes.txt", "nothing"));
        windows.reverse();
        assert_eq!(Sources::new("another place", &windows).digest(), digest);
    }
}
