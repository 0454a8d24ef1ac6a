//! The program's source as a tree of modules, read with `syn`: which names each defines, and which it takes from others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Item, UseTree, Visibility};

/// A path such as `["crate", "store", "Store"]`.
type Segments = Vec<String>;

/// One file of the source: a module without the parts that only tests have.
#[derive(Default)]
pub(crate) struct Module {
    /// Its path below `src`, such as `store/mod.rs`.
    pub(crate) file: PathBuf,
    /// The types it defines that other modules may name.
    pub(crate) public_types: BTreeSet<String>,
    /// Whether a macro of the file makes a public type of each name that a call gives it.
    makes_public_types: bool,
    children: BTreeSet<String>,
    definitions: BTreeSet<String>,
    /// Names brought in by `use`, with the paths that they stand for.
    imports: BTreeMap<String, Segments>,
    globs: Vec<Segments>,
    /// Paths of `use` without those that only hand a name on (`pub use`).
    used: BTreeSet<Segments>,
    /// Paths that stand in the code itself, single words among them.
    named: BTreeSet<Segments>,
}

/// All modules of a crate by their paths, such as `["store", "jobs"]`.
pub(crate) struct Source {
    modules: BTreeMap<Segments, Module>,
}

impl Source {
    /// Reads the crate whose `lib.rs` is in `directory`.
    pub(crate) fn read(directory: &Path) -> Self {
        let mut source = Self { modules: BTreeMap::new() };
        source.read_module(directory, Path::new("lib.rs"), Vec::new());
        source
    }

    /// Reads sources that are given as text, for the tests of this reader: `(module path, file, text)`.
    pub(crate) fn of_texts(texts: &[(&str, &str, &str)]) -> Self {
        let modules = texts.iter().map(|(path, file, text)| {
            let path = path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
            (path, Module::parse(Path::new(file), text))
        });
        Self { modules: modules.collect() }
    }

    /// Each module with its path.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&[String], &Module)> {
        self.modules.iter().map(|(path, module)| (path.as_slice(), module))
    }

    /// Which files a module takes names from, re-exports followed to where the name is defined.
    pub(crate) fn files_used_by(&self, path: &[String]) -> BTreeSet<&Path> {
        let module = &self.modules[path];
        // A single word is a variable or a field more often than a name that was brought in.
        let named = module.named.iter().filter(|path| path.len() > 1 || module.imports.contains_key(&path[0]));
        let paths = module.used.iter().chain(named);
        let owners = paths.filter_map(|used| self.owner(path, used, 0));
        owners.map(|owner| self.modules[owner].file.as_path()).filter(|file| *file != module.file).collect()
    }

    /// Imports from this crate that name nothing that was found: this reader would overlook what they use.
    pub(crate) fn unresolved(&self) -> Vec<String> {
        let mut unresolved = Vec::new();
        for (path, module) in &self.modules {
            let own = module.used.iter().filter(|used| matches!(used[0].as_str(), "crate" | "super" | "self"));
            for used in own.filter(|used| self.owner(path, used, 0).is_none()) {
                unresolved.push(format!("{}: {}", module.file.display(), used.join("::")));
            }
        }
        unresolved
    }

    fn read_module(&mut self, directory: &Path, file: &Path, path: Segments) {
        let text =
            fs::read_to_string(directory.join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let module = Module::parse(file, &text);
        let folder = match file.file_stem().and_then(|stem| stem.to_str()) {
            Some("lib" | "mod") => file.parent().expect("a file has a folder").to_owned(),
            _ => file.with_extension(""),
        };
        for child in &module.children {
            let flat = folder.join(format!("{child}.rs"));
            let nested = folder.join(child).join("mod.rs");
            let file = if directory.join(&flat).exists() { flat } else { nested };
            self.read_module(directory, &file, [path.clone(), vec![child.clone()]].concat());
        }
        self.modules.insert(path, module);
    }

    /// The module that defines what `used` names when it stands in the module `from`. `None` for names of other crates.
    fn owner<'a>(&'a self, from: &'a [String], used: &[String], depth: usize) -> Option<&'a [String]> {
        let (first, rest) = used.split_first()?;
        // Two modules may bring in each other's names with `*`.
        if depth > 16 {
            return None;
        }
        match first.as_str() {
            "crate" => self.below(&[], rest, depth),
            "self" => self.below(from, rest, depth),
            "super" => self.below(&from[..from.len().checked_sub(1)?], rest, depth),
            _ => self.below(from, used, depth),
        }
    }

    /// The same for a path that starts within a module.
    fn below<'a>(&'a self, at: &[String], path: &[String], depth: usize) -> Option<&'a [String]> {
        let (at, module) = self.modules.get_key_value(at)?;
        let Some((name, rest)) = path.split_first() else { return Some(at) };
        if name == "super" {
            return self.below(&at[..at.len().checked_sub(1)?], rest, depth);
        }
        if module.children.contains(name) {
            return self.below(&[at.clone(), vec![name.clone()]].concat(), rest, depth);
        }
        if module.definitions.contains(name) {
            return Some(at);
        }
        if let Some(import) = module.imports.get(name) {
            // `use serde_json;` stands for itself.
            if import.len() == 1 && import[0] == *name {
                return None;
            }
            return self.owner(at, &[import.clone(), rest.to_vec()].concat(), depth + 1);
        }
        module.globs.iter().find_map(|glob| self.owner(at, &[glob.clone(), path.to_vec()].concat(), depth + 1))
    }
}

impl Module {
    fn parse(file: &Path, text: &str) -> Self {
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut module = Self { file: file.to_owned(), ..Self::default() };
        parsed.items.iter().for_each(|item| module.read_item(item));
        module
    }

    fn read_item(&mut self, item: &Item) {
        if attributes(item).iter().any(only_for_tests) {
            return;
        }
        match item {
            Item::Use(item) => {
                let hands_on = !matches!(item.vis, Visibility::Inherited);
                self.read_use(&item.tree, Vec::new(), hands_on);
                return;
            }
            Item::Mod(item) if item.content.is_none() => {
                self.children.insert(item.ident.to_string());
                return;
            }
            Item::Struct(item) => self.define_type(&item.ident, &item.vis),
            Item::Enum(item) => {
                self.define_type(&item.ident, &item.vis);
                if item.attrs.iter().any(is_multi_connection) {
                    self.definitions.insert("MultiBackend".to_owned());
                }
            }
            Item::Trait(item) => self.define_type(&item.ident, &item.vis),
            Item::Type(item) => self.define_type(&item.ident, &item.vis),
            Item::Fn(item) => self.define(&item.sig.ident),
            Item::Const(item) => self.define(&item.ident),
            Item::Static(item) => self.define(&item.ident),
            Item::Macro(item) => {
                item.ident.iter().for_each(|name| self.define(name));
                self.read_definitions(item.mac.tokens.clone(), item.ident.is_none());
            }
            _ => {}
        }
        self.read_tokens(quote::ToTokens::to_token_stream(item));
    }

    fn define(&mut self, name: &syn::Ident) {
        self.definitions.insert(name.to_string());
    }

    fn define_type(&mut self, name: &syn::Ident, visibility: &Visibility) {
        self.define(name);
        if !matches!(visibility, Visibility::Inherited) {
            self.public_types.insert(name.to_string());
        }
    }

    /// The names that a macro defines: those behind a keyword, and the arguments of a call. Too many do no harm, for only
    /// names that are used elsewhere are looked up.
    fn read_definitions(&mut self, tokens: TokenStream, is_call: bool) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(name) => {
                    let before = |distance: usize| index.checked_sub(distance).map(|at| tokens[at].to_string());
                    let is_type = before(1).is_some_and(|word| matches!(word.as_str(), "struct" | "enum" | "trait"));
                    let is_public = is_type && before(2).is_some_and(|word| word == "pub");
                    let is_made_public = is_call && self.makes_public_types && starts_upper(name);
                    if is_type || is_call {
                        self.define(name);
                    }
                    if is_public || is_made_public {
                        self.public_types.insert(name.to_string());
                    }
                    let is_template = matches!(name.to_string().as_str(), "struct" | "enum" | "trait")
                        && before(1).is_some_and(|word| word == "pub")
                        && tokens.get(index + 1).is_some_and(|next| next.to_string() == "$");
                    self.makes_public_types |= !is_call && is_template;
                }
                TokenTree::Group(group) if !is_call => self.read_definitions(group.stream(), is_call),
                _ => {}
            }
        }
    }

    fn read_use(&mut self, tree: &UseTree, mut path: Segments, hands_on: bool) {
        match tree {
            UseTree::Path(branch) => {
                path.push(branch.ident.to_string());
                self.read_use(&branch.tree, path, hands_on);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.read_use(tree, path.clone(), hands_on));
            }
            UseTree::Name(name) => self.import(&name.ident, &name.ident, path, hands_on),
            UseTree::Rename(name) => self.import(&name.ident, &name.rename, path, hands_on),
            UseTree::Glob(_) => {
                if !hands_on {
                    self.used.insert(path.clone());
                }
                self.globs.push(path);
            }
        }
    }

    fn import(&mut self, name: &syn::Ident, known_as: &syn::Ident, mut path: Segments, hands_on: bool) {
        if name == "self" {
            if let Some(known_as) = path.last().cloned() {
                self.imports.insert(known_as, path.clone());
            }
        } else {
            path.push(name.to_string());
            self.imports.insert(known_as.to_string(), path.clone());
        }
        if !hands_on {
            self.used.insert(path);
        }
    }

    /// Finds every path in the code, also within macros, which `syn` does not look into.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.end_path(&mut path);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    self.end_path(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.read_tokens(group.stream());
                    }
                }
            }
        }
        self.end_path(&mut path);
    }

    fn end_path(&mut self, path: &mut Segments) {
        if !path.is_empty() {
            self.named.insert(std::mem::take(path));
        }
    }
}

/// Diesel's derive, which defines a type of its own name beside the enum.
fn is_multi_connection(attribute: &Attribute) -> bool {
    attribute.path().is_ident("derive")
        && quote::ToTokens::to_token_stream(&attribute.meta).to_string().contains("MultiConnection")
}

fn starts_upper(name: &syn::Ident) -> bool {
    name.to_string().starts_with(char::is_uppercase)
}

fn only_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
}

fn attributes(item: &Item) -> &[Attribute] {
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
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
