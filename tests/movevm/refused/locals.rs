//! Locals, what is acquired, and limits.

use movevm::format::{Abilities, Token};
use movevm::instruction::Instruction::*;
use movevm::wrong::Code;

use super::{Row, code};

pub(super) const ROWS: &[Row] = &[
    (
        "a local that was moved",
        Code::Locals,
        "MOVELOC_UNAVAILABLE_ERROR",
        |it| {
            it.function(
                "f",
                &[Token::U64],
                &[],
                &[],
                &[MoveLoc(0), Pop, MoveLoc(0), Pop, Ret],
            );
        },
    ),
    (
        "a local that was never set",
        Code::Locals,
        "COPYLOC_UNAVAILABLE_ERROR",
        |it| {
            it.function("f", &[], &[], &[Token::U64], &[CopyLoc(0), Pop, Ret]);
        },
    ),
    (
        "a reference to a local that was never set",
        Code::Locals,
        "BORROWLOC_UNAVAILABLE_ERROR",
        |it| {
            it.function("f", &[], &[], &[Token::U64], &[ImmBorrowLoc(0), Pop, Ret]);
        },
    ),
    (
        "a local that is set on one way",
        Code::Locals,
        "MOVELOC_UNAVAILABLE_ERROR",
        |it| {
            let code = [
                MoveLoc(0),
                BrFalse(4),
                LdU64(1),
                StLoc(1),
                MoveLoc(1),
                Pop,
                Ret,
            ];
            it.function("f", &[Token::Bool], &[], &[Token::U64], &code);
        },
    ),
    (
        "a coin that is overwritten",
        Code::Locals,
        "STLOC_UNSAFE_TO_DESTROY_ERROR",
        |it| {
            let coin = it.of(it.coin);
            let two = [coin.clone(), coin.clone()];
            it.function(
                "f",
                &two,
                &[coin],
                &[],
                &[MoveLoc(0), StLoc(1), MoveLoc(1), Ret],
            );
        },
    ),
    (
        "a coin that is forgotten",
        Code::Locals,
        "UNSAFE_RET_UNUSED_VALUES_WITHOUT_DROP",
        |it| {
            let coin = it.of(it.coin);
            it.function("f", &[coin], &[], &[], &[Ret]);
        },
    ),
    (
        "a coin that is forgotten on one way",
        Code::Locals,
        "UNSAFE_RET_UNUSED_VALUES_WITHOUT_DROP",
        |it| {
            let coin = it.coin;
            let given = [Token::Bool, it.of(coin)];
            let code = [MoveLoc(0), BrFalse(5), MoveLoc(1), Unpack(coin), Pop, Ret];
            it.function("f", &given, &[], &[], &code);
        },
    ),
    (
        "acquires that is not said",
        Code::Acquires,
        "MISSING_ACQUIRES_ANNOTATION",
        |it| {
            let coin = it.coin;
            let code = [MoveLoc(0), MoveFrom(coin), Ret];
            let result = [it.of(coin)];
            it.function("f", &[Token::Address], &result, &[], &code);
        },
    ),
    (
        "acquires that is not true",
        Code::Acquires,
        "EXTRANEOUS_ACQUIRES_ANNOTATION",
        |it| {
            code(it, &[Ret]);
            let coin = it.coin;
            it.acquires(&[coin]);
        },
    ),
    (
        "acquires what is no resource",
        Code::Acquires,
        "INVALID_ACQUIRES_ANNOTATION",
        |it| {
            code(it, &[Ret]);
            let pair = it.pair;
            it.acquires(&[pair]);
        },
    ),
    (
        "more on the stack than it holds",
        Code::Limit,
        "VALUE_STACK_PUSH_OVERFLOW",
        |it| {
            let mut long = vec![LdTrue; 1025];
            long.extend(vec![Pop; 1025]);
            long.push(Ret);
            code(it, &long);
        },
    ),
    (
        "more locals than have a number",
        Code::Limit,
        "TOO_MANY_LOCALS",
        |it| {
            let given = vec![Token::U8; 200];
            it.function("f", &given, &[], &given, &[Ret]);
        },
    ),
    (
        "a type that is too large",
        Code::Signature,
        "TOO_MANY_TYPE_NODES",
        |it| {
            let parameter = movevm::format::TypeParameter {
                constraints: Abilities::NONE,
                is_phantom: false,
            };
            let fields = [("x", Token::U8)];
            let (wide, _) = it
                .build
                .structure("Wide", Abilities::NONE, &[parameter; 12], &fields);
            let inner = Token::Generic(wide, vec![Token::U8; 12]);
            let outer = Token::Generic(wide, vec![inner; 12]);
            it.function("f", &[outer], &[], &[], &[LdU64(1), Abort]);
        },
    ),
];
