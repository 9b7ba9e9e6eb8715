//! The names of our packages, for the chores that go through all of them.

/// The packages that are published.
pub(crate) const PUBLISHED: [&str; 6] = [
    "lockstep-isa",
    "lockstep-contract",
    "lockstep-translator",
    "lockstep-runtime",
    "lockstep-cache",
    "lockstep-vm",
];
