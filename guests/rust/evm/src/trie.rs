//! Ethereum's trie (Merkle, Patricia, hexary), of which only some nodes need be there.
//!
//! It is written here because published crates for `no_std` hash whole tries and check proofs, but do not change a
//! trie that is known in part. A trie begins as a root; a node is decoded when a key needs it, and must be among the
//! [`Nodes`], which are found by their hash: so whatever is read is part of the trie with that root. Keys are hashes of
//! 32 bytes, so no key ends inside the trie and branches have no value. Nodes in any other form are refused.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use alloy_rlp::{Encodable, Header};
use revm::primitives::{b256, keccak256, B256, U256};

use crate::wrong::Wrong;

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

/// A path as a node has it: two nibbles in a byte, after a flag for leaves and one for odd lengths.
fn compact(path: &[u8], is_leaf: bool) -> Vec<u8> {
    let flag = if is_leaf { 0x20 } else { 0 };
    let (first, pairs) = match path.len() % 2 {
        0 => (flag, path),
        _ => (flag | 0x10 | path[0], &path[1..]),
    };
    core::iter::once(first)
        .chain(pairs.chunks_exact(2).map(|pair| (pair[0] << 4) | pair[1]))
        .collect()
}

fn encode(node: &Node, nodes: &mut Option<&mut Nodes>) -> Vec<u8> {
    let mut payload = Vec::new();
    match node {
        Node::Leaf { path, value } => {
            compact(path, true).as_slice().encode(&mut payload);
            value.as_slice().encode(&mut payload);
        }
        Node::Extension { path, child } => {
            compact(path, false).as_slice().encode(&mut payload);
            reference(child, &mut payload, nodes);
        }
        Node::Branch(children) => {
            for child in children.iter() {
                reference(child, &mut payload, nodes);
            }
            payload.push(alloy_rlp::EMPTY_STRING_CODE);
        }
    }
    let mut encoded = Vec::with_capacity(payload.len() + 3);
    Header {
        list: true,
        payload_length: payload.len(),
    }
    .encode(&mut encoded);
    encoded.extend_from_slice(&payload);
    encoded
}

/// How a node stands in the node above it: as its hash, or whole if it is shorter than a hash.
fn reference(link: &Link, out: &mut Vec<u8>, nodes: &mut Option<&mut Nodes>) {
    match link {
        Link::None => out.push(alloy_rlp::EMPTY_STRING_CODE),
        Link::Hash(hash) | Link::Node(_, Some(hash)) => hash.encode(out),
        Link::Node(node, None) => {
            let encoded = encode(node, nodes);
            if encoded.len() < 32 {
                out.extend_from_slice(&encoded);
                return;
            }
            keccak256(&encoded).encode(out);
            if let Some(nodes) = nodes {
                nodes.add(encoded);
            }
        }
    }
}

/// Decodes a node that stands `at` nibbles below the root, and the nodes that are whole inside it.
fn decode(node: &[u8], at: usize, depth: usize) -> Result<Node, Wrong> {
    // A node inside a node is shorter than 32 bytes, so this is far more than there can be.
    if depth > 16 {
        return Err(Wrong::MalformedNode);
    }
    let items = items(node)?;
    match items[..] {
        [path, target] => {
            let (path, is_leaf) = decode_path(text(path)?)?;
            let below = at + path.len();
            if is_leaf {
                let value = text(target)?.to_vec();
                let whole = below == NIBBLES && !value.is_empty();
                return if whole {
                    Ok(Node::Leaf { path, value })
                } else {
                    Err(Wrong::MalformedNode)
                };
            }
            let child = decode_link(target, below, depth)?;
            let fits = !path.is_empty() && below < NIBBLES;
            match child {
                Link::Hash(_) if fits => Ok(Node::Extension { path, child }),
                Link::Node(ref node, _) if fits && matches!(**node, Node::Branch(_)) => {
                    Ok(Node::Extension { path, child })
                }
                _ => Err(Wrong::MalformedNode),
            }
        }
        [ref children @ .., value] if children.len() == 16 && at < NIBBLES => {
            if value != [alloy_rlp::EMPTY_STRING_CODE] {
                return Err(Wrong::MalformedNode);
            }
            let mut links = [const { Link::None }; 16];
            for (link, child) in links.iter_mut().zip(children) {
                *link = decode_link(child, at + 1, depth)?;
            }
            Ok(Node::Branch(Box::new(links)))
        }
        _ => Err(Wrong::MalformedNode),
    }
}

fn decode_link(item: &[u8], at: usize, depth: usize) -> Result<Link, Wrong> {
    if item
        .first()
        .is_some_and(|first| *first >= alloy_rlp::EMPTY_LIST_CODE)
    {
        if item.len() >= 32 {
            return Err(Wrong::MalformedNode);
        }
        return Ok(Link::Node(Box::new(decode(item, at, depth + 1)?), None));
    }
    match text(item)? {
        [] => Ok(Link::None),
        hash => B256::try_from(hash)
            .map(Link::Hash)
            .map_err(|_| Wrong::MalformedNode),
    }
}

fn decode_path(bytes: &[u8]) -> Result<(Vec<u8>, bool), Wrong> {
    let (first, rest) = bytes.split_first().ok_or(Wrong::MalformedNode)?;
    let odd = first & 0x10 != 0;
    if first & 0xc0 != 0 || (!odd && first & 15 != 0) {
        return Err(Wrong::MalformedNode);
    }
    let mut path = Vec::with_capacity(2 * rest.len() + 1);
    if odd {
        path.push(first & 15);
    }
    path.extend(rest.iter().flat_map(|byte| [byte >> 4, byte & 15]));
    Ok((path, first & 0x20 != 0))
}

/// The items of a list, each with its header.
fn items(mut list: &[u8]) -> Result<Vec<&[u8]>, Wrong> {
    let mut payload = Header::decode_bytes(&mut list, true).map_err(|_| Wrong::MalformedNode)?;
    if !list.is_empty() {
        return Err(Wrong::MalformedNode);
    }
    let mut items = Vec::with_capacity(17);
    while !payload.is_empty() {
        let before = payload;
        let header = Header::decode(&mut payload).map_err(|_| Wrong::MalformedNode)?;
        payload = payload
            .get(header.payload_length..)
            .ok_or(Wrong::MalformedNode)?;
        items.push(&before[..before.len() - payload.len()]);
        if items.len() > 17 {
            return Err(Wrong::MalformedNode);
        }
    }
    Ok(items)
}

fn text(mut item: &[u8]) -> Result<&[u8], Wrong> {
    Header::decode_bytes(&mut item, false).map_err(|_| Wrong::MalformedNode)
}

/// What the state's trie has for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountEntry {
    /// Its nonce.
    pub nonce: u64,
    /// Its wei.
    pub balance: U256,
    /// The root of its storage.
    pub storage: B256,
    /// The hash of its code.
    pub code_hash: B256,
}

/// The entry of an account.
pub fn encode_account(nonce: u64, balance: U256, storage: B256, code_hash: B256) -> Vec<u8> {
    let mut out = Vec::new();
    alloy_rlp::encode_list::<&dyn Encodable, dyn Encodable>(
        &[&nonce, &balance, &storage, &code_hash],
        &mut out,
    );
    out
}

/// Reads the entry of an account.
///
/// # Errors
/// It is none.
pub fn decode_account(mut bytes: &[u8]) -> Result<AccountEntry, Wrong> {
    use alloy_rlp::Decodable;
    let malformed = |_| Wrong::MalformedNode;
    let mut payload = Header::decode_bytes(&mut bytes, true).map_err(malformed)?;
    let entry = AccountEntry {
        nonce: u64::decode(&mut payload).map_err(malformed)?,
        balance: U256::decode(&mut payload).map_err(malformed)?,
        storage: B256::decode(&mut payload).map_err(malformed)?,
        code_hash: B256::decode(&mut payload).map_err(malformed)?,
    };
    if payload.is_empty() && bytes.is_empty() {
        Ok(entry)
    } else {
        Err(Wrong::MalformedNode)
    }
}

/// What a storage's trie has for a word.
pub fn slot_value(value: U256) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

/// Reads a word of a storage.
///
/// # Errors
/// It is none, or zero, which a trie does not have.
pub fn decode_slot(mut bytes: &[u8]) -> Result<U256, Wrong> {
    use alloy_rlp::Decodable;
    let value = U256::decode(&mut bytes).map_err(|_| Wrong::MalformedNode)?;
    if bytes.is_empty() && !value.is_zero() {
        Ok(value)
    } else {
        Err(Wrong::MalformedNode)
    }
}
