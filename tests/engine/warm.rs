//! The warm list and the hot list.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use lockstep::Engine;
use lockstep::engine::{EngineBuilder, Mode, Translate, Warming};

use crate::guest::{elf, run, wait_until};

fn builder(folder: &Path) -> EngineBuilder {
    let builder = Engine::builder()
        .cache(folder.join("cache"))
        .key_file(folder.join("key"));
    let builder = builder.mode(Mode::Auto).translate(Translate::Background);
    // Nothing gets warm by being run.
    builder.threshold(u64::MAX)
}

/// An engine with this warm list, once it is warm.
fn warmed(builder: EngineBuilder, folder: &Path, list: &str) -> (Engine, Warming) {
    let path = folder.join("warm.txt");
    fs::write(&path, list).expect("a temporary file");
    let engine = builder.warm(path).build();
    wait_until("warm", || engine.warming().is_done());
    let warming = engine.warming();
    (engine, warming)
}

#[test]
fn programs_of_the_list_are_native_from_the_first_machine() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let (one, two) = (elf(1000), elf(2000));
    fs::write(folder.join("one.elf"), &one).expect("a temporary file");
    fs::write(folder.join("with a space.elf"), &two).expect("a temporary file");
    let list = "# two programs\n\none.elf # the first\n\
                \"with a space.elf\" version=2 isa=imc,b,mop cost=estimate memory=4194304\n";
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let builder = builder(folder).warm_progress(move |warming| {
        telling.lock().expect("nobody panics").push(warming);
    });
    let (engine, warming) = warmed(builder, folder, list);
    assert_eq!((warming.all, warming.translated, warming.failed), (2, 2, 0));
    // Workers tell after they have counted, and may overtake each other.
    let told = || {
        let told = told.lock().expect("nobody panics");
        let mut done: Vec<usize> = told.iter().map(|told| told.done).collect();
        done.sort_unstable();
        done
    };
    wait_until("all that is told", || told().len() >= 2);
    assert_eq!(told(), [1, 2]);
    assert!(run(&one, &engine) > 0);
    assert!(run(&two, &engine) > 0);
    // At the next start they come from the cache.
    let (engine, warming) = warmed(self::builder(folder), folder, list);
    assert_eq!((warming.loaded, warming.translated), (2, 0));
    assert_eq!(engine.stats().translations, 0);
    assert!(run(&one, &engine) > 0);
}

#[test]
fn bad_lines_are_counted_and_the_others_are_done() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    fs::write(folder.join("good.elf"), elf(1000)).expect("a temporary file");
    fs::write(folder.join("bad.elf"), "no ELF").expect("a temporary file");
    let digits = "0".repeat(64);
    let list = format!(
        "absent.elf\nbad.elf\ngood.elf version=3\ngood.elf isa=imc,x\ngood.elf cost=free\n\
         good.elf memory=much\ngood.elf memory=5\ngood.elf colour=red\ngood.elf word\n\
         \"good.elf\n{digits}\n{digits} code=1\ngood.elf\n"
    );
    let (engine, warming) = warmed(builder(folder), folder, &list);
    assert_eq!((warming.all, warming.failed), (13, 12));
    assert_eq!(warming.translated, 1);
    assert!(run(&elf(1000), &engine) > 0);
}

#[test]
fn a_list_that_is_not_there_is_no_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = builder(folder.path())
        .warm(folder.path().join("absent"))
        .build();
    assert_eq!(engine.warming(), Warming::default());
    assert_eq!(run(&elf(1000), &engine), 0);
}

#[test]
fn the_hot_list_is_the_warm_list_of_the_next_start() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let now = || builder(folder).no_warm().translate(Translate::Now).build();
    let (often, seldom) = (elf(400_000), elf(300_000));
    let engine = now();
    for _ in 0..4 {
        run(&often, &engine);
    }
    run(&seldom, &engine);
    // What is forgotten was run all the same.
    engine.evict_all();
    run(&seldom, &engine);
    let hot = folder.join("hot.txt");
    assert_eq!(engine.write_hot(&hot).expect("it can be written"), 2);
    let text = fs::read_to_string(&hot).expect("it was written");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let cycles = |line: &str| -> u64 {
        let word = line
            .split(' ')
            .find_map(|word| word.strip_prefix("cycles="));
        word.and_then(|number| number.parse().ok())
            .expect("a number")
    };
    assert_eq!(lines.len(), 2);
    let about = |line: &str, expected: u64| {
        let cycles = cycles(line);
        assert!((expected..expected + 5000).contains(&cycles), "{text}");
    };
    about(lines[0], 4 * 4 * 400_000);
    about(lines[1], 2 * 4 * 300_000);

    // From the cache, before anybody asks, and on from the first machine.
    let (engine, warming) = warmed(builder(folder), folder, &text);
    assert_eq!((warming.loaded, warming.failed), (2, 0));
    assert!(run(&often, &engine) > 0);
    assert!(run(&seldom, &engine) > 0);
    assert_eq!(engine.stats().translations, 0);

    // Without the cache's files, as soon as the code is seen: a new translator makes new ones.
    for id in engine.modules() {
        fs::remove_file(engine.cache().expect("a cache").path(&id)).expect("it is there");
    }
    let (engine, warming) = warmed(builder(folder), folder, &text);
    assert_eq!((warming.loaded, warming.failed), (0, 2));
    wait_until("native code", || run(&often, &engine) > 0);
}
