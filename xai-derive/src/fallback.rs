//! What a struct with mistakes expands to: the messages, and empty impls that keep the compiler from complaining about
//! everything that uses the model.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::parse::Parsed;
use crate::validate;

/// The messages, and impls that never run.
pub(crate) fn expand(input: &DeriveInput, parsed: &Parsed<'_>, messages: TokenStream) -> TokenStream {
    // Without knowing for what, the impls would only add complaints of their own.
    if parsed.keys.unknown_world {
        return messages;
    }
    let krate = validate::krate(&parsed.keys);
    let backend = validate::backend(&parsed.keys);
    let name = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let var = quote!(#krate::Var<'__xai_m, #backend>);
    quote! {
        #messages
        #[automatically_derived]
        impl #impl_generics #krate::Differentiable for #name #ty_generics #where_clause {
            type Backend = #backend;
            fn trace<'__xai_m>(&'__xai_m self, _: &[#var]) -> #krate::Result<#var> {
                ::core::unreachable!()
            }
        }
        #[automatically_derived]
        impl #impl_generics #krate::LayerSplit for #name #ty_generics #where_clause {
            fn split_at(&self) -> &::core::primitive::str {
                ::core::unreachable!()
            }
        }
        #[automatically_derived]
        impl #impl_generics #krate::Layer<#backend> for #name #ty_generics #where_clause {
            fn trace<'__xai_m>(&'__xai_m self, _: #var) -> #krate::Result<#var> {
                ::core::unreachable!()
            }
        }
    }
}
