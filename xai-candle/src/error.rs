//! candle's errors as this library's.

use std::fmt;

use candle_core::DType;
use xai_core::Error;

/// An error of candle's, as this library's.
pub(crate) fn failed(error: candle_core::Error) -> Error {
    match without_backtrace(error) {
        candle_core::Error::DTypeMismatchBinaryOp { lhs, rhs, op } => Error::backend("candle", Types { lhs, rhs, op }),
        error => Error::backend("candle", error),
    }
}

/// An error of forward code's, in which candle's own may be wrapped.
pub(crate) fn of_code(error: Error) -> Error {
    match error {
        Error::Backend { backend, source } => match source.downcast::<candle_core::Error>() {
            Ok(error) => failed(*error),
            Err(source) => Error::Backend { backend, source },
        },
        other => other,
    }
}

/// Numbers of two types met, as the model's weights and an input that was brought as `F32`.
#[derive(Debug)]
struct Types {
    lhs: DType,
    rhs: DType,
    op: &'static str,
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Types { lhs, rhs, op } = self;
        write!(f, "dtype mismatch in {op}, lhs: {lhs:?}, rhs: {rhs:?}")?;
        // What code that nobody can look into is made of is not known: its input comes as F32.
        let others = [lhs, rhs].into_iter().find(|dtype| **dtype != DType::F32).filter(|_| lhs != rhs);
        match others {
            Some(of_weights) if [lhs, rhs].contains(&&DType::F32) => write!(
                f,
                ": the input of code that nobody can look into comes as F32; if the model's weights are \
                 {of_weights:?}, say so: `model.at(DType::{of_weights:?})`, or `Placement::from((device, dtype))`"
            ),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Types {}

/// The error itself: with RUST_BACKTRACE set, candle adds thirty lines to its words.
fn without_backtrace(error: candle_core::Error) -> candle_core::Error {
    match error {
        candle_core::Error::WithBacktrace { inner, .. } => without_backtrace(*inner),
        other => other,
    }
}

/// An error of candle's own backward pass: what to use in its place.
pub(crate) fn on_the_way_back(error: candle_core::Error) -> Error {
    // One of this crate's that only travelled through candle says what it has to say.
    let error = match failed(error) {
        Error::Backend { source, .. } => source,
        own => return own,
    };
    Error::NotDifferentiable {
        what: "code that candle's tape records".into(),
        reason: format!(
            "candle's backward pass says `{error}`. Some operations have none, or not at every size (convolutions with \
             a stride, transposed ones, scatter_add, bilinear resizing, overlapping pools): use the functions of \
             `xai_candle::ops`, which are `xai::candle::ops`, in their place, or make the layer a field of a derived \
             struct"
        ),
    }
}
