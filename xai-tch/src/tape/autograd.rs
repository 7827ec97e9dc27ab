//! The user's own forward code, differentiated by libtorch.

use tch::Tensor as Torch;
use xai_core::{Autograd, Pullback, Result, Tensor};

use super::rows::all_or_one_by_one;
use super::{evaluate, record};
use crate::{HostFloat, LibTorch};

impl<E: HostFloat> Autograd for LibTorch<E> {
    fn evaluate(f: impl Fn(&[&Torch]) -> Result<Torch>, x: &[Tensor<Self>]) -> Result<Tensor<Self>> {
        evaluate(|x| all_or_one_by_one(&f, x), x)
    }

    fn record<'a>(
        f: impl Fn(&[&Torch]) -> Result<Torch> + 'a,
        x: &[Tensor<Self>],
    ) -> Result<(Tensor<Self>, Pullback<'a, Self>)> {
        record(|x| all_or_one_by_one(&f, x), x, &vec![true; x.len()])
    }
}
