//! The attributes as they were written: keys and values, not yet checked against each other.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Data, DeriveInput, Error, ExprPath, Field, Ident, LitStr, Meta, Path, Result, Token, Type};

use crate::errors::Errors;

/// A key with the value it was given.
pub(crate) struct Keyed<T> {
    pub(crate) key: Ident,
    pub(crate) value: T,
}

/// What `#[explainable(..)]` says on the struct.
#[derive(Default)]
pub(crate) struct StructKeys {
    pub(crate) backend: Option<Keyed<Type>>,
    pub(crate) krate: Option<Keyed<Path>>,
    /// The method of a whole model.
    pub(crate) forward: Option<Keyed<ExprPath>>,
    pub(crate) features: Option<Keyed<ExprPath>>,
    pub(crate) adaptation: Option<Keyed<ExprPath>>,
    pub(crate) placement: Option<Keyed<ExprPath>>,
    /// Whether the backend or the path to the library was given and could not be read.
    pub(crate) unknown_world: bool,
}

/// What `#[explainable(..)]` says on a field.
pub(crate) struct FieldKeys<'a> {
    pub(crate) field: &'a Field,
    /// As written: a field should have one at most.
    pub(crate) marks: Vec<Mark>,
    pub(crate) with: Option<Keyed<ExprPath>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Features,
    Adaptation,
    /// Of a model without a mark between two parts.
    Layer,
    Skip,
}

pub(crate) struct Mark {
    pub(crate) part: Part,
    pub(crate) key: Ident,
}

/// Everything that is written on the struct and its fields.
pub(crate) struct Parsed<'a> {
    pub(crate) keys: StructKeys,
    /// None for an enum or a union.
    pub(crate) fields: Vec<FieldKeys<'a>>,
    /// Whether all that is written on the struct could be read.
    pub(crate) keys_complete: bool,
    /// Whether all that is written on the struct and the fields could be read.
    pub(crate) complete: bool,
}

/// Reads the attributes on the struct and on its fields.
pub(crate) fn parse<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Parsed<'a> {
    let keys = struct_keys(&input.attrs, errors);
    let keys_complete = errors.is_empty();
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().map(|field| field_keys(field, errors)).collect(),
        Data::Enum(_) | Data::Union(_) => Vec::new(),
    };
    Parsed { keys, fields, keys_complete, complete: errors.is_empty() }
}

fn struct_keys(attrs: &[Attribute], errors: &mut Errors) -> StructKeys {
    let mut keys = StructKeys::default();
    each_key(attrs, "#[explainable(backend = Candle)]", errors, |key, input| {
        let name = key.to_string();
        let read = match name.as_str() {
            "backend" => set(&mut keys.backend, key, input, Type::parse, "`backend = Candle`"),
            "crate" => set(&mut keys.krate, key, input, Path::parse_mod_style, "`crate = xai`"),
            "features" | "adaptation" if !input.peek(Token![=]) => Err(Error::new(
                key.span(),
                format!(
                    "`{name}` on the struct names a method: write `{name} = \"Self::method\"`; \
                     to mark a field, put `#[explainable({name})]` on the field itself"
                ),
            )),
            "forward" => set(&mut keys.forward, key, input, ExprPath::parse, "`forward = \"Self::forward\"`"),
            "features" => set(&mut keys.features, key, input, ExprPath::parse, "`features = \"Self::backbone\"`"),
            "adaptation" => set(&mut keys.adaptation, key, input, ExprPath::parse, "`adaptation = \"Self::head\"`"),
            "placement" => set(&mut keys.placement, key, input, ExprPath::parse, "`placement = \"Self::place\"`"),
            "layer" | "skip" | "with" => {
                Err(Error::new(key.span(), format!("`{name}` is a key of a field: put it on the field itself")))
            }
            _ => Err(Error::new(
                key.span(),
                format!(
                    "unknown key `{name}`: on a struct, the keys are `backend`, `forward`, `features`, \
                     `adaptation`, `placement` and `crate`"
                ),
            )),
        };
        keys.unknown_world |= read.is_err() && matches!(name.as_str(), "backend" | "crate");
        read
    });
    keys
}

fn field_keys<'a>(field: &'a Field, errors: &mut Errors) -> FieldKeys<'a> {
    let (mut marks, mut with) = (Vec::new(), None);
    each_key(&field.attrs, "#[explainable(features)]", errors, |key, input| {
        let name = key.to_string();
        let part = match name.as_str() {
            "features" => Part::Features,
            "adaptation" => Part::Adaptation,
            "layer" => Part::Layer,
            "skip" => Part::Skip,
            "with" => return set(&mut with, key, input, ExprPath::parse, "`with = path::to::function`"),
            "backend" | "forward" | "placement" | "crate" => {
                let message = format!("`{name}` is a key of the struct: put it above the struct");
                return Err(Error::new(key.span(), message));
            }
            _ => {
                let message = format!(
                    "unknown key `{name}`: on a field, the keys are `layer`, `features`, `adaptation`, `skip` and \
                     `with`"
                );
                return Err(Error::new(key.span(), message));
            }
        };
        if input.peek(Token![=]) {
            let message = format!(
                "`{name}` takes no value on a field: write `#[explainable({name})]`; \
                 methods are named in an attribute above the struct"
            );
            return Err(Error::new(key.span(), message));
        }
        marks.push(Mark { part, key });
        Ok(())
    });
    FieldKeys { field, marks, with }
}

/// Calls `read` with every key of every `#[explainable(..)]`; after a mistake, it goes on at the next comma.
fn each_key(
    attrs: &[Attribute],
    example: &str,
    errors: &mut Errors,
    mut read: impl FnMut(Ident, ParseStream<'_>) -> Result<()>,
) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("explainable")) {
        match &attr.meta {
            Meta::List(list) if !list.tokens.is_empty() => {
                let read_all = |input: ParseStream<'_>| {
                    while !input.is_empty() {
                        if let Err(error) = one_key(input, &mut read) {
                            errors.push(error);
                            skip_past_comma(input);
                        }
                    }
                    Ok(())
                };
                if let Err(error) = attr.parse_args_with(read_all) {
                    errors.push(error);
                }
            }
            _ => errors.at(&attr.meta, format!("this says nothing: keys go in parentheses, as in `{example}`")),
        }
    }
}

fn one_key(input: ParseStream<'_>, read: &mut impl FnMut(Ident, ParseStream<'_>) -> Result<()>) -> Result<()> {
    // Any identifier, because `crate` is a keyword.
    let key = Ident::parse_any(input).map_err(|e| Error::new(e.span(), "expected a key, a word without quotes"))?;
    read(key, input)?;
    if !input.is_empty() {
        input.parse::<Token![,]>().map_err(|e| Error::new(e.span(), "expected a comma between two keys"))?;
    }
    Ok(())
}

fn skip_past_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        // Cannot fail: there is a token.
        let _ = input.parse::<proc_macro2::TokenTree>();
    }
    let _ = input.parse::<Option<Token![,]>>();
}

/// Reads `= value`, plain or as a string, into its slot.
fn set<T>(
    slot: &mut Option<Keyed<T>>,
    key: Ident,
    input: ParseStream<'_>,
    parse: fn(ParseStream<'_>) -> Result<T>,
    example: &str,
) -> Result<()> {
    if !input.peek(Token![=]) {
        return Err(Error::new(key.span(), format!("`{key}` needs a value: {example}")));
    }
    input.parse::<Token![=]>()?;
    let value = if input.peek(LitStr) { input.parse::<LitStr>()?.parse_with(parse) } else { parse(input) };
    let value = value.map_err(|e| Error::new(e.span(), format!("not a value for `{key}`: write it as {example}")))?;
    if slot.is_some() {
        return Err(Error::new(key.span(), format!("`{key}` is given twice: keep one of them")));
    }
    *slot = Some(Keyed { key, value });
    Ok(())
}
