//! `#[derive(Explainable)]`: the derive macro of `xai`.

mod bounds;
mod errors;
mod expand;
mod fallback;
mod parse;
mod referent;
mod validate;

use self::errors::Errors;
use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

#[doc = include_str!("docs.md")]
#[proc_macro_derive(Explainable, attributes(explainable))]
pub fn derive_explainable(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let mut errors = Errors::default();
    let parsed = parse::parse(&input, &mut errors);
    match validate::validate(&input, &parsed, errors) {
        Ok(model) => expand::expand(&input, &model),
        Err(mistakes) => fallback::expand(&input, &parsed, mistakes.into_compile_error()),
    }
    .into()
}
