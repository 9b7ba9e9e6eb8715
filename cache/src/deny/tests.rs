//! The deny-list: its rules, and what happens when it cannot be read.

use std::fs;

use super::*;

/// A translator and a compiler that nothing is known of.
const TRANSLATOR_VERSION: &str = "0.1.0+0123456789abcdef";
const COMPILER_VERSION: &str = "0.135.8";

fn key(translator: &str, compiler: &str) -> Key {
    Key {
        translator: translator.to_owned(),
        compiler: compiler.to_owned(),
        ..crate::tests::key()
    }
}

#[test]
fn this_build_is_not_denied_and_what_it_knows_is() {
    assert_eq!(
        denied(&key(TRANSLATOR_VERSION, COMPILER_VERSION), None),
        None
    );
    let reason = denied(&key(TRANSLATOR_VERSION, "0.135.7"), None).unwrap();
    assert!(reason.contains("CVE-2026-"), "{reason}");
    assert!(denied(&key(TRANSLATOR_VERSION, "0.99.0"), None).is_some());
    assert!(denied(&key(TRANSLATOR_VERSION, "unknown"), None).is_some());
    for (what, which, why) in KNOWN {
        assert!(Rule::new(what, which, why).is_some(), "{what} {which}");
    }
}

#[test]
fn rules() {
    let refuses = |rule: &str, translator: &str, compiler: &str| {
        let rule = Rule::parse(rule).unwrap();
        rule.refuses(translator, compiler).is_some()
    };
    for (rule, refused, passed) in [
        ("compiler 0.136.0 x", "0.136.0", "0.136.1"),
        ("compiler <0.136.0 x", "0.135.99", "0.136.0"),
        ("compiler <=0.136.0 x", "0.136.0", "0.136.1"),
        ("compiler 0.136.0..0.137.0 x", "0.136.9", "0.137.0"),
        ("compiler 0.136.0..0.137.0 x", "0.136.0", "0.135.8"),
    ] {
        assert!(refuses(rule, "1.0.0", refused), "{rule}");
        assert!(!refuses(rule, "1.0.0", passed), "{rule}");
    }
    // A build by its digest, or all builds of a version.
    for (rule, refused) in [
        ("translator 0.1.0+3f9a", [true, false, false]),
        ("translator 0.1.0", [true, true, false]),
        ("translator <0.2.0", [true, true, false]),
        ("translator <=0.1.0", [true, true, false]),
        ("translator 0.1.0..0.2.0", [true, true, false]),
    ] {
        let builds = ["0.1.0+3f9a every-block", "0.1.0+07c2", "0.2.0+3f9a"];
        assert_eq!(
            builds.map(|build| refuses(rule, build, "9.9.9")),
            refused,
            "{rule}"
        );
    }
    assert!(refuses("translator *", "0.1.0+7", "9.9.9"));
    for line in [
        "",
        "compiler",
        "linker 1.2.3 x",
        "compiler 1.x y",
        "compiler <= y",
        "translator <0.1.0+3f9a digests have no order",
        "translator 0.1.0+ y",
    ] {
        assert!(Rule::parse(line).is_none(), "{line}");
    }
}

#[test]
fn a_file_extends_it_and_one_that_says_nothing_refuses_all() {
    let file = std::env::temp_dir().join(format!("lockstep-deny-{}", std::process::id()));
    // Of an earlier process with this number.
    let _ = fs::remove_file(&file);
    let _ = fs::remove_dir(&file);
    let key = key(TRANSLATOR_VERSION, COMPILER_VERSION);
    assert_eq!(denied(&key, Some(&file)), None, "there is none");
    fs::write(&file, "# nothing yet\n\n").unwrap();
    assert_eq!(denied(&key, Some(&file)), None);
    fs::write(
        &file,
        format!("translator {TRANSLATOR_VERSION} it rounds wrongly\n"),
    )
    .unwrap();
    let reason = denied(&key, Some(&file)).unwrap();
    assert!(reason.contains("it rounds wrongly"), "{reason}");
    fs::write(&file, "compiler 0.0.1 fine\ncompilre 0.135.8\n").unwrap();
    let reason = denied(&key, Some(&file)).unwrap();
    assert!(reason.contains("line 2"), "{reason}");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(
        denied(&key, Some(&file))
            .unwrap()
            .contains("cannot be read")
    );
    fs::remove_dir(&file).unwrap();
}
