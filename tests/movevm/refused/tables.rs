//! Indices, duplicates, names, constants, and modules that are missing.

use movevm::build::small_address;
use movevm::format::{Field, Token};
use movevm::instruction::Instruction::*;
use movevm::wrong::Code;

use super::{Row, code};

pub(super) const ROWS: &[Row] = &[
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
    (
        "a module that is missing",
        Code::Link,
        "MISSING_DEPENDENCY",
        |it| {
            let other = it.build.module_handle(small_address(3), "other");
            it.build.function_handle(other, "f", &[], &[], &[]);
        },
    ),
];
