//! What this translator calls itself in a key.
//!
//! Two builds that emit different bytes for anything must have different names, and nobody has to think
//! of that: the name is computed from the sources of the packages that decide what is emitted, and from
//! the versions of the compiler's crates.

use std::sync::LazyLock;

use lockstep_contract::key::{digest, hex};

/// BLAKE3 of this package's sources, as 64 hexadecimal digits.
pub const SOURCE_DIGEST: &str = env!("SOURCE_DIGEST");

/// Version of Cranelift.
pub const COMPILER_VERSION: &str = cranelift_codegen::VERSION;

/// What else decides which bytes Cranelift emits, in the exact versions that `Cargo.toml` asks for. A test
/// compares the two lists.
const PINNED: [(&str, &str); 10] = [
    ("cranelift-assembler-x64", "0.135.8"),
    ("cranelift-bforest", "0.135.8"),
    ("cranelift-bitset", "0.135.8"),
    ("cranelift-codegen", "0.135.8"),
    ("cranelift-codegen-meta", "0.135.8"),
    ("cranelift-codegen-shared", "0.135.8"),
    ("cranelift-entity", "0.135.8"),
    ("cranelift-frontend", "0.135.8"),
    ("cranelift-native", "0.135.8"),
    ("regalloc2", "0.15.2"),
];

/// The digest of all sources that decide which native code is emitted, as 16 hexadecimal digits.
#[must_use]
pub fn source_digest() -> &'static str {
    static DIGEST: LazyLock<String> = LazyLock::new(|| {
        let parts = [
            lockstep_isa::SOURCE_DIGEST,
            lockstep_contract::SOURCE_DIGEST,
            SOURCE_DIGEST,
            COMPILER_VERSION,
        ];
        let mut named = parts.join("\n");
        for (name, version) in PINNED {
            named += &format!("\n{name} {version}");
        }
        hex(&digest(named.as_bytes())[..8])
    });
    &DIGEST
}

/// The translator's name in a key, as long as nothing else makes its code another: the version of this
/// package, a plus sign, and [`source_digest`].
#[must_use]
pub fn translator_version() -> &'static str {
    static NAME: LazyLock<String> =
        LazyLock::new(|| format!("{}+{}", env!("CARGO_PKG_VERSION"), source_digest()));
    &NAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_in_the_sources_are_those_that_are_built() {
        assert_eq!(cranelift_codegen::VERSION, PINNED[3].1);
        assert_eq!(cranelift_frontend::VERSION, PINNED[7].1);
        // Published, this package has neither file.
        let manifest = include_str!("../Cargo.toml");
        for (name, version) in PINNED {
            let exact = format!("{name} = \"={version}\"");
            let shared = format!("{name} = {{ version = \"={version}\"");
            assert!(
                manifest.contains(&exact) || manifest.contains(&shared),
                "Cargo.toml does not ask for {exact}"
            );
        }
    }

    #[test]
    fn the_name_has_the_digest() {
        let (version, digest) = translator_version().split_once('+').expect("a plus sign");
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
        assert_eq!(digest.len(), 16);
        assert!(digest.bytes().all(|digit| digit.is_ascii_hexdigit()));
    }
}
