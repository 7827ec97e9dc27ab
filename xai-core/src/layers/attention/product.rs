//! Scaled dot product attention.

use crate::tensor::broadcast_shape;
use crate::{Backend, Error, Result, Var};

/// softmax(q · kᵀ / √E + mask) · v: PyTorch's function of this name.
///
/// Queries (..., T, E), keys (..., S, E), values (..., S, V) to (..., T, V); the axes before are broadcast. The mask is
/// added, broadcast to (..., T, S): 0 where a query may look, a large negative number such as -1e4 where it may not.
/// The matrix after the softmax, (..., T, S), is a place named `weights`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::scaled_dot_product_attention;
/// use xai::{Differentiable, NdArray, Result, Var};
///
/// struct SelfAttention;
/// impl Differentiable for SelfAttention {
///     type Backend = NdArray<f64>;
///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
///         scaled_dot_product_attention(&x[0], &x[0], &x[0], None)
///     }
/// }
/// // One token looks at itself alone.
/// let y = SelfAttention.predict(array![[[1.0, 2.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[1.0, 2.0]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidShape`] for queries, keys, values or a mask that do not fit, and those of [`Var::shape`].
pub fn scaled_dot_product_attention<'m, B: Backend>(
    q: &Var<'m, B>,
    k: &Var<'m, B>,
    v: &Var<'m, B>,
    mask: Option<&Var<'m, B>>,
) -> Result<Var<'m, B>> {
    let [of_q, of_k, of_v] = [matrix("queries", q)?, matrix("keys", k)?, matrix("values", v)?];
    let (width, keys) = (of_q.columns, of_k.rows);
    if of_k.columns != width || width == 0 {
        let reason = format!("the last axis must be that of the queries, {width}, and not 0");
        return Err(refused("keys", k.shape()?, reason));
    }
    if of_v.rows != keys {
        return Err(refused("values", v.shape()?, format!("there must be one for each of {keys} keys")));
    }
    let mut before = of_q.before;
    for (what, x, other) in [("keys", k, of_k.before), ("values", v, of_v.before)] {
        let Ok(together) = broadcast_shape(&before, &other) else {
            let reason = format!("the axes before its last two must be {before:?}, or of length 1");
            return Err(refused(what, x.shape()?, reason));
        };
        before = together;
    }
    // The queries have fewer numbers than the scores.
    #[allow(clippy::cast_precision_loss)]
    let scores = q.affine(1.0 / (width as f64).sqrt(), 0.0).matmul(&k.transpose(-1, -2)?);
    let scores = match mask {
        Some(mask) => {
            let (whole, got) = (scores.shape()?, mask.shape()?);
            if broadcast_shape(&whole, &got).ok().as_ref() != Some(&whole) {
                return Err(refused("mask", got, format!("it must be broadcast to the scores, {whole:?}")));
            }
            scores + mask
        }
        None => scores,
    };
    Ok(scores.within("weights", || Ok(scores.softmax(-1)))?.matmul(v))
}

/// A shape, the last two axes apart.
struct Matrices {
    before: Vec<usize>,
    rows: usize,
    columns: usize,
}

fn matrix<B: Backend>(what: &str, x: &Var<'_, B>) -> Result<Matrices> {
    match x.shape()?[..] {
        [ref before @ .., rows, columns] => Ok(Matrices { before: before.to_vec(), rows, columns }),
        ref got => Err(refused(what, got.to_vec(), "they need at least 2 axes, (..., number, width)".into())),
    }
}

fn refused(what: &str, got: Vec<usize>, reason: String) -> Error {
    Error::InvalidShape { what: format!("{what} of attention"), got, reason }
}
