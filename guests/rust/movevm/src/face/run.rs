//! The command line: modules, a function, its arguments and the storage; out comes one line of JSON.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{json, Map, Value as Json};

use super::{json as values, text};
use crate::format::Token;
use crate::machine::value::Value;
use crate::machine::{Failure, Machine, Stop, Trace};
use crate::types::{ListId, TypeId};
use crate::world::{Function, World};
use crate::wrong::{Code, Wrong};

/// The gas if nothing is said.
pub const GAS: u64 = 10_000_000;

/// What the options say.
#[derive(Debug, Default)]
pub struct Options<'a> {
    /// The modules' bytes.
    pub modules: Vec<Vec<u8>>,
    /// `ADDRESS::MODULE::NAME`.
    pub function: &'a str,
    /// Type arguments.
    pub types: Vec<&'a str>,
    /// Arguments, as JSON.
    pub arguments: Vec<&'a str>,
    /// Global storage before, as JSON.
    pub storage: Option<&'a str>,
    /// The gas.
    pub gas: Option<u64>,
    /// Whether each instruction is told.
    pub trace: bool,
}

fn arguments(place: impl core::fmt::Display) -> Wrong {
    Wrong::new(
        Code::Arguments,
        "run --module HEX … --function ADDRESS::MODULE::NAME [--type TYPE]… [--arg JSON]… \
         [--storage JSON] [--gas N] [--trace]",
    )
    .at(place)
}

/// Reads the options. The word `run` before them may be there or not.
///
/// # Errors
/// An option is not known, has no value, or one that cannot be read.
pub fn parse<B: AsRef<[u8]>>(given: &[B]) -> Result<Options<'_>, Wrong> {
    let mut options = Options::default();
    let mut words = given.iter().map(|word| {
        core::str::from_utf8(word.as_ref()).map_err(|_| arguments("an argument that is no text"))
    });
    let mut is_first = true;
    while let Some(word) = words.next().transpose()? {
        let was_first = core::mem::replace(&mut is_first, false);
        if was_first && word == "run" {
            continue;
        }
        if word == "--trace" {
            options.trace = true;
            continue;
        }
        let value = words.next().transpose()?.ok_or_else(|| arguments(word))?;
        match word {
            "--module" => {
                let bytes = text::bytes(value)
                    .ok_or_else(|| arguments("a module that is not hexadecimal"))?;
                options.modules.push(bytes);
            }
            "--function" => options.function = value,
            "--type" => options.types.push(value),
            "--arg" => options.arguments.push(value),
            "--storage" => options.storage = Some(value),
            "--gas" => options.gas = Some(value.parse().map_err(|_| arguments(value))?),
            _ => return Err(arguments(word)),
        }
    }
    Ok(options)
}

/// Executes what the options say and gives the line that is printed.
///
/// # Errors
/// A module, the function, an argument or the storage is refused. What the function itself does wrong is a result.
pub fn run<B: AsRef<[u8]>>(given: &[B]) -> Result<String, Wrong> {
    run_traced(given, &mut |_| {})
}

/// The same; each instruction is told to `trace` if the options say so.
///
/// # Errors
/// As for `run`.
pub fn run_traced<B: AsRef<[u8]>>(given: &[B], trace: Trace<'_>) -> Result<String, Wrong> {
    let options = parse(given)?;
    let world = World::load(&options.modules)?;
    call(&world, &options, trace)
}

/// Calls a function of linked modules.
///
/// # Errors
/// The function, an argument or the storage is refused.
pub fn call(world: &World, options: &Options<'_>, trace: Trace<'_>) -> Result<String, Wrong> {
    let unknown = || Wrong::new(Code::Function, "FUNCTION_RESOLUTION_FAILURE").at(options.function);
    let (module, name) = text::member(options.function, world).ok_or_else(unknown)?;
    let number = world.function(module, name).ok_or_else(unknown)?;
    let function = world.functions.get(number).ok_or_else(unknown)?;
    let mut machine = Machine::new(world, options.gas.unwrap_or(GAS));
    let types = type_arguments(&mut machine, world, function, &options.types)?;
    if let Some(text) = options.storage {
        machine.storage = values::read_storage(text, &mut machine.types, world)
            .map_err(|what| Wrong::new(Code::Storage, "FAILED_TO_DESERIALIZE_RESOURCE").at(what))?;
    }
    let of = |token: &Token, machine: &mut Machine<'_>| {
        machine
            .types
            .instantiate(token, types)
            .map_err(|_| Wrong::new(Code::TypeArgument, "TOO_MANY_TYPE_NODES").at(options.function))
    };
    if function.parameters.len() != options.arguments.len() {
        return Err(
            Wrong::new(Code::Argument, "NUMBER_OF_ARGUMENTS_MISMATCH").at(format!(
                "{} of {}",
                options.arguments.len(),
                function.parameters.len()
            )),
        );
    }
    let mut given = Vec::new();
    let mut changed = Vec::new();
    for (index, (token, text)) in function
        .parameters
        .iter()
        .zip(&options.arguments)
        .enumerate()
    {
        let of = of(token, &mut machine)?;
        let value = serde_json::from_str::<Json>(text)
            .ok()
            .and_then(|json| values::read(&json, of, &machine.types, world));
        let value = value.ok_or_else(|| {
            Wrong::new(Code::Argument, "FAILED_TO_DESERIALIZE_ARGUMENT").at(format!(
                "argument {index}, {} for {}",
                text,
                machine.types.text(of)
            ))
        })?;
        match token.is_reference() {
            false => given.push(value),
            true => {
                let reference = machine.lend(value);
                if matches!(token, Token::Mutable(_)) {
                    changed.push((reference.copy(), of));
                }
                given.push(reference);
            }
        }
    }
    let mut results = Vec::new();
    for token in &function.results {
        results.push(of(token, &mut machine)?);
    }
    // What types the arguments need is no cost of the call.
    let _ = machine.types.take_work();
    let outcome = machine.call(number, types, given, options.trace.then_some(trace));
    let line = match outcome {
        Ok(values) => success(&mut machine, world, values, &results, &changed),
        Err(failure) => Err(failure),
    };
    let line = line.unwrap_or_else(|failure| stopped(&failure, &machine));
    Ok(Json::Object(line).to_string())
}

fn type_arguments(
    machine: &mut Machine<'_>,
    world: &World,
    function: &Function,
    given: &[&str],
) -> Result<ListId, Wrong> {
    let wrong = |name| Wrong::new(Code::TypeArgument, name);
    if function.type_parameters.len() != given.len() {
        return Err(wrong("NUMBER_OF_TYPE_ARGUMENTS_MISMATCH"));
    }
    let mut types = Vec::new();
    for (text, wanted) in given.iter().zip(&function.type_parameters) {
        let token =
            text::type_of(text, world).ok_or_else(|| wrong("TYPE_RESOLUTION_FAILURE").at(text))?;
        if !text::is_allowed(&token, *wanted, world) {
            return Err(wrong("CONSTRAINT_NOT_SATISFIED").at(text));
        }
        let of = machine.types.instantiate(&token, ListId::EMPTY);
        types.push(of.map_err(|_| wrong("TOO_MANY_TYPE_NODES").at(text))?);
    }
    Ok(machine.types.list_of(&types))
}

fn success(
    machine: &mut Machine<'_>,
    world: &World,
    left: Vec<Value>,
    types: &[TypeId],
    changed: &[(Value, TypeId)],
) -> Result<Map<String, Json>, Failure> {
    let used = machine.gas.used();
    let written = || -> Result<(Vec<Json>, Vec<Json>, Json), Stop> {
        let mut results = Vec::new();
        for (value, of) in left.iter().zip(types) {
            results.push(machine.show(value, *of)?);
        }
        let mut references = Vec::new();
        for (reference, of) in changed {
            references.push(machine.show(reference, *of)?);
        }
        let storage = values::write_storage(&machine.storage, &machine.types, world)?;
        Ok((results, references, storage))
    };
    let (results, references, storage) = written().map_err(|stop| Failure {
        stop,
        module: String::new(),
        function: String::new(),
        offset: 0,
    })?;
    Ok(object(json!({
        "status": "success",
        "gas_used": used,
        "results": results,
        "references": references,
        "storage": storage,
    })))
}

fn stopped(failure: &Failure, machine: &Machine<'_>) -> Map<String, Json> {
    let mut line = object(match failure.stop {
        Stop::Abort(code) => json!({"status": "abort", "code": code.to_string()}),
        Stop::Error(kind) => json!({"status": "error", "kind": kind}),
    });
    line.insert("module".to_string(), json!(failure.module));
    line.insert("function".to_string(), json!(failure.function));
    line.insert("offset".to_string(), json!(failure.offset));
    line.insert("gas_used".to_string(), json!(machine.gas.used()));
    line
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}
