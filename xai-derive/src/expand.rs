//! The impls of a model: `Differentiable`, `LayerSplit` if it has two parts, and `Layer`, so that it can be a field of
//! another model.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, ExprPath};

use crate::bounds;
use crate::referent::referent;
use crate::validate::{Layer, Model, Source};

/// Everything, inside an anonymous constant so that nothing gets into the user's scope.
///
/// The names inside start with `__xai_`: a constant of the user's in scope would turn a plain one into a pattern.
pub(crate) fn expand(input: &DeriveInput, model: &Model<'_>) -> TokenStream {
    let Model { krate, backend, .. } = model;
    let name = &input.ident;
    let generics = bounds::with_layer_bounds(input, model);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();

    let var = quote!(#krate::Var<'__xai_m, #backend>);
    let steps = model.layers.all().map(|layer| step(model, layer));
    let split = model.layers.features.last().map(|Layer { name: place, .. }| {
        quote! {
            #[automatically_derived]
            impl #impl_generics #krate::LayerSplit for #name #ty_generics #where_clause {
                fn split_at(&self) -> &::core::primitive::str {
                    #place
                }
            }
        }
    });
    let of_model = quote!(::core::option::Option<<#backend as #krate::Arithmetic>::Placement>);
    let (placement, told) = match &model.placement {
        Some(given) => {
            let of_self = quote_spanned!(at(name_of(given))=> ::core::convert::Into::into(#given(self)));
            let placement = quote! {
                fn placement(&self) -> #of_model {
                    ::core::option::Option::Some(#of_self)
                }
            };
            (placement, quote_spanned!(at(name_of(given))=> #krate::Var::place_at(&__xai_x, #given(self));))
        }
        None => (quote!(), quote!()),
    };

    quote! {
        const _: () = {
            #[automatically_derived]
            impl #impl_generics #krate::Differentiable for #name #ty_generics #where_clause {
                type Backend = #backend;
                fn trace<'__xai_m>(&'__xai_m self, __xai_inputs: &[#var]) -> #krate::Result<#var> {
                    #krate::Layer::<#backend>::trace(self, #krate::Var::only(__xai_inputs)?)
                }
                #placement
            }

            #split

            #[automatically_derived]
            impl #impl_generics #krate::Layer<#backend> for #name #ty_generics #where_clause {
                fn trace<'__xai_m>(&'__xai_m self, __xai_x: #var) -> #krate::Result<#var> {
                    #told
                    #(#steps)*
                    ::core::result::Result::Ok(__xai_x)
                }
            }
        };
    }
}

/// A layer, written down: what it makes of the value so far.
fn step(model: &Model<'_>, layer: &Layer<'_>) -> TokenStream {
    let Model { krate, backend, .. } = model;
    let name = &layer.name;
    let value = quote!(#krate::Var::<'__xai_m, #backend>);
    let given = quote!(::core::clone::Clone::clone(&__xai_x));
    let within = |code: TokenStream| quote!(#value::within(&__xai_x, #name, || #code)?);
    let through = match &layer.source {
        Source::Field { member, ty } => {
            let ty = referent(ty);
            quote_spanned!(at(ty.span())=> #value::layer::<#ty>(&__xai_x, #name, &self.#member)?)
        }
        Source::Adapted { member, ty, with } => within(quote_spanned! {at(name_of(with))=>
            #krate::Method::<'_, #ty, #backend, _>::trace(#with, &self.#member, #given)
        }),
        Source::Whole(path) => quote_spanned! {at(name_of(path))=>
            #krate::Method::<'_, Self, #backend, _>::trace(#path, self, #given)?
        },
        Source::Method(path) => within(quote_spanned! {at(name_of(path))=>
            #krate::Method::<'_, Self, #backend, _>::trace(#path, self, #given)
        }),
    };
    quote!(let __xai_x: #krate::Var<'__xai_m, #backend> = #through;)
}

/// Lets the compiler underline this place when what is made there is wrong, while names resolve as in the rest of the
/// expansion.
fn at(place: Span) -> Span {
    Span::call_site().located_at(place)
}

/// The function's own name, at the end of its path.
fn name_of(function: &ExprPath) -> Span {
    function.path.segments.last().map_or_else(Span::call_site, |segment| segment.ident.span())
}
