//! Models that implement candle's own `Module`.

use candle_core::{ModuleT, Tensor};
use xai_core::{Layer, Net, Opaque, Result, Var};

use crate::error::failed;
use crate::{Candle, Host};

/// Any `candle_nn::Module` or `ModuleT` as a layer, in evaluation mode and differentiated by candle's tape: see
/// [`module`] and [`model`].
#[derive(Debug, Clone)]
pub struct CandleModule<M>(M);

impl<M: ModuleT> CandleModule<M> {
    /// The module.
    pub fn into_inner(self) -> M {
        self.0
    }
}

/// Any `candle_nn::Module` or `ModuleT` as a layer of a derived struct. A `ModuleT` runs in evaluation mode.
///
/// candle's tape differentiates it. Where candle's own gradients are wrong (see the [crate's docs](crate)) use the
/// functions of [`ops`](crate::ops) inside the module, and check the model once with
/// [`check_gradient`](xai_core::check_gradient). To lend a module, wrap it in a closure:
/// `module(|x: &Tensor| net.forward(x))`.
pub fn module<M: ModuleT>(module: M) -> CandleModule<M> {
    CandleModule(module)
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
        Ok(x.opaque(Opaque::recorded(|x: &[&Tensor]| self.0.forward_t(x[0], false).map_err(failed))))
    }
}
