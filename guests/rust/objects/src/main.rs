//! Many small functions behind trait objects, maps, shared values and formatted text: what a Rust
//! script does between its hashes. It evaluates random expression trees in two ways and compares.

#![no_std]
#![no_main]

extern crate alloc;
extern crate guest_support;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// Numbers by xorshift, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// What an expression may read.
struct Scope<'a> {
    names: &'a BTreeMap<String, u64>,
    depth: usize,
}

/// A node of an expression.
trait Expression {
    fn value(&self, scope: &Scope<'_>) -> Result<u64, Fault>;
    fn write(&self, code: &mut Vec<Step>);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    Unknown,
    Division,
    Depth,
}

/// An instruction of the stack machine that the same expressions are compiled to.
#[derive(Clone)]
enum Step {
    Push(u64),
    Load(Rc<str>),
    Apply(fn(u64, u64) -> Result<u64, Fault>),
}

struct Constant(u64);
struct Name(Rc<str>);
struct Binary {
    left: Box<dyn Expression>,
    right: Box<dyn Expression>,
    apply: fn(u64, u64) -> Result<u64, Fault>,
}

impl Expression for Constant {
    fn value(&self, _: &Scope<'_>) -> Result<u64, Fault> {
        Ok(self.0)
    }
    fn write(&self, code: &mut Vec<Step>) {
        code.push(Step::Push(self.0));
    }
}

impl Expression for Name {
    fn value(&self, scope: &Scope<'_>) -> Result<u64, Fault> {
        scope.names.get(&*self.0).copied().ok_or(Fault::Unknown)
    }
    fn write(&self, code: &mut Vec<Step>) {
        code.push(Step::Load(self.0.clone()));
    }
}

impl Expression for Binary {
    fn value(&self, scope: &Scope<'_>) -> Result<u64, Fault> {
        let depth = scope.depth.checked_sub(1).ok_or(Fault::Depth)?;
        let inner = Scope { names: scope.names, depth };
        let left = self.left.value(&inner)?;
        let right = self.right.value(&inner)?;
        (self.apply)(left, right)
    }
    fn write(&self, code: &mut Vec<Step>) {
        self.left.write(code);
        self.right.write(code);
        code.push(Step::Apply(self.apply));
    }
}

fn add(a: u64, b: u64) -> Result<u64, Fault> {
    Ok(a.wrapping_add(b))
}
fn multiply(a: u64, b: u64) -> Result<u64, Fault> {
    Ok(a.wrapping_mul(b | 1))
}
fn mix(a: u64, b: u64) -> Result<u64, Fault> {
    Ok(a.rotate_left((b & 63) as u32) ^ b)
}
fn divide(a: u64, b: u64) -> Result<u64, Fault> {
    a.checked_div(b & 0xf).ok_or(Fault::Division)
}

fn tree(random: &mut Random, depth: u64) -> Box<dyn Expression> {
    if depth == 0 || random.below(8) == 0 {
        return match random.below(3) {
            0 => Box::new(Constant(random.next())),
            _ => Box::new(Name(format!("name_{}", random.below(40)).into())),
        };
    }
    let apply = [add, multiply, mix, divide][random.below(4) as usize];
    let left = tree(random, depth - 1);
    let right = tree(random, depth - 1);
    Box::new(Binary { left, right, apply })
}

fn run(code: &[Step], names: &BTreeMap<String, u64>) -> Result<u64, Fault> {
    let mut stack = Vec::new();
    for step in code {
        let value = match step {
            Step::Push(value) => *value,
            Step::Load(name) => names.get(&**name).copied().ok_or(Fault::Unknown)?,
            Step::Apply(apply) => {
                let right = stack.pop().ok_or(Fault::Depth)?;
                let left = stack.pop().ok_or(Fault::Depth)?;
                apply(left, right)?
            }
        };
        stack.push(value);
    }
    stack.pop().ok_or(Fault::Depth)
}

#[no_mangle]
fn guest(rounds: u64) -> bool {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut names = BTreeMap::new();
    for number in 0..32 {
        names.insert(format!("name_{number}"), random.next());
    }
    let mut seen = [0_u64; 4];
    for _ in 0..rounds * 40 {
        let expression = tree(&mut random, 7);
        let mut code = Vec::new();
        expression.write(&mut code);
        let scope = Scope { names: &names, depth: 16 };
        let value = expression.value(&scope);
        let again = run(&code, &names);
        if value != again {
            return false;
        }
        let text = format!("{value:?}");
        seen[match value {
            Ok(_) => 0,
            Err(Fault::Unknown) => 1,
            Err(Fault::Division) => 2,
            Err(Fault::Depth) => 3,
        }] += text.len() as u64;
        if let Ok(value) = value {
            names.insert(format!("name_{}", random.below(32)), value);
        }
    }
    seen[0] + seen[1] + seen[2] > 0 && seen[3] == 0
}
