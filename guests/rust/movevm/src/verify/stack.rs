//! Each instruction finds the types that it needs on the operand stack.
//!
//! The stack is empty at the beginning and the end of each block, as published compilers leave it and published verifiers
//! demand it. So each block is checked once, by itself.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::blocks::Block;
use super::{entry, Check, Function, Work};
use crate::format::*;
use crate::instruction::Instruction;
use crate::machine::OPERANDS;
use crate::types::TYPE_NODES;
use crate::wrong::{Code as Exit, Wrong};

fn wrong(name: &'static str) -> Wrong {
    Wrong::new(Exit::Types, name)
}

/// The types on the stack, the topmost last.
struct Stack<'f, 'm> {
    function: &'f Function<'m>,
    types: Vec<Token>,
    work: &'f mut Work,
}

pub fn check(function: &Function<'_>, blocks: &[Block], work: &mut Work) -> Check {
    let mut stack = Stack {
        function,
        types: Vec::new(),
        work,
    };
    for block in blocks {
        let instructions = function.code.instructions.get(block.range.clone());
        for (offset, instruction) in block.range.clone().zip(instructions.unwrap_or(&[])) {
            stack
                .step(instruction)
                .map_err(|wrong| wrong.at(alloc::format!("{} {offset}", instruction.name())))?;
        }
        if !stack.types.is_empty() {
            return Err(
                Wrong::new(Exit::ControlFlow, "POSITIVE_STACK_SIZE_AT_BLOCK_END")
                    .at(alloc::format!("the block that ends at {}", block.range.end)),
            );
        }
    }
    Ok(())
}

impl Stack<'_, '_> {
    fn push(&mut self, token: Token) -> Check {
        let (nodes, _) = token.size();
        self.work.spend(nodes)?;
        if nodes > TYPE_NODES as usize {
            return Err(Wrong::new(Exit::Signature, "TOO_MANY_TYPE_NODES"));
        }
        if self.types.len() >= OPERANDS {
            return Err(Wrong::new(Exit::Limit, "VALUE_STACK_PUSH_OVERFLOW"));
        }
        self.types.push(token);
        Ok(())
    }

    fn pop(&mut self) -> Check<Token> {
        self.types
            .pop()
            .ok_or_else(|| Wrong::new(Exit::ControlFlow, "NEGATIVE_STACK_SIZE_WITHIN_BLOCK"))
    }

    /// Takes a value of a type.
    fn expect(&mut self, wanted: &Token, name: &'static str) -> Check {
        match self.pop()? == *wanted {
            true => Ok(()),
            false => Err(wrong(name)),
        }
    }

    fn has(&self, token: &Token, ability: Abilities, name: &'static str) -> Check {
        match self.function.abilities(token).has(ability) {
            true => Ok(()),
            false => Err(wrong(name)),
        }
    }

    /// Takes two values of one type, which it gives.
    fn pair(&mut self, name: &'static str) -> Check<Token> {
        let right = self.pop()?;
        let left = self.pop()?;
        match left == right {
            true => Ok(left),
            false => Err(wrong(name)),
        }
    }

    fn integers(&mut self) -> Check<Token> {
        let token = self.pair("INTEGER_OP_TYPE_MISMATCH_ERROR")?;
        match token.is_integer() {
            true => Ok(token),
            false => Err(wrong("INTEGER_OP_TYPE_MISMATCH_ERROR")),
        }
    }

    fn cast(&mut self, to: Token) -> Check {
        match self.pop()?.is_integer() {
            true => self.push(to),
            false => Err(wrong("INTEGER_OP_TYPE_MISMATCH_ERROR")),
        }
    }

    fn step(&mut self, instruction: &Instruction) -> Check {
        use Instruction::*;
        let module = self.function.module;
        match *instruction {
            Pop => {
                let token = self.pop()?;
                self.has(&token, Abilities::DROP, "POP_WITHOUT_DROP_ABILITY")
            }
            Ret => {
                let results = module.signature(self.function.handle.results);
                for token in results.iter().rev() {
                    self.expect(token, "RET_TYPE_MISMATCH_ERROR")?;
                }
                Ok(())
            }
            BrTrue(_) | BrFalse(_) => self.expect(&Token::Bool, "BR_TYPE_MISMATCH_ERROR"),
            Branch(_) | Nop => Ok(()),
            Abort => self.expect(&Token::U64, "ABORT_TYPE_MISMATCH_ERROR"),
            LdU8(_) => self.push(Token::U8),
            LdU16(_) => self.push(Token::U16),
            LdU32(_) => self.push(Token::U32),
            LdU64(_) => self.push(Token::U64),
            LdU128(_) => self.push(Token::U128),
            LdU256(_) => self.push(Token::U256),
            LdTrue | LdFalse => self.push(Token::Bool),
            LdConst(at) => self.push(entry(&module.constants, at)?.token.clone()),
            CastU8 => self.cast(Token::U8),
            CastU16 => self.cast(Token::U16),
            CastU32 => self.cast(Token::U32),
            CastU64 => self.cast(Token::U64),
            CastU128 => self.cast(Token::U128),
            CastU256 => self.cast(Token::U256),
            CopyLoc(local) => {
                let token = self.function.local(local)?;
                self.has(token, Abilities::COPY, "COPYLOC_WITHOUT_COPY_ABILITY")?;
                self.push(token.clone())
            }
            MoveLoc(local) => self.push(self.function.local(local)?.clone()),
            StLoc(local) => {
                let token = self.function.local(local)?;
                self.expect(token, "STLOC_TYPE_MISMATCH_ERROR")
            }
            MutBorrowLoc(local) => self.borrow_local(local, true),
            ImmBorrowLoc(local) => self.borrow_local(local, false),
            Call(at) => self.call(at, &[]),
            CallGeneric(at) => {
                let of = entry(&module.function_instances, at)?;
                self.call(of.generic, module.signature(of.arguments))
            }
            Pack(at) => self.pack(at, &[]),
            Unpack(at) => self.unpack(at, &[]),
            PackGeneric(at) => {
                let of = entry(&module.struct_instances, at)?;
                self.pack(of.generic, module.signature(of.arguments))
            }
            UnpackGeneric(at) => {
                let of = entry(&module.struct_instances, at)?;
                self.unpack(of.generic, module.signature(of.arguments))
            }
            ReadRef | WriteRef | FreezeRef => self.reference(instruction),
            MutBorrowField(at) => self.borrow_field(at, &[], true),
            ImmBorrowField(at) => self.borrow_field(at, &[], false),
            MutBorrowFieldGeneric(at) => {
                let of = entry(&module.field_instances, at)?;
                self.borrow_field(of.generic, module.signature(of.arguments), true)
            }
            ImmBorrowFieldGeneric(at) => {
                let of = entry(&module.field_instances, at)?;
                self.borrow_field(of.generic, module.signature(of.arguments), false)
            }
            Exists(at) | MutBorrowGlobal(at) | ImmBorrowGlobal(at) | MoveFrom(at) | MoveTo(at) => {
                self.global(instruction, at, &[])
            }
            ExistsGeneric(at)
            | MutBorrowGlobalGeneric(at)
            | ImmBorrowGlobalGeneric(at)
            | MoveFromGeneric(at)
            | MoveToGeneric(at) => {
                let of = entry(&module.struct_instances, at)?;
                self.global(instruction, of.generic, module.signature(of.arguments))
            }
            Add | Sub | Mul | Mod | Div | BitOr | BitAnd | Xor => {
                let token = self.integers()?;
                self.push(token)
            }
            Shl | Shr => {
                self.expect(&Token::U8, "INTEGER_OP_TYPE_MISMATCH_ERROR")?;
                let token = self.pop()?;
                match token.is_integer() {
                    true => self.push(token),
                    false => Err(wrong("INTEGER_OP_TYPE_MISMATCH_ERROR")),
                }
            }
            Or | And => {
                self.expect(&Token::Bool, "BOOLEAN_OP_TYPE_MISMATCH_ERROR")?;
                self.expect(&Token::Bool, "BOOLEAN_OP_TYPE_MISMATCH_ERROR")?;
                self.push(Token::Bool)
            }
            Not => {
                self.expect(&Token::Bool, "BOOLEAN_OP_TYPE_MISMATCH_ERROR")?;
                self.push(Token::Bool)
            }
            Eq | Neq => {
                let token = self.pair("EQUALITY_OP_TYPE_MISMATCH_ERROR")?;
                self.has(&token, Abilities::DROP, "EQUALITY_OP_TYPE_MISMATCH_ERROR")?;
                self.push(Token::Bool)
            }
            Lt | Gt | Le | Ge => {
                self.integers()?;
                self.push(Token::Bool)
            }
            VecPack(at, _)
            | VecLen(at)
            | VecImmBorrow(at)
            | VecMutBorrow(at)
            | VecPushBack(at)
            | VecPopBack(at)
            | VecUnpack(at, _)
            | VecSwap(at) => {
                let element = module.signature(at).first().cloned();
                let element = element.ok_or_else(|| wrong("NUMBER_OF_TYPE_ARGUMENTS_MISMATCH"))?;
                self.vector(instruction, element)
            }
        }
    }

    fn borrow_local(&mut self, local: u8, is_mutable: bool) -> Check {
        let token = self.function.local(local)?;
        if token.is_reference() {
            return Err(wrong("BORROWLOC_REFERENCE_ERROR"));
        }
        self.push(reference(token.clone(), is_mutable))
    }

    fn call(&mut self, handle: Index, arguments: &[Token]) -> Check {
        let module = self.function.module;
        let handle = entry(&module.functions, handle)?;
        for token in module.signature(handle.parameters).iter().rev() {
            self.expect(&token.with(arguments), "CALL_TYPE_MISMATCH_ERROR")?;
        }
        for token in module.signature(handle.results) {
            self.push(token.with(arguments))?;
        }
        Ok(())
    }

    /// The fields of a struct of this module, and its type.
    fn structure(&self, definition: Index, arguments: &[Token]) -> Check<(&[Field], Token)> {
        let module = self.function.module;
        let definition = entry(&module.struct_definitions, definition)?;
        let token = match arguments.is_empty() {
            true => Token::Struct(definition.handle),
            false => Token::Generic(definition.handle, arguments.to_vec()),
        };
        Ok((definition.fields.as_deref().unwrap_or(&[]), token))
    }

    fn pack(&mut self, definition: Index, arguments: &[Token]) -> Check {
        let (fields, token) = self.structure(definition, arguments)?;
        let fields: Vec<Token> = (fields.iter())
            .map(|field| field.token.with(arguments))
            .collect();
        for field in fields.iter().rev() {
            self.expect(field, "PACK_TYPE_MISMATCH_ERROR")?;
        }
        self.push(token)
    }

    fn unpack(&mut self, definition: Index, arguments: &[Token]) -> Check {
        let (fields, token) = self.structure(definition, arguments)?;
        let fields: Vec<Token> = (fields.iter())
            .map(|field| field.token.with(arguments))
            .collect();
        self.expect(&token, "UNPACK_TYPE_MISMATCH_ERROR")?;
        fields.into_iter().try_for_each(|field| self.push(field))
    }

    fn reference(&mut self, instruction: &Instruction) -> Check {
        match (instruction, self.pop()?) {
            (Instruction::ReadRef, Token::Reference(inner) | Token::Mutable(inner)) => {
                self.has(&inner, Abilities::COPY, "READREF_WITHOUT_COPY_ABILITY")?;
                self.push(*inner)
            }
            (Instruction::ReadRef, _) => Err(wrong("READREF_TYPE_MISMATCH_ERROR")),
            (Instruction::FreezeRef, Token::Mutable(inner)) => self.push(Token::Reference(inner)),
            (Instruction::FreezeRef, _) => Err(wrong("FREEZEREF_TYPE_MISMATCH_ERROR")),
            (_, Token::Mutable(inner)) => {
                self.expect(&inner, "WRITEREF_TYPE_MISMATCH_ERROR")?;
                self.has(&inner, Abilities::DROP, "WRITEREF_WITHOUT_DROP_ABILITY")
            }
            _ => Err(wrong("WRITEREF_NO_MUTABLE_REFERENCE_ERROR")),
        }
    }

    fn borrow_field(&mut self, field: Index, arguments: &[Token], is_mutable: bool) -> Check {
        let field = entry(&self.function.module.fields, field)?;
        let (fields, token) = self.structure(field.owner, arguments)?;
        let to = entry(fields, field.field)?.token.with(arguments);
        let operand = self.pop()?;
        if is_mutable && !matches!(operand, Token::Mutable(_)) {
            return Err(wrong("BORROWFIELD_TYPE_MISMATCH_ERROR"));
        }
        if operand.referent() != Some(&token) {
            return Err(wrong("BORROWFIELD_TYPE_MISMATCH_ERROR"));
        }
        self.push(reference(to, is_mutable))
    }

    fn global(&mut self, instruction: &Instruction, at: Index, arguments: &[Token]) -> Check {
        use Instruction::*;
        let (_, token) = self.structure(at, arguments)?;
        self.has(&token, Abilities::KEY, "GLOBAL_WITHOUT_KEY_ABILITY")?;
        if matches!(instruction, MoveTo(_) | MoveToGeneric(_)) {
            self.expect(&token, "MOVETO_TYPE_MISMATCH_ERROR")?;
            let signer = Token::Reference(Box::new(Token::Signer));
            return self.expect(&signer, "MOVETO_TYPE_MISMATCH_ERROR");
        }
        self.expect(&Token::Address, "BORROWGLOBAL_TYPE_MISMATCH_ERROR")?;
        self.push(match instruction {
            Exists(_) | ExistsGeneric(_) => Token::Bool,
            MutBorrowGlobal(_) | MutBorrowGlobalGeneric(_) => reference(token, true),
            ImmBorrowGlobal(_) | ImmBorrowGlobalGeneric(_) => reference(token, false),
            _ => token,
        })
    }

    /// Takes a reference to a vector of these elements.
    fn vector_reference(&mut self, element: &Token, is_mutable: bool) -> Check {
        let inner = match self.pop()? {
            Token::Mutable(inner) => inner,
            Token::Reference(inner) if !is_mutable => inner,
            _ => return Err(wrong("TYPE_MISMATCH")),
        };
        match *inner {
            Token::Vector(of) if *of == *element => Ok(()),
            _ => Err(wrong("TYPE_MISMATCH")),
        }
    }

    fn vector(&mut self, instruction: &Instruction, element: Token) -> Check {
        use Instruction::*;
        match *instruction {
            VecPack(_, count) => {
                for _ in 0..count {
                    self.expect(&element, "TYPE_MISMATCH")?;
                }
                self.push(Token::Vector(Box::new(element)))
            }
            VecUnpack(_, count) => {
                self.expect(&Token::Vector(Box::new(element.clone())), "TYPE_MISMATCH")?;
                (0..count).try_for_each(|_| self.push(element.clone()))
            }
            VecLen(_) => {
                self.vector_reference(&element, false)?;
                self.push(Token::U64)
            }
            VecImmBorrow(_) | VecMutBorrow(_) => {
                let is_mutable = matches!(instruction, VecMutBorrow(_));
                self.expect(&Token::U64, "TYPE_MISMATCH")?;
                self.vector_reference(&element, is_mutable)?;
                self.push(reference(element, is_mutable))
            }
            VecPushBack(_) => {
                self.expect(&element, "TYPE_MISMATCH")?;
                self.vector_reference(&element, true)
            }
            VecPopBack(_) => {
                self.vector_reference(&element, true)?;
                self.push(element)
            }
            _ => {
                self.expect(&Token::U64, "TYPE_MISMATCH")?;
                self.expect(&Token::U64, "TYPE_MISMATCH")?;
                self.vector_reference(&element, true)
            }
        }
    }
}

fn reference(token: Token, is_mutable: bool) -> Token {
    match is_mutable {
        true => Token::Mutable(Box::new(token)),
        false => Token::Reference(Box::new(token)),
    }
}
