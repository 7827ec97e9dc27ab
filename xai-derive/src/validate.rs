//! From what is written to a model that makes sense, or to every reason why it does not.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, ExprPath, Ident, Index, Member, Path, Result, Type, parse_quote};

use crate::errors::Errors;
use crate::parse::{FieldKeys, Keyed, Mark, Parsed, Part, StructKeys};

/// What the expansion needs to know.
pub(crate) struct Model<'a> {
    /// Where the library is found.
    pub(crate) krate: Path,
    pub(crate) backend: Type,
    pub(crate) layers: Layers<'a>,
    /// The method that says where inputs go.
    pub(crate) placement: Option<ExprPath>,
}

/// The layers of both parts, in order.
#[derive(Default)]
pub(crate) struct Layers<'a> {
    pub(crate) features: Vec<Layer<'a>>,
    pub(crate) adaptation: Vec<Layer<'a>>,
    /// Those of a model without two parts, which then has no others.
    pub(crate) whole: Vec<Layer<'a>>,
}

impl<'a> Layers<'a> {
    /// All of them, in the order they run in.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Layer<'a>> {
        self.whole.iter().chain(&self.features).chain(&self.adaptation)
    }
}

/// One layer of the model, and the name that errors give it.
pub(crate) struct Layer<'a> {
    pub(crate) name: String,
    pub(crate) source: Source<'a>,
}

pub(crate) enum Source<'a> {
    Field {
        member: Member,
        ty: &'a Type,
    },
    /// A field that a function is the forward code of.
    Adapted {
        member: Member,
        ty: &'a Type,
        with: ExprPath,
    },
    Method(ExprPath),
    /// The forward code of the whole model, which is no place by itself.
    Whole(ExprPath),
}

/// The path to the library, as given or by default.
pub(crate) fn krate(keys: &StructKeys) -> Path {
    keys.krate.as_ref().map_or_else(|| parse_quote!(::xai), |krate| krate.value.clone())
}

/// The backend, as given or by default.
pub(crate) fn backend(keys: &StructKeys) -> Type {
    let krate = krate(keys);
    keys.backend.as_ref().map_or_else(|| parse_quote!(#krate::DefaultBackend), |backend| backend.value.clone())
}

/// The model, or every mistake.
pub(crate) fn validate<'a>(input: &'a DeriveInput, parsed: &Parsed<'a>, mut errors: Errors) -> Result<Model<'a>> {
    let layers = match &input.data {
        Data::Struct(_) => layers(input, parsed, &mut errors),
        Data::Enum(data) => refuse_kind("an enum", data.enum_token.span, input, &mut errors),
        Data::Union(data) => refuse_kind("a union", data.union_token.span, input, &mut errors),
    };
    errors.into_result()?;
    Ok(Model {
        krate: krate(&parsed.keys),
        backend: backend(&parsed.keys),
        layers,
        placement: parsed.keys.placement.as_ref().map(|keyed| keyed.value.clone()),
    })
}

fn refuse_kind<'a>(what: &str, span: Span, input: &DeriveInput, errors: &mut Errors) -> Layers<'a> {
    let name = input.ident.unraw();
    errors.at_span(
        span,
        format!(
            "{what} cannot derive `Explainable`: make the model a struct with its layers in the fields, or implement \
             `Differentiable` and `LayerSplit` for `{name}` by hand"
        ),
    );
    Layers::default()
}

/// The layers, as far as they make sense.
fn layers<'a>(input: &DeriveInput, parsed: &Parsed<'a>, errors: &mut Errors) -> Layers<'a> {
    for field in &parsed.fields {
        check_marks(field, errors);
    }
    let StructKeys { forward, features, adaptation, .. } = &parsed.keys;
    if let Some(Keyed { key, value }) = forward {
        refuse_marks(parsed, errors);
        for Keyed { key, .. } in [features, adaptation].into_iter().flatten() {
            errors.at(key, format!("`forward` is the whole model: remove `{key} = ..`, or `forward = ..`"));
        }
        let name = key.unraw().to_string();
        return Layers { whole: vec![Layer { name, source: Source::Whole(value.clone()) }], ..Layers::default() };
    }
    if features.is_none() && adaptation.is_none() {
        return marked_fields(input, parsed, errors);
    }
    refuse_marks(parsed, errors);
    if parsed.keys_complete {
        for (given, other, example) in [
            (
                features,
                adaptation,
                "adaptation = \"Self::head\"`, the method from the feature maps to the output, or write `forward = \
                 ..` alone",
            ),
            (
                adaptation,
                features,
                "features = \"Self::backbone\"`, the method from the input to the feature maps, or write `forward = \
                 ..` alone",
            ),
        ] {
            if let (Some(Keyed { key, .. }), None) = (given, other) {
                errors.at(key, format!("`{key}` is one half of the model: add `{example}"));
            }
        }
    }
    Layers {
        features: features.iter().map(method).collect(),
        adaptation: adaptation.iter().map(method).collect(),
        whole: Vec::new(),
    }
}

fn check_marks(field: &FieldKeys<'_>, errors: &mut Errors) {
    let Some((first, more)) = field.marks.split_first() else {
        if let Some(with) = &field.with {
            errors.at(
                &with.key,
                "`with` needs a mark beside it: `#[explainable(features, with = ..)]` or \
                 `#[explainable(adaptation, with = ..)]`",
            );
        }
        return;
    };
    for mark in more {
        let message = if mark.part == first.part {
            format!("`{}` is given twice: keep one of them", mark.key)
        } else {
            format!("this field is already marked `{}`: keep one of the two marks", first.key)
        };
        errors.at(&mark.key, message);
    }
    if let Some(with) = field.with.as_ref().filter(|_| first.part == Part::Skip) {
        errors.at(&with.key, "`with` has no effect on a skipped field: remove it, or mark the field");
    }
}

/// The marked fields in order, features first.
fn marked_fields<'a>(input: &DeriveInput, parsed: &Parsed<'a>, errors: &mut Errors) -> Layers<'a> {
    let mut layers = Layers::default();
    let mut whole = Vec::new();
    for (index, field) in parsed.fields.iter().enumerate() {
        let Some(mark) = field.marks.first() else { continue };
        let layer = field_layer(index, field);
        match mark.part {
            Part::Skip => {}
            Part::Layer => {
                layers.whole.push(layer);
                whole.push(&mark.key);
            }
            Part::Adaptation => layers.adaptation.push(layer),
            Part::Features => {
                if let Some(Layer { name: earlier, .. }) = layers.adaptation.first() {
                    errors.at(
                        &mark.key,
                        format!(
                            "`{}` is marked `features`, but comes after `{earlier}`, which is marked `adaptation`: \
                             fields run in order, so move it before `{earlier}`, or mark it `adaptation`",
                            layer.name
                        ),
                    );
                }
                layers.features.push(layer);
            }
        }
    }
    if !layers.features.is_empty() || !layers.adaptation.is_empty() {
        for key in &whole {
            errors.at(
                key,
                "`layer` is for a model without two parts: mark this field `features` or `adaptation` as the \
                 others, or all of them `layer`",
            );
        }
    }
    if !whole.is_empty() {
        return layers;
    }
    // An unreadable attribute may have been the missing mark.
    if let Some(missing) = what_is_missing(input, &layers).filter(|_| parsed.complete) {
        errors.at(&input.ident, missing);
    }
    layers
}

fn what_is_missing(input: &DeriveInput, layers: &Layers<'_>) -> Option<String> {
    let name = input.ident.unraw();
    match (layers.features.is_empty(), layers.adaptation.is_empty()) {
        (true, true) => Some(format!(
            "`{name}` does not say what its layers are: put `#[explainable(features)]` on the fields up to the \
             feature maps and `#[explainable(adaptation)]` on those after them, `#[explainable(layer)]` on all \
             fields of a model without feature maps, or name two methods with \
             `#[explainable(features = \"Self::backbone\", adaptation = \"Self::head\")]`"
        )),
        (true, false) => Some(format!(
            "`{name}` has no features: put `#[explainable(features)]` on the fields from the input to the \
             feature maps, or, if it has no feature maps, `#[explainable(layer)]` on all fields"
        )),
        (false, true) => Some(format!(
            "`{name}` has no adaptation: put `#[explainable(adaptation)]` on the fields from the feature maps to the \
             output, or, if it has no feature maps, `#[explainable(layer)]` on all fields"
        )),
        (false, false) => None,
    }
}

fn field_layer<'a>(index: usize, field: &FieldKeys<'a>) -> Layer<'a> {
    let (name, member) = match &field.field.ident {
        Some(ident) => (ident.unraw().to_string(), Member::Named(ident.clone())),
        None => (index.to_string(), Member::Unnamed(Index::from(index))),
    };
    let source = match &field.with {
        Some(with) => Source::Adapted { member, ty: &field.field.ty, with: with.value.clone() },
        None => Source::Field { member, ty: &field.field.ty },
    };
    Layer { name, source }
}

fn method<'a>(keyed: &Keyed<ExprPath>) -> Layer<'a> {
    let last: Option<&Ident> = keyed.value.path.segments.last().map(|segment| &segment.ident);
    Layer { name: last.unwrap_or(&keyed.key).unraw().to_string(), source: Source::Method(keyed.value.clone()) }
}

fn refuse_marks(parsed: &Parsed<'_>, errors: &mut Errors) {
    let marks = parsed.fields.iter().flat_map(|field| &field.marks).filter(|mark| mark.part != Part::Skip);
    for Mark { key, .. } in marks {
        errors.at(
            key.to_token_stream(),
            "the struct already names its methods: remove this mark, or remove `features = ..` and \
             `adaptation = ..` above the struct",
        );
    }
}
