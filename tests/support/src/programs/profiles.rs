//! Every version with every instruction set that CKB-VM's assembly machine runs.
//!
//! That is all eight sets of B, MOP and A for versions 1 and 2, and the four without MOP for version
//! 0, which refuses to run fused code: twenty. What a node runs today is three of them; the others
//! are options of the machine, and a version to come may take any.

use lockstep_isa::{Extensions, Profile, Version, Xlen};

/// How many there are.
pub const COUNT: u64 = 20;

/// All of them, in a fixed order: what a number or a seed stands for.
pub fn all() -> impl Iterator<Item = Profile> {
    [Version::V0, Version::V1, Version::V2]
        .into_iter()
        .flat_map(|version| (0..8).map(move |bits| (version, Extensions::from_bits(bits))))
        .filter(|(version, extensions)| version.has_fusion() || !extensions.mop)
        .map(|(version, extensions)| Profile {
            version,
            extensions,
            xlen: Xlen::X64,
        })
}

/// The profile with this number, modulo their count.
pub fn numbered(number: u64) -> Profile {
    all()
        .nth((number % COUNT) as usize)
        .expect("the number is below their count")
}

/// The number of a profile.
pub fn number(profile: Profile) -> u64 {
    all()
        .position(|other| other == profile)
        .expect("there is no other profile") as u64
}

/// For reports and to be chosen by: `2:bma` is version 2 with B, MOP and A; `0:imc` has none of them.
pub fn name(profile: Profile) -> String {
    let extensions = profile.extensions;
    let letters: String = [
        (extensions.b, 'b'),
        (extensions.mop, 'm'),
        (extensions.a, 'a'),
    ]
    .iter()
    .filter_map(|(on, letter)| on.then_some(*letter))
    .collect();
    let letters = if letters.is_empty() { "imc" } else { &letters };
    format!("{}:{letters}", profile.version.number())
}

/// The profile of a name.
pub fn named(text: &str) -> Result<Profile, String> {
    all().find(|profile| name(*profile) == text).ok_or_else(|| {
        let names: Vec<String> = all().map(name).collect();
        format!("{text}: no such profile; there are {}", names.join(", "))
    })
}
