//! Tells the crate for which target it is built: code for another one must not be mapped, and a crate has
//! no other way to know its whole target.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Cargo sets it for every build script.
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=BUILD_TARGET={target}");
}
