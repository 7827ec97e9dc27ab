//! The paths that code names, and the names that it defines.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Item, Macro, Path, Visibility};

/// A path of names, as it stands in a file.
pub(crate) type Names = Vec<String>;

/// True for what is compiled for tests or their docs alone.
pub(crate) fn is_for_tests(item: &Item) -> bool {
    let attrs: &[Attribute] = match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    attrs.iter().any(|attr| {
        let text = attr.meta.path().is_ident("cfg").then(|| quote::ToTokens::to_token_stream(&attr.meta).to_string());
        text.is_some_and(|text| text.contains("test"))
    })
}

/// The names that an item defines for its module.
pub(crate) fn defines(item: &Item) -> Vec<String> {
    match item {
        Item::Const(item) => vec![item.ident.to_string()],
        Item::Enum(item) => vec![item.ident.to_string()],
        Item::Fn(item) => vec![item.sig.ident.to_string()],
        Item::Static(item) => vec![item.ident.to_string()],
        Item::Struct(item) => vec![item.ident.to_string()],
        Item::Trait(item) => vec![item.ident.to_string()],
        Item::Type(item) => vec![item.ident.to_string()],
        Item::Macro(item) => item.ident.iter().map(ToString::to_string).collect(),
        _ => vec![],
    }
}

/// The paths that an item names, in the arguments of macros too.
pub(crate) fn named_in(item: &Item) -> Vec<Names> {
    let mut seen = Seen::default();
    seen.visit_item(item);
    if let Item::Macro(item) = item {
        seen.tokens(item.mac.tokens.clone());
    }
    seen.paths
}

#[derive(Default)]
struct Seen {
    paths: Vec<Names>,
}

impl Seen {
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Names = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 && !path.is_empty() {
                        self.paths.push(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.tokens(group.stream());
                    colons = 0;
                }
                _ => colons = 0,
            }
        }
        if !path.is_empty() {
            self.paths.push(path);
        }
    }
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.tokens(mac.tokens.clone());
        syn::visit::visit_macro(self, mac);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}
