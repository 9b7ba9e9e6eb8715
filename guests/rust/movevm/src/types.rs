//! Types while functions run: each type has a number, and so has each list of type arguments.
//!
//! A generic function that calls itself with ever larger types is stopped here: a type consists of at most 256 types, and
//! no value nests deeper than 128. So all that walks through values by recursion (copies, comparisons, drops, JSON, BCS)
//! needs a bounded stack.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::format::{get, Index, Token};
use crate::machine::Stop;
use crate::world::World;

/// Types that a type consists of, at most.
pub const TYPE_NODES: u32 = 256;
/// How deep values nest, at most.
pub const VALUE_DEPTH: u32 = 128;

/// The number of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// The number of a list of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListId(pub u32);

impl ListId {
    /// The empty list.
    pub const EMPTY: ListId = ListId(0);
}

/// A type without parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Type {
    Bool,
    U8,
    U16,
    U32,
    U64,
    U128,
    U256,
    Address,
    Signer,
    Vector(TypeId),
    Struct(Index, ListId),
}

struct Entry {
    of: Type,
    nodes: u32,
    depth: u32,
    /// The types of the fields, if it is a struct.
    fields: Rc<[TypeId]>,
}

/// All types that were needed so far.
pub struct Types<'w> {
    world: &'w World,
    entries: Vec<Entry>,
    ids: BTreeMap<Type, TypeId>,
    lists: Vec<Rc<[TypeId]>>,
    list_ids: BTreeMap<Rc<[TypeId]>, ListId>,
    /// New types and fields since it was asked last, which cost gas.
    work: u64,
}

impl<'w> Types<'w> {
    /// Of linked modules.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        let empty: Rc<[TypeId]> = Rc::from([]);
        Types {
            world,
            entries: Vec::new(),
            ids: BTreeMap::new(),
            lists: Vec::from([Rc::clone(&empty)]),
            list_ids: BTreeMap::from([(empty, ListId::EMPTY)]),
            work: 0,
        }
    }

    /// What was made since it was asked last.
    pub fn take_work(&mut self) -> u64 {
        core::mem::take(&mut self.work)
    }

    /// A type by its number.
    pub fn of(&self, id: TypeId) -> Result<Type, Stop> {
        Ok(self.entry(id)?.of)
    }

    /// The types of a struct's fields.
    pub fn fields(&self, id: TypeId) -> Result<Rc<[TypeId]>, Stop> {
        Ok(Rc::clone(&self.entry(id)?.fields))
    }

    fn entry(&self, id: TypeId) -> Result<&Entry, Stop> {
        self.entries.get(id.0 as usize).ok_or(Stop::INVARIANT)
    }

    /// The types of a list.
    pub fn list(&self, id: ListId) -> Result<Rc<[TypeId]>, Stop> {
        self.lists
            .get(id.0 as usize)
            .map(Rc::clone)
            .ok_or(Stop::INVARIANT)
    }

    /// The number of a list.
    pub fn list_of(&mut self, types: &[TypeId]) -> ListId {
        if let Some(id) = self.list_ids.get(types) {
            return *id;
        }
        let id = ListId(self.lists.len() as u32);
        let list: Rc<[TypeId]> = Rc::from(types);
        self.lists.push(Rc::clone(&list));
        self.list_ids.insert(list, id);
        self.work = self.work.saturating_add(1);
        id
    }

    /// The types of a signature, with type arguments for its parameters.
    pub fn instantiate_all(&mut self, tokens: &[Token], arguments: ListId) -> Result<ListId, Stop> {
        let mut types = Vec::with_capacity(tokens.len());
        for token in tokens {
            types.push(self.instantiate(token, arguments)?);
        }
        Ok(self.list_of(&types))
    }

    /// The type of a token (of the world, not of a module), with type arguments for its parameters. A reference gives the
    /// type of what it refers to.
    pub fn instantiate(&mut self, token: &Token, arguments: ListId) -> Result<TypeId, Stop> {
        self.instantiate_below(token, arguments, VALUE_DEPTH)
    }

    fn instantiate_below(
        &mut self,
        token: &Token,
        arguments: ListId,
        below: u32,
    ) -> Result<TypeId, Stop> {
        let of = match token {
            Token::Bool => Type::Bool,
            Token::U8 => Type::U8,
            Token::U16 => Type::U16,
            Token::U32 => Type::U32,
            Token::U64 => Type::U64,
            Token::U128 => Type::U128,
            Token::U256 => Type::U256,
            Token::Address => Type::Address,
            Token::Signer => Type::Signer,
            Token::Vector(inner) => Type::Vector(self.instantiate_below(inner, arguments, below)?),
            Token::Struct(handle) => Type::Struct(*handle, ListId::EMPTY),
            Token::Generic(handle, tokens) => {
                let mut types = Vec::with_capacity(tokens.len());
                for token in tokens {
                    types.push(self.instantiate_below(token, arguments, below)?);
                }
                Type::Struct(*handle, self.list_of(&types))
            }
            Token::Reference(inner) | Token::Mutable(inner) => {
                return self.instantiate_below(inner, arguments, below);
            }
            Token::Parameter(index) => {
                let list = self.lists.get(arguments.0 as usize);
                let argument = list.and_then(|list| get(list, *index));
                return argument.copied().ok_or(Stop::INVARIANT);
            }
        };
        self.intern(of, below)
    }

    /// The number of a struct with type arguments.
    pub fn structure(&mut self, handle: Index, arguments: ListId) -> Result<TypeId, Stop> {
        self.intern(Type::Struct(handle, arguments), VALUE_DEPTH)
    }

    /// The number of a type.
    fn intern(&mut self, of: Type, below: u32) -> Result<TypeId, Stop> {
        if let Some(id) = self.ids.get(&of) {
            return Ok(*id);
        }
        let below = below
            .checked_sub(1)
            .ok_or(Stop::Error("VM_MAX_VALUE_DEPTH_REACHED"))?;
        let mut nodes = 1u32;
        let mut depth = 0u32;
        let mut fields = Vec::new();
        match of {
            Type::Vector(inner) => {
                let inner = self.entry(inner)?;
                nodes = nodes.saturating_add(inner.nodes);
                depth = inner.depth;
            }
            Type::Struct(handle, arguments) => {
                for argument in self.list(arguments)?.iter() {
                    nodes = nodes.saturating_add(self.entry(*argument)?.nodes);
                }
                if nodes > TYPE_NODES {
                    return Err(Stop::Error("TOO_MANY_TYPE_NODES"));
                }
                let world = self.world;
                let structure = get(&world.structs, handle).ok_or(Stop::INVARIANT)?;
                for field in &structure.fields {
                    let field = self.instantiate_below(&field.token, arguments, below)?;
                    depth = depth.max(self.entry(field)?.depth);
                    fields.push(field);
                }
            }
            _ => {}
        }
        if nodes > TYPE_NODES {
            return Err(Stop::Error("TOO_MANY_TYPE_NODES"));
        }
        let depth = depth.saturating_add(1);
        if depth > VALUE_DEPTH {
            return Err(Stop::Error("VM_MAX_VALUE_DEPTH_REACHED"));
        }
        self.work = self.work.saturating_add(1 + fields.len() as u64);
        let id = TypeId(self.entries.len() as u32);
        self.entries.push(Entry {
            of,
            nodes,
            depth,
            fields: Rc::from(fields),
        });
        self.ids.insert(of, id);
        Ok(id)
    }

    /// A type in words, as Move writes it; addresses with all digits.
    #[must_use]
    pub fn text(&self, id: TypeId) -> String {
        let mut text = String::new();
        self.write(id, &mut text);
        text
    }

    fn write(&self, id: TypeId, out: &mut String) {
        let Some(entry) = self.entries.get(id.0 as usize) else {
            return;
        };
        let name = match entry.of {
            Type::Bool => "bool",
            Type::U8 => "u8",
            Type::U16 => "u16",
            Type::U32 => "u32",
            Type::U64 => "u64",
            Type::U128 => "u128",
            Type::U256 => "u256",
            Type::Address => "address",
            Type::Signer => "signer",
            Type::Vector(inner) => {
                out.push_str("vector<");
                self.write(inner, out);
                ">"
            }
            Type::Struct(handle, arguments) => {
                if let Some(structure) = get(&self.world.structs, handle) {
                    let _ = write!(
                        out,
                        "{}::{}",
                        self.world.module_text(structure.module),
                        structure.name
                    );
                }
                let arguments = self.lists.get(arguments.0 as usize);
                for (index, argument) in arguments.iter().flat_map(|list| list.iter().enumerate()) {
                    out.push_str(if index == 0 { "<" } else { ", " });
                    self.write(*argument, out);
                }
                match arguments {
                    Some(list) if !list.is_empty() => ">",
                    _ => "",
                }
            }
        };
        out.push_str(name);
    }
}
