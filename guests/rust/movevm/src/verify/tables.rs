//! Each index points into its table, nothing is there twice, and names and constants are well formed.

use alloc::collections::BTreeSet;
use alloc::format;

use super::{entry, Check, Work};
use crate::bcs::{constant, Input};
use crate::format::*;
use crate::instruction::Instruction;
use crate::wrong::{Code as Exit, Wrong};

/// Locals and parameters of a function at most: their number has 8 bits.
const LOCALS: usize = 255;

pub fn check(module: &Module, work: &mut Work) -> Check {
    let entries = [
        module.modules.len(),
        module.structs.len(),
        module.functions.len(),
        module.function_instances.len(),
        module.signatures.len(),
        module.constants.len(),
        module.identifiers.len(),
        module.addresses.len(),
        module.struct_definitions.len(),
        module.struct_instances.len(),
        module.function_definitions.len(),
        module.fields.len(),
        module.field_instances.len(),
        module.friends.len(),
    ];
    for count in entries {
        work.spend(count)?;
    }
    bounds(module)?;
    duplicates(module)?;
    for name in &module.identifiers {
        if !is_identifier(name) {
            return Err(Wrong::new(Exit::Constant, "INVALID_IDENTIFIER").at(format!("{name:?}")));
        }
    }
    for (index, value) in module.constants.iter().enumerate() {
        let mut input = Input(&value.data);
        let is_whole = constant(&value.token, &mut input).is_some() && input.0.is_empty();
        if !is_whole {
            let place = format!("constant {index}");
            return Err(Wrong::new(Exit::Constant, "MALFORMED_CONSTANT_DATA").at(place));
        }
    }
    Ok(())
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    let starts = match bytes.next() {
        Some(b'_') => name.len() > 1,
        Some(first) => first.is_ascii_alphabetic(),
        None => false,
    };
    starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$')
}

fn bounds(module: &Module) -> Check {
    let at = |wrong: Wrong, table: &str, index: usize| wrong.at(format!("{table} {index}"));
    macro_rules! each {
        ($table:ident, $one:ident => $check:expr) => {
            for (index, $one) in module.$table.iter().enumerate() {
                let check = || -> Check { $check };
                check().map_err(|wrong| at(wrong, stringify!($table), index))?;
            }
        };
    }
    entry(&module.modules, module.own_handle)
        .map_err(|wrong| wrong.at("the module's own handle"))?;
    each!(modules, one => {
        entry(&module.addresses, one.address)?;
        entry(&module.identifiers, one.name).map(drop)
    });
    each!(friends, one => {
        entry(&module.addresses, one.address)?;
        entry(&module.identifiers, one.name).map(drop)
    });
    each!(structs, one => {
        entry(&module.modules, one.module)?;
        entry(&module.identifiers, one.name).map(drop)
    });
    each!(functions, one => {
        entry(&module.modules, one.module)?;
        entry(&module.identifiers, one.name)?;
        entry(&module.signatures, one.parameters)?;
        entry(&module.signatures, one.results).map(drop)
    });
    each!(signatures, one => one.iter().try_for_each(|token| token_bounds(module, token)));
    each!(constants, one => token_bounds(module, &one.token));
    each!(function_instances, one => {
        entry(&module.functions, one.generic)?;
        entry(&module.signatures, one.arguments).map(drop)
    });
    each!(struct_instances, one => {
        entry(&module.struct_definitions, one.generic)?;
        entry(&module.signatures, one.arguments).map(drop)
    });
    each!(field_instances, one => {
        entry(&module.fields, one.generic)?;
        entry(&module.signatures, one.arguments).map(drop)
    });
    each!(struct_definitions, one => {
        let handle = entry(&module.structs, one.handle)?;
        if handle.module != module.own_handle {
            return Err(Wrong::new(Exit::Bounds, "INVALID_MODULE_HANDLE"));
        }
        for field in one.fields.iter().flatten() {
            entry(&module.identifiers, field.name)?;
            token_bounds(module, &field.token)?;
        }
        Ok(())
    });
    each!(fields, one => {
        let owner = entry(&module.struct_definitions, one.owner)?;
        entry(owner.fields.as_deref().unwrap_or(&[]), one.field).map(drop)
    });
    each!(function_definitions, one => {
        let handle = entry(&module.functions, one.handle)?;
        if handle.module != module.own_handle {
            return Err(Wrong::new(Exit::Bounds, "INVALID_MODULE_HANDLE"));
        }
        for definition in &one.acquires {
            entry(&module.struct_definitions, *definition)?;
        }
        match &one.code {
            Some(code) => code_bounds(module, handle, code),
            None => Ok(()),
        }
    });
    Ok(())
}

/// The structs of a type are there, and each has as many type arguments as it has parameters.
fn token_bounds(module: &Module, token: &Token) -> Check {
    match token {
        Token::Vector(inner) | Token::Reference(inner) | Token::Mutable(inner) => {
            token_bounds(module, inner)
        }
        Token::Struct(handle) => match entry(&module.structs, *handle)?.parameters.is_empty() {
            true => Ok(()),
            false => Err(Wrong::new(
                Exit::Signature,
                "NUMBER_OF_TYPE_ARGUMENTS_MISMATCH",
            )),
        },
        Token::Generic(handle, arguments) => {
            let handle = entry(&module.structs, *handle)?;
            if handle.parameters.len() != arguments.len() {
                return Err(Wrong::new(
                    Exit::Signature,
                    "NUMBER_OF_TYPE_ARGUMENTS_MISMATCH",
                ));
            }
            arguments
                .iter()
                .try_for_each(|argument| token_bounds(module, argument))
        }
        _ => Ok(()),
    }
}

fn code_bounds(module: &Module, handle: &FunctionHandle, code: &Code) -> Check {
    let own = entry(&module.signatures, code.locals)?.len();
    let locals = own.saturating_add(entry(&module.signatures, handle.parameters)?.len());
    if locals > LOCALS {
        return Err(Wrong::new(Exit::Limit, "TOO_MANY_LOCALS"));
    }
    for (offset, instruction) in code.instructions.iter().enumerate() {
        operand_bounds(module, code, locals, instruction)
            .map_err(|wrong| wrong.at(format!("{} {offset}", instruction.name())))?;
    }
    Ok(())
}

fn operand_bounds(module: &Module, code: &Code, locals: usize, instruction: &Instruction) -> Check {
    use Instruction::*;
    match *instruction {
        BrTrue(at) | BrFalse(at) | Branch(at) => entry(&code.instructions, at).map(drop),
        LdConst(at) => entry(&module.constants, at).map(drop),
        LdU128(at) | LdU256(at) => entry(&code.integers, at).map(drop),
        CopyLoc(at) | MoveLoc(at) | StLoc(at) | MutBorrowLoc(at) | ImmBorrowLoc(at) => {
            match usize::from(at) < locals {
                true => Ok(()),
                false => Err(Wrong::new(Exit::Bounds, "INDEX_OUT_OF_BOUNDS")),
            }
        }
        Call(at) => entry(&module.functions, at).map(drop),
        CallGeneric(at) => entry(&module.function_instances, at).map(drop),
        MutBorrowField(at) | ImmBorrowField(at) => entry(&module.fields, at).map(drop),
        MutBorrowFieldGeneric(at) | ImmBorrowFieldGeneric(at) => {
            entry(&module.field_instances, at).map(drop)
        }
        Pack(at) | Unpack(at) | Exists(at) | MutBorrowGlobal(at) | ImmBorrowGlobal(at)
        | MoveFrom(at) | MoveTo(at) => entry(&module.struct_definitions, at).map(drop),
        PackGeneric(at)
        | UnpackGeneric(at)
        | ExistsGeneric(at)
        | MutBorrowGlobalGeneric(at)
        | ImmBorrowGlobalGeneric(at)
        | MoveFromGeneric(at)
        | MoveToGeneric(at) => entry(&module.struct_instances, at).map(drop),
        VecPack(at, _)
        | VecLen(at)
        | VecImmBorrow(at)
        | VecMutBorrow(at)
        | VecPushBack(at)
        | VecPopBack(at)
        | VecUnpack(at, _)
        | VecSwap(at) => entry(&module.signatures, at).map(drop),
        _ => Ok(()),
    }
}

fn duplicates(module: &Module) -> Check {
    fn unique<T: Ord>(values: impl Iterator<Item = T>, table: &'static str) -> Check {
        let mut seen = BTreeSet::new();
        for (index, value) in values.enumerate() {
            if !seen.insert(value) {
                let place = format!("{table} {index}");
                return Err(Wrong::new(Exit::Duplicate, "DUPLICATE_ELEMENT").at(place));
            }
        }
        Ok(())
    }
    unique(module.identifiers.iter(), "identifiers")?;
    unique(module.addresses.iter(), "addresses")?;
    unique(module.signatures.iter(), "signatures")?;
    unique(module.constants.iter(), "constants")?;
    unique(module.modules.iter(), "modules")?;
    unique(module.friends.iter(), "friends")?;
    let structs = module.structs.iter().map(|one| (one.module, one.name));
    unique(structs, "structs")?;
    let functions = module.functions.iter().map(|one| (one.module, one.name));
    unique(functions, "functions")?;
    unique(module.function_instances.iter(), "function_instances")?;
    unique(module.struct_instances.iter(), "struct_instances")?;
    unique(module.fields.iter(), "fields")?;
    unique(module.field_instances.iter(), "field_instances")?;
    let definitions = module.struct_definitions.iter().map(|one| one.handle);
    unique(definitions, "struct_definitions")?;
    let definitions = module.function_definitions.iter().map(|one| one.handle);
    unique(definitions, "function_definitions")?;
    for definition in &module.struct_definitions {
        let names = definition.fields.iter().flatten().map(|field| field.name);
        unique(names, "the fields of a struct")?;
    }
    for definition in &module.function_definitions {
        unique(definition.acquires.iter(), "what a function acquires")?;
    }
    own_is_defined(module)
}

/// What handles say of this module is in it.
fn own_is_defined(module: &Module) -> Check {
    let structs: BTreeSet<Index> = (module.struct_definitions.iter())
        .map(|definition| definition.handle)
        .collect();
    let functions: BTreeSet<Index> = (module.function_definitions.iter())
        .map(|definition| definition.handle)
        .collect();
    let own = module.own_handle;
    let structs_are = (module.structs.iter().zip(0..))
        .all(|(handle, index)| handle.module != own || structs.contains(&index));
    let functions_are = (module.functions.iter().zip(0..))
        .all(|(handle, index)| handle.module != own || functions.contains(&index));
    match structs_are && functions_are {
        true => Ok(()),
        false => Err(Wrong::new(Exit::Bounds, "UNIMPLEMENTED_HANDLE")),
    }
}
