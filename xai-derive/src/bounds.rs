//! Which `FieldType: Layer<Backend>` the impls have to ask for.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{DeriveInput, Generics, Ident, parse_quote};

use crate::referent::referent;
use crate::validate::{Model, Source};

/// The struct's generics, with a bound for the backend, and one for every layer whose type has one of the type
/// parameters in it.
///
/// Others are checked where they are used, so that a field that is no layer is an error at the field. A type that
/// mentions the struct itself gets no bound either: it would have to be proven by itself.
pub(crate) fn with_layer_bounds(input: &DeriveInput, model: &Model<'_>) -> Generics {
    let Model { krate, backend, .. } = model;
    let mut generics = input.generics.clone();
    // Said once, a type that is no backend is one error, and not one at each place where it is used.
    let is_backend = located(quote!(#krate::Backend), backend.span());
    generics.make_where_clause().predicates.push(parse_quote!(#backend: #is_backend));
    let params: Vec<Ident> = generics.type_params().map(|param| param.ident.clone()).collect();
    for layer in model.layers.all() {
        let Source::Field { ty, .. } = &layer.source else { continue };
        let ty = referent(ty);
        let mentions = |name: &dyn Fn(&Ident) -> bool| mentions(ty.to_token_stream(), name);
        let recursive = mentions(&|ident| *ident == input.ident || ident == "Self");
        if mentions(&|ident| params.contains(ident)) && !recursive {
            generics.make_where_clause().predicates.push(parse_quote!(#ty: #krate::Layer<#backend>));
        }
    }
    generics
}

/// The same tokens, which the compiler underlines at this place.
fn located(tokens: TokenStream, place: Span) -> TokenStream {
    let at_place = |mut token: TokenTree| {
        token.set_span(token.span().located_at(place));
        token
    };
    tokens.into_iter().map(at_place).collect()
}

/// Whether a name stands somewhere in the tokens, not counting the later segments of paths and lifetimes.
fn mentions(tokens: TokenStream, is_name: &dyn Fn(&Ident) -> bool) -> bool {
    let (mut before, mut last) = (' ', ' ');
    tokens.into_iter().any(|token| {
        let preceded = (before, last);
        (before, last) = (last, ' ');
        match token {
            TokenTree::Ident(ident) => preceded != (':', ':') && preceded.1 != '\'' && is_name(&ident),
            TokenTree::Group(group) => mentions(group.stream(), is_name),
            TokenTree::Punct(punct) => {
                last = punct.as_char();
                false
            }
            TokenTree::Literal(_) => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_where_it_is_a_type_of_its_own() {
        let has_t = |ty: &str| mentions(ty.parse().expect("tokens"), &|ident| ident == "T");
        for ty in ["T", "Vec<T>", "[T; 3]", "(u8, T)", "&'a T", "<T as Iterator>::Item", "T::Item", "fn(u8) -> T"] {
            assert!(has_t(ty), "{ty}");
        }
        for ty in ["Tensor", "&'T u8", "shapes::T", "<u8 as Shape>::T", "::T", "[u8; 3]"] {
            assert!(!has_t(ty), "{ty}");
        }
    }
}
