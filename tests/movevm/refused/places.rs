//! The types of references, resources and vectors on the operand stack.

use movevm::format::Token;
use movevm::instruction::Instruction::*;
use movevm::wrong::Code;

use super::{Row, code, coin_value, of_pair, words};
use crate::fixture::{mutable, reference, vector};

pub(super) const ROWS: &[Row] = &[
    (
        "a field of another struct",
        Code::Types,
        "BORROWFIELD_TYPE_MISMATCH_ERROR",
        |it| {
            let field = coin_value(it);
            let token = [reference(of_pair(it))];
            it.function(
                "f",
                &token,
                &[],
                &[],
                &[MoveLoc(0), ImmBorrowField(field), Pop, Ret],
            );
        },
    ),
    (
        "a write to what is only read",
        Code::Types,
        "BORROWFIELD_TYPE_MISMATCH_ERROR",
        |it| {
            let pair = it.pair;
            let field = it.build.field(pair, 0);
            let token = [reference(of_pair(it))];
            it.function(
                "f",
                &token,
                &[],
                &[],
                &[MoveLoc(0), MutBorrowField(field), Pop, Ret],
            );
        },
    ),
    (
        "a read of a number",
        Code::Types,
        "READREF_TYPE_MISMATCH_ERROR",
        |it| {
            code(it, &[LdU64(1), ReadRef, Pop, Ret]);
        },
    ),
    (
        "a read of what may not be copied",
        Code::Types,
        "READREF_WITHOUT_COPY_ABILITY",
        |it| {
            let coin = it.of(it.coin);
            let given = [reference(coin.clone())];
            it.function("f", &given, &[coin], &[], &[MoveLoc(0), ReadRef, Ret]);
        },
    ),
    (
        "a write of another type",
        Code::Types,
        "WRITEREF_TYPE_MISMATCH_ERROR",
        |it| {
            let given = [mutable(Token::U8)];
            it.function(
                "f",
                &given,
                &[],
                &[],
                &[LdU64(1), MoveLoc(0), WriteRef, Ret],
            );
        },
    ),
    (
        "a write that drops a coin",
        Code::Types,
        "WRITEREF_WITHOUT_DROP_ABILITY",
        |it| {
            let coin = it.of(it.coin);
            let given = [mutable(coin.clone()), coin];
            it.function(
                "f",
                &given,
                &[],
                &[],
                &[MoveLoc(1), MoveLoc(0), WriteRef, Ret],
            );
        },
    ),
    (
        "a write through what only reads",
        Code::Types,
        "WRITEREF_NO_MUTABLE_REFERENCE_ERROR",
        |it| {
            let given = [reference(Token::U64)];
            it.function(
                "f",
                &given,
                &[],
                &[],
                &[LdU64(1), MoveLoc(0), WriteRef, Ret],
            );
        },
    ),
    (
        "a freeze of what only reads",
        Code::Types,
        "FREEZEREF_TYPE_MISMATCH_ERROR",
        |it| {
            let given = [reference(Token::U64)];
            it.function("f", &given, &[], &[], &[MoveLoc(0), FreezeRef, Pop, Ret]);
        },
    ),
    (
        "a reference to a reference's local",
        Code::Types,
        "BORROWLOC_REFERENCE_ERROR",
        |it| {
            let given = [reference(Token::U64)];
            it.function("f", &given, &[], &[], &[ImmBorrowLoc(0), Pop, Ret]);
        },
    ),
    (
        "a copy of a coin",
        Code::Types,
        "COPYLOC_WITHOUT_COPY_ABILITY",
        |it| {
            let coin = [it.of(it.coin)];
            it.function("f", &coin, &coin, &[], &[CopyLoc(0), Ret]);
        },
    ),
    (
        "a coin that is dropped",
        Code::Types,
        "POP_WITHOUT_DROP_ABILITY",
        |it| {
            let coin = [it.of(it.coin)];
            it.function("f", &coin, &[], &[], &[MoveLoc(0), Pop, Ret]);
        },
    ),
    (
        "a resource without the ability key",
        Code::Types,
        "GLOBAL_WITHOUT_KEY_ABILITY",
        |it| {
            let pair = it.pair;
            it.function(
                "f",
                &[Token::Address],
                &[Token::Bool],
                &[],
                &[MoveLoc(0), Exists(pair), Ret],
            );
        },
    ),
    (
        "a resource put without a signer",
        Code::Types,
        "MOVETO_TYPE_MISMATCH_ERROR",
        |it| {
            let coin = it.coin;
            let given = [Token::Address, it.of(coin)];
            it.function(
                "f",
                &given,
                &[],
                &[],
                &[MoveLoc(0), MoveLoc(1), MoveTo(coin), Ret],
            );
        },
    ),
    (
        "a resource at a number",
        Code::Types,
        "BORROWGLOBAL_TYPE_MISMATCH_ERROR",
        |it| {
            let coin = it.coin;
            code(it, &[LdU64(1), Exists(coin), Pop, Ret]);
        },
    ),
    (
        "a vector of other elements",
        Code::Types,
        "TYPE_MISMATCH",
        |it| {
            let at = words(it);
            code(it, &[LdU8(1), VecPack(at, 1), Pop, Ret]);
        },
    ),
    (
        "a push to what only reads",
        Code::Types,
        "TYPE_MISMATCH",
        |it| {
            let at = words(it);
            let given = [reference(vector(Token::U64))];
            it.function(
                "f",
                &given,
                &[],
                &[],
                &[MoveLoc(0), LdU64(1), VecPushBack(at), Ret],
            );
        },
    ),
    ("an index of 8 bits", Code::Types, "TYPE_MISMATCH", |it| {
        let at = words(it);
        let given = [reference(vector(Token::U64))];
        it.function(
            "f",
            &given,
            &[],
            &[],
            &[MoveLoc(0), LdU8(1), VecImmBorrow(at), Pop, Ret],
        );
    }),
];
