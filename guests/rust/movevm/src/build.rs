//! Makes modules by hand: each thing that is named is put into its table once.
//!
//! Tests make modules with it that no compiler makes. It checks nothing.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::format::*;
use crate::instruction::Instruction;

/// A module that is being made.
#[derive(Clone, Debug)]
pub struct Build {
    /// What is there so far.
    pub module: Module,
}

fn index<T: PartialEq>(table: &mut Vec<T>, value: T) -> Index {
    let at = table.iter().position(|known| *known == value);
    let at = at.unwrap_or_else(|| {
        table.push(value);
        table.len() - 1
    });
    at as Index
}

/// An address that is a small number.
#[must_use]
pub fn small_address(number: u8) -> Address {
    let mut address = [0; 32];
    if let Some(last) = address.last_mut() {
        *last = number;
    }
    address
}

impl Build {
    /// An empty module of a name at an address, in version 6.
    #[must_use]
    pub fn new(address: Address, name: &str) -> Self {
        let mut build = Build {
            module: Module {
                version: 6,
                ..Module::default()
            },
        };
        build.module.own_handle = build.module_handle(address, name);
        build
    }

    /// A name.
    pub fn name(&mut self, name: &str) -> Index {
        let name: String = name.to_string();
        index(&mut self.module.identifiers, name)
    }

    /// A module.
    pub fn module_handle(&mut self, address: Address, name: &str) -> Index {
        let name = self.name(name);
        let address = index(&mut self.module.addresses, address);
        index(&mut self.module.modules, ModuleHandle { address, name })
    }

    /// A list of types.
    pub fn signature(&mut self, tokens: &[Token]) -> Index {
        index(&mut self.module.signatures, tokens.to_vec())
    }

    /// A constant.
    pub fn constant(&mut self, token: Token, data: &[u8]) -> Index {
        let data = data.to_vec();
        index(&mut self.module.constants, Constant { token, data })
    }

    /// A struct of this module, with its fields. Gives the handle and the definition.
    pub fn structure(
        &mut self,
        name: &str,
        abilities: Abilities,
        parameters: &[TypeParameter],
        fields: &[(&str, Token)],
    ) -> (Index, Index) {
        let name = self.name(name);
        let fields = fields
            .iter()
            .map(|(name, token)| Field {
                name: self.name(name),
                token: token.clone(),
            })
            .collect();
        self.module.structs.push(StructHandle {
            module: self.module.own_handle,
            name,
            abilities,
            parameters: parameters.to_vec(),
        });
        let handle = (self.module.structs.len() - 1) as Index;
        self.module.struct_definitions.push(StructDefinition {
            handle,
            fields: Some(fields),
        });
        (handle, (self.module.struct_definitions.len() - 1) as Index)
    }

    /// A function's handle.
    pub fn function_handle(
        &mut self,
        module: Index,
        name: &str,
        type_parameters: &[Abilities],
        parameters: &[Token],
        results: &[Token],
    ) -> Index {
        let handle = FunctionHandle {
            module,
            name: self.name(name),
            parameters: self.signature(parameters),
            results: self.signature(results),
            type_parameters: type_parameters.to_vec(),
        };
        index(&mut self.module.functions, handle)
    }

    /// A function of this module whose handle is there.
    pub fn define(
        &mut self,
        handle: Index,
        acquires: &[Index],
        locals: &[Token],
        code: &[Instruction],
    ) {
        let locals = self.signature(locals);
        self.module.function_definitions.push(FunctionDefinition {
            handle,
            visibility: Visibility::Public,
            is_entry: false,
            acquires: acquires.to_vec(),
            code: Some(Code {
                locals,
                instructions: code.to_vec(),
                integers: Vec::new(),
            }),
        });
    }

    /// A field, by the struct's definition and its number.
    pub fn field(&mut self, owner: Index, field: Index) -> Index {
        index(&mut self.module.fields, FieldHandle { owner, field })
    }

    /// A field with type arguments.
    pub fn field_instance(&mut self, generic: Index, arguments: &[Token]) -> Index {
        let arguments = self.signature(arguments);
        index(
            &mut self.module.field_instances,
            Instance { generic, arguments },
        )
    }

    /// A struct with type arguments.
    pub fn struct_instance(&mut self, generic: Index, arguments: &[Token]) -> Index {
        let arguments = self.signature(arguments);
        index(
            &mut self.module.struct_instances,
            Instance { generic, arguments },
        )
    }

    /// A function with type arguments.
    pub fn function_instance(&mut self, generic: Index, arguments: &[Token]) -> Index {
        let arguments = self.signature(arguments);
        index(
            &mut self.module.function_instances,
            Instance { generic, arguments },
        )
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        crate::write::write(&self.module)
    }
}
