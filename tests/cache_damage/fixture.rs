//! A cache with one good module in it, and what an attacker has at hand: other modules, seals by other
//! keys, and code under the right key that gives itself away.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lockstep::engine::{EngineBuilder, Mode, Share, Stats, Translate};
use lockstep::{Engine, Platform, Program, translate};
use lockstep_cache::{Authority, Locations, SigningKey, seal_name};
use lockstep_contract::module::Module;
use lockstep_contract::seal::{Note, Record, Seal};
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Machine, Outcome};
use tempfile::TempDir;

use lockstep_test_support::asm::assemble;
use lockstep_test_support::random::Random;
use lockstep_test_support::trusted::trusted;

/// What the guest exits with.
pub(crate) const EXIT: i8 = 7;
/// What foreign code exits with.
pub(crate) const FOREIGN_EXIT: i8 = 13;
const OTHER_EXIT: i8 = 21;

/// What came of a run.
pub(crate) struct Seen {
    /// Starts of the guest that were compared.
    pub(crate) starts: usize,
    /// Those that had to translate.
    pub(crate) translated: usize,
    /// What the cache said to each: `hit`, or the miss.
    pub(crate) said: Vec<String>,
}

/// A start of the guest.
pub(crate) struct Ran {
    pub(crate) exit: i8,
    pub(crate) cycles: u64,
    pub(crate) stats: Stats,
}

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) random: Mutex<Random>,
    /// Which run it is, for messages.
    pub(crate) at: String,
    pub(crate) elf: Vec<u8>,
    /// The cycles that the interpreter counts.
    pub(crate) cycles: u64,
    /// Where the module is in the cache.
    pub(crate) path: PathBuf,
    /// The file of the good module and its seal.
    pub(crate) good: Vec<u8>,
    pub(crate) seal: Vec<u8>,
    /// Those of another program.
    pub(crate) other: Vec<u8>,
    pub(crate) other_seal: Vec<u8>,
    /// A whole module with a right digest under the good one's key, which does something else.
    pub(crate) foreign: Vec<u8>,
}

/// A program that exits with a code after some rounds.
fn guest(exit: i8, rounds: u64) -> Vec<u8> {
    let source =
        format!("li t0, {rounds}\nloop: addi t0, t0, -1\nbnez t0, loop\nli a0, {exit}\nexit\n");
    assemble(&source).expect("a program").elf()
}

fn module_of(elf: &[u8]) -> Module {
    let translations = translate(elf, &Platform::default(), &Default::default());
    let mut translations = translations.expect("it can be translated");
    translations.swap_remove(0).module.into_module()
}

impl Fixture {
    pub(crate) fn new(seed: u64) -> Fixture {
        // Not the disk: what is flushed to it ten thousand times takes an hour.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let folder = folder.expect("a temporary folder");
        let (elf, twin) = (guest(EXIT, 100), guest(FOREIGN_EXIT, 90));
        fs::write(folder.path().join("guest.elf"), &elf).expect("writing the guest");
        let module = module_of(&elf);
        let foreign = Module {
            key: module.key.clone(),
            ..module_of(&twin)
        };
        let other = module_of(&guest(OTHER_EXIT, 80));
        let mut fixture = Fixture {
            random: Mutex::new(Random::new(seed)),
            at: String::new(),
            cycles: 0,
            path: folder.path().join(format!("cache/{}.lkm", module.key.id())),
            good: module.to_bytes(),
            seal: Vec::new(),
            other: other.to_bytes(),
            other_seal: Vec::new(),
            foreign: foreign.to_bytes(),
            elf,
            folder,
        };
        let interpreted = fixture.run(&fixture.engine(Translate::Never).mode(Mode::Interp).build());
        assert_eq!(interpreted.exit, EXIT);
        fixture.cycles = interpreted.cycles;
        let cache = fixture.engine(Translate::Never).build();
        cache.cache().expect("a cache");
        // With all that a seal can have.
        let mut seal = Seal::new(&module.key, &fixture.good);
        seal.notes
            .push(Note::Record(Record::new("native+interp", 1234, "a corpus")));
        let signer = SigningKey::generate(&fixture.folder.path().join("signer"));
        signer.expect("a key").sign(&mut seal);
        fixture.authority().seal(&mut seal, &trusted(module));
        fixture.seal = seal.to_bytes();
        fixture.other_seal = fixture.sealed_by_us(&fixture.other);
        fixture
    }

    pub(crate) fn keys(&self) -> Locations {
        let at = |name: &str| self.folder.path().join(name);
        Locations::default()
            .with_key(at("keys/module.key"))
            .with_trusted(at("keys/trusted"))
            .with_deny(at("keys/deny"))
    }

    pub(crate) fn authority(&self) -> Authority {
        Authority::obtain(&self.keys()).expect("a key")
    }

    /// A seal by this machine's key.
    pub(crate) fn sealed_by_us(&self, file: &[u8]) -> Vec<u8> {
        let module = Module::read(file).expect("a module");
        let mut seal = Seal::new(&module.key, file);
        self.authority().seal(&mut seal, &trusted(module));
        seal.to_bytes()
    }

    /// Puts a module and its seal into the cache, whatever is there.
    pub(crate) fn put(&self, module: &[u8], seal: &[u8]) {
        self.put_at(&self.path, module);
        self.put_at(&seal_name(&self.path), seal);
    }

    pub(crate) fn put_at(&self, path: &Path, bytes: &[u8]) {
        remove(path);
        fs::write(path, bytes).expect("writing to the cache");
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(path, private).expect("a mode");
    }

    /// The cache as it should be.
    pub(crate) fn mend(&self) {
        self.put(&self.good, &self.seal);
    }

    pub(crate) fn seal_path(&self) -> PathBuf {
        seal_name(&self.path)
    }

    /// A number below another.
    pub(crate) fn below(&self, end: usize) -> usize {
        self.random.lock().expect("no panic").below(end as u64) as usize
    }

    pub(crate) fn engine(&self, translate: Translate) -> EngineBuilder {
        let keys = self.keys();
        Engine::builder()
            .mode(Mode::Auto)
            .translate(translate)
            .no_warm()
            .shadow(Share::NONE)
            .cache(self.folder.path().join("cache"))
            // By default a small disk has room for nothing.
            .cache_bytes(1 << 30)
            .key_file(keys.key.expect("a place"))
            .trust_file(keys.trusted.expect("a place"))
            .deny_file(keys.deny.expect("a place"))
    }

    /// A new process, as far as the cache can tell.
    pub(crate) fn start(&self, translate: Translate) -> Ran {
        self.run(&self.engine(translate).build())
    }

    pub(crate) fn run(&self, engine: &Engine) -> Ran {
        let program = Program::load(&self.elf, &Platform::default()).expect("a good ELF");
        let mut machine = Machine::new(program.into_core());
        (machine.core_mut().initialize_stack(&[])).expect("an empty stack");
        let outcome = machine.run(&engine.environment(&CostTable::from(Cost::Estimate)));
        let Ok(Outcome::Exit(exit)) = outcome else {
            panic!("{}: {outcome:?}", self.at);
        };
        Ran {
            exit,
            cycles: machine.core().cycles(),
            stats: engine.stats(),
        }
    }

    /// The guest's own end, and no other.
    pub(crate) fn is_right(&self, ran: &Ran) {
        assert_eq!((ran.exit, ran.cycles), (EXIT, self.cycles), "{}", self.at);
        assert_eq!(ran.stats.failures, 0, "{}", self.at);
    }

    /// After a damage: a start that must be right, and the next, which must find a good module
    /// again where `mended` says that one can be put there.
    pub(crate) fn start_twice(&self, mended: bool) -> Seen {
        let first = self.start(Translate::Now);
        self.is_right(&first);
        let next = self.start(Translate::Now);
        self.is_right(&next);
        if mended {
            assert_eq!(next.stats.cache_hits, 1, "{}: {:?}", self.at, next.stats);
        }
        Seen {
            starts: 2,
            translated: usize::from(first.stats.translations > 0)
                + usize::from(next.stats.translations > 0),
            said: vec![said(&first.stats)],
        }
    }

    /// As `start_twice`, where the fault must have been noticed.
    pub(crate) fn noticed(&self) -> Seen {
        let seen = self.start_twice(true);
        assert_eq!(seen.translated, 1, "{}: {:?}", self.at, seen.said);
        seen
    }
}

/// What the cache said in a start.
pub(crate) fn said(stats: &Stats) -> String {
    match stats.cache_misses.keys().next() {
        Some(miss) => (*miss).to_owned(),
        None if stats.cache_hits > 0 => "hit".to_owned(),
        None => "no cache".to_owned(),
    }
}

/// Whatever it is.
pub(crate) fn remove(path: &Path) {
    let _ = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
}
