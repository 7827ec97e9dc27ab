//! candle's errors as this library's.

use std::fmt;

use candle_core::DType;
use xai_core::Error;

/// What mends a whole model, where candle's own operations have no gradient or a wrong one.
macro_rules! remedies {
    () => {
        "in a copied file of a model `use xai::candle::nn as candle_nn` swaps all of these layers, and the command \
         `xai patch-candle` makes a copy of candle that has the gradients, for models as they are: \
         docs/candle-models.md"
    };
}
pub(crate) use remedies;

/// What has a wrong gradient in candle, and what to say instead.
pub(crate) const PLACES: &str = "max_pool2d, max_keepdim and scatter, which have a wrong gradient in candle and a twin \
    in `ops`, as `xai::candle::ops::max_pool2d`";

/// Where candle mixes up the samples of a batch, and what to say instead.
pub(crate) const BATCHES: &str = concat!(
    "candle mixes up samples behind the first one in conv1d without padding, on the way back, in conv_transpose1d \
     without padding, and in products of transposed matrices with a repeated one, as its Linear makes of \
     `x.transpose(1, 2)`: say `x.with_gradient().conv1d(..)` (`xai::candle::TensorExt`), put `.contiguous()?` in front \
     of the product, give the samples one by one (`module(net).one_by_one()`), or mend the whole model: ",
    remedies!()
);

/// An error of candle's, as this library's.
pub(crate) fn failed(error: candle_core::Error) -> Error {
    match without_backtrace(error) {
        candle_core::Error::DTypeMismatchBinaryOp { lhs, rhs, op } => Error::backend("candle", Types { lhs, rhs, op }),
        error => match no_double(&error) {
            Some(error) => Error::backend("candle", error),
            None => Error::backend("candle", error),
        },
    }
}

/// candle's fused layers take no double precision.
#[derive(Debug)]
struct NoDouble(String);

/// The words of an error about double precision, without the numbers that candle prints behind them.
fn no_double(error: &candle_core::Error) -> Option<NoDouble> {
    let words = error.to_string();
    let about = words.split('(').next().unwrap_or_default();
    // As candle_nn's fused operations say it; candle-core's own words, `unsupported dtype F64 for op`, are of others.
    let is_type = words.to_lowercase().starts_with("unsupported dtype for ");
    (is_type && about.contains("F64")).then(|| NoDouble(about.trim_end().to_owned()))
}

impl fmt::Display for NoDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: candle's fused layers (LayerNorm, RmsNorm, softmax_last_dim) take no F64: load the weights in F32 and \
             leave out `.at(DType::F64)`, or swap or patch the layers, which then take both: {}",
            self.0,
            remedies!()
        )
    }
}

impl std::error::Error for NoDouble {}

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
             `xai::candle::ops` or the methods of `xai::candle::TensorExt` in their place, make the layer a field of a \
             derived struct, or mend the whole model: {}",
            remedies!()
        ),
    }
}
