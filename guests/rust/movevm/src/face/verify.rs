//! The rules of the type script: what a call makes of a state.
//!
//! The state is in one cell, so it is whole: that a resource is missing there means that there is none. Modules are in
//! cells that the transaction depends on, and are found by the hashes in the state. Whoever signs for an address has spent
//! a cell whose lock has that hash.

use alloc::format;
use alloc::vec::Vec;

use super::state::{Call, Hash, State};
use super::text;
use crate::bcs::{self, Input};
use crate::format::{Address, Token, Visibility};
use crate::machine::value::Value;
use crate::machine::{Machine, Stop};
use crate::types::{ListId, TypeId};
use crate::world::{Function, World};
use crate::wrong::{Code, Wrong};

/// What a transaction has besides the cell and its witness.
pub struct Around<'a> {
    /// A module by its hash.
    pub module: &'a dyn Fn(&Hash) -> Option<Vec<u8>>,
    /// Whether a cell is spent whose lock has this hash.
    pub signs: &'a dyn Fn(&Address) -> bool,
}

/// Reads the modules of a state.
fn world(state: &State, around: &Around<'_>) -> Result<World, Wrong> {
    let mut modules = Vec::new();
    for hash in &state.modules {
        let module = (around.module)(hash).ok_or_else(|| {
            Wrong::new(Code::Link, "MISSING_DEPENDENCY").at(format!("module {}", text::hex(hash)))
        })?;
        modules.push(module);
    }
    World::load(&modules)
}

/// The first state of a world may have any resources of its modules.
///
/// # Errors
/// It is none.
pub fn first(bytes: &[u8], around: &Around<'_>) -> Result<(), Wrong> {
    let malformed = || Wrong::new(Code::Cells, "the cell is no state");
    let state = State::read(bytes).ok_or_else(malformed)?;
    let world = world(&state, around)?;
    let mut machine = Machine::new(&world, 0);
    let storage = state.storage(&mut machine.types, &world);
    storage.map(drop).ok_or_else(malformed)
}

/// Checks that the call in the witness makes the state after of the state before.
///
/// # Errors
/// It does not, or something cannot be read.
pub fn transition(
    before: &[u8],
    after: &[u8],
    witness: &[u8],
    around: &Around<'_>,
) -> Result<(), Wrong> {
    match apply(before, witness, around)? == after {
        true => Ok(()),
        false => Err(Wrong::new(
            Code::Output,
            "the output cell has another state",
        )),
    }
}

/// The state after a call.
///
/// # Errors
/// The call is refused or fails.
pub fn apply(before: &[u8], witness: &[u8], around: &Around<'_>) -> Result<Vec<u8>, Wrong> {
    let malformed = || Wrong::new(Code::Cells, "the cell is no state");
    let state = State::read(before).ok_or_else(malformed)?;
    let call = Call::read(witness).ok_or_else(|| Wrong::new(Code::Witness, "it is no call"))?;
    let world = world(&state, around)?;
    let mut machine = Machine::new(&world, call.gas);
    let storage = state.storage(&mut machine.types, &world);
    machine.storage = storage.ok_or_else(malformed)?;

    let unknown = || Wrong::new(Code::Function, "FUNCTION_RESOLUTION_FAILURE").at(&call.function);
    let (module, name) = text::member(&call.function, &world).ok_or_else(unknown)?;
    let number = world.function(module, name).ok_or_else(unknown)?;
    let function = world.functions.get(number).ok_or_else(unknown)?;
    let is_open = function.is_entry || function.visibility == Visibility::Public;
    if !is_open || !function.results.is_empty() {
        return Err(Wrong::new(
            Code::Function,
            "EXECUTE_ENTRY_FUNCTION_CALLED_ON_NON_ENTRY_FUNCTION",
        )
        .at(&call.function));
    }
    let types = type_arguments(&mut machine, &world, function, &call)?;
    let given = arguments(&mut machine, function, types, &call, around)?;
    let _ = machine.types.take_work();
    machine
        .call(number, types, given, None)
        .map_err(|failure| {
            let place = format!(
                "{}::{} {}",
                failure.module, failure.function, failure.offset
            );
            match failure.stop {
                Stop::Abort(code) => {
                    Wrong::new(Code::Failed, "ABORTED").at(format!("{place} with code {code}"))
                }
                Stop::Error(kind) => Wrong::new(Code::Failed, kind).at(place),
            }
        })?;
    let storage = core::mem::take(&mut machine.storage);
    let after = state.with(&storage, &mut machine.types);
    let after = after.map_err(|_| Wrong::new(Code::Failed, "UNKNOWN_INVARIANT_VIOLATION_ERROR"))?;
    Ok(after.write())
}

fn type_arguments(
    machine: &mut Machine<'_>,
    world: &World,
    function: &Function,
    call: &Call,
) -> Result<ListId, Wrong> {
    let wrong = |name| Wrong::new(Code::TypeArgument, name);
    if function.type_parameters.len() != call.types.len() {
        return Err(wrong("NUMBER_OF_TYPE_ARGUMENTS_MISMATCH"));
    }
    let mut types: Vec<TypeId> = Vec::new();
    for (name, wanted) in call.types.iter().zip(&function.type_parameters) {
        let token =
            text::type_of(name, world).ok_or_else(|| wrong("TYPE_RESOLUTION_FAILURE").at(name))?;
        if !text::is_allowed(&token, *wanted, world) {
            return Err(wrong("CONSTRAINT_NOT_SATISFIED").at(name));
        }
        let of = machine.types.instantiate(&token, ListId::EMPTY);
        types.push(of.map_err(|_| wrong("TOO_MANY_TYPE_NODES").at(name))?);
    }
    Ok(machine.types.list_of(&types))
}

/// Arguments are integers, truth values, addresses and vectors of these; nobody makes a struct by encoding it. Signers
/// must sign.
fn arguments(
    machine: &mut Machine<'_>,
    function: &Function,
    types: ListId,
    call: &Call,
    around: &Around<'_>,
) -> Result<Vec<Value>, Wrong> {
    let wrong = |index: usize| {
        Wrong::new(Code::Argument, "FAILED_TO_DESERIALIZE_ARGUMENT").at(format!("argument {index}"))
    };
    if function.parameters.len() != call.arguments.len() {
        return Err(Wrong::new(Code::Argument, "NUMBER_OF_ARGUMENTS_MISMATCH"));
    }
    let mut given = Vec::new();
    for (index, (token, bytes)) in function.parameters.iter().zip(&call.arguments).enumerate() {
        let mut input = Input(bytes);
        let value = match token {
            Token::Signer => signer(&mut input, around),
            Token::Reference(inner) if **inner == Token::Signer => {
                signer(&mut input, around).map(|value| machine.lend(value))
            }
            _ if token.is_reference() || has_struct(token) => None,
            _ => {
                let of = machine.types.instantiate(token, types);
                let of = of.map_err(|_| wrong(index))?;
                match is_plain(of, machine) {
                    true => bcs::read(of, &machine.types, &mut input),
                    false => None,
                }
            }
        };
        match value {
            Some(value) if input.0.is_empty() => given.push(value),
            _ => return Err(wrong(index)),
        }
    }
    Ok(given)
}

fn signer(input: &mut Input<'_>, around: &Around<'_>) -> Option<Value> {
    let address = input.take()?;
    (around.signs)(&address).then(|| Value::signer(address))
}

fn has_struct(token: &Token) -> bool {
    match token {
        Token::Struct(_) | Token::Generic(..) => true,
        Token::Vector(inner) => has_struct(inner),
        _ => false,
    }
}

/// Whether a type that came from a type argument has no struct in it either.
fn is_plain(of: TypeId, machine: &Machine<'_>) -> bool {
    use crate::types::Type;
    match machine.types.of(of) {
        Ok(Type::Vector(inner)) => is_plain(inner, machine),
        Ok(Type::Struct(..) | Type::Signer) | Err(_) => false,
        Ok(_) => true,
    }
}
