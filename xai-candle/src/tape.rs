//! Recording the user's own forward code on candle's tape.

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use xai_core::{Error, Pullback, Result};

use crate::error::{failed, on_the_way_back, remedies};
use crate::memory::keep_freed_maps;
use crate::{Candle, Host};

pub(crate) const CAUSES: &str = concat!(
    "candle_nn's LayerNorm, RmsNorm, ops::softmax_last_dim, ops::layer_norm, ops::rms_norm and rotary_emb::rope have \
     no gradient in candle and cut it without an error (use the functions of `xai::candle::ops` in their place, \
     or make the layer a field of a derived struct; ",
    remedies!(),
    "); slice_set, scatter_set and scatter_add_set, which write in place; detach(); argmax, sign, round, floor, ceil \
     and comparisons; a cast to an integer type, as for an embedding; to_vec, or a tensor that is built anew from \
     numbers"
);

fn detached() -> Error {
    Error::Detached { at: "the function recorded on candle's tape".into(), causes: CAUSES.into() }
}

/// y = f(x) on the tape, and the way back along it.
pub(crate) fn on_the_tape<'a, E: Host>(
    f: &impl Fn(&[&Tensor]) -> Result<Tensor>,
    x: &[xai_core::Tensor<Candle<E>>],
) -> Result<(xai_core::Tensor<Candle<E>>, Pullback<'a, Candle<E>>)> {
    x.iter().for_each(|x| keep_freed_maps(x.inner()));
    // Detached first: a variable would be taken as it is, and be the user's own.
    let variable = |x: &xai_core::Tensor<Candle<E>>| Var::from_tensor(&x.inner().detach()).map_err(failed);
    let x = x.iter().map(variable).collect::<Result<Vec<Var>>>()?;
    let y = f(&x.iter().map(Var::as_tensor).collect::<Vec<_>>())?;
    if !y.track_op() {
        return Err(detached());
    }
    let clean = xai_core::Tensor::new(y.detach());
    let pull = move |v: &xai_core::Tensor<Candle<E>>| {
        Error::check_shape("cotangent", y.dims(), v.inner().dims())?;
        let mut found = gradients(&y, &v.inner().detach()).map_err(on_the_way_back)?;
        let parts: Vec<_> = x.iter().map(|x| found.remove(x)).collect();
        if parts.iter().all(Option::is_none) {
            return Err(detached());
        }
        Ok(parts.into_iter().map(|dx| dx.map(|dx| xai_core::Tensor::new(dx.detach()))).collect())
    };
    Ok((clean, Pullback::of_all(pull)))
}

/// candle takes no cotangent: the gradient of Σ y·v is v pulled back.
fn gradients(y: &Tensor, v: &Tensor) -> candle_core::Result<GradStore> {
    (y * v)?.sum_all()?.backward()
}
