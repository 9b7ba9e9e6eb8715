//! Control flow, and the types of numbers, calls and structs on the operand stack.

use movevm::format::Token;
use movevm::instruction::Instruction::*;
use movevm::wrong::Code;

use super::{Row, code, of_pair};

pub(super) const ROWS: &[Row] = &[
    ("no code", Code::ControlFlow, "EMPTY_CODE_UNIT", |it| {
        code(it, &[])
    }),
    (
        "control that leaves the code",
        Code::ControlFlow,
        "INVALID_FALL_THROUGH",
        |it| {
            code(it, &[Nop]);
        },
    ),
    (
        "a branch at the end",
        Code::ControlFlow,
        "INVALID_FALL_THROUGH",
        |it| {
            code(it, &[LdTrue, BrTrue(0)]);
        },
    ),
    (
        "an empty stack",
        Code::ControlFlow,
        "NEGATIVE_STACK_SIZE_WITHIN_BLOCK",
        |it| {
            code(it, &[Pop, Ret]);
        },
    ),
    (
        "too few arguments",
        Code::ControlFlow,
        "NEGATIVE_STACK_SIZE_WITHIN_BLOCK",
        |it| {
            code(it, &[LdU64(1), Add, Pop, Ret]);
        },
    ),
    (
        "a value left at a branch",
        Code::ControlFlow,
        "POSITIVE_STACK_SIZE_AT_BLOCK_END",
        |it| {
            code(it, &[LdU64(1), Branch(2), Pop, Ret]);
        },
    ),
    (
        "a value left at the end",
        Code::ControlFlow,
        "POSITIVE_STACK_SIZE_AT_BLOCK_END",
        |it| {
            code(it, &[LdU64(1), Ret]);
        },
    ),
    (
        "numbers of two widths",
        Code::Types,
        "INTEGER_OP_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdU64(1), LdU8(1), Add, Pop, Ret]);
        },
    ),
    (
        "a sum of truth values",
        Code::Types,
        "INTEGER_OP_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdTrue, LdTrue, Add, Pop, Ret]);
        },
    ),
    (
        "a shift by 64 bits",
        Code::Types,
        "INTEGER_OP_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdU64(1), LdU64(1), Shl, Pop, Ret]);
        },
    ),
    (
        "a cast of a truth value",
        Code::Types,
        "INTEGER_OP_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdTrue, CastU8, Pop, Ret]);
        },
    ),
    (
        "an order of truth values",
        Code::Types,
        "INTEGER_OP_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdTrue, LdTrue, Lt, Pop, Ret]);
        },
    ),
    (
        "the opposite of a number",
        Code::Types,
        "BOOLEAN_OP_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdU64(1), Not, Pop, Ret]);
        },
    ),
    (
        "a branch on a number",
        Code::Types,
        "BR_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdU64(1), BrTrue(2), Ret]);
        },
    ),
    (
        "an abort with a truth value",
        Code::Types,
        "ABORT_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdTrue, Abort]);
        },
    ),
    (
        "another result",
        Code::Types,
        "RET_TYPE_MISMATCH_ERROR",
        |it| {
            it.function("f", &[], &[Token::U8], &[], &[LdU64(1), Ret]);
        },
    ),
    (
        "another argument",
        Code::Types,
        "CALL_TYPE_MISMATCH_ERROR",
        |it| {
            let callee = it.function("g", &[Token::U8], &[], &[], &[Ret]);
            code(it, &[LdU64(1), Call(callee), Ret]);
        },
    ),
    (
        "a local of another type",
        Code::Types,
        "STLOC_TYPE_MISMATCH_ERROR",
        |it| {
            it.function("f", &[], &[], &[Token::U8], &[LdU64(1), StLoc(0), Ret]);
        },
    ),
    (
        "equality of two types",
        Code::Types,
        "EQUALITY_OP_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdU64(1), LdU8(1), Eq, Pop, Ret]);
        },
    ),
    (
        "equality of what may not be dropped",
        Code::Types,
        "EQUALITY_OP_TYPE_MISMATCH_ERROR",
        |it| {
            let coin = it.of(it.coin);
            let two = [coin.clone(), coin];
            it.function(
                "f",
                &two,
                &[Token::Bool],
                &[],
                &[MoveLoc(0), MoveLoc(1), Eq, Ret],
            );
        },
    ),
    (
        "a struct of other fields",
        Code::Types,
        "PACK_TYPE_MISMATCH_ERROR",
        |it| {
            let pair = it.pair;
            code(it, &[LdTrue, LdU64(1), Pack(pair), Pop, Ret]);
        },
    ),
    (
        "fields of another struct",
        Code::Types,
        "UNPACK_TYPE_MISMATCH_ERROR",
        |it| {
            let coin = it.coin;
            let token = of_pair(it);
            it.function(
                "f",
                &[token],
                &[],
                &[],
                &[MoveLoc(0), Unpack(coin), Pop, Ret],
            );
        },
    ),
];
