//! Types: references only at the outside, type parameters that are there, and type arguments with the abilities that are
//! asked for.

use alloc::format;
use alloc::vec::Vec;

use super::{entry, Check, Function, Work};
use crate::format::*;
use crate::instruction::Instruction;
use crate::wrong::{Code as Exit, Wrong};

/// Types that a type in a module consists of, at most.
const NODES: usize = 128;

fn wrong(name: &'static str) -> Wrong {
    Wrong::new(Exit::Signature, name)
}

pub fn check(module: &Module) -> Check {
    for handle in &module.functions {
        let name = module.identifier(handle.name);
        for signature in [handle.parameters, handle.results] {
            check_list(module, signature, &handle.type_parameters, true)
                .map_err(|wrong| wrong.at(format!("function {name}")))?;
        }
    }
    for definition in &module.struct_definitions {
        let handle = entry(&module.structs, definition.handle)?;
        let parameters: Vec<Abilities> = (handle.parameters.iter())
            .map(|parameter| parameter.constraints)
            .collect();
        for field in definition.fields.iter().flatten() {
            check_type(module, &field.token, &parameters, false)
                .and_then(|()| check_phantom(module, &field.token, handle, false))
                .map_err(|wrong| {
                    let (owner, name) = (handle.name, field.name);
                    wrong.at(format!(
                        "field {} of {}",
                        module.identifier(name),
                        module.identifier(owner)
                    ))
                })?;
        }
    }
    for friend in &module.friends {
        let own = module.own_name();
        let (friend, own) = (module.module_name(friend), own);
        if friend == own {
            return Err(wrong("INVALID_FRIEND_DECL_WITH_SELF"));
        }
        if friend.map(|(address, _)| address) != own.map(|(address, _)| address) {
            return Err(wrong(
                "INVALID_FRIEND_DECL_WITH_MODULES_OUTSIDE_ACCOUNT_ADDRESS",
            ));
        }
    }
    Ok(())
}

/// The types of a signature. References may be there if `references`.
fn check_list(
    module: &Module,
    signature: Index,
    parameters: &[Abilities],
    references: bool,
) -> Check {
    module
        .signature(signature)
        .iter()
        .try_for_each(|token| check_type(module, token, parameters, references))
}

fn check_type(module: &Module, token: &Token, parameters: &[Abilities], references: bool) -> Check {
    if token.size().0 > NODES {
        return Err(wrong("TOO_MANY_TYPE_NODES"));
    }
    match token.referent() {
        Some(inner) if references => check_value(module, inner, parameters),
        _ => check_value(module, token, parameters),
    }
}

/// A type that is no reference and has none in it.
fn check_value(module: &Module, token: &Token, parameters: &[Abilities]) -> Check {
    match token {
        Token::Reference(_) | Token::Mutable(_) => Err(wrong("INVALID_SIGNATURE_TOKEN")),
        Token::Vector(inner) => check_value(module, inner, parameters),
        Token::Parameter(index) => match get(parameters, *index) {
            Some(_) => Ok(()),
            None => Err(wrong("TYPE_PARAMETER_OUT_OF_BOUNDS")),
        },
        Token::Generic(handle, arguments) => {
            let handle = entry(&module.structs, *handle)?;
            for (argument, parameter) in arguments.iter().zip(&handle.parameters) {
                check_value(module, argument, parameters)?;
                if !module
                    .abilities(argument, parameters)
                    .has(parameter.constraints)
                {
                    return Err(wrong("CONSTRAINT_NOT_SATISFIED"));
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A phantom parameter of a struct stands only where a phantom argument is wanted.
fn check_phantom(module: &Module, token: &Token, owner: &StructHandle, is_phantom: bool) -> Check {
    match token {
        Token::Vector(inner) => check_phantom(module, inner, owner, false),
        Token::Parameter(index) => {
            match get(&owner.parameters, *index).is_some_and(|parameter| parameter.is_phantom)
                && !is_phantom
            {
                true => Err(wrong("INVALID_PHANTOM_TYPE_PARAM_POSITION")),
                false => Ok(()),
            }
        }
        Token::Generic(handle, arguments) => {
            let handle = entry(&module.structs, *handle)?;
            (arguments.iter().zip(&handle.parameters)).try_for_each(|(argument, parameter)| {
                check_phantom(module, argument, owner, parameter.is_phantom)
            })
        }
        _ => Ok(()),
    }
}

/// The locals of a function, and the type arguments of its instructions.
pub fn check_code(function: &Function<'_>, work: &mut Work) -> Check {
    let module = function.module;
    let parameters = &function.handle.type_parameters;
    check_list(module, function.code.locals, parameters, true)
        .map_err(|wrong| wrong.at("locals"))?;
    for (offset, instruction) in function.code.instructions.iter().enumerate() {
        check_instruction(function, instruction, work)
            .map_err(|wrong| wrong.at(format!("{} {offset}", instruction.name())))?;
    }
    Ok(())
}

fn check_instruction(function: &Function<'_>, instruction: &Instruction, work: &mut Work) -> Check {
    use Instruction::*;
    let module = function.module;
    let parameters = &function.handle.type_parameters;
    let mismatch = || wrong("GENERIC_MEMBER_OPCODE_MISMATCH");
    let plain = |definition: Index| -> Check {
        let definition = entry(&module.struct_definitions, definition)?;
        let handle = entry(&module.structs, definition.handle)?;
        match handle.parameters.is_empty() {
            true => Ok(()),
            false => Err(mismatch()),
        }
    };
    let mut instance = |definition: Index, arguments: Index| -> Check {
        let definition = entry(&module.struct_definitions, definition)?;
        let handle = entry(&module.structs, definition.handle)?;
        if handle.parameters.is_empty() {
            return Err(mismatch());
        }
        let wanted = handle.parameters.iter().map(|one| one.constraints);
        check_arguments(module, arguments, parameters, wanted, work)
    };
    match *instruction {
        Call(at) => match entry(&module.functions, at)?.type_parameters.is_empty() {
            true => Ok(()),
            false => Err(mismatch()),
        },
        CallGeneric(at) => {
            let of = entry(&module.function_instances, at)?;
            let handle = entry(&module.functions, of.generic)?;
            if handle.type_parameters.is_empty() {
                return Err(mismatch());
            }
            let wanted = handle.type_parameters.iter().copied();
            check_arguments(module, of.arguments, parameters, wanted, work)
        }
        Pack(at) | Unpack(at) | Exists(at) | MutBorrowGlobal(at) | ImmBorrowGlobal(at)
        | MoveFrom(at) | MoveTo(at) => plain(at),
        MutBorrowField(at) | ImmBorrowField(at) => plain(entry(&module.fields, at)?.owner),
        PackGeneric(at)
        | UnpackGeneric(at)
        | ExistsGeneric(at)
        | MutBorrowGlobalGeneric(at)
        | ImmBorrowGlobalGeneric(at)
        | MoveFromGeneric(at)
        | MoveToGeneric(at) => {
            let of = entry(&module.struct_instances, at)?;
            instance(of.generic, of.arguments)
        }
        MutBorrowFieldGeneric(at) | ImmBorrowFieldGeneric(at) => {
            let of = entry(&module.field_instances, at)?;
            instance(entry(&module.fields, of.generic)?.owner, of.arguments)
        }
        VecPack(at, _)
        | VecLen(at)
        | VecImmBorrow(at)
        | VecMutBorrow(at)
        | VecPushBack(at)
        | VecPopBack(at)
        | VecUnpack(at, _)
        | VecSwap(at) => {
            let wanted = core::iter::once(Abilities::NONE);
            check_arguments(module, at, parameters, wanted, work)
        }
        _ => Ok(()),
    }
}

/// Type arguments: as many as wanted, none a reference, each with the abilities that are wanted.
fn check_arguments(
    module: &Module,
    arguments: Index,
    parameters: &[Abilities],
    mut wanted: impl Iterator<Item = Abilities>,
    work: &mut Work,
) -> Check {
    for token in module.signature(arguments) {
        work.spend(token.size().0)?;
        let wanted = wanted
            .next()
            .ok_or_else(|| wrong("NUMBER_OF_TYPE_ARGUMENTS_MISMATCH"))?;
        check_type(module, token, parameters, false)?;
        if !module.abilities(token, parameters).has(wanted) {
            return Err(wrong("CONSTRAINT_NOT_SATISFIED"));
        }
    }
    match wanted.next() {
        None => Ok(()),
        Some(_) => Err(wrong("NUMBER_OF_TYPE_ARGUMENTS_MISMATCH")),
    }
}
