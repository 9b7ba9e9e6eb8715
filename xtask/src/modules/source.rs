//! The modules of one crate as its source files declare them: names, imports and child modules.
//!
//! Every file that `mod` declarations reach is parsed with `syn`. Code for tests alone is left out
//! (`#[cfg(test)]`, `#[test]`). Nothing is resolved here; [`super::resolve`] does that. Macros are not
//! expanded, so an item that a macro makes is not in a module's list.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, UseTree, Visibility};

use super::error::ModulesError;

/// The position of a module in [`Crate::modules`]. The root is 0.
pub(super) type ModuleId = usize;
/// The position of a file in [`Crate::files`]. The root's file is 0.
pub(super) type FileId = usize;

/// A source file, parsed.
pub(super) struct SourceFile {
    /// From the root of the repository.
    pub(super) path: PathBuf,
    pub(super) lines: usize,
    pub(super) syntax: syn::File,
    /// The module whose body the file is.
    pub(super) module: ModuleId,
}

/// A name that a `use` declaration brings in.
pub(super) struct Import {
    /// The name, or nothing for a glob.
    pub(super) name: Option<String>,
    pub(super) path: Vec<String>,
    pub(super) visibility: Reach,
}

/// From where an item or an import can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// From its own module and the modules below it.
    Private,
    /// From more of the crate (`pub(crate)`, `pub(super)`).
    Crate,
    /// From other crates, if its module can be reached.
    Public,
}

impl Reach {
    pub(super) fn of(visibility: &Visibility) -> Reach {
        match visibility {
            Visibility::Public(_) => Reach::Public,
            Visibility::Restricted(_) => Reach::Crate,
            Visibility::Inherited => Reach::Private,
        }
    }
}

/// What one module declares.
pub(super) struct Module {
    pub(super) file: FileId,
    pub(super) parent: Option<ModuleId>,
    pub(super) visibility: Reach,
    pub(super) children: HashMap<String, ModuleId>,
    pub(super) items: HashMap<String, Reach>,
    pub(super) imports: Vec<Import>,
}

/// One crate: a library or a program.
pub(super) struct Crate {
    /// The target's name in its manifest's package.
    pub(super) name: String,
    pub(super) files: Vec<SourceFile>,
    pub(super) modules: Vec<Module>,
    /// Where each `macro_rules!` stands. Their names have no paths, so a crate has one list.
    pub(super) macros: HashMap<String, FileId>,
}

impl Crate {
    /// Reads the crate whose root is the file `entry`, with paths shown from `root`.
    pub(super) fn read(name: &str, root: &Path, entry: &Path) -> Result<Crate, ModulesError> {
        let mut reader = Crate {
            name: name.to_owned(),
            files: Vec::new(),
            modules: Vec::new(),
            macros: HashMap::new(),
        };
        let children = entry.parent().unwrap_or(root).to_owned();
        reader.read_file(root, entry, &children, None, Reach::Public)?;
        Ok(reader)
    }

    /// Parses a file as the body of a new module. `children` is the folder of its child modules.
    fn read_file(
        &mut self,
        root: &Path,
        path: &Path,
        children: &Path,
        parent: Option<ModuleId>,
        visibility: Reach,
    ) -> Result<ModuleId, ModulesError> {
        let text = fs::read_to_string(path).map_err(|error| ModulesError::Read {
            path: path.to_owned(),
            error,
        })?;
        let syntax = syn::parse_file(&text).map_err(|error| ModulesError::Parse {
            path: path.to_owned(),
            error,
        })?;
        let file = self.files.len();
        let module = self.add_module(file, parent, visibility);
        let items = syntax.items.clone();
        self.files.push(SourceFile {
            path: path.strip_prefix(root).unwrap_or(path).to_owned(),
            lines: text.lines().count(),
            syntax,
            module,
        });
        self.read_items(root, &items, children, module)?;
        Ok(module)
    }

    fn add_module(
        &mut self,
        file: FileId,
        parent: Option<ModuleId>,
        visibility: Reach,
    ) -> ModuleId {
        self.modules.push(Module {
            file,
            parent,
            visibility,
            children: HashMap::new(),
            items: HashMap::new(),
            imports: Vec::new(),
        });
        self.modules.len() - 1
    }

    fn read_items(
        &mut self,
        root: &Path,
        items: &[Item],
        children: &Path,
        module: ModuleId,
    ) -> Result<(), ModulesError> {
        for item in items {
            if is_for_tests(attributes(item)) {
                continue;
            }
            if let Item::Mod(child) = item {
                self.read_child(root, child, children, module)?;
                continue;
            }
            if let Some((name, visibility)) = declared(item) {
                self.modules[module].items.insert(name, visibility);
            }
            let mut names = NamesInside::default();
            names.visit_item(item);
            self.modules[module].imports.extend(names.imports);
            let file = self.modules[module].file;
            let found = names.macros.into_iter().map(|name| (name, file));
            self.macros.extend(found);
        }
        Ok(())
    }

    fn read_child(
        &mut self,
        root: &Path,
        child: &ItemMod,
        children: &Path,
        parent: ModuleId,
    ) -> Result<(), ModulesError> {
        let name = child.ident.to_string();
        let visibility = Reach::of(&child.vis);
        let below = children.join(&name);
        let module = match &child.content {
            Some((_, items)) => {
                let file = self.modules[parent].file;
                let module = self.add_module(file, Some(parent), visibility);
                self.read_items(root, items, &below, module)?;
                module
            }
            None => {
                let beside = children.join(format!("{name}.rs"));
                let path = match beside.is_file() {
                    true => beside,
                    false => below.join("mod.rs"),
                };
                self.read_file(root, &path, &below, Some(parent), visibility)?
            }
        };
        self.modules[parent].children.insert(name, module);
        Ok(())
    }
}

/// Imports and macros anywhere in an item. Those inside a function count as their module's.
#[derive(Default)]
struct NamesInside {
    imports: Vec<Import>,
    macros: Vec<String>,
}

impl<'ast> Visit<'ast> for NamesInside {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let visibility = Reach::of(&item.vis);
        for (name, path) in leaves(&item.tree) {
            self.imports.push(Import {
                name,
                path,
                visibility,
            });
        }
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        self.macros
            .extend(item.ident.iter().map(ToString::to_string));
    }
}

/// Each name that a `use` tree brings in (nothing for a glob), with the path behind it.
pub(super) fn leaves(tree: &UseTree) -> Vec<(Option<String>, Vec<String>)> {
    let mut found = Vec::new();
    collect_leaves(tree, &mut Vec::new(), &mut found);
    found
}

fn collect_leaves(
    tree: &UseTree,
    before: &mut Vec<String>,
    found: &mut Vec<(Option<String>, Vec<String>)>,
) {
    let path = |name: &syn::Ident, before: &[String]| match name == "self" && !before.is_empty() {
        // `use a::{self}` names `a`.
        true => before.to_vec(),
        false => [before, &[name.to_string()]].concat(),
    };
    match tree {
        UseTree::Path(step) => {
            before.push(step.ident.to_string());
            collect_leaves(&step.tree, before, found);
            before.pop();
        }
        UseTree::Name(leaf) => {
            let path = path(&leaf.ident, before);
            found.push((path.last().cloned(), path));
        }
        UseTree::Rename(leaf) => {
            found.push((Some(leaf.rename.to_string()), path(&leaf.ident, before)));
        }
        UseTree::Glob(_) => found.push((None, before.clone())),
        UseTree::Group(group) => {
            for tree in &group.items {
                collect_leaves(tree, before, found);
            }
        }
    }
}

/// The name that an item declares in its module, and from where it can be named.
fn declared(item: &Item) -> Option<(String, Reach)> {
    let (name, visibility) = match item {
        Item::Const(item) => (&item.ident, &item.vis),
        Item::Enum(item) => (&item.ident, &item.vis),
        Item::Fn(item) => (&item.sig.ident, &item.vis),
        Item::Static(item) => (&item.ident, &item.vis),
        Item::Struct(item) => (&item.ident, &item.vis),
        Item::Trait(item) => (&item.ident, &item.vis),
        Item::TraitAlias(item) => (&item.ident, &item.vis),
        Item::Type(item) => (&item.ident, &item.vis),
        Item::Union(item) => (&item.ident, &item.vis),
        _ => return None,
    };
    Some((name.to_string(), Reach::of(visibility)))
}

/// The attributes of an item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item is compiled for tests alone: `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        if attribute.path().is_ident("test") {
            return true;
        }
        let Ok(list) = attribute.meta.require_list() else {
            return false;
        };
        let tokens = list.tokens.to_string().replace(' ', "");
        list.path.is_ident("cfg")
            && (tokens == "test" || tokens == "doctest" || tokens.starts_with("all(test,"))
    })
}
