//! The thread that does what a node's engine has to do now and then: it looks at the kill switch, writes the hot list,
//! and tells the log how far the warm list is.
//!
//! The node makes its logger after the engine, so what is to be logged waits until there is one.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lockstep::Engine;
use lockstep::engine::Warming;

use crate::switch::Switch;

/// From one look to the next.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Lines that wait for a logger. There are few; the bound is for a process that never has one.
const WAITING_LINES: usize = 100;

#[derive(Debug)]
pub(crate) struct Housekeeping {
    /// Dropped to end the thread.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeping {
    /// Looks at the switch once before it returns: what is to be off is off for the first machine.
    pub(crate) fn start(
        engine: Arc<Engine>,
        mut switch: Switch,
        hot: PathBuf,
        interval: Duration,
    ) -> io::Result<Housekeeping> {
        let mut log = Log::default();
        log.tell(log::Level::Info, started(&engine));
        if let Some(change) = switch.look(&engine) {
            log.tell(log::Level::Warn, change);
        }
        let (stop, stopped) = mpsc::channel();
        let mut keeper = Keeper {
            engine,
            switch,
            hot,
            log,
            warming: Warming::default(),
        };
        let thread = thread::Builder::new().name("lockstep-keeper".to_owned());
        let thread = thread.spawn(move || {
            let mut written = Instant::now();
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_INTERVAL) {
                keeper.look();
                if written.elapsed() >= interval {
                    keeper.write_hot();
                    written = Instant::now();
                }
            }
            keeper.write_hot();
            keeper.log.flush();
        })?;
        Ok(Housekeeping {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It has told its panic itself.
            _ = thread.join();
        }
    }
}

fn started(engine: &Engine) -> String {
    let cache = match engine.cache() {
        Some(_) => "with a cache",
        None => "without a cache",
    };
    format!(
        "Lockstep's engine: {:?}, {:?}, {cache}",
        engine.mode(),
        engine.translate()
    )
}

struct Keeper {
    engine: Arc<Engine>,
    switch: Switch,
    hot: PathBuf,
    log: Log,
    /// What was told of the warm list.
    warming: Warming,
}

impl Keeper {
    fn look(&mut self) {
        if let Some(change) = self.switch.look(&self.engine) {
            self.log.tell(log::Level::Warn, change);
        }
        let warming = self.engine.warming();
        if warming != self.warming {
            let Warming {
                all,
                done,
                loaded,
                translated,
                failed,
                ..
            } = warming;
            let line = format!(
                "warm list: {done} of {all} lines, {loaded} from the cache, {translated} translated, {failed} failed"
            );
            self.log.tell(log::Level::Info, line);
            self.warming = warming;
        }
        self.log.flush();
    }

    /// A process that ran nothing leaves the former list as it is: the next start needs it.
    fn write_hot(&mut self) {
        if lockstep::ckb::counters().charged_cycles == 0 {
            return;
        }
        match self.engine.write_hot(&self.hot) {
            Ok(lines) => {
                let line = format!("hot list: {lines} modules in {}", self.hot.display());
                self.log.tell(log::Level::Debug, line);
            }
            Err(error) => {
                let line = format!(
                    "the hot list {} cannot be written: {error}",
                    self.hot.display()
                );
                self.log.tell(log::Level::Warn, line);
            }
        }
    }
}

/// Lines for the node's logger, kept while there is none.
#[derive(Default)]
struct Log {
    waiting: Vec<(log::Level, String)>,
}

impl Log {
    fn tell(&mut self, level: log::Level, line: String) {
        if self.waiting.len() < WAITING_LINES {
            self.waiting.push((level, line));
        }
        self.flush();
    }

    fn flush(&mut self) {
        if log::max_level() == log::LevelFilter::Off {
            return;
        }
        for (level, line) in self.waiting.drain(..) {
            log::log!(level, "{line}");
        }
    }
}
