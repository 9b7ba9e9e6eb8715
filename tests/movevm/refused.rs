//! Modules that no compiler makes, each broken in one way, with the error that the verifier must give.

use movevm::build::small_address;
use movevm::format::{Abilities, Field, Index, Token, Visibility};
use movevm::instruction::{Instruction, Instruction::*};
use movevm::world::World;
use movevm::wrong::Code;

use crate::fixture::{Fixture, mutable, reference, vector};
use crate::guest::{Guest, library};

/// What is broken, the code, the name, and how.
type Row = (&'static str, Code, &'static str, fn(&mut Fixture));

/// A function without parameters.
fn code(fixture: &mut Fixture, instructions: &[Instruction]) {
    fixture.function("f", &[], &[], &[], instructions);
}

fn of_pair(fixture: &Fixture) -> Token {
    fixture.of(fixture.pair)
}

/// A list of one signature for vectors of `u64`.
fn words(fixture: &mut Fixture) -> Index {
    fixture.build.signature(&[Token::U64])
}

/// Definition, field, and a function that acquires a coin.
fn coin_value(fixture: &mut Fixture) -> Index {
    let coin = fixture.coin;
    fixture.build.field(coin, 0)
}

const TABLES: &[Row] = &[
    ("no own handle", Code::Bounds, "INDEX_OUT_OF_BOUNDS", |it| {
        it.build.module.own_handle = 9;
    }),
    (
        "a module without its name",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            it.build.module.modules[0].name = 999;
        },
    ),
    (
        "a module without its address",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            it.build.module.modules[0].address = 7;
        },
    ),
    (
        "a struct of no module",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            it.build.module.structs[0].module = 5;
        },
    ),
    (
        "a definition of no struct",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            it.build.module.struct_definitions[0].handle = 50;
        },
    ),
    (
        "a field of no struct",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            it.build.field(50, 0);
        },
    ),
    (
        "a field that the struct lacks",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            it.build.field(0, 2);
        },
    ),
    (
        "a type of no struct",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            it.build.signature(&[Token::Struct(50)]);
        },
    ),
    (
        "parameters of no signature",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[Ret]);
            it.build.module.functions[0].parameters = 50;
        },
    ),
    (
        "a function definition of no handle",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[Ret]);
            it.build.module.function_definitions[0].handle = 50;
        },
    ),
    (
        "locals of no signature",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[Ret]);
            let code = it.build.module.function_definitions[0].code.as_mut();
            code.unwrap().locals = 50;
        },
    ),
    (
        "a constant that is not there",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[LdConst(3), Pop, Ret]);
        },
    ),
    (
        "a local that is not there",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[CopyLoc(0), Pop, Ret]);
        },
    ),
    (
        "a call of no function",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[Call(40), Ret]);
        },
    ),
    (
        "an instance of no function",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[CallGeneric(0), Ret]);
        },
    ),
    (
        "a branch out of the code",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[Branch(2), Ret]);
        },
    ),
    (
        "a vector of no signature",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[VecPack(99, 0), Pop, Ret]);
        },
    ),
    (
        "acquires no struct",
        Code::Bounds,
        "INDEX_OUT_OF_BOUNDS",
        |it| {
            code(it, &[Ret]);
            it.acquires(&[50]);
        },
    ),
    (
        "an own struct without definition",
        Code::Bounds,
        "UNIMPLEMENTED_HANDLE",
        |it| {
            it.build.module.struct_definitions.pop();
        },
    ),
    (
        "an own function without definition",
        Code::Bounds,
        "UNIMPLEMENTED_HANDLE",
        |it| {
            let own = it.build.module.own_handle;
            it.build.function_handle(own, "f", &[], &[], &[]);
        },
    ),
    (
        "another module's struct defined",
        Code::Bounds,
        "INVALID_MODULE_HANDLE",
        |it| {
            let other = it.build.module_handle(small_address(3), "other");
            it.build.module.structs[0].module = other;
        },
    ),
    ("a name twice", Code::Duplicate, "DUPLICATE_ELEMENT", |it| {
        let name = it.build.module.identifiers[0].clone();
        it.build.module.identifiers.push(name);
    }),
    (
        "a signature twice",
        Code::Duplicate,
        "DUPLICATE_ELEMENT",
        |it| {
            it.build.module.signatures = vec![vec![Token::U8], vec![Token::U8]];
        },
    ),
    (
        "a struct twice",
        Code::Duplicate,
        "DUPLICATE_ELEMENT",
        |it| {
            let handle = it.build.module.structs[0].clone();
            it.build.module.structs.push(handle);
        },
    ),
    (
        "a definition twice",
        Code::Duplicate,
        "DUPLICATE_ELEMENT",
        |it| {
            code(it, &[Ret]);
            let definition = it.build.module.function_definitions[0].clone();
            it.build.module.function_definitions.push(definition);
        },
    ),
    (
        "a field twice",
        Code::Duplicate,
        "DUPLICATE_ELEMENT",
        |it| {
            let fields = it.build.module.struct_definitions[0].fields.as_mut();
            let fields = fields.unwrap();
            let first: Field = fields[0].clone();
            fields.push(first);
        },
    ),
    (
        "acquires twice",
        Code::Duplicate,
        "DUPLICATE_ELEMENT",
        |it| {
            code(it, &[Ret]);
            let coin = it.coin;
            it.acquires(&[coin, coin]);
        },
    ),
    (
        "a name of other characters",
        Code::Constant,
        "INVALID_IDENTIFIER",
        |it| {
            it.build.module.identifiers[0] = "a-b".to_string();
        },
    ),
    (
        "an empty name",
        Code::Constant,
        "INVALID_IDENTIFIER",
        |it| {
            it.build.module.identifiers[0] = String::new();
        },
    ),
    (
        "a constant that is too short",
        Code::Constant,
        "MALFORMED_CONSTANT_DATA",
        |it| {
            it.build.constant(Token::U64, &[1]);
        },
    ),
    (
        "a constant that is too long",
        Code::Constant,
        "MALFORMED_CONSTANT_DATA",
        |it| {
            it.build.constant(Token::U8, &[1, 2]);
        },
    ),
    (
        "a constant struct",
        Code::Constant,
        "MALFORMED_CONSTANT_DATA",
        |it| {
            it.build.constant(Token::Struct(0), &[1]);
        },
    ),
    (
        "a truth value that is 2",
        Code::Constant,
        "MALFORMED_CONSTANT_DATA",
        |it| {
            it.build.constant(Token::Bool, &[2]);
        },
    ),
];

const SIGNATURES: &[Row] = &[
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

const CONTROL_AND_TYPES: &[Row] = &[
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

const LOCALS_AND_REFERENCES: &[Row] = &[
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

const LINKS: &[Row] = &[(
    "a module that is missing",
    Code::Link,
    "MISSING_DEPENDENCY",
    |it| {
        let other = it.build.module_handle(small_address(3), "other");
        it.build.function_handle(other, "f", &[], &[], &[]);
    },
)];

fn rows() -> impl Iterator<Item = &'static Row> {
    [
        TABLES,
        SIGNATURES,
        CONTROL_AND_TYPES,
        LOCALS_AND_REFERENCES,
        LINKS,
    ]
    .into_iter()
    .flatten()
}

#[test]
fn a_broken_module_is_refused_for_what_is_broken() {
    let guest = Guest::load();
    let mut unlike = Vec::new();
    assert!(rows().count() >= 100, "{}", rows().count());
    for (what, code, name, damage) in rows() {
        let mut fixture = Fixture::new();
        damage(&mut fixture);
        let arguments = fixture.call("f", &[]);
        let (given, text) = library(&arguments);
        if given != *code as i8 || !text.starts_with(name) {
            unlike.push(format!("{what}: {given} {text}, and not {code:?} {name}"));
        }
        assert_eq!(guest.run(&arguments), (given, vec![text]), "{what}");
    }
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
}

/// Two modules, of which the second calls the first.
fn linked(change: impl FnOnce(&mut Fixture, &mut Fixture)) -> Result<World, movevm::wrong::Wrong> {
    let mut first = Fixture::new();
    first.function("f", &[Token::U64], &[], &[], &[Ret]);
    let mut second = Fixture::new();
    second.build.module.identifiers[0] = "n".to_string();
    let other = second.build.module_handle(small_address(0xA), "m");
    let callee = second
        .build
        .function_handle(other, "f", &[], &[Token::U64], &[]);
    second.function("g", &[], &[], &[], &[LdU64(1), Call(callee), Ret]);
    change(&mut first, &mut second);
    World::load(&[first.build.bytes(), second.build.bytes()])
}

#[test]
fn modules_must_fit_each_other() {
    let refused = |change: fn(&mut Fixture, &mut Fixture)| {
        let wrong = linked(change).expect_err("it does not fit");
        assert_eq!(wrong.code, Code::Link, "{wrong}");
        wrong.name
    };
    assert!(linked(|_, _| {}).is_ok());
    assert_eq!(
        refused(|first, _| {
            first.build.module.function_definitions[0].visibility = Visibility::Private;
        }),
        "FUNCTION_NOT_VISIBLE"
    );
    assert_eq!(
        refused(|first, _| {
            first.build.module.function_definitions[0].visibility = Visibility::Friend;
        }),
        "FUNCTION_NOT_VISIBLE"
    );
    let friend = linked(|first, _| {
        first.build.module.function_definitions[0].visibility = Visibility::Friend;
        let name = first.build.name("n");
        first
            .build
            .module
            .friends
            .push(movevm::format::ModuleHandle { address: 0, name });
    });
    assert!(friend.is_ok(), "{friend:?}");
    assert_eq!(
        refused(|first, _| {
            let signature = first.build.signature(&[Token::U8]);
            first.build.module.functions[0].parameters = signature;
        }),
        "TYPE_MISMATCH"
    );
    assert_eq!(
        refused(|first, _| first.build.module.identifiers[0] = "other".to_string()),
        "MISSING_DEPENDENCY"
    );
    assert_eq!(
        refused(|first, _| {
            let name = first.build.name("other");
            first.build.module.functions[0].name = name;
        }),
        "LOOKUP_FAILED"
    );
    // The first needs the second too.
    assert_eq!(
        refused(|first, _| {
            let other = first.build.module_handle(small_address(0xA), "n");
            first.build.function_handle(other, "g", &[], &[], &[]);
        }),
        "CYCLIC_MODULE_DEPENDENCY"
    );
    let twice = linked(|_, second| second.build.module.identifiers[0] = "m2".to_string());
    assert!(twice.is_ok());
    let module = Fixture::new().build.bytes();
    let twice = World::load(&[&module, &module]).expect_err("twice the same");
    assert_eq!(twice.code, Code::Duplicate);
}

#[test]
fn bytes_that_are_no_module_are_refused() {
    let module = Fixture::new().build.bytes();
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = module.clone();
        change(&mut bytes);
        World::load(&[bytes]).expect_err("it is broken").code
    };
    assert_eq!(refused(&|bytes| bytes[0] = 0), Code::Header);
    assert_eq!(refused(&|bytes| bytes[4] = 4), Code::Header);
    assert_eq!(refused(&|bytes| bytes[4] = 8), Code::Header);
    assert_eq!(refused(&|bytes| bytes.truncate(5)), Code::Header);
    assert_eq!(refused(&|bytes| bytes.truncate(40)), Code::Malformed);
    assert_eq!(refused(&|bytes| bytes.push(0)), Code::Malformed);
    // The first table's kind: twice the same, unknown, one of newer formats.
    assert_eq!(refused(&|bytes| bytes[9] = 2), Code::Malformed);
    assert_eq!(refused(&|bytes| bytes[9] = 0x70), Code::Malformed);
    assert_eq!(refused(&|bytes| bytes[9] = 0x11), Code::Unsupported);
}
