//! Types behind references.

use syn::Type;

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
