//! The way to the client: a TCP port that serves one client, or the standard streams.
//!
//! A thread reads, so that a guest that runs can be asked for between two traces whether the client wants something.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use gdbstub::conn::Connection;

use super::super::failure::Failure;
use super::super::{code, stderr};

/// Chunks that were read and not looked at.
const WAITING_CHUNKS: usize = 16;
/// Bytes of a chunk.
const CHUNK_BYTES: usize = 4096;
/// The address of this machine that no other one reaches.
const LOOPBACK: &str = "127.0.0.1";

/// The client.
pub(super) struct Client {
    writer: Box<dyn Write + Send>,
    chunks: Receiver<Vec<u8>>,
    chunk: std::vec::IntoIter<u8>,
    buffer: Vec<u8>,
}

impl Client {
    /// Waits for a client where the option says.
    pub(super) fn wait(place: &str) -> Result<Client, Failure> {
        if place == "stdio" {
            return Client::new(io::stdin(), io::stdout());
        }
        // A port alone, or an empty host as gdb has it, is one of this machine.
        let (host, port) = place.rsplit_once(':').unwrap_or(("", place));
        let host = if host.is_empty() { LOOPBACK } else { host };
        let number: u16 = port.parse().map_err(|_| {
            Failure::usage(format!(
                "--gdb {place}: {port:?} is no port; give HOST:PORT, as in localhost:1234, or stdio"
            ))
        })?;
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let listener = TcpListener::bind((name, number)).map_err(|error| {
            let message = format!(
                "--gdb {place}: cannot listen there: {error}; choose another port, or 0 for any that is free"
            );
            Failure::new(code::FILE, "CannotListen", message)
        })?;
        let accepted = listener.local_addr().and_then(|address| {
            stderr::note(format_args!("waiting for gdb: target remote {address}"));
            listener.accept()
        });
        let (stream, _) = accepted.map_err(broken)?;
        // Answers are short, and each is waited for.
        stream.set_nodelay(true).map_err(broken)?;
        let reader: TcpStream = stream.try_clone().map_err(broken)?;
        Client::new(reader, stream)
    }

    fn new(
        mut reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
    ) -> Result<Client, Failure> {
        let (sender, chunks) = sync_channel(WAITING_CHUNKS);
        let read = move || {
            let mut chunk = vec![0; CHUNK_BYTES];
            loop {
                match reader.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) => return,
                    Ok(len) => {
                        if sender.send(chunk[..len].to_vec()).is_err() {
                            return;
                        }
                    }
                }
            }
        };
        let named = thread::Builder::new().name("gdb".to_owned());
        named.spawn(read).map_err(broken)?;
        Ok(Client {
            writer: Box::new(writer),
            chunks,
            chunk: Vec::new().into_iter(),
            buffer: Vec::new(),
        })
    }

    /// The next byte; none when the client is gone.
    pub(super) fn read(&mut self) -> Option<u8> {
        loop {
            if let Some(byte) = self.chunk.next() {
                return Some(byte);
            }
            self.chunk = self.chunks.recv().ok()?.into_iter();
        }
    }

    /// Whether there is something to read, or nobody any more.
    pub(super) fn is_ready(&mut self) -> bool {
        if !self.chunk.as_slice().is_empty() {
            return true;
        }
        match self.chunks.try_recv() {
            Ok(chunk) => {
                self.chunk = chunk.into_iter();
                true
            }
            Err(TryRecvError::Empty) => false,
            Err(TryRecvError::Disconnected) => true,
        }
    }

    /// Shows text in the client's console. Only while the guest runs.
    pub(super) fn show(&mut self, text: &str) {
        let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let body = format!("O{digits}");
        let sum = body.bytes().fold(0_u8, u8::wrapping_add);
        self.buffer.extend(format!("${body}#{sum:02x}").bytes());
        // The next read finds out that the client is gone.
        let _ = self.flush();
    }
}

fn broken(error: io::Error) -> Failure {
    Failure::new(code::FILE, "CannotListen", format!("--gdb: {error}"))
}

impl Connection for Client {
    type Error = io::Error;

    fn write(&mut self, byte: u8) -> io::Result<()> {
        self.buffer.push(byte);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.buffer);
        self.writer.write_all(&bytes)?;
        self.writer.flush()
    }
}
