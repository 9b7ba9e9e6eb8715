//! Every public type of a published package has an example in its documentation. `cargo test` compiles and runs
//! the examples; the test here says which type has none.
//!
//! It follows the `mod` declarations from each `lib.rs`. What is hidden from the documentation, or for tests
//! alone, needs no example. A type is public where it says `pub`: the lint `unreachable_pub` finds one that nobody
//! outside can name. It does not judge the examples.

use std::fs;
use std::path::Path;

use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, Visibility};

/// The folders of the packages whose types all have examples. The root package is the empty path.
const PACKAGES: [&str; 6] = ["", "runtime", "isa", "contract", "translator", "cache"];

/// Public types without an example, each with its file.
fn without_example(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for package in PACKAGES {
        let sources = root.join(package).join("src");
        read_file(&sources.join("lib.rs"), &sources, &mut found);
    }
    found
}

/// `children` is the folder with the files of the modules that this file declares.
fn read_file(file: &Path, children: &Path, found: &mut Vec<String>) {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let syntax =
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    read_items(&syntax.items, file, children, found);
}

fn read_items(items: &[Item], file: &Path, children: &Path, found: &mut Vec<String>) {
    for item in items {
        let (attributes, visibility, name) = match item {
            Item::Mod(child) if !is_exempt(&child.attrs) => {
                let name = child.ident.to_string();
                let folder = children.join(&name);
                match &child.content {
                    Some((_, items)) => read_items(items, file, &folder, found),
                    None => read_file(&children.join(format!("{name}.rs")), &folder, found),
                }
                continue;
            }
            Item::Struct(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Enum(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Union(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Trait(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Type(item) => (&item.attrs, &item.vis, &item.ident),
            _ => continue,
        };
        let public = matches!(visibility, Visibility::Public(_));
        if public && !is_exempt(attributes) && !has_example(attributes) {
            found.push(format!("{} of {}", name, file.display()));
        }
    }
}

/// Hidden from the documentation, or compiled for tests or documentation alone.
fn is_exempt(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => {
            let tokens = list.tokens.to_string();
            let hidden = list.path.is_ident("doc") && tokens == "hidden";
            hidden || list.path.is_ident("cfg") && (tokens == "test" || tokens.contains("doctest"))
        }
        _ => false,
    })
}

/// Whether the documentation has a block of code.
fn has_example(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::NameValue(value) if value.path.is_ident("doc") => match &value.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => text.value().trim_start().starts_with("```"),
            _ => false,
        },
        _ => false,
    })
}

#[test]
fn every_public_type_has_an_example() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = without_example(own.parent().expect("xtask has a folder"));
    assert!(found.is_empty(), "no example:\n{}", found.join("\n"));
}

#[test]
fn a_type_without_an_example_is_found() {
    let text = "/// ```\n/// ```\npub struct With;\n/// Text.\npub enum Without {}\nenum Private {}\n\
                #[doc(hidden)]\npub mod hidden { pub struct Hidden; }\npub mod shown { pub type Alias = u8; }";
    let syntax = syn::parse_file(text).expect("it is Rust");
    let mut found = Vec::new();
    read_items(&syntax.items, Path::new("a.rs"), Path::new("a"), &mut found);
    assert_eq!(found, ["Without of a.rs", "Alias of a.rs"]);
}
