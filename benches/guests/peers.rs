//! Other people's engines, which take turns with ours: the program of `benches/peers`, built when it is asked
//! for and started as a child, one request at a time.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use lockstep_test_support::root;

/// One of their engines.
#[derive(Clone)]
pub(crate) struct Peer {
    name: String,
    /// The end of the name of the files that it runs.
    extension: String,
    /// The head of its column.
    pub(crate) title: String,
    /// What its figures depend on.
    pub(crate) settings: String,
}

/// The child.
pub(crate) struct Peers {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Their engines, in the order of the columns.
    pub(crate) engines: Vec<Peer>,
}

impl Peers {
    /// Builds and starts it.
    pub(crate) fn start() -> Result<Peers, String> {
        let target = root().join("target/peers");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--release", "--locked", "--manifest-path"])
            .arg(root().join("benches/peers/Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .status();
        match status {
            Ok(status) if status.success() => {}
            other => return Err(format!("benches/peers cannot be built: {other:?}")),
        }
        let mut child = Command::new(target.join("release/lockstep-peers"))
            .current_dir(root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("lockstep-peers cannot be started: {error}"))?;
        let requests = child.stdin.take().ok_or("no standard input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut peers = Peers {
            child,
            requests,
            answers,
            engines: Vec::new(),
        };
        let fields = peers.ask("engines")?;
        let (engines, rest) = fields.as_chunks::<4>();
        if engines.is_empty() || !rest.is_empty() {
            return Err(format!("lockstep-peers has these engines: {fields:?}"));
        }
        let peer = |[name, extension, title, settings]: &[String; 4]| Peer {
            name: name.clone(),
            extension: extension.clone(),
            title: title.clone(),
            settings: settings.clone(),
        };
        peers.engines = engines.iter().map(peer).collect();
        Ok(peers)
    }

    /// CPU seconds of a run, which must end well. Nothing where the guest was not built for the engine.
    pub(crate) fn run(&mut self, engine: usize, guest: &str, rounds: u64) -> Option<f64> {
        let peer = self.engines[engine].clone();
        let file = file(&peer, guest);
        if !root().join(&file).exists() {
            return None;
        }
        let request = format!("run\t{}\t{}\t{rounds}", peer.name, file.display());
        let answer = self.ask(&request);
        let nanoseconds = answer.and_then(|fields| match &fields[..] {
            [number] => number.parse::<f64>().map_err(|error| error.to_string()),
            _ => Err(format!("{fields:?}")),
        });
        let nanoseconds = nanoseconds.unwrap_or_else(|why| panic!("{guest}, {}: {why}", peer.name));
        Some(nanoseconds / 1e9)
    }

    fn ask(&mut self, request: &str) -> Result<Vec<String>, String> {
        let said = |error: std::io::Error| format!("lockstep-peers: {error}");
        writeln!(self.requests, "{request}").map_err(said)?;
        self.requests.flush().map_err(said)?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(said)?;
        match line.trim_end().strip_prefix("ok\t") {
            Some(answer) => Ok(answer.split('\t').map(str::to_owned).collect()),
            None => Err(format!("lockstep-peers answered {line:?}")),
        }
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        // It reads requests until it is told to go.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `cargo xtask guests` puts the guest for that engine.
fn file(peer: &Peer, guest: &str) -> PathBuf {
    let folder = match peer.extension.as_str() {
        "pvm" => "polkavm",
        other => other,
    };
    let name = format!("{guest}.{}", peer.extension);
    Path::new("target/guests").join(folder).join(name)
}
