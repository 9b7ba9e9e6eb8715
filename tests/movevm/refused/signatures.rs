//! Types, their abilities, and structs.

use movevm::format::{Abilities, Index, Token};
use movevm::instruction::Instruction::*;
use movevm::wrong::Code;

use super::{Row, code};
use crate::fixture::{reference, vector};

pub(super) const ROWS: &[Row] = &[
    (
        "a reference to a reference",
        Code::Signature,
        "INVALID_SIGNATURE_TOKEN",
        |it| {
            let token = reference(reference(Token::U8));
            it.function("f", &[token], &[], &[], &[Ret]);
        },
    ),
    (
        "a vector of references",
        Code::Signature,
        "INVALID_SIGNATURE_TOKEN",
        |it| {
            let token = vector(reference(Token::U8));
            it.function("f", &[], &[], &[token], &[Ret]);
        },
    ),
    (
        "a field that is a reference",
        Code::Signature,
        "INVALID_SIGNATURE_TOKEN",
        |it| {
            let field = [("r", reference(Token::U8))];
            it.build.structure("Bad", Abilities::NONE, &[], &field);
        },
    ),
    (
        "a type argument that is a reference",
        Code::Signature,
        "INVALID_SIGNATURE_TOKEN",
        |it| {
            let at = it.build.signature(&[reference(Token::U8)]);
            code(it, &[VecPack(at, 0), Pop, Ret]);
        },
    ),
    (
        "a type parameter that is not there",
        Code::Signature,
        "TYPE_PARAMETER_OUT_OF_BOUNDS",
        |it| {
            it.function("f", &[Token::Parameter(0)], &[], &[], &[Ret]);
        },
    ),
    (
        "a generic struct without arguments",
        Code::Signature,
        "NUMBER_OF_TYPE_ARGUMENTS_MISMATCH",
        |it| {
            let token = Token::Struct(it.cell);
            it.build.signature(&[token]);
        },
    ),
    (
        "a struct with arguments that it does not take",
        Code::Signature,
        "NUMBER_OF_TYPE_ARGUMENTS_MISMATCH",
        |it| {
            let token = it.with(it.pair, Token::U8);
            it.build.signature(&[token]);
        },
    ),
    (
        "an argument without its ability",
        Code::Signature,
        "CONSTRAINT_NOT_SATISFIED",
        |it| {
            let token = it.with(it.vault, Token::Signer);
            it.function("f", &[], &[], &[reference(token)], &[Ret]);
        },
    ),
    (
        "an instance with an argument without its ability",
        Code::Signature,
        "CONSTRAINT_NOT_SATISFIED",
        |it| {
            let own = it.build.module.own_handle;
            let copied = [Abilities::COPY];
            let callee = it.build.function_handle(own, "g", &copied, &[], &[]);
            it.build.define(callee, &[], &[], &[Ret]);
            let coin = it.of(it.coin);
            let at = it.build.function_instance(callee, &[coin]);
            code(it, &[CallGeneric(at), Ret]);
        },
    ),
    (
        "a generic instruction for what is not generic",
        Code::Signature,
        "GENERIC_MEMBER_OPCODE_MISMATCH",
        |it| {
            let pair = it.pair;
            let at = it.build.struct_instance(pair, &[Token::U8]);
            code(it, &[LdU64(1), LdTrue, PackGeneric(at), Pop, Ret]);
        },
    ),
    (
        "a plain instruction for what is generic",
        Code::Signature,
        "GENERIC_MEMBER_OPCODE_MISMATCH",
        |it| {
            let cell = it.cell;
            code(it, &[LdU64(1), Pack(cell), Pop, Ret]);
        },
    ),
    (
        "a phantom parameter that a field has",
        Code::Signature,
        "INVALID_PHANTOM_TYPE_PARAM_POSITION",
        |it| {
            let tag = usize::from(it.tag);
            let fields = it.build.module.struct_definitions[tag].fields.as_mut();
            fields.unwrap()[0].token = Token::Parameter(0);
        },
    ),
    (
        "a friend that is itself",
        Code::Signature,
        "INVALID_FRIEND_DECL_WITH_SELF",
        |it| {
            let own = it.build.module.modules[0].clone();
            it.build.module.friends.push(own);
        },
    ),
    (
        "a struct in itself",
        Code::Struct,
        "RECURSIVE_STRUCT_DEFINITION",
        |it| {
            let fields = it.build.module.struct_definitions[0].fields.as_mut();
            fields.unwrap()[0].token = vector(Token::Struct(0));
        },
    ),
    (
        "two structs in each other",
        Code::Struct,
        "RECURSIVE_STRUCT_DEFINITION",
        |it| {
            let next = it.build.module.structs.len() as Index;
            let plain = Abilities::NONE;
            let first = [("x", Token::Struct(next + 1))];
            it.build.structure("First", plain, &[], &first);
            let second = [("x", it.with(it.cell, Token::Struct(next)))];
            it.build.structure("Second", plain, &[], &second);
        },
    ),
    (
        "a field without the struct's ability",
        Code::Struct,
        "FIELD_MISSING_TYPE_ABILITY",
        |it| {
            let field = [("x", it.of(it.coin))];
            it.build.structure("Bad", Abilities::DROP, &[], &field);
        },
    ),
    (
        "a key with a field that is not stored",
        Code::Struct,
        "FIELD_MISSING_TYPE_ABILITY",
        |it| {
            let field = [("x", Token::Signer)];
            it.build.structure("Bad", Abilities::KEY, &[], &field);
        },
    ),
    (
        "a struct without fields",
        Code::Struct,
        "ZERO_SIZED_STRUCT",
        |it| {
            it.build.structure("Bad", Abilities::NONE, &[], &[]);
        },
    ),
    (
        "a native struct",
        Code::Unsupported,
        "NATIVE_STRUCT",
        |it| {
            it.build.module.struct_definitions[0].fields = None;
        },
    ),
];
