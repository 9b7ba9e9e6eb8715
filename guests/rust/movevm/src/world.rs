//! Verified modules that are linked with each other by address and name.
//!
//! In the world's tables a struct has one number everywhere. Signatures of modules are rewritten once, so that the machine
//! never asks which module a type comes from.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::face::text::address_text;
use crate::format::*;
use crate::machine::native::{self, Native};
use crate::verify;
use crate::wrong::{Code as Exit, Wrong};

/// A struct.
#[derive(Debug)]
pub struct Struct {
    /// Its module's number.
    pub module: usize,
    /// Its name.
    pub name: String,
    /// What its values can if its arguments can.
    pub abilities: Abilities,
    /// Its type parameters.
    pub parameters: Vec<TypeParameter>,
    /// Its fields, with types of the world.
    pub fields: Vec<NamedField>,
}

/// A field of a struct.
#[derive(Debug)]
pub struct NamedField {
    /// Its name.
    pub name: String,
    /// Its type.
    pub token: Token,
}

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its module's number.
    pub module: usize,
    /// Its name.
    pub name: String,
    /// Whether transactions may call it.
    pub is_entry: bool,
    /// Who may call it.
    pub visibility: Visibility,
    /// What its type arguments must have.
    pub type_parameters: Vec<Abilities>,
    /// Types of the world.
    pub parameters: Vec<Token>,
    /// Types of the world.
    pub results: Vec<Token>,
    /// Locals, the parameters among them.
    pub locals: usize,
    /// Its instructions, and integers that they load.
    pub code: Option<Code>,
    /// What is executed instead of code.
    pub native: Option<Native>,
}

/// A module among others.
#[derive(Debug)]
pub struct Linked {
    /// Its tables.
    pub module: Module,
    /// Its address.
    pub address: Address,
    /// Its name.
    pub name: String,
    /// The world's number of each struct handle.
    pub structs: Vec<Index>,
    /// The world's number of each function handle.
    pub functions: Vec<usize>,
    /// Its signatures with types of the world.
    pub signatures: Vec<Vec<Token>>,
    /// The number of fields of each of its structs.
    pub field_counts: Vec<usize>,
    /// The world's number of each of its structs.
    pub definitions: Vec<Index>,
}

/// Linked modules.
#[derive(Debug, Default)]
pub struct World {
    /// All modules.
    pub modules: Vec<Linked>,
    /// All structs.
    pub structs: Vec<Struct>,
    /// All functions.
    pub functions: Vec<Function>,
    names: BTreeMap<(Address, String), usize>,
    struct_names: BTreeMap<(usize, String), Index>,
    function_names: BTreeMap<(usize, String), usize>,
}

fn wrong(name: &'static str) -> Wrong {
    Wrong::new(Exit::Link, name)
}

impl World {
    /// Reads, verifies and links modules.
    ///
    /// # Errors
    /// A module cannot be read or verified, or modules do not fit each other.
    pub fn load<B: AsRef<[u8]>>(files: &[B]) -> Result<World, Wrong> {
        let mut modules = Vec::new();
        for (index, file) in files.iter().enumerate() {
            let module = crate::reader::read(file.as_ref())
                .map_err(|wrong| wrong.at(format!("module {index}")))?;
            verify::module(&module).map_err(|wrong| wrong.at(format!("module {index}")))?;
            modules.push(module);
        }
        World::link(modules)
    }

    /// Links modules that are verified.
    fn link(modules: Vec<Module>) -> Result<World, Wrong> {
        let mut world = World::default();
        for (number, module) in modules.iter().enumerate() {
            let (address, name) = module.own_name().ok_or_else(|| wrong("LOOKUP_FAILED"))?;
            let key = (address, name.to_string());
            if world.names.insert(key, number).is_some() {
                return Err(Wrong::new(Exit::Duplicate, "DUPLICATE_MODULE_NAME").at(name));
            }
            for definition in &module.struct_definitions {
                let handle = get(&module.structs, definition.handle);
                let handle = handle.ok_or_else(|| wrong("LOOKUP_FAILED"))?;
                let id = Index::try_from(world.structs.len())
                    .map_err(|_| Wrong::new(Exit::Limit, "TOO_MANY_STRUCTS"))?;
                let name = module.identifier(handle.name).to_string();
                world.struct_names.insert((number, name.clone()), id);
                world.structs.push(Struct {
                    module: number,
                    name,
                    abilities: handle.abilities,
                    parameters: handle.parameters.clone(),
                    fields: Vec::new(),
                });
            }
            for definition in &module.function_definitions {
                let handle = get(&module.functions, definition.handle);
                let handle = handle.ok_or_else(|| wrong("LOOKUP_FAILED"))?;
                let name = module.identifier(handle.name).to_string();
                let id = world.functions.len();
                world.function_names.insert((number, name.clone()), id);
                world.functions.push(Function {
                    module: number,
                    name,
                    is_entry: definition.is_entry,
                    visibility: definition.visibility,
                    type_parameters: handle.type_parameters.clone(),
                    parameters: Vec::new(),
                    results: Vec::new(),
                    locals: 0,
                    code: None,
                    native: None,
                });
            }
        }
        let all: Vec<Vec<Index>> = modules
            .iter()
            .map(|module| world.structs_of(module))
            .collect::<Result<_, _>>()?;
        for (module, structs) in modules.into_iter().zip(all) {
            world.add(module, structs)?;
        }
        for number in 0..world.modules.len() {
            world.link_functions(number)?;
        }
        world.check_cycles()?;
        Ok(world)
    }

    fn module_number(&self, module: &Module, handle: Index) -> Result<usize, Wrong> {
        let name = get(&module.modules, handle).and_then(|handle| module.module_name(handle));
        let (address, name) = name.ok_or_else(|| wrong("LOOKUP_FAILED"))?;
        let number = self.names.get(&(address, name.to_string()));
        number.copied().ok_or_else(|| {
            wrong("MISSING_DEPENDENCY").at(format!("{}::{name}", address_text(&address)))
        })
    }

    /// The number of each struct handle of a module, which must say of the struct what its own module says.
    fn structs_of(&self, module: &Module) -> Result<Vec<Index>, Wrong> {
        let mut ids = Vec::with_capacity(module.structs.len());
        for handle in &module.structs {
            let number = self.module_number(module, handle.module)?;
            let name = module.identifier(handle.name).to_string();
            let place = format!("struct {name}");
            let id = self.struct_names.get(&(number, name));
            let id = *id.ok_or_else(|| wrong("LOOKUP_FAILED").at(&place))?;
            let known = get(&self.structs, id).ok_or_else(|| wrong("LOOKUP_FAILED"))?;
            let fits = known.abilities.has(handle.abilities)
                && known.parameters.len() == handle.parameters.len()
                && known
                    .parameters
                    .iter()
                    .zip(&handle.parameters)
                    .all(|(known, said)| {
                        said.constraints.has(known.constraints)
                            && (known.is_phantom || !said.is_phantom)
                    });
            if !fits {
                return Err(wrong("TYPE_MISMATCH").at(&place));
            }
            ids.push(id);
        }
        Ok(ids)
    }

    /// Adds a module whose structs are known.
    fn add(&mut self, mut module: Module, structs: Vec<Index>) -> Result<(), Wrong> {
        let number = self.modules.len();
        let (address, name) = module.own_name().ok_or_else(|| wrong("LOOKUP_FAILED"))?;
        let name = name.to_string();
        let signatures: Vec<Vec<Token>> = module
            .signatures
            .iter()
            .map(|tokens| tokens.iter().map(|token| global(token, &structs)).collect())
            .collect();
        let mut definitions = Vec::new();
        let mut field_counts = Vec::new();
        for definition in &module.struct_definitions {
            let id = *get(&structs, definition.handle).ok_or_else(|| wrong("LOOKUP_FAILED"))?;
            let fields: Vec<NamedField> = definition
                .fields
                .iter()
                .flatten()
                .map(|field| NamedField {
                    name: module.identifier(field.name).to_string(),
                    token: global(&field.token, &structs),
                })
                .collect();
            field_counts.push(fields.len());
            definitions.push(id);
            if let Some(known) = self.structs.get_mut(usize::from(id)) {
                known.fields = fields;
            }
        }
        let signature = |index: Index| get(&signatures, index).cloned().unwrap_or_default();
        for definition in &mut module.function_definitions {
            let handle = get(&module.functions, definition.handle);
            let handle = handle.ok_or_else(|| wrong("LOOKUP_FAILED"))?;
            let own = get(&module.identifiers, handle.name);
            let id = self
                .function_names
                .get(&(number, own.cloned().unwrap_or_default()));
            let function = id.and_then(|id| self.functions.get_mut(*id));
            let function = function.ok_or_else(|| wrong("LOOKUP_FAILED"))?;
            function.parameters = signature(handle.parameters);
            function.results = signature(handle.results);
            function.code = definition.code.take();
            function.locals = function.parameters.len();
            match &function.code {
                Some(code) => {
                    function.locals += get(&signatures, code.locals).map_or(0, Vec::len);
                }
                None => function.native = native::find(&address, &name, function),
            }
        }
        self.modules.push(Linked {
            module,
            address,
            name,
            structs,
            functions: Vec::new(),
            signatures,
            field_counts,
            definitions,
        });
        Ok(())
    }

    /// Finds the functions that a module names, which must be what it says and let it call them.
    fn link_functions(&mut self, number: usize) -> Result<(), Wrong> {
        let Some(linked) = self.modules.get(number) else {
            return Ok(());
        };
        let module = &linked.module;
        let mut ids = Vec::with_capacity(module.functions.len());
        for handle in &module.functions {
            let owner = self.module_number(module, handle.module)?;
            let name = module.identifier(handle.name).to_string();
            let place = format!("function {name}");
            let id = self.function_names.get(&(owner, name));
            let id = *id.ok_or_else(|| wrong("LOOKUP_FAILED").at(&place))?;
            let known = self.functions.get(id);
            let known = known.ok_or_else(|| wrong("LOOKUP_FAILED").at(&place))?;
            let same = |index: Index, tokens: &[Token]| {
                get(&linked.signatures, index).is_some_and(|said| said == tokens)
            };
            let fits = same(handle.parameters, &known.parameters)
                && same(handle.results, &known.results)
                && known.type_parameters.len() == handle.type_parameters.len()
                && known
                    .type_parameters
                    .iter()
                    .zip(&handle.type_parameters)
                    .all(|(known, said)| said.has(*known));
            if !fits {
                return Err(wrong("TYPE_MISMATCH").at(&place));
            }
            let may_call = owner == number
                || match known.visibility {
                    Visibility::Public => true,
                    Visibility::Private => false,
                    Visibility::Friend => self.is_friend(owner, linked),
                };
            if !may_call {
                return Err(wrong("FUNCTION_NOT_VISIBLE").at(&place));
            }
            ids.push(id);
        }
        if let Some(linked) = self.modules.get_mut(number) {
            linked.functions = ids;
        }
        Ok(())
    }

    fn is_friend(&self, owner: usize, caller: &Linked) -> bool {
        let Some(owner) = self.modules.get(owner) else {
            return false;
        };
        owner.module.friends.iter().any(|friend| {
            owner.module.module_name(friend) == Some((caller.address, caller.name.as_str()))
        })
    }

    /// Modules may not need each other in a circle. So while a function runs, nothing that it calls in another module
    /// comes back to this one, which is what the check of acquired resources rests on.
    fn check_cycles(&self) -> Result<(), Wrong> {
        // A module whose needs are all done is done; what is never done is in a circle or needs one.
        let mut needs = Vec::new();
        let mut needed_by: Vec<Vec<usize>> = self.modules.iter().map(|_| Vec::new()).collect();
        for (number, linked) in self.modules.iter().enumerate() {
            let mut of = Vec::new();
            let handles = linked.module.structs.iter().map(|handle| handle.module);
            let handles = handles.chain(linked.module.functions.iter().map(|handle| handle.module));
            for handle in handles {
                let other = self.module_number(&linked.module, handle)?;
                if other != number {
                    of.push(other);
                }
            }
            of.sort_unstable();
            of.dedup();
            for other in &of {
                if let Some(list) = needed_by.get_mut(*other) {
                    list.push(number);
                }
            }
            needs.push(of.len());
        }
        let mut ready: Vec<usize> = (0..needs.len())
            .filter(|number| needs.get(*number) == Some(&0))
            .collect();
        let mut done = 0;
        while let Some(number) = ready.pop() {
            done += 1;
            for other in needed_by.get(number).into_iter().flatten() {
                if let Some(left) = needs.get_mut(*other) {
                    *left = left.saturating_sub(1);
                    if *left == 0 {
                        ready.push(*other);
                    }
                }
            }
        }
        match done == self.modules.len() {
            true => Ok(()),
            false => Err(wrong("CYCLIC_MODULE_DEPENDENCY")),
        }
    }

    /// The number of a module.
    #[must_use]
    pub fn module(&self, address: &Address, name: &str) -> Option<usize> {
        self.names.get(&(*address, name.to_string())).copied()
    }

    /// The number of a struct.
    #[must_use]
    pub fn structure(&self, module: usize, name: &str) -> Option<Index> {
        self.struct_names.get(&(module, name.to_string())).copied()
    }

    /// The number of a function.
    #[must_use]
    pub fn function(&self, module: usize, name: &str) -> Option<usize> {
        self.function_names
            .get(&(module, name.to_string()))
            .copied()
    }

    /// A module in words.
    #[must_use]
    pub fn module_text(&self, number: usize) -> String {
        match self.modules.get(number) {
            Some(linked) => format!("{}::{}", address_text(&linked.address), linked.name),
            None => String::new(),
        }
    }

    /// What values of a type of the world can, where type parameters have `parameters`.
    #[must_use]
    pub fn abilities(&self, token: &Token, parameters: &[Abilities]) -> Abilities {
        match token {
            Token::Signer => Abilities::DROP,
            Token::Reference(_) | Token::Mutable(_) => Abilities::REFERENCE,
            Token::Parameter(index) => get(parameters, *index).copied().unwrap_or(Abilities::NONE),
            Token::Vector(inner) => self.abilities(inner, parameters).and(Abilities::PRIMITIVE),
            Token::Struct(id) => get(&self.structs, *id).map_or(Abilities::NONE, |of| of.abilities),
            Token::Generic(id, arguments) => {
                let Some(structure) = get(&self.structs, *id) else {
                    return Abilities::NONE;
                };
                let has = arguments
                    .iter()
                    .map(|token| self.abilities(token, parameters));
                structure.abilities.given(has.zip(&structure.parameters))
            }
            _ => Abilities::PRIMITIVE,
        }
    }
}

/// A type of a module as a type of the world.
fn global(token: &Token, structs: &[Index]) -> Token {
    let id = |handle: &Index| get(structs, *handle).copied().unwrap_or(Index::MAX);
    match token {
        Token::Struct(handle) => Token::Struct(id(handle)),
        Token::Generic(handle, arguments) => Token::Generic(
            id(handle),
            arguments
                .iter()
                .map(|token| global(token, structs))
                .collect(),
        ),
        Token::Vector(inner) => Token::Vector(Box::new(global(inner, structs))),
        Token::Reference(inner) => Token::Reference(Box::new(global(inner, structs))),
        Token::Mutable(inner) => Token::Mutable(Box::new(global(inner, structs))),
        _ => token.clone(),
    }
}
