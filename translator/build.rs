//! Puts the digest of the sources into the package (`SOURCE_DIGEST`): what emits code names itself by it.

fn main() {
    lockstep_source_digest::emit();
}
