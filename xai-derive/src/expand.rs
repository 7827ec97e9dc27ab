//! The impls of a model: `Differentiable`, `LayerSplit`, and `Layer`, so that it can be a field of another model.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, ExprPath, Type};

use crate::bounds;
use crate::validate::{Layer, Model, Source};

/// Everything, inside an anonymous constant so that nothing gets into the user's scope.
///
/// The names inside start with `__xai_`: a constant of the user's in scope would turn a plain one into a pattern.
pub(crate) fn expand(input: &DeriveInput, model: &Model<'_>) -> TokenStream {
    let Model { krate, backend, .. } = model;
    let name = &input.ident;
    let generics = bounds::with_layer_bounds(input, model);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();

    let features = chain(model, &model.layers.features);
    let adaptation = chain(model, &model.layers.adaptation);
    let whole = quote! {
        #krate::Chain::then(
            __XaiParts::<#backend>::features(self),
            __XaiParts::<#backend>::adaptation(self),
        )
    };
    let tensor = quote!(#krate::Tensor<#backend>);
    let vjp_result = quote!(#krate::Result<(#tensor, #krate::Pullback<'_, #backend>)>);
    let place = quote!(<#backend as #krate::Backend>::Placement);
    let model_place = quote!(<Self as #krate::Differentiable>::placement(self));
    let (place_of_model, place_of_layer, features_place, adaptation_place) = match &model.placement {
        Some(given) => (
            quote_spanned!(at(name_of(given))=> ::core::convert::Into::into(#given(self))),
            quote!(::core::option::Option::Some(#model_place)),
            model_place.clone(),
            model_place,
        ),
        None => {
            // A part whose layers do not know where they live takes what the other part knows.
            let of_part = quote! {
                ::core::option::Option::unwrap_or_else(
                    #krate::Layer::<#backend>::placement(&__xai_chain),
                    || #model_place,
                )
            };
            (
                quote!(#krate::Differentiable::placement(&#whole)),
                quote!(#krate::Layer::<#backend>::placement(&#whole)),
                of_part.clone(),
                of_part,
            )
        }
    };

    quote! {
        const _: () = {
            trait __XaiParts<__XaiBackend: #krate::Backend> {
                fn features(&self) -> #krate::Chain<'_, __XaiBackend>;
                fn adaptation(&self) -> #krate::Chain<'_, __XaiBackend>;
            }

            #[automatically_derived]
            impl #impl_generics __XaiParts<#backend> for #name #ty_generics #where_clause {
                fn features(&self) -> #krate::Chain<'_, #backend> {
                    #features
                }
                fn adaptation(&self) -> #krate::Chain<'_, #backend> {
                    #adaptation
                }
            }

            #[automatically_derived]
            impl #impl_generics #krate::Differentiable for #name #ty_generics #where_clause {
                type Backend = #backend;
                fn forward(&self, __xai_x: &#tensor) -> #krate::Result<#tensor> {
                    #krate::Differentiable::forward(&#whole, __xai_x)
                }
                fn vjp(&self, __xai_x: &#tensor) -> #vjp_result {
                    #krate::Layer::<#backend>::into_vjp(::std::boxed::Box::new(#whole), __xai_x)
                }
                fn placement(&self) -> #place {
                    #place_of_model
                }
                fn layers(&self) -> ::core::option::Option<#krate::Chain<'_, #backend>> {
                    ::core::option::Option::Some(#whole)
                }
            }

            #[automatically_derived]
            impl #impl_generics #krate::LayerSplit for #name #ty_generics #where_clause {
                fn features(&self) -> #krate::BoxModel<'_, #backend> {
                    let __xai_chain = __XaiParts::<#backend>::features(self);
                    let __xai_place: #place = #features_place;
                    ::std::boxed::Box::new(#krate::Differentiable::at(__xai_chain, __xai_place))
                }
                fn adaptation(&self) -> #krate::BoxModel<'_, #backend> {
                    let __xai_chain = __XaiParts::<#backend>::adaptation(self);
                    let __xai_place: #place = #adaptation_place;
                    ::std::boxed::Box::new(#krate::Differentiable::at(__xai_chain, __xai_place))
                }
            }

            #[automatically_derived]
            impl #impl_generics #krate::Layer<#backend> for #name #ty_generics #where_clause {
                fn forward(&self, __xai_x: &#tensor) -> #krate::Result<#tensor> {
                    #krate::Layer::<#backend>::forward(&#whole, __xai_x)
                }
                fn vjp(&self, __xai_x: &#tensor) -> #vjp_result {
                    #krate::Layer::<#backend>::into_vjp(::std::boxed::Box::new(#whole), __xai_x)
                }
                fn placement(&self) -> ::core::option::Option<#place> {
                    #place_of_layer
                }
                fn is_affine(&self) -> ::core::primitive::bool {
                    #krate::Layer::<#backend>::is_affine(&#whole)
                }
                fn layers(&self) -> ::core::option::Option<#krate::Chain<'_, #backend>> {
                    ::core::option::Option::Some(#whole)
                }
                fn is_recorded(&self) -> ::core::primitive::bool {
                    #krate::Layer::<#backend>::is_recorded(&#whole)
                }
            }
        };
    }
}

/// The layers as a `Chain`.
fn chain(model: &Model<'_>, layers: &[Layer<'_>]) -> TokenStream {
    let Model { krate, backend, .. } = model;
    let links = layers.iter().map(|layer| {
        let name = &layer.name;
        match &layer.source {
            Source::Field { member, ty } => {
                let ty = referent(ty);
                quote_spanned!(at(ty.span())=> .layer::<#ty>(#name, &self.#member))
            }
            Source::Adapted { member, with } => {
                quote_spanned!(at(name_of(with))=> .owned(#name, #with(&self.#member)))
            }
            Source::Method(path) => {
                let x = Ident::new("__xai_x", Span::mixed_site().located_at(name_of(path)));
                let tensor = quote!(<#backend as #krate::Backend>::Tensor);
                quote_spanned!(at(name_of(path))=> .function(#name, move |#x: &#tensor| #path(self, #x)))
            }
        }
    });
    quote!(#krate::Chain::<'_, #backend>::new() #(#links)*)
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

/// The type behind references: a borrowed layer is a layer. A reference to a `dyn Layer` is one itself.
pub(crate) fn referent(ty: &Type) -> &Type {
    match ty {
        Type::Reference(reference) if !is_dyn(&reference.elem) => referent(&reference.elem),
        Type::Paren(inner) => referent(&inner.elem),
        Type::Group(inner) => referent(&inner.elem),
        _ => ty,
    }
}

fn is_dyn(ty: &Type) -> bool {
    match ty {
        Type::TraitObject(_) => true,
        Type::Paren(inner) => is_dyn(&inner.elem),
        Type::Group(inner) => is_dyn(&inner.elem),
        _ => false,
    }
}
