//! A module by hand that has one thing of each kind; tests add functions to it, or break it.

use movevm::build::{Build, small_address};
use movevm::face::text::hex;
use movevm::format::{Abilities, Index, Token, TypeParameter};
use movevm::instruction::Instruction;

/// The abilities `copy`, `drop` and `store`.
pub(crate) const PLAIN: Abilities = Abilities::PRIMITIVE;
/// The abilities `key` and `store`.
pub(crate) const RESOURCE: Abilities = Abilities(12);

/// The module `0xa::m`, with the definitions of its structs.
#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) build: Build,
    /// `struct Pair has copy, drop, store { a: u64, b: bool }`
    pub(crate) pair: Index,
    /// `struct Coin has key, store { value: u64 }`
    pub(crate) coin: Index,
    /// `struct Cell<T> has copy, drop, store { item: T }`
    pub(crate) cell: Index,
    /// `struct Vault<T: store> has key, store { inner: T }`
    pub(crate) vault: Index,
    /// `struct Tag<phantom T> has copy, drop, store { item: u64 }`
    pub(crate) tag: Index,
}

/// `&T`
pub(crate) fn reference(token: Token) -> Token {
    Token::Reference(token.into())
}

/// `&mut T`
pub(crate) fn mutable(token: Token) -> Token {
    Token::Mutable(token.into())
}

/// `vector<T>`
pub(crate) fn vector(token: Token) -> Token {
    Token::Vector(token.into())
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let mut build = Build::new(small_address(0xA), "m");
        let parameter = |constraints, is_phantom| TypeParameter {
            constraints,
            is_phantom,
        };
        let item = Token::Parameter(0);
        let (_, pair) =
            build.structure("Pair", PLAIN, &[], &[("a", Token::U64), ("b", Token::Bool)]);
        let (_, coin) = build.structure("Coin", RESOURCE, &[], &[("value", Token::U64)]);
        let any = [parameter(Abilities::NONE, false)];
        let (_, cell) = build.structure("Cell", PLAIN, &any, &[("item", item.clone())]);
        let stored = [parameter(Abilities::STORE, false)];
        let (_, vault) = build.structure("Vault", RESOURCE, &stored, &[("inner", item)]);
        let phantom = [parameter(Abilities::NONE, true)];
        let (_, tag) = build.structure("Tag", PLAIN, &phantom, &[("item", Token::U64)]);
        Fixture {
            build,
            pair,
            coin,
            cell,
            vault,
            tag,
        }
    }

    /// The type of a struct. Definitions and handles have the same order here.
    pub(crate) fn of(&self, definition: Index) -> Token {
        Token::Struct(definition)
    }

    /// The type of a generic struct.
    pub(crate) fn with(&self, definition: Index, argument: Token) -> Token {
        Token::Generic(definition, vec![argument])
    }

    /// Adds a function and gives its handle.
    pub(crate) fn function(
        &mut self,
        name: &str,
        parameters: &[Token],
        results: &[Token],
        locals: &[Token],
        code: &[Instruction],
    ) -> Index {
        self.generic(name, &[], parameters, results, locals, code)
    }

    /// Adds a function with type parameters.
    pub(crate) fn generic(
        &mut self,
        name: &str,
        type_parameters: &[Abilities],
        parameters: &[Token],
        results: &[Token],
        locals: &[Token],
        code: &[Instruction],
    ) -> Index {
        let own = self.build.module.own_handle;
        let handle = self
            .build
            .function_handle(own, name, type_parameters, parameters, results);
        self.build.define(handle, &[], locals, code);
        handle
    }

    /// What the function that was added last acquires.
    pub(crate) fn acquires(&mut self, definitions: &[Index]) {
        let last = self.build.module.function_definitions.last_mut();
        last.expect("a function was added").acquires = definitions.to_vec();
    }

    /// The integers that the function that was added last loads.
    pub(crate) fn integers(&mut self, values: &[&str]) {
        let last = self.build.module.function_definitions.last_mut();
        let code = last.and_then(|last| last.code.as_mut());
        let values = values.iter().map(|value| value.parse().expect("a number"));
        code.expect("it has code").integers = values.collect();
    }

    /// The arguments of a call.
    pub(crate) fn call(&self, function: &str, more: &[&str]) -> Vec<String> {
        let module = hex(&self.build.bytes());
        let function = format!("0xa::m::{function}");
        let first = ["run", "--module", &module, "--function", &function];
        let more = more.iter().copied();
        first.into_iter().chain(more).map(str::to_string).collect()
    }
}
