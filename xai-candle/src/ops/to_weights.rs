//! What a cotangent brings to the weights of an operation.

use candle_core::{Error, Result, Tensor};
use xai_core::nn::{Conv2d, ConvGeometry, GroupNorm, LayerNorm, RmsNorm};
use xai_core::{Arithmetic, Op, Weight};

use super::attach::attach;
use crate::reduce::summed;
use crate::rules::{self, Pull};
use crate::{Candle, Host, weights};

/// A weight, and the pullback of the output's cotangent to it.
type WeightPullback<'a, E> = (&'a Weight<Candle<E>>, Pull);

/// y = op(x), with the gradient's way to those of the operation's weights that are on a tape. Nothing goes to x here.
pub(super) fn with_weights<E: Host>(op: &Op<Candle<E>>, x: &Tensor, y: Tensor) -> Result<Tensor> {
    if !op.weights().into_iter().any(|weight| weight.shared().track_op()) {
        return Ok(y);
    }
    pullbacks(op, x.detach())?.into_iter().try_fold(y, |y, (weight, pull)| {
        let to = weight.shared();
        if !to.track_op() {
            return Ok(y);
        }
        let (dtype, shape) = (to.dtype(), to.shape().clone());
        let fitted: Pull = Box::new(move |v| pull(&v.detach())?.to_dtype(dtype)?.reshape(&shape));
        let nothing = y.zeros_like()?.detach();
        &y + attach(op.name(), to, (nothing, fitted))?
    })
}

fn pullbacks<E: Host>(op: &Op<Candle<E>>, x: Tensor) -> Result<Vec<WeightPullback<'_, E>>> {
    Ok(match op {
        Op::Conv2d(op) => {
            let geometry = op.geometry(x.dims()).map_err(Error::wrap)?;
            let kernel: Pull = Box::new(move |v| of_kernel(geometry, &x, v));
            with_bias(&op.weight, kernel, op.bias.as_ref(), |v| over_all_but(1, v))
        }
        Op::ConvTranspose2d(op) => {
            let geometry = op.geometry(x.dims()).map_err(Error::wrap)?;
            let kernel: Pull = Box::new(move |v| of_kernel(geometry, v, &x));
            with_bias(&op.weight, kernel, op.bias.as_ref(), |v| over_all_but(1, v))
        }
        Op::Linear(op) => {
            let matrix: Pull = Box::new(move |v| Candle::<E>::matmul(&rows(v)?.t()?, &rows(&x)?).map_err(Error::wrap));
            with_bias(&op.weight, matrix, op.bias.as_ref(), |v| over_all_but(v.rank() - 1, v))
        }
        Op::ChannelAffine(op) => {
            let scale: Pull = Box::new(move |v| over_all_but(1, &(v * &x)?));
            vec![(&op.scale, scale), (&op.shift, Box::new(|v| over_all_but(1, v)))]
        }
        Op::LayerNorm(norm) => {
            let bare = LayerNorm { axes: norm.axes, weight: None, bias: None, eps: norm.eps };
            let axes = norm.axes;
            of_norm(bare.into(), &x, norm.weight.as_ref(), norm.bias.as_ref(), move |v| over_first(v.rank() - axes, v))?
        }
        Op::RmsNorm(norm) => {
            let bare = RmsNorm { weight: None, eps: norm.eps };
            of_norm(bare.into(), &x, norm.weight.as_ref(), None, |v| over_first(v.rank() - 1, v))?
        }
        Op::GroupNorm(norm) => {
            let bare = GroupNorm { groups: norm.groups, weight: None, bias: None, eps: norm.eps };
            of_norm(bare.into(), &x, norm.weight.as_ref(), norm.bias.as_ref(), |v| over_all_but(1, v))?
        }
        // The others have no weights, but for an embedding, which has a way of its own.
        _ => Vec::new(),
    })
}

fn with_bias<'a, E: Host>(
    weight: &'a Weight<Candle<E>>,
    pull: Pull,
    bias: Option<&'a Weight<Candle<E>>>,
    to_bias: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Vec<WeightPullback<'a, E>> {
    let mut pullbacks = vec![(weight, pull)];
    pullbacks.extend(bias.map(|bias| (bias, Box::new(to_bias) as Pull)));
    pullbacks
}

/// Of what is normalised, times a weight, and a bias.
fn of_norm<'a, E: Host>(
    bare: Op<Candle<E>>,
    x: &Tensor,
    weight: Option<&'a Weight<Candle<E>>>,
    bias: Option<&'a Weight<Candle<E>>>,
    summed: impl Fn(&Tensor) -> Result<Tensor> + Clone + Send + Sync + 'static,
) -> Result<Vec<WeightPullback<'a, E>>> {
    let mut pullbacks: Vec<WeightPullback<'a, E>> = Vec::new();
    if let Some(weight) = weight {
        let (normalised, summed) = (rules::forward(&bare, x).map_err(Error::wrap)?, summed.clone());
        pullbacks.push((weight, Box::new(move |v| summed(&(v * &normalised)?))));
    }
    pullbacks.extend(bias.map(|bias| (bias, Box::new(summed) as Pull)));
    Ok(pullbacks)
}

/// The gradient of a convolution's kernel (K, C / groups, kh, kw), of its input (B, C, H, W) and its output's cotangent
/// (B, K, H', W'): the input's channels convolved with the cotangent's, whose places are as far apart as the stride.
fn of_kernel(g: ConvGeometry, input: &Tensor, cotangent: &Tensor) -> Result<Tensor> {
    let sorted = |t: &Tensor| {
        let (batch, channels, rows, columns) = t.dims4()?;
        t.reshape((batch, g.groups, channels / g.groups, rows, columns))
    };
    let (taken, given) = (g.in_channels / g.groups, g.out_channels);
    let images = sorted(input)?.permute((2, 1, 0, 3, 4))?;
    let images = images.contiguous()?.reshape((taken, g.groups * g.batch, g.input[0], g.input[1]))?;
    let kernel = sorted(cotangent)?.permute((1, 2, 0, 3, 4))?;
    let kernel = kernel.contiguous()?.reshape((given, g.batch, g.output[0], g.output[1]))?;
    let conv = Conv2d {
        weight: weights::constant(&kernel),
        bias: None,
        stride: g.dilation,
        padding: g.padding.into(),
        dilation: g.stride,
        groups: g.groups,
    };
    // A remainder that the stride leaves over has no place in the kernel.
    let all = rules::forward::<f64>(&conv.into(), &images).map_err(Error::wrap)?;
    all.narrow(2, 0, g.kernel[0])?.narrow(3, 0, g.kernel[1])?.transpose(0, 1)
}

/// As a matrix with the last axis as columns.
fn rows(t: &Tensor) -> Result<Tensor> {
    let columns = t.dim(candle_core::D::Minus1)?;
    t.reshape(((), columns))
}

fn over_all_but(axis: usize, t: &Tensor) -> Result<Tensor> {
    summed(t, &(0..t.rank()).filter(|&other| other != axis).collect::<Vec<_>>())
}

fn over_first(axes: usize, t: &Tensor) -> Result<Tensor> {
    summed(t, &(0..axes).collect::<Vec<_>>())
}
