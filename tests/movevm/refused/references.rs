//! References that would outlive their values or see them change.

use movevm::format::Token;
use movevm::instruction::Instruction::*;
use movevm::wrong::Code;

use super::{Row, of_pair, words};
use crate::fixture::{mutable, reference, vector};

pub(super) const ROWS: &[Row] = &[
    (
        "a reference to a local that is returned",
        Code::References,
        "UNSAFE_RET_LOCAL_OR_RESOURCE_STILL_BORROWED",
        |it| {
            let result = [reference(Token::U64)];
            it.function("f", &[Token::U64], &result, &[], &[ImmBorrowLoc(0), Ret]);
        },
    ),
    (
        "a reference to a local that a call returns",
        Code::References,
        "UNSAFE_RET_LOCAL_OR_RESOURCE_STILL_BORROWED",
        |it| {
            let same = [reference(Token::U64)];
            let callee = it.function("g", &same, &same, &[], &[MoveLoc(0), Ret]);
            let code = [ImmBorrowLoc(0), Call(callee), Ret];
            it.function("f", &[Token::U64], &same, &[], &code);
        },
    ),
    (
        "a reference to a resource that is returned",
        Code::References,
        "UNSAFE_RET_LOCAL_OR_RESOURCE_STILL_BORROWED",
        |it| {
            let coin = it.coin;
            let result = [reference(it.of(coin))];
            let code = [MoveLoc(0), ImmBorrowGlobal(coin), Ret];
            it.function("f", &[Token::Address], &result, &[], &code);
            it.acquires(&[coin]);
        },
    ),
    (
        "a move of what is borrowed",
        Code::References,
        "MOVELOC_EXISTS_BORROW_ERROR",
        |it| {
            let locals = [reference(Token::U64)];
            let code = [
                ImmBorrowLoc(0),
                StLoc(1),
                MoveLoc(0),
                Pop,
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &[Token::U64], &[], &locals, &code);
        },
    ),
    (
        "a copy of what may be written",
        Code::References,
        "COPYLOC_EXISTS_BORROW_ERROR",
        |it| {
            let locals = [mutable(Token::U64)];
            let code = [
                MutBorrowLoc(0),
                StLoc(1),
                CopyLoc(0),
                Pop,
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &[Token::U64], &[], &locals, &code);
        },
    ),
    (
        "an assignment to what is borrowed",
        Code::References,
        "STLOC_UNSAFE_TO_DESTROY_ERROR",
        |it| {
            let locals = [reference(Token::U64)];
            let code = [
                ImmBorrowLoc(0),
                StLoc(1),
                LdU64(1),
                StLoc(0),
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &[Token::U64], &[], &locals, &code);
        },
    ),
    (
        "a reader of what may be written",
        Code::References,
        "BORROWLOC_EXISTS_BORROW_ERROR",
        |it| {
            let locals = [mutable(Token::U64)];
            let code = [
                MutBorrowLoc(0),
                StLoc(1),
                ImmBorrowLoc(0),
                Pop,
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &[Token::U64], &[], &locals, &code);
        },
    ),
    (
        "a write while a field is borrowed",
        Code::References,
        "WRITEREF_EXISTS_BORROW_ERROR",
        |it| {
            let pair = it.pair;
            let field = it.build.field(pair, 0);
            let token = of_pair(it);
            let given = [mutable(token), of_pair(it)];
            let code = [
                CopyLoc(0),
                MutBorrowField(field),
                StLoc(2),
                MoveLoc(1),
                MoveLoc(0),
                WriteRef,
                MoveLoc(2),
                Pop,
                Ret,
            ];
            it.function("f", &given, &[], &[mutable(Token::U64)], &code);
        },
    ),
    (
        "a write through the first of two",
        Code::References,
        "WRITEREF_EXISTS_BORROW_ERROR",
        |it| {
            let locals = [mutable(Token::U64), mutable(Token::U64)];
            let code = [
                MutBorrowLoc(0),
                StLoc(1),
                CopyLoc(1),
                StLoc(2),
                LdU64(1),
                MoveLoc(1),
                WriteRef,
                MoveLoc(2),
                Pop,
                Ret,
            ];
            it.function("f", &[Token::U64], &[], &locals, &code);
        },
    ),
    (
        "a read while a field may be written",
        Code::References,
        "READREF_EXISTS_MUTABLE_BORROW_ERROR",
        |it| {
            let pair = it.pair;
            let field = it.build.field(pair, 0);
            let given = [mutable(of_pair(it))];
            let code = [
                CopyLoc(0),
                MutBorrowField(field),
                StLoc(1),
                MoveLoc(0),
                ReadRef,
                Pop,
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &given, &[], &[mutable(Token::U64)], &code);
        },
    ),
    (
        "a freeze while a field may be written",
        Code::References,
        "FREEZEREF_EXISTS_MUTABLE_BORROW_ERROR",
        |it| {
            let pair = it.pair;
            let field = it.build.field(pair, 0);
            let given = [mutable(of_pair(it))];
            let code = [
                CopyLoc(0),
                MutBorrowField(field),
                StLoc(1),
                MoveLoc(0),
                FreezeRef,
                Pop,
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &given, &[], &[mutable(Token::U64)], &code);
        },
    ),
    (
        "a field of what is copied",
        Code::References,
        "FIELD_EXISTS_MUTABLE_BORROW_ERROR",
        |it| {
            let pair = it.pair;
            let field = it.build.field(pair, 0);
            let given = [mutable(of_pair(it))];
            let locals = [mutable(of_pair(it))];
            let code = [
                CopyLoc(0),
                StLoc(1),
                MoveLoc(0),
                MutBorrowField(field),
                Pop,
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &given, &[], &locals, &code);
        },
    ),
    (
        "a push while an element is borrowed",
        Code::References,
        "VEC_UPDATE_EXISTS_MUTABLE_BORROW_ERROR",
        |it| {
            let at = words(it);
            let given = [mutable(vector(Token::U64))];
            let code = [
                CopyLoc(0),
                LdU64(0),
                VecMutBorrow(at),
                StLoc(1),
                MoveLoc(0),
                LdU64(1),
                VecPushBack(at),
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &given, &[], &[mutable(Token::U64)], &code);
        },
    ),
    (
        "a pop while an element is borrowed",
        Code::References,
        "VEC_UPDATE_EXISTS_MUTABLE_BORROW_ERROR",
        |it| {
            let at = words(it);
            let locals = [reference(Token::U64)];
            let code = [
                ImmBorrowLoc(0),
                LdU64(0),
                VecImmBorrow(at),
                StLoc(1),
                MutBorrowLoc(0),
                VecPopBack(at),
                Pop,
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &[vector(Token::U64)], &[], &locals, &code);
        },
    ),
    (
        "two elements that may be written",
        Code::References,
        "VEC_BORROW_ELEMENT_EXISTS_MUTABLE_BORROW_ERROR",
        |it| {
            let at = words(it);
            let given = [mutable(vector(Token::U64))];
            let code = [
                CopyLoc(0),
                LdU64(0),
                VecMutBorrow(at),
                StLoc(1),
                MoveLoc(0),
                LdU64(0),
                VecMutBorrow(at),
                Pop,
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &given, &[], &[mutable(Token::U64)], &code);
        },
    ),
    (
        "a call with a writer that is borrowed",
        Code::References,
        "CALL_BORROWED_MUTABLE_REFERENCE_ERROR",
        |it| {
            let two = [mutable(Token::U64), mutable(Token::U64)];
            let callee = it.function("g", &two, &[], &[], &[Ret]);
            let code = [CopyLoc(0), MoveLoc(0), Call(callee), Ret];
            it.function("f", &two[..1], &[], &[], &code);
        },
    ),
    (
        "a result that is borrowed by another",
        Code::References,
        "RET_BORROWED_MUTABLE_REFERENCE_ERROR",
        |it| {
            let two = [mutable(Token::U64), mutable(Token::U64)];
            it.function("f", &two[..1], &two, &[], &[CopyLoc(0), MoveLoc(0), Ret]);
        },
    ),
    (
        "a resource taken while it is borrowed",
        Code::References,
        "GLOBAL_REFERENCE_ERROR",
        |it| {
            let coin = it.coin;
            let locals = [reference(it.of(coin))];
            let result = [it.of(coin)];
            let code = [
                CopyLoc(0),
                ImmBorrowGlobal(coin),
                StLoc(1),
                MoveLoc(0),
                MoveFrom(coin),
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &[Token::Address], &result, &locals, &code);
            it.acquires(&[coin]);
        },
    ),
    (
        "a resource borrowed twice",
        Code::References,
        "GLOBAL_REFERENCE_ERROR",
        |it| {
            let coin = it.coin;
            let code = [
                CopyLoc(0),
                MutBorrowGlobal(coin),
                MoveLoc(0),
                MutBorrowGlobal(coin),
                Pop,
                Pop,
                Ret,
            ];
            it.function("f", &[Token::Address], &[], &[], &code);
            it.acquires(&[coin]);
        },
    ),
    (
        "a call that takes what is borrowed",
        Code::References,
        "GLOBAL_REFERENCE_ERROR",
        |it| {
            let coin = it.coin;
            let at = [Token::Address];
            let code = [MoveLoc(0), MoveFrom(coin), Unpack(coin), Pop, Ret];
            let callee = it.function("g", &at, &[], &[], &code);
            it.acquires(&[coin]);
            let code = [
                CopyLoc(0),
                ImmBorrowGlobal(coin),
                MoveLoc(0),
                Call(callee),
                Pop,
                Ret,
            ];
            it.function("f", &at, &[], &[], &code);
            it.acquires(&[coin]);
        },
    ),
    (
        "a borrow that one of two ways makes",
        Code::References,
        "MOVELOC_EXISTS_BORROW_ERROR",
        |it| {
            // Local 2 refers to local 0 or to local 1.
            let code = [
                MoveLoc(3),
                BrFalse(5),
                ImmBorrowLoc(0),
                StLoc(2),
                Branch(7),
                ImmBorrowLoc(1),
                StLoc(2),
                MoveLoc(1),
                Pop,
                MoveLoc(2),
                Pop,
                Ret,
            ];
            let given = [Token::U64, Token::U64, reference(Token::U64), Token::Bool];
            it.function("f", &given, &[], &[], &code);
        },
    ),
];
