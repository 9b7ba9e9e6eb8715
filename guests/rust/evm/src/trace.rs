//! A trace of the operations as they execute.
//!
//! For each operation, a line has its name, its address, the gas before it and what it cost; a call's cost has the gas
//! that the callee got in it. Then come the stack from its top, the memory and the words of the account's storage that
//! were used and are not zero, each as they were before the operation, and each only if there is any.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use revm::bytecode::opcode::OpCode;
use revm::context::{ContextTr, JournalTr};
use revm::inspector::{Inspector, JournalExt};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{InputsTr, Jumps, LoopControl, MemoryTr};
use revm::interpreter::Interpreter;
use revm::primitives::U256;

/// Looks at nothing.
#[derive(Clone, Copy, Debug)]
pub struct Quiet;

impl<C> Inspector<C, EthInterpreter> for Quiet {}

/// Prints each operation.
pub struct Tracer<'a> {
    print: &'a mut dyn FnMut(&str),
    name: String,
    address: usize,
    gas: u64,
    state: String,
}

impl<'a> Tracer<'a> {
    /// Prints to this.
    pub fn new(print: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            print,
            name: String::new(),
            address: 0,
            gas: 0,
            state: String::new(),
        }
    }
}

impl<C: ContextTr<Journal: JournalExt>> Inspector<C, EthInterpreter> for Tracer<'_> {
    fn step(&mut self, interpreter: &mut Interpreter, context: &mut C) {
        let opcode = interpreter.bytecode.opcode();
        self.name = OpCode::new(opcode).map_or_else(
            || format!("0x{opcode:02x}"),
            |code| code.as_str().to_string(),
        );
        self.address = interpreter.bytecode.pc();
        self.gas = interpreter.gas.remaining();
        self.state.clear();
        stack(&mut self.state, interpreter.stack.data());
        let size = interpreter.memory.size();
        memory(&mut self.state, &interpreter.memory.slice(0..size));
        let account = context
            .journal()
            .evm_state()
            .get(&interpreter.input.target_address());
        let mut words: Vec<(U256, U256)> = account
            .into_iter()
            .flat_map(|account| account.storage.iter())
            .map(|(key, slot)| (*key, slot.present_value()))
            .filter(|(_, value)| !value.is_zero())
            .collect();
        words.sort_unstable();
        storage(&mut self.state, &words);
    }

    fn step_end(&mut self, interpreter: &mut Interpreter, _: &mut C) {
        let cost = self.gas.saturating_sub(interpreter.gas.remaining());
        let Self {
            name, address, gas, ..
        } = self;
        let mut text = format!("{name:<15} pc={address:08x} gas={gas} cost={cost}");
        let result = interpreter
            .bytecode
            .action()
            .as_ref()
            .and_then(|action| action.instruction_result());
        if let Some(result) = result.filter(|result| !result.is_ok_or_revert()) {
            let _ = write!(text, " error={result:?}");
        }
        text.push('\n');
        text.push_str(&self.state);
        (self.print)(text.trim_end_matches('\n'));
    }
}

fn stack(out: &mut String, words: &[U256]) {
    if !words.is_empty() {
        out.push_str("Stack:\n");
    }
    for (index, word) in words.iter().rev().enumerate() {
        let _ = writeln!(out, "{index:08}  {word:064x}");
    }
}

fn memory(out: &mut String, bytes: &[u8]) {
    if !bytes.is_empty() {
        out.push_str("Memory:\n");
    }
    for (line, bytes) in bytes.chunks(16).enumerate() {
        let _ = write!(out, "{:08x} ", line * 16);
        for byte in bytes {
            let _ = write!(out, " {byte:02x}");
        }
        out.push_str("  |");
        out.extend(bytes.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        }));
        out.push_str("|\n");
    }
}

fn storage(out: &mut String, words: &[(U256, U256)]) {
    if !words.is_empty() {
        out.push_str("Storage:\n");
    }
    for (key, value) in words {
        let _ = writeln!(out, "{key:064x}: {value:064x}");
    }
}
