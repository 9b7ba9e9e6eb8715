//! `translate run --gdb`: the protocol, spoken by a client of a few lines, and gdb itself in batch mode.
//!
//! Whatever gdb does without changing anything, the result and the cycles are those of a plain run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Sandbox, guest};

/// Seconds after which a client takes an answer for missing.
const ANSWER_SECONDS: u64 = 60;
/// Fields of an answer that depend on how and how fast a guest ran.
const OF_THE_ENGINE: [&str; 5] = [
    "engine",
    "native_cycles",
    "translate_seconds",
    "run_seconds",
    "cache",
];

fn example(name: &str) -> String {
    format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn damage() -> String {
    example("debugging/damage.elf")
}

/// A client, and the command that it is connected with.
struct Client {
    stream: TcpStream,
    command: Child,
    /// What the command says on standard error.
    said: JoinHandle<String>,
    /// Text for the console.
    console: String,
}

/// How the command ended.
struct End {
    code: i32,
    out: String,
    err: String,
}

impl Client {
    fn start(sandbox: &Sandbox, arguments: &[&str]) -> Client {
        let mut all = vec!["run", "--json", "--gdb", ":0"];
        all.extend(arguments);
        let mut command = (sandbox.command(&all).stdout(Stdio::piped()))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut err = BufReader::new(command.stderr.take().expect("a pipe"));
        let mut line = String::new();
        err.read_line(&mut line).expect("a line");
        let address = line.trim().rsplit(' ').next().expect("an address");
        assert!(address.starts_with("127.0.0.1:"), "{line}");
        let stream = TcpStream::connect(address).expect("a connection");
        let patience = Duration::from_secs(ANSWER_SECONDS);
        stream.set_read_timeout(Some(patience)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        let said = std::thread::spawn(move || {
            let mut text = String::new();
            err.read_to_string(&mut text).expect("text");
            text
        });
        let console = String::new();
        Client {
            stream,
            command,
            said,
            console,
        }
    }

    fn send(&mut self, body: &str) {
        let sum = body.bytes().fold(0_u8, u8::wrapping_add);
        let packet = format!("${body}#{sum:02x}");
        self.stream.write_all(packet.as_bytes()).expect("sent");
    }

    fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).expect("an answer");
        byte[0]
    }

    /// The next packet that is not text for the console.
    fn receive(&mut self) -> String {
        loop {
            while self.byte() != b'$' {}
            let (mut body, mut last) = (Vec::new(), self.byte());
            while last != b'#' {
                match last {
                    b'*' => {
                        let times = self.byte() - 29;
                        let same = *body.last().expect("something to repeat");
                        body.extend(std::iter::repeat_n(same, usize::from(times)));
                    }
                    byte => body.push(byte),
                }
                last = self.byte();
            }
            self.byte();
            self.byte();
            self.stream.write_all(b"+").expect("sent");
            let body = String::from_utf8(body).expect("text");
            match body.strip_prefix('O').filter(|body| *body != "K") {
                Some(text) => self.console += &unhex(text),
                None => return body,
            }
        }
    }

    fn ask(&mut self, body: &str) -> String {
        self.send(body);
        self.receive()
    }

    fn monitor(&mut self, command: &str) -> String {
        let digits: String = command.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.console.clear();
        assert_eq!(self.ask(&format!("qRcmd,{digits}")), "OK");
        std::mem::take(&mut self.console)
    }

    fn registers(&mut self) -> Vec<u64> {
        let digits = self.ask("g");
        assert_eq!(digits.len(), 33 * 16);
        let register = |at: usize| &digits[at * 16..at * 16 + 16];
        (0..33).map(|at| swapped(register(at))).collect()
    }

    fn pc(&mut self) -> u64 {
        self.registers()[32]
    }

    fn word(&mut self, at: u64) -> u64 {
        swapped(&self.ask(&format!("m{at:x},8")))
    }

    fn end(mut self) -> End {
        drop(self.stream);
        let mut out = String::new();
        let mut pipe = self.command.stdout.take().expect("a pipe");
        pipe.read_to_string(&mut out).expect("text");
        let code = self.command.wait().expect("an end").code();
        let code = code.expect("the command ended by itself");
        let err = self.said.join().expect("text");
        assert!(!err.contains("panicked"), "{err}");
        End { code, out, err }
    }
}

fn unhex(digits: &str) -> String {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    let bytes = (0..digits.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes).expect("text")
}

fn swapped(digits: &str) -> u64 {
    u64::from_str_radix(digits, 16)
        .expect("digits")
        .swap_bytes()
}

/// The parts of an answer that are the guest's.
fn of_the_guest(out: &str) -> Value {
    let mut answer: Value =
        serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"));
    let fields = answer.as_object_mut().expect("an object");
    for field in OF_THE_ENGINE {
        fields.remove(field);
    }
    answer
}

fn plain(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let mut all = vec!["run", "--json"];
    all.extend(arguments);
    of_the_guest(&sandbox.run(&all).out)
}

#[test]
fn a_session_that_changes_nothing_ends_as_a_plain_run() {
    let sandbox = Sandbox::new();
    for arguments in [
        vec![damage()],
        vec![guest("fib")],
        vec![guest("sha256"), "--".to_owned(), "3".to_owned()],
        vec![
            example("faults/faults.elf"),
            "--".to_owned(),
            "2".to_owned(),
        ],
        vec![
            example("faults/faults.elf"),
            "--".to_owned(),
            "6".to_owned(),
        ],
        vec![
            example("faults/faults.elf"),
            "--".to_owned(),
            "7".to_owned(),
        ],
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let expected = plain(&sandbox, &arguments);
        // Stepping, in the middle of a block, back and forth; then to the end, or left alone.
        for ending in ["D", "c", "vCont;c"] {
            let mut client = Client::start(&sandbox, &arguments);
            for _ in 0..12 {
                let answer = client.ask("vCont;s");
                assert!(
                    answer.starts_with("S05") || answer.starts_with("T05"),
                    "{answer}"
                );
            }
            let here = client.registers();
            for _ in 0..10 {
                client.ask("bs");
            }
            client.ask("bc");
            client.monitor("break-at-cycle off");
            for _ in 0..12 {
                client.ask("vCont;s");
            }
            assert_eq!(client.registers(), here, "{arguments:?}");
            let mut answer = client.ask(ending);
            if ending != "D" && !answer.starts_with('W') {
                // It failed; going on ends it.
                answer = client.ask("c");
            }
            assert!(answer.starts_with(['W', 'X', 'O']), "{answer}");
            assert_eq!(
                of_the_guest(&client.end().out),
                expected,
                "{arguments:?}, {ending}"
            );
        }
    }
}

#[test]
fn the_store_that_damaged_a_variable_is_found_backwards() {
    let sandbox = Sandbox::new();
    let mut client = Client::start(&sandbox, &[&damage()]);
    // `check`, and the variable.
    assert_eq!(client.ask("Z0,11074,2"), "OK");
    assert!(client.ask("c").contains("swbreak"));
    assert_eq!((client.pc(), client.word(0x12040)), (0x11074, 0));
    assert_eq!(client.ask("Z2,12040,8"), "OK");
    assert_eq!(client.monitor("cycles"), "1111108 cycles\n");
    // The stop is behind the store, as gdb has it on RISC-V; one step back is in front of it.
    assert!(client.ask("bc").contains("watch:"));
    assert_eq!((client.pc(), client.word(0x12040)), (0x1106c, 0));
    client.ask("bs");
    assert_eq!((client.pc(), client.word(0x12040)), (0x11068, 17));
    assert_eq!(client.monitor("cycles"), "11080 cycles, in the past\n");
    // Once more: the store that set it. Then there is nothing before.
    assert!(client.ask("bc").contains("watch:"));
    assert_eq!(client.word(0x12040), 17);
    client.ask("bs");
    assert_eq!(client.word(0x12040), 0);
    assert!(client.ask("bc").contains("replaylog:begin"));
    assert_eq!(client.pc(), 0x11000);
    // Forwards again the same stops come, in front of the stores.
    assert!(client.ask("c").contains("watch:"));
    assert_eq!(client.word(0x12040), 0);
    assert!(client.ask("c").contains("watch:"));
    assert_eq!((client.pc(), client.word(0x12040)), (0x11068, 17));
    // The past is fixed.
    assert!(client.ask("M12040,1:05").starts_with('E'));
    assert!(client.ask("c").contains("swbreak"));
    assert_eq!(client.ask("c"), "W03");
    assert_eq!(
        of_the_guest(&client.end().out),
        plain(&sandbox, &[&damage()])
    );
}

#[test]
fn a_guest_stops_at_a_number_of_cycles() {
    let sandbox = Sandbox::new();
    let mut client = Client::start(&sandbox, &[&damage()]);
    assert!(client.monitor("help").contains("break-at-cycle"));
    assert!(client.monitor("break-at-cycle x").contains("is no number"));
    assert!(client.monitor("what").contains("There is no command"));
    client.monitor("break-at-cycle 600000");
    assert_eq!(client.ask("c"), "S05");
    let cycles = client.monitor("cycles");
    let number: u64 = cycles
        .split(' ')
        .next()
        .expect("a word")
        .parse()
        .expect("a number");
    assert!((600_000..600_100).contains(&number), "{cycles}");
    assert!(client.monitor("break-at-cycle 5").contains("already"));
    assert_eq!(client.ask("c"), "W03");
    client.end();
}

#[test]
fn a_failure_is_a_signal_with_an_explanation() {
    let sandbox = Sandbox::new();
    for (how, signal, instruction, words) in [
        ("2", "0b", 0x110d4, "store of 8 bytes at 0x10000000000"),
        ("6", "04", 0, "which is no instruction"),
        ("7", "0c", 0, "system call 4242"),
    ] {
        let mut client = Client::start(&sandbox, &[&example("faults/faults.elf"), "--", how]);
        assert_eq!(client.ask("c"), format!("S{signal}"));
        assert!(client.console.contains(words), "{}", client.console);
        assert!(client.monitor("fault").contains(words));
        if instruction != 0 {
            assert_eq!(client.pc(), instruction);
        }
        assert_eq!(client.ask("c"), format!("X{signal}"));
        assert_eq!(client.end().code, 254);
    }
    let limit = ["--max-cycles", "1000", &damage()];
    let mut client = Client::start(&sandbox, &limit);
    assert_eq!(client.ask("c"), "S18");
    assert!(
        client.console.contains("1000 are allowed"),
        "{}",
        client.console
    );
    assert!(client.ask("bs").starts_with("S05"));
    assert_eq!(client.ask("c"), "S18");
    assert_eq!(client.ask("c"), "X18");
    assert_eq!(of_the_guest(&client.end().out), plain(&sandbox, &limit));
}

#[test]
fn registers_and_memory_can_be_written_where_the_guest_could() {
    let sandbox = Sandbox::new();
    let mut client = Client::start(&sandbox, &[&damage()]);
    assert_eq!(client.ask("Z0,11074,2"), "OK");
    client.ask("c");
    // Code, and beyond the end of memory.
    for refused in ["M11000,1:05", "M400000,1:05", "M3fffff,2:0505", "m400000,1"] {
        assert!(client.ask(refused).starts_with('E'), "{refused}");
    }
    assert_eq!(client.ask("M12040,8:1100000000000000"), "OK");
    assert_eq!(client.word(0x12040), 17);
    assert_eq!(client.ask("c"), "W00");
    let end = client.end();
    assert_eq!(end.code, 0);
    assert!(end.err.contains("gdb changed the guest"), "{}", end.err);
}

#[test]
fn a_client_interrupts_kills_goes_away_and_talks_nonsense() {
    let sandbox = Sandbox::new();
    let endless = [
        &example("faults/faults.elf") as &str,
        "--max-cycles",
        "unlimited",
        "--",
        "8",
    ];
    let mut client = Client::start(&sandbox, &endless);
    client.send("c");
    client.stream.write_all(&[3]).expect("sent");
    assert_eq!(client.receive(), "S02");
    client.send("k");
    let end = client.end();
    assert_eq!(of_the_guest(&end.out)["result"], "paused");
    // It goes while the guest runs.
    let mut client = Client::start(&sandbox, &endless);
    client.send("c");
    let end = client.end();
    assert!(end.err.contains("gdb is gone"), "{}", end.err);
    // A port that is taken, and one that is none.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = listener.local_addr().expect("an address").to_string();
    (sandbox.run(&["run", "--gdb", &taken, &damage()]).exits(66)).says("cannot listen there");
    (sandbox
        .run(&["run", "--gdb", "localhost:x", &damage()])
        .exits(64))
    .says("is no port");
    let mut client = Client::start(&sandbox, &[&damage()]);
    client.stream.write_all(b"$m1,1#00").expect("sent");
    let end = client.end();
    assert!(end.code != 0, "{} {}", end.out, end.err);
}

#[test]
fn narrow_registers_are_described_as_such() {
    let sandbox = Sandbox::new();
    let mut client = Client::start(&sandbox, &["--xlen", "32", &guest("narrow")]);
    let text = client.ask("qXfer:features:read:target.xml:0,ffb");
    assert!(
        text.contains("riscv:rv32") && text.contains("bitsize=\"32\""),
        "{text}"
    );
    assert_eq!(client.ask("g").len(), 33 * 8);
    assert_eq!(client.ask("D"), "OK");
    client.end();
}

#[cfg(feature = "tx")]
#[test]
fn a_process_of_a_spawn_tree_is_debugged_by_its_id() {
    let sandbox = Sandbox::new();
    let file = example("transactions/spawn.json");
    let expected = sandbox.run(&["run", "--json", "--tx-file", &file, "--engine", "interp"]);
    let expected: Value = serde_json::from_str(&expected.out).expect("JSON");
    for (id, ending) in [("0", "c"), ("1", "c"), ("3", "D"), ("6", "c")] {
        let mut client = Client::start(&sandbox, &["--tx-file", &file, "--vm-id", id]);
        assert_eq!(client.pc(), 0x11000);
        for _ in 0..400 {
            assert!(client.ask("vCont;s").contains("05"));
        }
        let here = client.registers();
        for _ in 0..30 {
            client.ask("bs");
        }
        for _ in 0..30 {
            client.ask("vCont;s");
        }
        assert_eq!(client.registers(), here);
        let answer = client.ask(ending);
        assert!(answer.starts_with(['W', 'O']), "{answer}");
        let end = client.end();
        let answer: Value = serde_json::from_str(&end.out).expect("JSON");
        for field in ["result", "exit_code", "cycles"] {
            assert_eq!(answer[field], expected[field], "process {id}");
        }
    }
}

#[test]
fn gdb_itself_goes_back_to_the_store() {
    let sandbox = Sandbox::new();
    let script = "set pagination off\nset confirm off\nbreak check\ncontinue\nwatch state.checksum\n\
                  reverse-continue\nbacktrace 1\nprint state.checksum\nmonitor cycles\nstepi\n\
                  delete\ncontinue\n";
    let command = env!("CARGO_BIN_EXE_translate");
    let connect = format!("target remote | {command} run --gdb stdio {}\n", damage());
    let script = sandbox.file("script", (connect + script).as_bytes());
    let mut gdb = Command::new("gdb-multiarch");
    gdb.args(["-nx", "-batch", "-x"]).arg(&script).arg(damage());
    gdb.env("LOCKSTEP_CACHE_DIR", sandbox.cache());
    let output = gdb.output();
    let output = output.expect("gdb-multiarch runs: apt-get install gdb-multiarch");
    // gdb shows what `monitor` answers on standard error.
    let out = [output.stdout, output.stderr].concat();
    let out = String::from_utf8_lossy(&out);
    for words in [
        "check () at ",
        "Old value = 0\nNew value = 17",
        "#0  clear (count=8) at ",
        "$1 = 17",
        "11080 cycles, in the past",
        "Old value = 17\nNew value = 0",
        "exited with code 03",
    ] {
        assert!(out.contains(words), "{words:?} is not in {out}");
    }
}
