//! Which item a path means: the module that defines it, through imports and re-exports.
//!
//! This knows paths within one crate. A path into another crate resolves to nothing. It does not
//! infer types: what `value.method()` calls is not a path.

use std::collections::HashSet;

use super::source::{Crate, ModuleId, Reach};

/// What a path within the crate means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
    Module(ModuleId),
    /// An item, by the module that defines it.
    Item(ModuleId, String),
}

/// Names that are being looked up, so that imports of each other end.
type Pending = HashSet<(ModuleId, String)>;

impl Crate {
    /// What `path` means in the module `from`; nothing if that is not in this crate.
    pub(super) fn resolve(&self, from: ModuleId, path: &[String]) -> Option<Meaning> {
        self.resolve_pending(from, path, &mut Pending::new())
    }

    fn resolve_pending(
        &self,
        from: ModuleId,
        path: &[String],
        pending: &mut Pending,
    ) -> Option<Meaning> {
        let mut meaning = None;
        for (index, name) in path.iter().enumerate() {
            let last = index + 1 == path.len();
            meaning = Some(match (meaning, name.as_str()) {
                (None, "crate" | "$crate") => Meaning::Module(0),
                (None, "self") => Meaning::Module(from),
                (None, "super") => Meaning::Module(self.modules[from].parent?),
                (Some(Meaning::Module(module)), "super") => {
                    Meaning::Module(self.modules[module].parent?)
                }
                (None, _) => self.look_up(from, name, last, pending)?,
                // A name that is not declared here comes from a macro of the same module.
                (Some(Meaning::Module(module)), _) => (self.look_up(module, name, last, pending))
                    .unwrap_or_else(|| Meaning::Item(module, name.clone())),
                // A variant, or an associated item.
                (Some(item @ Meaning::Item(..)), _) => return Some(item),
            });
        }
        meaning
    }

    /// What `name` means inside a module. A module and an item can share a name: the end of a path is
    /// the item, what stands before `::` is the module.
    fn look_up(
        &self,
        module: ModuleId,
        name: &str,
        last: bool,
        pending: &mut Pending,
    ) -> Option<Meaning> {
        if !pending.insert((module, name.to_owned())) {
            return None;
        }
        let own = &self.modules[module];
        let child = own.children.get(name).map(|&child| Meaning::Module(child));
        let item = (own.items.contains_key(name)).then(|| Meaning::Item(module, name.to_owned()));
        let declared = match last {
            true => item.or(child),
            false => child.or(item),
        };
        let found = declared.or_else(|| self.imported(module, name, pending));
        pending.remove(&(module, name.to_owned()));
        found
    }

    fn imported(&self, module: ModuleId, name: &str, pending: &mut Pending) -> Option<Meaning> {
        let imports = &self.modules[module].imports;
        let named = imports.iter().filter(|i| i.name.as_deref() == Some(name));
        for import in named {
            if let Some(meaning) = self.resolve_pending(module, &import.path, pending) {
                return Some(meaning);
            }
        }
        for import in imports.iter().filter(|import| import.name.is_none()) {
            let whole = self.resolve_pending(module, &import.path, pending);
            if let Some(Meaning::Module(source)) = whole
                && let Some(meaning) = self.look_up(source, name, true, pending)
            {
                return Some(meaning);
            }
        }
        None
    }

    /// Every item that other crates can name.
    pub(super) fn public_items(&self) -> HashSet<(ModuleId, String)> {
        let mut items = HashSet::new();
        let mut seen = HashSet::new();
        let mut open = vec![0];
        while let Some(module) = open.pop() {
            if !seen.insert(module) {
                continue;
            }
            let own = &self.modules[module];
            let public = own
                .items
                .iter()
                .filter(|(_, reach)| **reach == Reach::Public);
            items.extend(public.map(|(name, _)| (module, name.clone())));
            let children = own.children.values();
            open.extend(children.filter(|child| self.modules[**child].visibility == Reach::Public));
            let exported = own.imports.iter().filter(|i| i.visibility == Reach::Public);
            for import in exported {
                match self.resolve(module, &import.path) {
                    Some(Meaning::Module(source)) => open.push(source),
                    Some(Meaning::Item(source, name)) => {
                        items.insert((source, name));
                    }
                    None => {}
                }
            }
        }
        items
    }
}
