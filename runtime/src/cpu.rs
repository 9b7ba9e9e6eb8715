//! Whether this CPU has a feature that a module's key names.
//!
//! A key names features as the compiler does, because the compiler is what uses them: `has_avx2`, for
//! example. This crate links no compiler, so the names stand here again, each with the question to the
//! standard library that answers it. A name that is not in the list counts as missing: a module that
//! needs something unknown must not run.

/// Whether this CPU has the feature of this name.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has(feature: &str) -> bool {
    use std::is_x86_feature_detected as detected;
    match feature {
        "has_avx" => detected!("avx"),
        "has_avx2" => detected!("avx2"),
        "has_avx512bitalg" => detected!("avx512bitalg"),
        "has_avx512dq" => detected!("avx512dq"),
        "has_avx512f" => detected!("avx512f"),
        "has_avx512vbmi" => detected!("avx512vbmi"),
        "has_avx512vnni" => detected!("avx512vnni"),
        "has_avx_vnni" => detected!("avxvnni"),
        "has_avx512vl" => detected!("avx512vl"),
        "has_bmi1" => detected!("bmi1"),
        "has_bmi2" => detected!("bmi2"),
        "has_cmpxchg16b" => detected!("cmpxchg16b"),
        "has_fma" => detected!("fma"),
        "has_lzcnt" => detected!("lzcnt"),
        "has_popcnt" => detected!("popcnt"),
        "has_sse3" => detected!("sse3"),
        "has_sse41" => detected!("sse4.1"),
        "has_sse42" => detected!("sse4.2"),
        "has_ssse3" => detected!("ssse3"),
        _ => false,
    }
}

/// Whether this CPU has the feature of this name.
#[cfg(target_arch = "aarch64")]
pub(crate) fn has(feature: &str) -> bool {
    use std::arch::is_aarch64_feature_detected as detected;
    match feature {
        "has_dotprod" => detected!("dotprod"),
        "has_i8mm" => detected!("i8mm"),
        "has_fp16" => detected!("fp16"),
        "has_lse" => detected!("lse"),
        "has_pauth" => detected!("paca"),
        // How return addresses are signed is the system's choice, not the CPU's: on macOS always so.
        "sign_return_address" | "sign_return_address_with_bkey" => cfg!(target_os = "macos"),
        _ => false,
    }
}

/// Native code is not supported on this architecture, so no feature is known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn has(_: &str) -> bool {
    false
}
