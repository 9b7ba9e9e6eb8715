//! Ethereum's trie (Merkle, Patricia, hexary), of which only some nodes need be there.
//!
//! It is written here because published crates for `no_std` hash whole tries and check proofs, but do not change a
//! trie that is known in part. A trie begins as a root; a node is decoded when a key needs it, and must be among the
//! [`Nodes`], which are found by their hash: so whatever is read is part of the trie with that root. Keys are hashes of
//! 32 bytes, so no key ends inside the trie and branches have no value. Nodes in any other form are refused.

mod encoding;
mod entries;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use revm::primitives::{b256, keccak256, B256};

use crate::wrong::Wrong;
use encoding::{decode, encode};
pub use entries::{decode_account, decode_slot, encode_account, slot_value, AccountEntry};

/// The root of a trie without keys.
pub const EMPTY_ROOT: B256 =
    b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

const NIBBLES: usize = 64;

/// Encoded nodes by their hash, and whether a trie needed them.
#[derive(Clone, Debug, Default)]
pub struct Nodes(BTreeMap<B256, (Vec<u8>, bool)>);

impl Nodes {
    /// Adds a node. Returns false if it is there already.
    pub fn add(&mut self, node: Vec<u8>) -> bool {
        self.0.insert(keccak256(&node), (node, false)).is_none()
    }

    /// Whether every node was needed.
    pub fn all_used(&self) -> bool {
        self.0.values().all(|(_, used)| *used)
    }

    /// The nodes that were needed.
    pub fn used(&self) -> impl Iterator<Item = &[u8]> {
        self.0
            .values()
            .filter(|(_, used)| *used)
            .map(|(node, _)| node.as_slice())
    }

    fn need(&mut self, hash: B256) -> Result<&[u8], Wrong> {
        let (node, used) = self.0.get_mut(&hash).ok_or(Wrong::MissingNode)?;
        *used = true;
        Ok(node)
    }
}

#[derive(Clone, Debug)]
enum Link {
    None,
    /// A node that was not decoded yet.
    Hash(B256),
    /// A node, and its hash if it has not changed since it was decoded.
    Node(Box<Node>, Option<B256>),
}

#[derive(Clone, Debug)]
enum Node {
    Leaf { path: Vec<u8>, value: Vec<u8> },
    Extension { path: Vec<u8>, child: Link },
    Branch(Box<[Link; 16]>),
}

/// A trie.
#[derive(Clone, Debug)]
pub struct Trie(Link);

impl Trie {
    /// Without keys.
    pub fn empty() -> Self {
        Self(Link::None)
    }

    /// With this root.
    pub fn with_root(root: B256) -> Self {
        Self(if root == EMPTY_ROOT {
            Link::None
        } else {
            Link::Hash(root)
        })
    }

    /// The value of a key.
    ///
    /// # Errors
    /// A node on the way is missing or malformed.
    pub fn get(&mut self, key: B256, nodes: &mut Nodes) -> Result<Option<Vec<u8>>, Wrong> {
        let path = nibbles(key);
        let mut link = &mut self.0;
        let mut at = 0;
        loop {
            let Some(node) = resolve(link, at, nodes)? else {
                return Ok(None);
            };
            match node {
                Node::Leaf { path: rest, value } => {
                    return Ok((rest[..] == path[at..]).then(|| value.clone()));
                }
                Node::Extension { path: part, child } => {
                    if !path[at..].starts_with(part) {
                        return Ok(None);
                    }
                    at += part.len();
                    link = child;
                }
                Node::Branch(children) => {
                    link = &mut children[usize::from(path[at])];
                    at += 1;
                }
            }
        }
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// A node on the way is missing or malformed.
    pub fn insert(&mut self, key: B256, value: Vec<u8>, nodes: &mut Nodes) -> Result<(), Wrong> {
        insert(&mut self.0, &nibbles(key), 0, value, nodes)
    }

    /// Removes a key, if it is there.
    ///
    /// # Errors
    /// A node on the way, or one that takes the place of its branch, is missing or malformed.
    pub fn remove(&mut self, key: B256, nodes: &mut Nodes) -> Result<(), Wrong> {
        // A key that is not there changes nothing, so no hash may be forgotten for it.
        if self.get(key, nodes)?.is_some() {
            remove(&mut self.0, &nibbles(key), 0, nodes)?;
        }
        Ok(())
    }

    /// The root. Every node that has a hash of its own goes to `nodes`.
    pub fn root(&self, mut nodes: Option<&mut Nodes>) -> B256 {
        match &self.0 {
            Link::None => EMPTY_ROOT,
            Link::Hash(hash) | Link::Node(_, Some(hash)) => *hash,
            Link::Node(node, None) => {
                let encoded = encode(node, &mut nodes);
                let hash = keccak256(&encoded);
                if let Some(nodes) = nodes {
                    nodes.add(encoded);
                }
                hash
            }
        }
    }
}

fn nibbles(key: B256) -> Vec<u8> {
    key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

/// Decodes the node behind a link, if there is one and it was not done before.
fn resolve<'a>(
    link: &'a mut Link,
    at: usize,
    nodes: &mut Nodes,
) -> Result<Option<&'a mut Node>, Wrong> {
    if let Link::Hash(hash) = *link {
        let node = decode(nodes.need(hash)?, at, 0)?;
        *link = Link::Node(Box::new(node), Some(hash));
    }
    match link {
        Link::Node(node, _) => Ok(Some(node)),
        _ => Ok(None),
    }
}

fn leaf(path: &[u8], value: Vec<u8>) -> Link {
    Link::Node(
        Box::new(Node::Leaf {
            path: path.to_vec(),
            value,
        }),
        None,
    )
}

/// A link with a path before it: an extension, unless the path is empty.
fn extended(path: &[u8], link: Link) -> Link {
    match path.is_empty() {
        true => link,
        false => Link::Node(
            Box::new(Node::Extension {
                path: path.to_vec(),
                child: link,
            }),
            None,
        ),
    }
}

fn insert(
    link: &mut Link,
    path: &[u8],
    at: usize,
    value: Vec<u8>,
    nodes: &mut Nodes,
) -> Result<(), Wrong> {
    let rest = &path[at..];
    resolve(link, at, nodes)?;
    let Link::Node(node, clean) = link else {
        *link = leaf(rest, value);
        return Ok(());
    };
    *clean = None;
    let own = match &mut **node {
        Node::Branch(children) => {
            let child = &mut children[usize::from(rest[0])];
            return insert(child, path, at + 1, value, nodes);
        }
        Node::Leaf {
            path: own,
            value: old,
        } if own[..] == *rest => {
            *old = value;
            return Ok(());
        }
        Node::Extension { path: own, child } if rest.starts_with(own) => {
            let at = at + own.len();
            return insert(child, path, at, value, nodes);
        }
        Node::Leaf { path: own, .. } | Node::Extension { path: own, .. } => own.clone(),
    };
    // The paths part: a branch stands where they do.
    let common = own.iter().zip(rest).take_while(|(a, b)| a == b).count();
    let mut children = [const { Link::None }; 16];
    let below = &own[common + 1..];
    children[usize::from(own[common])] = match core::mem::replace(
        &mut **node,
        Node::Leaf {
            path: Vec::new(),
            value: Vec::new(),
        },
    ) {
        Node::Leaf { value, .. } => leaf(below, value),
        Node::Extension { child, .. } => extended(below, child),
        Node::Branch(_) => Link::None,
    };
    children[usize::from(rest[common])] = leaf(&rest[common + 1..], value);
    let branch = Link::Node(Box::new(Node::Branch(Box::new(children))), None);
    *link = extended(&own[..common], branch);
    Ok(())
}

/// Removes a key that is there.
fn remove(link: &mut Link, path: &[u8], at: usize, nodes: &mut Nodes) -> Result<(), Wrong> {
    resolve(link, at, nodes)?;
    let Link::Node(node, clean) = link else {
        return Ok(());
    };
    *clean = None;
    match &mut **node {
        Node::Leaf { .. } => {
            *link = Link::None;
        }
        Node::Extension { path: own, child } => {
            let own = own.clone();
            remove(child, path, at + own.len(), nodes)?;
            let child = core::mem::replace(child, Link::None);
            *link = joined(&own, child);
        }
        Node::Branch(children) => {
            remove(&mut children[usize::from(path[at])], path, at + 1, nodes)?;
            let mut left = children
                .iter()
                .enumerate()
                .filter(|(_, child)| !matches!(child, Link::None));
            if let (Some((index, _)), None) = (left.next(), left.next()) {
                // One child is left and takes the branch's place. What it is decides how, so it must be there.
                resolve(&mut children[index], at + 1, nodes)?;
                let child = core::mem::replace(&mut children[index], Link::None);
                *link = joined(&[index as u8], child);
            }
        }
    }
    Ok(())
}

/// A link that was decoded, with a path before it; paths that meet become one.
fn joined(path: &[u8], link: Link) -> Link {
    let Link::Node(node, clean) = link else {
        return extended(path, link);
    };
    match *node {
        Node::Leaf { path: below, value } => leaf(&[path, &below].concat(), value),
        Node::Extension { path: below, child } => extended(&[path, &below].concat(), child),
        branch @ Node::Branch(_) => extended(path, Link::Node(Box::new(branch), clean)),
    }
}
