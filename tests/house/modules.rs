//! The modules of a crate: what each defines, what it takes from where, and which file it stands in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, UseTree, Visibility};

use crate::paths::{self, Names};

/// A crate, as far as names go.
pub(crate) struct Crate {
    modules: BTreeMap<Names, Module>,
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    defined: BTreeSet<String>,
    /// What a name stands for.
    taken: BTreeMap<String, Names>,
    globs: Vec<Names>,
    /// The paths that its code names, its private imports among them.
    named: Vec<Names>,
}

impl Crate {
    /// Reads a crate from the file that it begins with.
    pub(crate) fn read(root: &Path) -> Self {
        let mut krate = Crate { modules: BTreeMap::new() };
        let folder = root.parent().unwrap().to_owned();
        krate.read_file(root, &folder, vec![]);
        krate
    }

    fn read_file(&mut self, file: &Path, children: &Path, name: Names) {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.read_items(parsed.items, file, children, name);
    }

    fn read_items(&mut self, items: Vec<Item>, file: &Path, children: &Path, name: Names) {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        let mut inner = Vec::new();
        for item in items.into_iter().filter(|item| !paths::is_for_tests(item)) {
            match item {
                Item::Mod(item) => inner.push(item),
                Item::Use(item) => {
                    let private = matches!(item.vis, Visibility::Inherited);
                    module.take(&item.tree, &mut vec![], private);
                }
                other => {
                    module.defined.extend(paths::defines(&other));
                    module.named.extend(paths::named_in(&other));
                }
            }
        }
        self.modules.insert(name.clone(), module);
        for item in inner {
            let child = item.ident.to_string();
            let mut full = name.clone();
            full.push(child.clone());
            match item.content {
                Some((_, items)) => self.read_items(items, file, &children.join(&child), full),
                None => {
                    let (file, folder) = place_of(&item.attrs, file, children, &child);
                    self.read_file(&file, &folder, full);
                }
            }
        }
    }

    /// Which file names something that is defined in which other one.
    pub(crate) fn edges(&self) -> BTreeSet<(String, String)> {
        let mut edges = BTreeSet::new();
        for (name, module) in &self.modules {
            for path in &module.named {
                if let Some(file) = self.file_of(name, path, 0)
                    && file != module.file
                {
                    edges.insert((module.file.display().to_string(), file.display().to_string()));
                }
            }
        }
        edges
    }

    /// The file where the thing that a path names is defined, if it is one of this crate.
    fn file_of(&self, from: &Names, path: &Names, depth: usize) -> Option<PathBuf> {
        if depth > 20 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let mut at = from.clone();
        let rest = match first.as_str() {
            "crate" => {
                at = vec![];
                rest
            }
            "self" => rest,
            "super" => {
                at.pop()?;
                let mut rest = rest;
                while let Some((next, later)) = rest.split_first()
                    && next == "super"
                {
                    at.pop()?;
                    rest = later;
                }
                rest
            }
            _ => return self.lookup(&at, path, depth, true),
        };
        if rest.is_empty() { None } else { self.lookup(&at, &rest.to_vec(), depth, false) }
    }

    /// Finds what a path names, seen from a module.
    fn lookup(&self, at: &Names, path: &Names, depth: usize, local: bool) -> Option<PathBuf> {
        let (first, rest) = path.split_first()?;
        let module = self.modules.get(at)?;
        let mut child = at.clone();
        child.push(first.clone());
        if self.modules.contains_key(&child) {
            // A module by itself is no thing: what is named behind it is.
            return if rest.is_empty() { None } else { self.lookup(&child, &rest.to_vec(), depth, false) };
        }
        if module.defined.contains(first) {
            return Some(module.file.clone());
        }
        if let Some(target) = module.taken.get(first) {
            let target: Names = target.iter().chain(rest).cloned().collect();
            // What is taken from another crate under its own name would look itself up.
            return if local && target == *path { None } else { self.file_of(at, &target, depth + 1) };
        }
        module.globs.iter().find_map(|glob| {
            let target: Names = glob.iter().chain(path).cloned().collect();
            self.file_of(at, &target, depth + 1)
        })
    }
}

impl Module {
    fn take(&mut self, tree: &UseTree, before: &mut Names, private: bool) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.take(&path.tree, before, private);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.take(tree, before, private)),
            UseTree::Glob(_) => self.globs.push(before.clone()),
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                let (alias, full) = match name.as_str() {
                    "self" => (before.last().cloned().unwrap_or_default(), before.clone()),
                    _ => (name.clone(), before.iter().cloned().chain([name.clone()]).collect()),
                };
                self.taken_as(alias, full, private);
            }
            UseTree::Rename(rename) => {
                let full = before.iter().cloned().chain([rename.ident.to_string()]).collect();
                self.taken_as(rename.rename.to_string(), full, private);
            }
        }
    }

    fn taken_as(&mut self, alias: String, full: Names, private: bool) {
        if private {
            self.named.push(full.clone());
        }
        self.taken.insert(alias, full);
    }
}

/// The file of `mod child;`, and the folder of its own children.
fn place_of(attrs: &[Attribute], file: &Path, children: &Path, child: &str) -> (PathBuf, PathBuf) {
    let given = attrs.iter().find_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    });
    if let Some(path) = given {
        let file = file.parent().unwrap().join(path);
        let folder = file.parent().unwrap().to_owned();
        return (file, folder);
    }
    let (flat, folder) = (children.join(format!("{child}.rs")), children.join(child));
    if flat.exists() { (flat, folder) } else { (folder.join("mod.rs"), folder) }
}
