//! Which file of a crate uses which other file, and by what names.
//!
//! The rule. A file uses another when its code names an item that the other defines: in a path, in a
//! private `use`, or as a macro. The defining file counts, whatever re-export the path goes through.
//! A re-export (`pub use`, `pub(crate) use`) alone is a sign-post and not a use; code that says the
//! exported name is. So a parent that only declares and re-exports its children does not depend on
//! them, and a parent whose code calls them does.
//!
//! Methods are the other half: `impl T` may stand in another file than `T`. Where a method of `T`
//! calls `self.m()`, or any code says `T::m`, the file that defines `m` is used. What other values'
//! method calls reach would need type inference, and is left out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Expr, ImplItem, Item, Visibility};

use super::resolve::Meaning;
use super::source::{Crate, FileId, ModuleId, Reach, attributes, is_for_tests, leaves};

/// The names by which each file (first) uses each other (second).
pub(super) type Arrows = BTreeMap<(FileId, FileId), BTreeSet<String>>;

/// A type that the crate defines: its module and its name.
type TypeName = (ModuleId, String);

/// Methods of the crate's types, each with the files that define it.
#[derive(Default)]
pub(super) struct Methods {
    files: HashMap<(TypeName, String), HashSet<FileId>>,
    /// How many public methods and constants each type has.
    pub(super) public: HashMap<TypeName, usize>,
}

impl Methods {
    /// Reads all `impl T` of the crate that are not of a trait.
    pub(super) fn read(source: &Crate) -> Methods {
        let mut methods = Methods::default();
        for (file, text) in source.files.iter().enumerate() {
            methods.read_items(source, file, text.module, &text.syntax.items);
        }
        methods
    }

    fn read_items(&mut self, source: &Crate, file: FileId, module: ModuleId, items: &[Item]) {
        for item in items {
            if is_for_tests(attributes(item)) {
                continue;
            }
            match item {
                Item::Mod(child) => {
                    if let Some((_, items)) = &child.content {
                        let child = source.modules[module].children[&child.ident.to_string()];
                        self.read_items(source, file, child, items);
                    }
                }
                Item::Impl(block) if block.trait_.is_none() => {
                    if let Some(owner) = type_name(source, module, &block.self_ty) {
                        self.read_impl(file, &owner, &block.items);
                    }
                }
                _ => {}
            }
        }
    }

    fn read_impl(&mut self, file: FileId, owner: &TypeName, items: &[ImplItem]) {
        for item in items {
            let (name, visibility) = match item {
                ImplItem::Fn(item) => (&item.sig.ident, &item.vis),
                ImplItem::Const(item) => (&item.ident, &item.vis),
                _ => continue,
            };
            let files = self.files.entry((owner.clone(), name.to_string()));
            files.or_default().insert(file);
            if matches!(visibility, Visibility::Public(_)) {
                *self.public.entry(owner.clone()).or_default() += 1;
            }
        }
    }

    fn defining(&self, owner: &TypeName, method: &str) -> impl Iterator<Item = FileId> {
        let files = self.files.get(&(owner.clone(), method.to_owned()));
        files.into_iter().flatten().copied()
    }
}

/// The type of this crate that a type expression names.
fn type_name(source: &Crate, module: ModuleId, ty: &syn::Type) -> Option<TypeName> {
    let syn::Type::Path(ty) = ty else {
        return None;
    };
    match source.resolve(module, &names(&ty.path))? {
        Meaning::Item(module, name) => Some((module, name)),
        Meaning::Module(_) => None,
    }
}

fn names(path: &syn::Path) -> Vec<String> {
    let segments = path.segments.iter();
    segments.map(|segment| segment.ident.to_string()).collect()
}

/// All arrows between files of the crate.
pub(super) fn arrows(source: &Crate, methods: &Methods) -> Arrows {
    let mut arrows = Arrows::new();
    for (file, text) in source.files.iter().enumerate() {
        let mut reader = Reader {
            source,
            methods,
            file,
            module: text.module,
            owner: None,
            arrows: &mut arrows,
        };
        reader.visit_file(&text.syntax);
    }
    arrows
}

/// Walks through one file.
struct Reader<'a> {
    source: &'a Crate,
    methods: &'a Methods,
    file: FileId,
    module: ModuleId,
    /// The type of the `impl` that is being read.
    owner: Option<TypeName>,
    arrows: &'a mut Arrows,
}

impl Reader<'_> {
    fn uses(&mut self, file: FileId, name: &str) {
        if file != self.file {
            let names = self.arrows.entry((self.file, file)).or_default();
            names.insert(name.to_owned());
        }
    }

    fn uses_path(&mut self, path: &[String]) {
        if path.first().is_some_and(|first| first == "Self") {
            if let (Some(owner), Some(method)) = (self.owner.clone(), path.get(1)) {
                self.uses_method(&owner, method);
            }
            return;
        }
        if let Some(Meaning::Item(module, name)) = self.source.resolve(self.module, path) {
            self.uses(self.source.modules[module].file, &name);
            let at = path.iter().position(|segment| *segment == name);
            if let Some(method) = at.and_then(|at| path.get(at + 1)) {
                self.uses_method(&(module, name), method);
            }
        }
    }

    fn uses_method(&mut self, owner: &TypeName, method: &str) {
        for file in self.methods.defining(owner, method) {
            self.uses(file, &format!("{}::{method}", owner.1));
        }
    }

    fn uses_macro(&mut self, path: &syn::Path) {
        let name = path.segments.last().map(|last| last.ident.to_string());
        if let Some(name) = name
            && let Some(&file) = self.source.macros.get(&name)
        {
            self.uses(file, &format!("{name}!"));
        }
    }

    /// Paths in the arguments of a macro, or in its definition: names with `::` between them.
    fn uses_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut after_dot = false;
        for token in tokens {
            match &token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.uses_path(&std::mem::take(&mut path));
                    }
                    if !after_dot {
                        path.push(name.to_string());
                    }
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                other => {
                    self.uses_path(&std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.uses_tokens(group.stream());
                    }
                }
            }
            after_dot = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '.');
        }
        self.uses_path(&path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.content.is_none() {
            return;
        }
        let outer = self.module;
        self.module = self.source.modules[outer].children[&item.ident.to_string()];
        visit::visit_item_mod(self, item);
        self.module = outer;
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.owner = type_name(self.source, self.module, &item.self_ty);
        visit::visit_item_impl(self, item);
        self.owner = None;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if Reach::of(&item.vis) != Reach::Private {
            return;
        }
        for (name, path) in leaves(&item.tree) {
            let meaning = self.source.resolve(self.module, &path);
            match (name, meaning) {
                (_, Some(Meaning::Item(module, name))) => {
                    self.uses(self.source.modules[module].file, &name);
                }
                (None, Some(Meaning::Module(module))) => {
                    self.uses(self.source.modules[module].file, "*");
                }
                // The name of a module: the paths that go through it are the uses.
                (Some(_), Some(Meaning::Module(_))) | (_, None) => {}
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.uses_path(&names(path));
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let on_self = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self"));
        if on_self && let Some(owner) = self.owner.clone() {
            self.uses_method(&owner, &call.method.to_string());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.uses_macro(&call.path);
        self.uses_tokens(call.tokens.clone());
    }

    /// Attributes name tools and derives, which other crates define.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    /// `pub(in path)` uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The arrows of a crate with these files, as `from → to: names`.
    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let source = Crate::read("sample", folder.path(), &folder.path().join("lib.rs"));
        let source = source.expect("a crate");
        let arrows = arrows(&source, &Methods::read(&source));
        let shown = arrows.iter().map(|((from, to), names)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let path = |file: &FileId| source.files[*file].path.display().to_string();
            format!("{} → {}: {}", path(from), path(to), names.join(", "))
        });
        shown.collect()
    }

    #[test]
    fn a_re_export_leads_to_the_file_that_defines() {
        let found = of(&[
            (
                "lib.rs",
                "mod a; mod b; pub use a::{Thing, make as create};",
            ),
            ("a.rs", "pub struct Thing; pub fn make() {}"),
            (
                "b.rs",
                "use super::Thing; fn f(_: Thing) { crate::create() }",
            ),
        ]);
        assert_eq!(found, ["b.rs → a.rs: Thing, make"]);
    }

    #[test]
    fn a_parent_that_uses_its_child_and_is_used_by_it_is_a_circle() {
        let found = of(&[
            ("lib.rs", "mod a; pub struct Own; fn f() { a::make() }"),
            ("a.rs", "pub fn make() { let _ = super::Own; }"),
        ]);
        assert_eq!(found, ["lib.rs → a.rs: make", "a.rs → lib.rs: Own"]);
    }

    #[test]
    fn methods_of_a_type_belong_to_the_file_of_their_impl() {
        let found = of(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            (
                "a.rs",
                "pub struct T; impl T { fn f(&self) { self.g(); Self::h() } }",
            ),
            (
                "b.rs",
                "use crate::a::T; impl T { fn g(&self) {} pub fn h() {} }",
            ),
            ("c.rs", "fn f() { crate::a::T::h() }"),
        ]);
        let expected = [
            "a.rs → b.rs: T::g, T::h",
            "b.rs → a.rs: T",
            "c.rs → a.rs: T",
            "c.rs → b.rs: T::h",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn macros_count_and_tests_do_not() {
        let found = of(&[
            (
                "lib.rs",
                "#[macro_use] mod m; mod a; mod b; #[cfg(test)] mod t;",
            ),
            (
                "m.rs",
                "macro_rules! twice { ($x:expr) => { crate::a::two($x) } }",
            ),
            (
                "a.rs",
                "pub fn two(x: u8) -> u8 { x } #[cfg(test)] mod tests { use crate::b::one; }",
            ),
            (
                "b/mod.rs",
                "pub fn one() { twice!(3); println!(\"{}\", crate::a::two(1)); }",
            ),
        ]);
        assert_eq!(
            found,
            [
                "m.rs → a.rs: two",
                "b/mod.rs → m.rs: twice!",
                "b/mod.rs → a.rs: two"
            ]
        );
    }
}
