//! How code is mapped, and what is refused. Nothing mapped here is native code of the translator; on
//! x86-64 six bytes of it are run.

use lockstep_contract::module::{Entry, Module};

use super::*;
use crate::testing::module;

/// A module with this many bytes of code that is never run.
fn with_code(len: usize) -> Module {
    Module {
        code: (0..len).map(|at| at as u8 | 1).collect(),
        ..module()
    }
}

/// Taken for a translator's.
fn trusted(module: Module) -> TrustedModule {
    // SAFETY: what is mapped here is never run, but for the six bytes of `mapped_code_runs`, which
    // return a number and touch nothing.
    unsafe { TrustedModule::assume_trusted(module) }
}

/// The lines of the process's map: permissions, and the addresses.
#[cfg(target_os = "linux")]
fn maps() -> Vec<(String, std::ops::Range<usize>)> {
    let text = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let number = |hex| usize::from_str_radix(hex, 16).ok();
        Some((words.next()?.to_string(), number(start)?..number(end)?))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn code_is_never_writable_and_executable() {
    let module = with_code(10_000);
    let native = NativeModule::map(trusted(module.clone())).unwrap();
    let other = map_anonymous(&module.code).unwrap();
    assert!(
        matches!(native.code, Code::Sealed(_)),
        "this system has memory files"
    );
    let starts = [native.code() as usize, other.as_ptr() as usize];
    for (start, content) in starts.iter().zip([native.code_bytes(), &other[..]]) {
        let (permissions, _) = maps()
            .into_iter()
            .find(|(_, range)| range.contains(start))
            .unwrap();
        assert_eq!(permissions, "r-xp");
        assert_eq!(content, module.code);
    }
    assert_eq!(*native.to_module(), module);
    for (permissions, range) in maps() {
        let both = permissions.contains('w') && permissions.contains('x');
        assert!(!both, "{permissions} at {range:x?}");
    }
    drop(native);
    let gone = |(_, range): &(String, std::ops::Range<usize>)| range.contains(&starts[0]);
    assert!(
        maps()
            .iter()
            .find(|line| gone(line))
            .is_none_or(|(how, _)| !how.contains('x'))
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_sealed_file_stays_as_it_is() {
    let mut file = Sealed::seal(b"code").unwrap();
    assert!(file.write_all(b"more").is_err());
    assert!(file.set_len(1).is_err());
    assert!(file.set_len(100).is_err());
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    type Change = fn(&mut Module);
    let changes: [(&str, Change); 13] = [
        ("layout", |module| module.key.layout ^= 1),
        ("s390x", |module| {
            module.key.target = "s390x-unknown-linux".into()
        }),
        // The same processor under another system, and another interface of this one.
        ("windows", |module| {
            let arch = std::env::consts::ARCH;
            module.key.target = format!("{arch}-pc-windows-msvc");
        }),
        ("other", |module| module.key.target.push_str("other")),
        // A feature that no CPU has, and one that is there with one that is not.
        ("has_telepathy", |module| {
            module.key.cpu = "has_telepathy".into()
        }),
        ("has_telepathy", |module| {
            module.key.cpu = format!("{},has_telepathy", present_feature());
        }),
        ("base", |module| module.key.base += 2),
        ("key: len", |module| module.key.len += 2),
        ("table", |module| module.table.truncate(7)),
        ("memory size", |module| module.key.memory_size = 0),
        ("enter", |module| module.enter = 100),
        ("table", |module| {
            module.table[3] = Entry::new(112, 0).unwrap().0
        }),
        ("code", |module| module.code.clear()),
    ];
    for (what, change) in changes {
        let mut module = with_code(100);
        change(&mut module);
        let error = NativeModule::map(trusted(module)).unwrap_err().to_string();
        assert!(error.contains(what), "{what}: {error}");
    }
}

/// The name of a feature that this CPU has; on an architecture without one, of none.
fn present_feature() -> &'static str {
    let names = ["has_sse3", "has_lse", "has_fp16"];
    names
        .into_iter()
        .find(|name| cpu::has(name))
        .unwrap_or_default()
}

#[test]
fn a_module_with_features_that_the_cpu_has_is_mapped() {
    let mut module = with_code(100);
    module.key.cpu = present_feature().into();
    NativeModule::map(trusted(module)).unwrap();
}

#[test]
fn a_shortage_is_told_from_a_defect() {
    let system = |number| MapError::System(io::Error::from_raw_os_error(number));
    for number in [libc::ENOMEM, libc::EMFILE, libc::ENFILE, libc::EAGAIN] {
        assert!(system(number).is_shortage(), "{number}");
    }
    for number in [libc::EACCES, libc::EPERM, libc::EINVAL] {
        assert!(!system(number).is_shortage(), "{number}");
    }
    let feature = String::new();
    assert!(!MapError::Feature { feature }.is_shortage());
}

#[test]
fn entries() {
    let mut module = with_code(100);
    module.table[2] = 16;
    let base = module.key.base;
    let end = base + module.key.len;
    let native = NativeModule::map(trusted(module)).unwrap();
    assert_eq!(native.entry(base + 4), Some(16));
    for pc in [
        base + 2,
        base + 5,
        base - 4,
        end,
        end + 4,
        0,
        u64::MAX,
        u64::MAX - 1,
    ] {
        assert_eq!(native.entry(pc), None, "{pc:#x}");
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn mapped_code_runs() {
    // mov eax, 3; ret: the exit for `ecall`.
    let code = vec![0xb8, 3, 0, 0, 0, 0xc3];
    let module = Module { code, ..module() };
    let native = NativeModule::map(trusted(module)).unwrap();
    let size = native.key().memory_size as usize;
    let mut memory = crate::memory::Memory::new(size).unwrap();
    let entry = native.entry_point(native.key().base).unwrap();
    let back = crate::enter::enter(&mut memory, &entry, 77, None).unwrap();
    assert_eq!((back.word, back.left), (3, 77));
    // The same in memory of another size, as a host may exchange it: not entered.
    let mut other = crate::memory::Memory::new(size / 2).unwrap();
    assert!(crate::enter::enter(&mut other, &entry, 77, None).is_none());
}
