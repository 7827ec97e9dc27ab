//! Models that implement candle's own `Module`.

use candle_core::{ModuleT, Tensor, bail};
use xai_core::{Layer, Net, Opaque, Result, Var};

use crate::error::failed;
use crate::{Candle, Host};

/// Any `candle_nn::Module` or `ModuleT` as a layer, in evaluation mode and differentiated by candle's tape: see
/// [`module`] and [`model`].
#[derive(Debug, Clone)]
pub struct CandleModule<M> {
    module: M,
    one_by_one: bool,
}

impl<M: ModuleT> CandleModule<M> {
    /// The module.
    pub fn into_inner(self) -> M {
        self.module
    }

    /// The same module, given the samples of a batch and the rows of a chunk one by one.
    ///
    /// For a model that is written for one sample, as one whose class token is not repeated for a batch: its passes of
    /// several rows are errors, which name this word.
    ///
    /// ```
    /// use candle_core::{DType, Device, Tensor};
    /// use ndarray::array;
    /// use xai_candle::{Candle, module};
    /// use xai_core::{Analyzer, Index, IntegratedGradients, Net};
    ///
    /// // (1, 2) to (1, 2): a third number, of one row, is put behind.
    /// let class = Tensor::zeros((1, 1), DType::F32, &Device::Cpu)?;
    /// let net = module(move |x: &Tensor| Tensor::cat(&[x, &class], 1)?.sqr()?.narrow(1, 0, 2));
    /// let net = Net::<Candle, _>::new(net.one_by_one());
    /// let why = IntegratedGradients::new().n(8).analyze(&net, &array![[3f32, 0.0], [0.0, 2.0]], Index(0))?;
    /// assert!((why.values[[0, 0]] - 9.0).abs() < 1e-4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn one_by_one(mut self) -> Self {
        self.one_by_one = true;
        self
    }

    fn run(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let rows = x.dims().first().copied().unwrap_or_default();
        if !self.one_by_one || rows < 2 {
            return self.module.forward_t(x, false);
        }
        let of_row = |row: usize| {
            let y = self.module.forward_t(&x.narrow(0, row, 1)?, false)?;
            if y.dims().first() != Some(&1) {
                bail!(
                    "one_by_one: of one sample the model gives {:?}, which does not begin with a batch axis of 1",
                    y.dims()
                );
            }
            Ok(y)
        };
        Tensor::cat(&(0..rows).map(of_row).collect::<candle_core::Result<Vec<_>>>()?, 0)
    }
}

/// Any `candle_nn::Module` or `ModuleT` as a layer of a derived struct. A `ModuleT` runs in evaluation mode.
///
/// candle's tape differentiates it. Where candle's own gradients are wrong (see the [crate's docs](crate)) use the
/// functions of [`ops`](crate::ops) inside the module, and check the model once with
/// [`check_gradient`](xai_core::check_gradient). To lend a module, wrap it in a closure:
/// `module(|x: &Tensor| net.forward(x))`.
pub fn module<M: ModuleT>(module: M) -> CandleModule<M> {
    CandleModule { module, one_by_one: false }
}

/// Any `candle_nn::Module` or `ModuleT` as a whole model, as [`module`] differentiates it.
///
/// It takes inputs on the CPU in `f32`; say `model(net).at(device)` for another place.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use candle_nn::{Activation, Linear, Module, seq};
/// use ndarray::array;
/// use xai_core::{Analyzer, Gradient, MaxActivation};
///
/// let weight = Tensor::new(&[[1f32, -2.0]], &Device::Cpu)?;
/// let net = seq().add(Activation::Silu).add(Linear::new(weight, None));
/// let why = Gradient.analyze(&xai_candle::model(net), &array![[0f32, 0.0]], &MaxActivation)?;
/// assert_eq!(why.values, array![[0.5, -1.0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn model<M: ModuleT>(net: M) -> Net<Candle, CandleModule<M>> {
    Net::new(module(net))
}

impl<E: Host, M: ModuleT> Layer<Candle<E>> for CandleModule<M> {
    fn trace<'m>(&'m self, x: Var<'m, Candle<E>>) -> Result<Var<'m, Candle<E>>> {
        Ok(x.opaque(Opaque::recorded(|x: &[&Tensor]| self.run(x[0]).map_err(failed))))
    }
}
