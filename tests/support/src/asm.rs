//! An assembler for tests: programs stay readable text, and nobody needs a RISC-V compiler.
//!
//! It knows the instructions because it reads the product's table by mnemonic; the 16-bit forms
//! have an encoder of their own in `asm_compressed.rs`. Two passes: sizes first, so that labels may
//! be used before they are defined, then bytes. What it is not: complete. There are no sections,
//! macros or relocations; a segment is named with its address.
//!
//! ```text
//! .text 0x10000              a segment: .text, .data, .rodata; the first .text is the entry
//! name:  sh1add a0, a1, a2   labels; operands as the specification writes them
//!        lw a0, 4(sp)        # comment
//!        beq a0, a1, name    branches and jumps take targets
//!        lui a0, %hi(name)   %lo(name), %pcrel_hi(name); %pcrel_lo(name) stands directly
//!                            behind the auipc with its %pcrel_hi
//!        li a0, -5           shortest of addi, lui+addiw, and shifts; la is always lui+addi
//!        mv nop j jr ret call beqz bnez exit
//! .byte .half .word .dword 1, name+4     .zero 16     .align 8
//! ```

use std::collections::BTreeMap;

use lockstep_isa::{Reg, Xlen};

use super::asm_compressed::{self, Operand};
use super::asm_encode;
use super::asm_operand::{Expression, high, low, parse_number, parse_register};
use super::program::{Segment, write_elf_for};

/// An assembled program.
#[derive(Debug)]
pub struct Assembly {
    /// In the order of the source.
    pub segments: Vec<Segment>,
    /// Addresses by name.
    pub labels: BTreeMap<String, u64>,
    /// Start of the first text.
    pub entry: u64,
}

impl Assembly {
    /// The program as a stripped 64-bit ELF.
    pub fn elf(&self) -> Vec<u8> {
        self.elf_for(Xlen::X64)
    }

    /// The program as a stripped ELF for this register width.
    pub fn elf_for(&self, xlen: Xlen) -> Vec<u8> {
        write_elf_for(xlen, self.entry, &self.segments)
    }

    /// A number, or a label's address with an offset.
    pub fn value(&self, text: &str) -> Result<u64, String> {
        Expression::parse(text)?
            .value(&self.labels, 0)
            .map(|value| value as u64)
    }
}

/// Where text starts when nothing else is said; where the linker puts it for CKB as well.
pub const TEXT_BASE: u64 = 0x1_0000;

/// Assembles a program; an error begins with the number of its line.
pub fn assemble(source: &str) -> Result<Assembly, String> {
    let mut layout = Layout::default();
    for (index, line) in source.lines().enumerate() {
        let code = line.split('#').next().unwrap_or_default().trim();
        layout
            .line(code, index + 1)
            .map_err(|error| format!("line {}: {error}: {code}", index + 1))?;
    }
    let mut segments = Vec::new();
    for part in &layout.parts {
        let mut bytes = Vec::new();
        for item in &part.items {
            let pc = part.addr + bytes.len() as u64;
            item.emit(pc, &layout.labels, &mut bytes)
                .map_err(|error| format!("line {}: {error}", item.line))?;
        }
        segments.push(Segment {
            addr: part.addr,
            flags: part.flags,
            bytes,
        });
    }
    let entry = segments
        .iter()
        .find(|segment| segment.flags == Segment::TEXT)
        .map_or(0, |segment| segment.addr);
    Ok(Assembly {
        segments,
        labels: layout.labels,
        entry,
    })
}

#[derive(Default)]
struct Layout {
    parts: Vec<Part>,
    labels: BTreeMap<String, u64>,
}

struct Part {
    addr: u64,
    flags: u32,
    size: u64,
    items: Vec<Item>,
}

struct Item {
    line: usize,
    kind: Kind,
}

enum Kind {
    /// Numbers of so many bytes each.
    Data(u64, Vec<Expression>),
    Zero(u64),
    /// A mnemonic of the table.
    Plain(String, Vec<Text>),
    /// A 16-bit mnemonic.
    Compressed(String, Vec<Text>),
}

/// An operand before labels have values.
#[derive(Clone)]
enum Text {
    Reg(Reg),
    Value(Expression),
    Mem(Expression, Reg),
}

impl Layout {
    fn line(&mut self, mut code: &str, line: usize) -> Result<(), String> {
        while let Some((label, rest)) = code.split_once(':') {
            let here = self.part(Segment::TEXT).end();
            if self.labels.insert(label.trim().to_string(), here).is_some() {
                return Err(format!("the label {label} stands twice"));
            }
            code = rest.trim();
        }
        if code.is_empty() {
            return Ok(());
        }
        let (word, rest) = code.split_once(char::is_whitespace).unwrap_or((code, ""));
        let operands: Vec<&str> = match rest.trim() {
            "" => Vec::new(),
            rest => rest.split(',').map(str::trim).collect(),
        };
        match word.strip_prefix('.') {
            Some(directive) => self.directive(directive, &operands, line),
            None => self.instruction(word, &operands, line),
        }
    }

    fn part(&mut self, flags: u32) -> &mut Part {
        if self.parts.is_empty() {
            self.start(flags, TEXT_BASE);
        }
        self.parts.last_mut().expect("there is one now")
    }

    fn start(&mut self, flags: u32, addr: u64) {
        self.parts.push(Part {
            addr,
            flags,
            size: 0,
            items: Vec::new(),
        });
    }

    fn push(&mut self, kind: Kind, size: u64, line: usize) {
        let part = self.part(Segment::TEXT);
        part.size += size;
        part.items.push(Item { line, kind });
    }

    fn directive(&mut self, name: &str, operands: &[&str], line: usize) -> Result<(), String> {
        let number = || -> Result<u64, String> {
            let text = operands.first().ok_or("a number is missing")?;
            Ok(parse_number(text).ok_or("not a number")? as u64)
        };
        match name {
            "text" => self.start(Segment::TEXT, number().unwrap_or(TEXT_BASE)),
            "data" => self.start(Segment::DATA, number()?),
            "rodata" => self.start(Segment::RODATA, number()?),
            "zero" => self.push(Kind::Zero(number()?), number()?, line),
            "align" => {
                let end = self.part(Segment::TEXT).end();
                let gap = end.next_multiple_of(number()?) - end;
                self.push(Kind::Zero(gap), gap, line);
            }
            "byte" | "half" | "word" | "dword" => {
                let size = match name {
                    "byte" => 1,
                    "half" => 2,
                    "word" => 4,
                    _ => 8,
                };
                let values: Result<Vec<_>, _> = operands
                    .iter()
                    .map(|text| Expression::parse(text))
                    .collect();
                let values = values?;
                let total = size * values.len() as u64;
                self.push(Kind::Data(size, values), total, line);
            }
            _ => return Err("unknown directive".to_string()),
        }
        Ok(())
    }

    fn instruction(&mut self, word: &str, operands: &[&str], line: usize) -> Result<(), String> {
        let plain: Vec<String> = match (word, operands) {
            ("nop", []) => vec!["addi zero, zero, 0".to_string()],
            ("mv", [rd, rs]) => vec![format!("addi {rd}, {rs}, 0")],
            ("j", [target]) => vec![format!("jal zero, {target}")],
            ("call", [target]) => vec![format!("jal ra, {target}")],
            ("jr", [rs]) => vec![format!("jalr zero, 0({rs})")],
            ("ret", []) => vec!["jalr zero, 0(ra)".to_string()],
            ("beqz", [rs, target]) => vec![format!("beq {rs}, zero, {target}")],
            ("bnez", [rs, target]) => vec![format!("bne {rs}, zero, {target}")],
            ("exit", []) => vec!["addi a7, zero, 93".to_string(), "ecall".to_string()],
            ("la", [rd, label]) => vec![
                format!("lui {rd}, %hi({label})"),
                format!("addi {rd}, {rd}, %lo({label})"),
            ],
            ("li", [rd, value]) => {
                let value = parse_number(value).ok_or("li takes a number")?;
                load_immediate(rd, value)
            }
            _ => return self.single(word, operands, line),
        };
        for text in plain {
            let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
            let operands: Vec<&str> = match rest {
                "" => Vec::new(),
                rest => rest.split(',').map(str::trim).collect(),
            };
            self.single(word, &operands, line)?;
        }
        Ok(())
    }

    fn single(&mut self, word: &str, operands: &[&str], line: usize) -> Result<(), String> {
        let texts: Result<Vec<Text>, String> =
            operands.iter().map(|text| parse_operand(text)).collect();
        let texts = texts?;
        if word.starts_with("c.") {
            self.push(Kind::Compressed(word.to_string(), texts), 2, line);
        } else {
            self.push(Kind::Plain(word.to_string(), texts), 4, line);
        }
        Ok(())
    }
}

impl Part {
    fn end(&self) -> u64 {
        self.addr + self.size
    }
}

impl Item {
    fn emit(
        &self,
        pc: u64,
        labels: &BTreeMap<String, u64>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), String> {
        match &self.kind {
            Kind::Zero(count) => bytes.resize(bytes.len() + *count as usize, 0),
            Kind::Data(size, values) => {
                for value in values {
                    let value = value.value(labels, pc)?.to_le_bytes();
                    bytes.extend_from_slice(&value[..*size as usize]);
                }
            }
            Kind::Plain(word, texts) => {
                let operands = resolve(texts, labels, pc, asm_encode::is_jump(word))?;
                let bits = asm_encode::encode(word, &operands)?;
                bytes.extend_from_slice(&bits.to_le_bytes());
            }
            Kind::Compressed(word, texts) => {
                let operands = resolve(texts, labels, pc, asm_compressed::is_jump(word))?;
                let bits = asm_compressed::encode(word, &operands)
                    .ok_or_else(|| format!("unknown instruction {word}"))??;
                bytes.extend_from_slice(&bits.to_le_bytes());
            }
        }
        Ok(())
    }
}

/// Operands with values; the last one of a branch or jump becomes a distance.
fn resolve(
    texts: &[Text],
    labels: &BTreeMap<String, u64>,
    pc: u64,
    is_jump: bool,
) -> Result<Vec<Operand>, String> {
    let last = texts.len().wrapping_sub(1);
    let mut operands = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        operands.push(match text {
            Text::Reg(reg) => Operand::Reg(*reg),
            Text::Mem(offset, base) => Operand::Mem(offset.value(labels, pc)?, *base),
            Text::Value(value) => {
                let number = value.value(labels, pc)?;
                let is_target = is_jump && index == last;
                Operand::Imm(if is_target {
                    number.wrapping_sub(pc as i64)
                } else {
                    number
                })
            }
        });
    }
    Ok(operands)
}

fn parse_operand(text: &str) -> Result<Text, String> {
    if let Some(reg) = parse_register(text) {
        return Ok(Text::Reg(reg));
    }
    if let Some((offset, base)) = text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('))
        && let Some(reg) = parse_register(base)
    {
        let offset = if offset.is_empty() { "0" } else { offset };
        return Ok(Text::Mem(Expression::parse(offset)?, reg));
    }
    Ok(Text::Value(Expression::parse(text)?))
}

fn load_immediate(rd: &str, value: i64) -> Vec<String> {
    if (-2048..2048).contains(&value) {
        return vec![format!("addi {rd}, zero, {value}")];
    }
    if i64::from(value as i32) == value {
        let mut lines = vec![format!("lui {rd}, {}", high(value))];
        if low(value) != 0 {
            lines.push(format!("addiw {rd}, {rd}, {}", low(value)));
        }
        return lines;
    }
    let rest = value.wrapping_sub(low(value));
    let shift = rest.trailing_zeros();
    let mut lines = load_immediate(rd, rest >> shift);
    lines.push(format!("slli {rd}, {rd}, {shift}"));
    if low(value) != 0 {
        lines.push(format!("addi {rd}, {rd}, {}", low(value)));
    }
    lines
}
