//! How nodes of a trie are encoded: RLP, with paths in their compact form.

use alloc::boxed::Box;
use alloc::vec::Vec;

use alloy_rlp::{Encodable, Header};
use revm::primitives::{keccak256, B256};

use super::{Link, Node, Nodes, NIBBLES};
use crate::wrong::Wrong;

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

pub(super) fn encode(node: &Node, nodes: &mut Option<&mut Nodes>) -> Vec<u8> {
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
pub(super) fn decode(node: &[u8], at: usize, depth: usize) -> Result<Node, Wrong> {
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
