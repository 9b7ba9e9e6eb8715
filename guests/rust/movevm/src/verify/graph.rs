//! Which reference borrows from which.
//!
//! An edge says: what the child refers to lies within what the parent refers to, at a path of fields. A strong edge knows
//! the whole path; a weak one only its beginning, so the child may be anywhere below. The rules are those of Move's own
//! borrow graph. A graph is a list of edges, for they are few.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Check, Work};
use crate::format::Index;

/// The number of a reference. The frame, from which locals and resources are borrowed, has one too.
pub type Id = u32;

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// A local of the frame.
    Local(u8),
    /// A resource in global storage, by its struct.
    Global(Index),
    /// A field of a struct, by its handle.
    Field(Index),
}

/// A borrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    parent: Id,
    child: Id,
    is_strong: bool,
    path: Vec<Label>,
}

/// The references that are there, and their borrows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Whether one may write through each.
    nodes: BTreeMap<Id, bool>,
    edges: Vec<Edge>,
}

/// What of the borrows of a reference is asked for.
#[derive(Clone, Copy)]
pub enum At {
    /// All.
    Anywhere,
    /// Those of the whole, and those below a label.
    Below(Label),
    /// Those of the whole.
    Whole,
}

impl Graph {
    pub fn new() -> Self {
        Graph {
            nodes: BTreeMap::new(),
            edges: Vec::new(),
        }
    }

    /// What it takes to copy it.
    pub fn size(&self) -> usize {
        self.nodes.len()
            + self
                .edges
                .iter()
                .fold(0, |sum, edge| sum + 1 + edge.path.len())
    }

    pub fn add(&mut self, id: Id, is_mutable: bool) {
        self.nodes.insert(id, is_mutable);
    }

    pub fn is_mutable(&self, id: Id) -> bool {
        self.nodes.get(&id).copied().unwrap_or(false)
    }

    /// Whether something borrows from a reference; something that may write, if `mutable`.
    pub fn is_borrowed(&self, id: Id, at: At, mutable: bool) -> bool {
        self.edges.iter().any(|edge| {
            let here = match (edge.path.first(), at) {
                (None, _) | (Some(_), At::Anywhere) => true,
                (Some(first), At::Below(label)) => *first == label,
                (Some(_), At::Whole) => false,
            };
            edge.parent == id && here && (!mutable || self.is_mutable(edge.child))
        })
    }

    fn insert(&mut self, edge: Edge, work: &mut Work) -> Check {
        work.spend(self.edges.len() + edge.path.len() + 1)?;
        if edge.parent != edge.child && !self.edges.contains(&edge) {
            self.edges.push(edge);
        }
        Ok(())
    }

    /// A reference to exactly what lies at a path of another. What was borrowed there before borrows from it now.
    pub fn borrow_exactly(
        &mut self,
        parent: Id,
        path: Option<Label>,
        child: Id,
        work: &mut Work,
    ) -> Check {
        work.spend(self.edges.len() + 1)?;
        for edge in &mut self.edges {
            if edge.parent != parent || edge.child == child {
                continue;
            }
            match (path, edge.path.first()) {
                (None, _) => edge.parent = child,
                (Some(label), Some(first)) if label == *first => {
                    edge.parent = child;
                    edge.path.remove(0);
                }
                _ => {}
            }
        }
        let path = path.into_iter().collect();
        self.insert(
            Edge {
                parent,
                child,
                is_strong: true,
                path,
            },
            work,
        )
    }

    /// A reference to something below a path of another.
    pub fn borrow_below(
        &mut self,
        parent: Id,
        path: Option<Label>,
        child: Id,
        work: &mut Work,
    ) -> Check {
        let path = path.into_iter().collect();
        self.insert(
            Edge {
                parent,
                child,
                is_strong: false,
                path,
            },
            work,
        )
    }

    /// Removes a reference. What borrowed from it borrows from where it borrowed.
    pub fn release(&mut self, id: Id, work: &mut Work) -> Check {
        work.spend(self.edges.len() + 1)?;
        self.nodes.remove(&id);
        let mut above = Vec::new();
        let mut below = Vec::new();
        self.edges.retain(|edge| {
            if edge.child == id {
                above.push(edge.clone());
            } else if edge.parent == id {
                below.push(edge.clone());
            }
            edge.child != id && edge.parent != id
        });
        for parent in &above {
            for child in &below {
                let mut path = parent.path.clone();
                if parent.is_strong {
                    path.extend_from_slice(&child.path);
                }
                let edge = Edge {
                    parent: parent.parent,
                    child: child.child,
                    is_strong: parent.is_strong && child.is_strong,
                    path,
                };
                self.insert(edge, work)?;
            }
        }
        Ok(())
    }

    /// Gives references other numbers. What has none stays.
    pub fn rename(&mut self, names: &BTreeMap<Id, Id>) {
        let name = |id: Id| names.get(&id).copied().unwrap_or(id);
        self.nodes = (self.nodes.iter())
            .map(|(id, is_mutable)| (name(*id), *is_mutable))
            .collect();
        for edge in &mut self.edges {
            edge.parent = name(edge.parent);
            edge.child = name(edge.child);
        }
    }

    /// Adds the borrows of another that none here covers. Says whether there were any.
    pub fn join(&mut self, other: &Graph, work: &mut Work) -> Check<bool> {
        let mut changed = false;
        for edge in &other.edges {
            work.spend(self.edges.len() + 1)?;
            if !self.edges.iter().any(|known| known.covers(edge)) {
                self.edges.push(edge.clone());
                changed = true;
            }
        }
        Ok(changed)
    }
}

impl Edge {
    fn covers(&self, other: &Edge) -> bool {
        self == other
            || (!self.is_strong
                && self.parent == other.parent
                && self.child == other.child
                && other.path.starts_with(&self.path))
    }
}
