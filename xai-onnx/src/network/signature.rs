//! What a file says of its inputs and outputs: [`Signature`].

use std::fmt;

use xai_core::{Error, Result};

use crate::file::{Info, Length};
use crate::tape::Fail;
use crate::value::ElementType;

/// An input or output, as the file says it.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
/// use xai::onnx::ElementType;
/// use xai::{NdArray, onnx};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Conv2d_depthwise/model.onnx");
/// let input = &onnx::read::<NdArray>(path)?.inputs()[0];
/// assert_eq!((input.element, input.to_string().as_str()), (Some(ElementType::F32), "0: f32 (2, 4, 6, 6)"));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// Its name.
    pub name: String,
    /// The type of its numbers, if the file says so.
    pub element: Option<ElementType>,
    /// Its lengths, none where they are not fixed; none at all if the file does not say how many axes there are.
    pub shape: Option<Vec<Option<usize>>>,
}

impl Signature {
    pub(super) fn of(info: &Info) -> Self {
        let length = |length: &Length| match length {
            Length::Fixed(length) => Some(*length),
            Length::Named(_) => None,
        };
        let shape = info.shape.as_ref().map(|shape| shape.iter().map(length).collect());
        Signature { name: info.name.clone(), element: info.element, shape }
    }
}

/// `images: f32 (?, 3, 224, 224)`
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(element) = self.element {
            write!(f, ": {element}")?;
        }
        if let Some(shape) = &self.shape {
            let lengths: Vec<String> =
                shape.iter().map(|length| length.map_or_else(|| "?".into(), |n| n.to_string())).collect();
            write!(f, " ({})", lengths.join(", "))?;
        }
        Ok(())
    }
}

pub(super) fn named(infos: &[&Info]) -> String {
    let names: Vec<String> = infos.iter().map(|info| Signature::of(info).to_string()).collect();
    names.join("; ")
}

/// How many samples there are, for a file that is frozen at one.
pub(super) fn samples(infos: &[&Info], given: &[Vec<usize>]) -> Option<usize> {
    let first = |info: &Info| info.shape.as_ref().and_then(|shape| shape.first()).cloned();
    let frozen = infos.iter().any(|info| first(info) == Some(Length::Fixed(1)));
    let samples = given.first()?.first().copied().filter(|&samples| samples > 1)?;
    let all = given.iter().all(|shape| shape.first() == Some(&samples));
    let fits = infos.iter().all(|info| !matches!(first(info), Some(Length::Fixed(n)) if n != 1));
    (frozen && all && fits).then_some(samples)
}

/// What is said of lengths that the file leaves open, if there are any.
fn open(shape: &[Length]) -> &'static str {
    let is_open = shape.iter().any(|length| matches!(length, Length::Named(_)));
    if is_open { ", where a name or ? is any length" } else { "" }
}

/// An input with the names of the lengths that the file leaves open: `images: f32 (batch, 3, 224, 224)`.
fn with_names(info: &Info) -> String {
    let head = Signature { shape: None, ..Signature::of(info) };
    let length = |length: &Length| match length {
        Length::Fixed(length) => length.to_string(),
        Length::Named(name) if name.is_empty() => "?".to_owned(),
        Length::Named(name) => name.clone(),
    };
    let lengths: Vec<String> = info.shape.iter().flatten().map(length).collect();
    format!("{head} ({})", lengths.join(", "))
}

/// Checks a shape against what the file says.
pub(super) fn check(info: &Info, shape: &[usize]) -> Result<()> {
    let Some(said) = &info.shape else { return Ok(()) };
    let fits = |(length, &got): (&Length, &usize)| match length {
        Length::Fixed(length) => *length == got,
        Length::Named(_) => true,
    };
    if said.len() == shape.len() && said.iter().zip(shape).all(fits) {
        return Ok(());
    }
    Err(Error::InvalidShape {
        what: format!("input `{}`", info.name),
        got: shape.to_vec(),
        reason: format!("the file takes {}: give an array of that shape{}", with_names(info), open(said)),
    })
}

/// Why an input of this shape may not fit those beside it: the file names one of its lengths as it names one of theirs.
/// A length of 1 fits any.
pub(super) fn apart(info: &Info, shape: &[usize], beside: &[(&Info, Vec<usize>)]) -> Option<String> {
    let named = |info: &Info, shape: &[usize]| -> Vec<(String, usize)> {
        let axes = info.shape.iter().flatten().zip(shape);
        let named = axes.filter_map(|(length, &got)| match length {
            Length::Named(name) if !name.is_empty() => Some((name.clone(), got)),
            _ => None,
        });
        named.collect()
    };
    named(info, shape).into_iter().filter(|(_, own)| *own != 1).find_map(|(name, own)| {
        beside.iter().find_map(|(other, shape)| {
            let (_, length) =
                named(other, shape).into_iter().find(|(beside, length)| *beside == name && *length != own)?;
            let other = &other.name;
            Some(format!("its `{name}` is {own}, and that of `{other}` {length}: give both the same length"))
        })
    })
}

pub(super) fn wrong(fail: Fail) -> Error {
    match fail {
        Fail::Wrong(error) => error,
        Fail::Refused(reason) => Error::backend("ONNX", reason),
    }
}
