//! (format to be described here)

use crate::key::Key;

/// A translated piece of code, in memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Module {
    /// What it was made from and for.
    pub key: Key,
    /// What steered discovery; outside the key.
    pub hints: Vec<u64>,
    /// Offset in `code` of the function that the host calls: `extern "C" fn(context, code) -> u64`.
    pub enter: u32,
    /// For each halfword of text, the offset in `code` of its native entry; 0 where there is none
    /// (offset 0 holds the function that leaves with [`crate::exit::Exit::Lookup`]).
    pub table: Vec<u32>,
    /// Host code, position independent, without relocations.
    pub code: Vec<u8>,
    /// The blocks, by address of the head.
    pub blocks: Vec<Block>,
    /// Native ranges and the guest block that each came from, by native offset.
    pub map: Vec<Span>,
}

/// A translated block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// Address of the head, relative to the start of the text.
    pub head: u32,
    /// Bytes of guest code.
    pub len: u16,
    /// Entries (instructions, fused ones counted once): 1 to 16.
    pub entries: u8,
    /// Cycles charged at the head.
    pub cycles: u32,
}

/// Native code from `start` up to the next span's start belongs to the block at `head`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Offset in the code.
    pub start: u32,
    /// Head of the block, relative to the start of the text; all ones for code of no block.
    pub head: u32,
}
