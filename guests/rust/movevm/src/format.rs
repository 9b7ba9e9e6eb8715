//! A compiled module as its tables. Nothing here is checked: that is `verify`'s work.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use ruint::aliases::U256;

use crate::instruction::Instruction;

/// An index into one of the tables.
pub type Index = u16;

/// An address of an account.
pub type Address = [u8; 32];

/// A set of abilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Abilities(pub u8);

impl Abilities {
    /// None of them.
    pub const NONE: Abilities = Abilities(0);
    /// Values may be copied.
    pub const COPY: Abilities = Abilities(1);
    /// Values may be dropped.
    pub const DROP: Abilities = Abilities(2);
    /// Values may be stored within what is in global storage.
    pub const STORE: Abilities = Abilities(4);
    /// Values may be in global storage.
    pub const KEY: Abilities = Abilities(8);
    /// All of them.
    pub const ALL: Abilities = Abilities(15);
    /// What integers have.
    pub const PRIMITIVE: Abilities = Abilities(7);
    /// What references have.
    pub const REFERENCE: Abilities = Abilities(3);

    /// Whether it has all of `other`.
    #[must_use]
    pub fn has(self, other: Abilities) -> bool {
        self.0 & other.0 == other.0
    }

    /// What both have.
    #[must_use]
    pub fn and(self, other: Abilities) -> Abilities {
        Abilities(self.0 & other.0)
    }

    /// What fields and type arguments must have so that a struct can have these: for `key` it is `store`.
    #[must_use]
    pub fn required(self) -> Abilities {
        let kept = self.0 & 7;
        Abilities(kept | if self.has(Abilities::KEY) { 4 } else { 0 })
    }

    /// What a struct that declares these has where its type arguments have `arguments`.
    #[must_use]
    pub fn given<'p>(
        self,
        arguments: impl Iterator<Item = (Abilities, &'p TypeParameter)>,
    ) -> Abilities {
        let mut left = self;
        for (has, _) in arguments.filter(|(_, parameter)| !parameter.is_phantom) {
            for ability in [
                Abilities::COPY,
                Abilities::DROP,
                Abilities::STORE,
                Abilities::KEY,
            ] {
                if !has.has(ability.required()) {
                    left = Abilities(left.0 & !ability.0);
                }
            }
        }
        left
    }
}

/// A type as it stands in a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Token {
    /// `bool`.
    Bool,
    /// `u8`.
    U8,
    /// `u16`.
    U16,
    /// `u32`.
    U32,
    /// `u64`.
    U64,
    /// `u128`.
    U128,
    /// `u256`.
    U256,
    /// `address`.
    Address,
    /// `signer`.
    Signer,
    /// `vector<T>`.
    Vector(Box<Token>),
    /// A struct without type parameters, by its handle.
    Struct(Index),
    /// A struct with type arguments.
    Generic(Index, Vec<Token>),
    /// `&T`.
    Reference(Box<Token>),
    /// `&mut T`.
    Mutable(Box<Token>),
    /// A type parameter.
    Parameter(Index),
}

impl Token {
    /// Whether it is a reference.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        matches!(self, Token::Reference(_) | Token::Mutable(_))
    }

    /// What a reference refers to.
    #[must_use]
    pub fn referent(&self) -> Option<&Token> {
        match self {
            Token::Reference(inner) | Token::Mutable(inner) => Some(inner),
            _ => None,
        }
    }

    /// Whether it is an integer.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(
            self,
            Token::U8 | Token::U16 | Token::U32 | Token::U64 | Token::U128 | Token::U256
        )
    }

    /// The same with type arguments in place of parameters. A parameter that has none stays.
    #[must_use]
    pub fn with(&self, arguments: &[Token]) -> Token {
        match self {
            Token::Parameter(index) => match arguments.get(usize::from(*index)) {
                Some(argument) => argument.clone(),
                None => self.clone(),
            },
            Token::Vector(inner) => Token::Vector(Box::new(inner.with(arguments))),
            Token::Reference(inner) => Token::Reference(Box::new(inner.with(arguments))),
            Token::Mutable(inner) => Token::Mutable(Box::new(inner.with(arguments))),
            Token::Generic(handle, inner) => Token::Generic(
                *handle,
                inner.iter().map(|token| token.with(arguments)).collect(),
            ),
            _ => self.clone(),
        }
    }

    /// How many types it consists of, and how deep they nest.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        match self {
            Token::Vector(inner) | Token::Reference(inner) | Token::Mutable(inner) => {
                let (nodes, depth) = inner.size();
                (nodes.saturating_add(1), depth.saturating_add(1))
            }
            Token::Generic(_, inner) => {
                let sizes = inner.iter().map(Token::size);
                let (nodes, depth) = sizes.fold((0, 0), |(nodes, depth), (more, below)| {
                    (usize::saturating_add(nodes, more), usize::max(depth, below))
                });
                (nodes.saturating_add(1), depth.saturating_add(1))
            }
            _ => (1, 1),
        }
    }
}

/// A module by its address and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModuleHandle {
    /// Into the addresses.
    pub address: Index,
    /// Into the identifiers.
    pub name: Index,
}

/// A type parameter of a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeParameter {
    /// What arguments must have.
    pub constraints: Abilities,
    /// Whether no field has a value of it.
    pub is_phantom: bool,
}

/// A struct of this or another module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StructHandle {
    /// Into the module handles.
    pub module: Index,
    /// Into the identifiers.
    pub name: Index,
    /// What its values can if its arguments can.
    pub abilities: Abilities,
    /// Its type parameters.
    pub parameters: Vec<TypeParameter>,
}

/// A function of this or another module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionHandle {
    /// Into the module handles.
    pub module: Index,
    /// Into the identifiers.
    pub name: Index,
    /// Into the signatures.
    pub parameters: Index,
    /// Into the signatures.
    pub results: Index,
    /// What its type arguments must have.
    pub type_parameters: Vec<Abilities>,
}

/// Something generic with type arguments: a function, a struct or a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// Into the table of what is generic.
    pub generic: Index,
    /// The type arguments: into the signatures.
    pub arguments: Index,
}

/// A field by the struct's definition and its number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldHandle {
    /// Into the definitions of structs.
    pub owner: Index,
    /// Which field.
    pub field: Index,
}

/// A constant: its type and its bytes in BCS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Constant {
    /// Its type.
    pub token: Token,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Into the identifiers.
    pub name: Index,
    /// Its type.
    pub token: Token,
}

/// A struct of this module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructDefinition {
    /// Into the struct handles.
    pub handle: Index,
    /// Its fields; nothing if it is native.
    pub fields: Option<Vec<Field>>,
}

/// Who may call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Its module.
    Private,
    /// Everyone.
    Public,
    /// Its module and its friends.
    Friend,
}

/// The code of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The locals behind the parameters: into the signatures.
    pub locals: Index,
    /// The instructions.
    pub instructions: Vec<Instruction>,
    /// Integers of 128 and 256 bits that the instructions load.
    pub integers: Vec<U256>,
}

/// A function of this module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionDefinition {
    /// Into the function handles.
    pub handle: Index,
    /// Who may call it.
    pub visibility: Visibility,
    /// Whether transactions may call it.
    pub is_entry: bool,
    /// The resources that it, or what it calls, borrows or removes: into the definitions of structs.
    pub acquires: Vec<Index>,
    /// Its code; nothing if it is native.
    pub code: Option<Code>,
}

/// A module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// 5, 6 or 7.
    pub version: u32,
    /// The high byte of the version: 0, 5 (Sui) or 10 (Aptos).
    pub flavour: u8,
    /// Which of the module handles is this module.
    pub own_handle: Index,
    /// The modules.
    pub modules: Vec<ModuleHandle>,
    /// The structs.
    pub structs: Vec<StructHandle>,
    /// The functions.
    pub functions: Vec<FunctionHandle>,
    /// Functions with type arguments.
    pub function_instances: Vec<Instance>,
    /// Lists of types.
    pub signatures: Vec<Vec<Token>>,
    /// Constants.
    pub constants: Vec<Constant>,
    /// Names.
    pub identifiers: Vec<String>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// This module's structs.
    pub struct_definitions: Vec<StructDefinition>,
    /// They with type arguments.
    pub struct_instances: Vec<Instance>,
    /// This module's functions.
    pub function_definitions: Vec<FunctionDefinition>,
    /// Fields.
    pub fields: Vec<FieldHandle>,
    /// Fields of structs with type arguments.
    pub field_instances: Vec<Instance>,
    /// Modules that may call what is for friends.
    pub friends: Vec<ModuleHandle>,
    /// Keys and values that nothing here reads.
    pub metadata: Vec<(Vec<u8>, Vec<u8>)>,
}

/// An entry of a table, if it is there.
pub fn get<T>(table: &[T], index: Index) -> Option<&T> {
    table.get(usize::from(index))
}

impl Module {
    /// The address and the name behind a handle.
    #[must_use]
    pub fn module_name(&self, handle: &ModuleHandle) -> Option<(Address, &str)> {
        let address = get(&self.addresses, handle.address)?;
        let name = get(&self.identifiers, handle.name)?;
        Some((*address, name))
    }

    /// Its own address and name.
    #[must_use]
    pub fn own_name(&self) -> Option<(Address, &str)> {
        self.module_name(get(&self.modules, self.own_handle)?)
    }

    /// A signature; an empty one if there is none at the index, which verification excludes.
    #[must_use]
    pub fn signature(&self, index: Index) -> &[Token] {
        get(&self.signatures, index).map_or(&[], Vec::as_slice)
    }

    /// A name; empty if there is none at the index, which verification excludes.
    #[must_use]
    pub fn identifier(&self, index: Index) -> &str {
        get(&self.identifiers, index).map_or("", String::as_str)
    }

    /// What values of a type can, where type parameters have `parameters`.
    #[must_use]
    pub fn abilities(&self, token: &Token, parameters: &[Abilities]) -> Abilities {
        match token {
            Token::Signer => Abilities::DROP,
            Token::Reference(_) | Token::Mutable(_) => Abilities::REFERENCE,
            Token::Parameter(index) => get(parameters, *index).copied().unwrap_or(Abilities::NONE),
            Token::Vector(inner) => self.abilities(inner, parameters).and(Abilities::PRIMITIVE),
            Token::Struct(handle) => match get(&self.structs, *handle) {
                Some(handle) => handle.abilities,
                None => Abilities::NONE,
            },
            Token::Generic(handle, arguments) => {
                let Some(handle) = get(&self.structs, *handle) else {
                    return Abilities::NONE;
                };
                let has = arguments
                    .iter()
                    .map(|token| self.abilities(token, parameters));
                handle.abilities.given(has.zip(&handle.parameters))
            }
            _ => Abilities::PRIMITIVE,
        }
    }
}
