//! The machine: an operand stack for all operators, and a bounded call stack of frames.
//!
//! A frame has the function, the index of its next instruction, its locals, and its type arguments. A call takes the
//! arguments from the operand stack into the callee's locals; a return leaves the results on the operand stack. All
//! locals of all frames stand in one list, and a frame knows where its own begin.

pub mod gas;
mod globals;
mod integer;
pub mod native;
mod places;
mod step;
pub mod value;
mod vectors;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use self::gas::Gas;
pub use self::globals::Storage;
use self::value::Value;
use crate::format::{get, Index};
use crate::instruction::Instruction;
use crate::types::{ListId, TypeId, Types};
use crate::world::{Function, World};

/// Frames that wait on the call stack, at most.
pub const FRAMES: usize = 1024;
/// Values on the operand stack, at most.
pub const OPERANDS: usize = 1024;
/// Locals of all frames, at most.
pub const LOCALS: usize = 32_768;

/// Why a function stops before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It executed `Abort`, with this code.
    Abort(u64),
    /// An error, by Move's name for it.
    Error(&'static str),
}

impl Stop {
    /// The verifier let something through that it should not have. No input is known that leads here.
    pub const INVARIANT: Stop = Stop::Error("UNKNOWN_INVARIANT_VIOLATION_ERROR");
    /// A result that its type does not have.
    pub const ARITHMETIC: Stop = Stop::Error("ARITHMETIC_ERROR");
    /// No gas is left.
    pub const OUT_OF_GAS: Stop = Stop::Error("OUT_OF_GAS");
    /// An element that is not there.
    pub const VECTOR: Stop = Stop::Error("VECTOR_OPERATION_ERROR");
}

/// Where and why a function stopped.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Why.
    pub stop: Stop,
    /// The module, in words.
    pub module: String,
    /// The function.
    pub function: String,
    /// The index of the instruction.
    pub offset: usize,
}

/// What is told of each instruction before it is executed.
pub type Trace<'t> = &'t mut dyn FnMut(&str);

/// The operand stack.
#[derive(Debug)]
pub struct Operands(Vec<Value>);

impl Operands {
    fn new() -> Self {
        Operands(Vec::with_capacity(OPERANDS))
    }

    /// Puts a value on top.
    #[inline]
    pub fn push(&mut self, value: Value) -> Result<(), Stop> {
        if self.0.len() >= OPERANDS {
            return Err(Stop::Error("EXECUTION_STACK_OVERFLOW"));
        }
        self.0.push(value);
        Ok(())
    }

    /// Takes the value from the top.
    #[inline]
    pub fn pop(&mut self) -> Result<Value, Stop> {
        self.0.pop().ok_or(Stop::INVARIANT)
    }

    /// The value on top, where it is.
    #[inline]
    pub fn top(&mut self) -> Option<&mut Value> {
        self.0.last_mut()
    }

    /// Replaces the two values on top by one that is made of them.
    #[inline]
    pub fn binary(
        &mut self,
        make: impl FnOnce(&Value, &Value) -> Result<Value, Stop>,
    ) -> Result<(), Stop> {
        let right = self.pop()?;
        let left = self.0.last_mut().ok_or(Stop::INVARIANT)?;
        *left = make(left, &right)?;
        Ok(())
    }

    /// Takes so many values from the top, the topmost last.
    pub fn take(&mut self, count: usize) -> Result<Vec<Value>, Stop> {
        let from = self.0.len().checked_sub(count).ok_or(Stop::INVARIANT)?;
        Ok(self.0.split_off(from))
    }

    /// The values, the topmost last.
    pub fn values(&self) -> &[Value] {
        &self.0
    }
}

/// A function that runs.
#[derive(Clone, Copy)]
struct Frame<'w> {
    function: &'w Function,
    code: &'w [Instruction],
    /// The index of the next instruction.
    next: usize,
    /// Where its locals begin.
    locals: usize,
    /// Its type arguments.
    types: ListId,
}

/// Whether execution goes on in this frame.
enum Flow {
    Next,
    Call(usize, ListId),
    Return,
}

/// Type arguments that a place in the code was reached with last, and what came of them.
#[derive(Clone, Copy)]
struct Seen<T> {
    arguments: ListId,
    result: T,
}

/// The machine.
pub struct Machine<'w> {
    world: &'w World,
    /// Types that were needed so far.
    pub types: Types<'w>,
    stack: Operands,
    locals: Vec<Value>,
    calls: Vec<Frame<'w>>,
    /// What is left.
    pub gas: Gas,
    /// Global storage.
    pub storage: Storage,
    /// By module and signature.
    signatures_seen: BTreeMap<(usize, Index), Seen<ListId>>,
    /// By module and instance of a struct.
    structs_seen: BTreeMap<(usize, Index), Seen<TypeId>>,
}

impl<'w> Machine<'w> {
    /// For linked modules, with an amount of gas.
    #[must_use]
    pub fn new(world: &'w World, gas: u64) -> Self {
        Machine {
            world,
            types: Types::new(world),
            stack: Operands::new(),
            locals: Vec::new(),
            calls: Vec::new(),
            gas: Gas::new(gas),
            storage: Storage::default(),
            signatures_seen: BTreeMap::new(),
            structs_seen: BTreeMap::new(),
        }
    }

    /// Puts a value where references may point to it as long as the machine lives, and gives a reference to it.
    pub fn lend(&mut self, value: Value) -> Value {
        let reference = value
            .reference()
            .unwrap_or(Value::ToLocal(self.locals.len() as u32));
        self.locals.push(value);
        reference
    }

    /// Calls a function. Returns what it leaves on the operand stack.
    ///
    /// # Errors
    /// It aborts, or something is wrong that only shows when it runs.
    pub fn call(
        &mut self,
        function: usize,
        types: ListId,
        arguments: Vec<Value>,
        trace: Option<Trace<'_>>,
    ) -> Result<Vec<Value>, Failure> {
        for argument in arguments {
            self.stack
                .push(argument)
                .map_err(|stop| self.outside(stop))?;
        }
        self.run(function, types, trace)?;
        let count = self.stack.values().len();
        self.stack.take(count).map_err(|stop| self.outside(stop))
    }

    fn outside(&self, stop: Stop) -> Failure {
        Failure {
            stop,
            module: String::new(),
            function: String::new(),
            offset: 0,
        }
    }

    fn failure(&self, frame: &Frame<'w>, stop: Stop) -> Failure {
        Failure {
            stop,
            module: self.world.module_text(frame.function.module),
            function: frame.function.name.clone(),
            offset: frame.next.saturating_sub(1),
        }
    }

    fn run(
        &mut self,
        function: usize,
        types: ListId,
        mut trace: Option<Trace<'_>>,
    ) -> Result<(), Failure> {
        let entered = self.enter(function, types);
        let Some(mut frame) = entered.map_err(|stop| self.outside(stop))? else {
            return Ok(());
        };
        loop {
            let Some(instruction) = frame.code.get(frame.next).copied() else {
                return Err(self.failure(&frame, Stop::INVARIANT));
            };
            if let Some(trace) = trace.as_mut() {
                self.trace(&frame, &instruction, trace);
            }
            frame.next += 1;
            let flow = match self.gas.charge(1) {
                Ok(()) => self.execute(&mut frame, instruction),
                Err(stop) => Err(stop),
            };
            match flow {
                Ok(Flow::Next) => {}
                Ok(Flow::Call(function, types)) => match self.enter(function, types) {
                    Ok(Some(callee)) if self.calls.len() < FRAMES => {
                        self.calls.push(frame);
                        frame = callee;
                    }
                    Ok(Some(_)) => {
                        return Err(self.failure(&frame, Stop::Error("CALL_STACK_OVERFLOW")));
                    }
                    Ok(None) => {}
                    Err(stop) => return Err(self.failure(&frame, stop)),
                },
                Ok(Flow::Return) => {
                    self.locals.truncate(frame.locals);
                    match self.calls.pop() {
                        Some(caller) => frame = caller,
                        None => return Ok(()),
                    }
                }
                Err(stop) => return Err(self.failure(&frame, stop)),
            }
        }
    }

    /// Makes the frame of a function, whose arguments become its first locals. A native function is executed at once.
    fn enter(&mut self, function: usize, types: ListId) -> Result<Option<Frame<'w>>, Stop> {
        let world = self.world;
        let function = world.functions.get(function).ok_or(Stop::INVARIANT)?;
        let Some(code) = &function.code else {
            let native = function.native.ok_or(Stop::Error("MISSING_DEPENDENCY"))?;
            self.native(native, types)?;
            return Ok(None);
        };
        let locals = self.locals.len();
        let end = locals + function.locals;
        if end > LOCALS {
            return Err(Stop::Error("CALL_STACK_OVERFLOW"));
        }
        let count = function.parameters.len();
        let first = self.stack.0.len().checked_sub(count);
        let arguments = self.stack.0.drain(first.ok_or(Stop::INVARIANT)?..);
        self.locals.extend(arguments);
        self.locals.resize_with(end, || Value::Absent);
        Ok(Some(Frame {
            function,
            code: &code.instructions,
            next: 0,
            locals,
            types,
        }))
    }

    fn trace(&self, frame: &Frame<'w>, instruction: &Instruction, trace: &mut Trace<'_>) {
        use core::fmt::Write;
        let mut text = format!(
            "{}::{} {}: {instruction:?} gas={} depth={}",
            self.world.module_text(frame.function.module),
            frame.function.name,
            frame.next,
            self.gas.left(),
            self.calls.len()
        );
        for (index, value) in self.stack.values().iter().enumerate() {
            let _ = write!(
                text,
                "\n  stack {index}: {}",
                crate::face::text::value_text(value)
            );
        }
        let locals = self.locals.get(frame.locals..).unwrap_or(&[]);
        for (index, value) in locals.iter().enumerate() {
            let _ = write!(
                text,
                "\n  local {index}: {}",
                crate::face::text::value_text(value)
            );
        }
        trace(&text);
    }

    /// The type arguments of a call or a vector: a signature of the frame's module with the frame's type arguments.
    fn instantiate(&mut self, frame: &Frame<'w>, signature: Index) -> Result<ListId, Stop> {
        let key = (frame.function.module, signature);
        if let Some(seen) = self.signatures_seen.get(&key) {
            if seen.arguments == frame.types {
                return Ok(seen.result);
            }
        }
        let world = self.world;
        let module = world.modules.get(frame.function.module);
        let tokens = module.and_then(|module| get(&module.signatures, signature));
        let tokens = tokens.ok_or(Stop::INVARIANT)?;
        let result = self.types.instantiate_all(tokens, frame.types)?;
        self.charge_types()?;
        let seen = Seen {
            arguments: frame.types,
            result,
        };
        self.signatures_seen.insert(key, seen);
        Ok(result)
    }

    fn charge_types(&mut self) -> Result<(), Stop> {
        let work = self.types.take_work();
        self.gas.charge(work.saturating_mul(gas::NEW_TYPE))
    }
}
