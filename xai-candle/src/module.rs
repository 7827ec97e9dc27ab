//! Models that implement candle's own `Module`.

use std::ops::Deref;

use candle_core::{ModuleT, Tensor};
use xai_core::{Layer, Net, Opaque, Result, Var};

use crate::error::failed;
use crate::guard::Memory;
use crate::rows::one_by_one;
use crate::{Candle, Host};

/// Any `candle_nn::Module` or `ModuleT` as a layer, differentiated by candle's tape, and in evaluation mode unless
/// [`train_forward`](crate::train_forward) runs it: see [`module`] and [`model`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::Tensor;
/// use ndarray::array;
/// use xai::{Analyzer, Gradient, Net};
/// use xai::candle::{Candle, module};
///
/// // A closure between other layers.
/// let net = Net::<Candle<f64>, _>::new(module(|x: &Tensor| x.sqr()));
/// assert_eq!(Gradient.analyze(&net, &array![[3.0]], 0)?.values, array![[6.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CandleModule<M> {
    module: M,
    one_by_one: bool,
    compared: Memory,
}

impl<M: ModuleT> CandleModule<M> {
    /// The module, back from [`module`].
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_nn::Activation;
    /// use xai::candle::module;
    ///
    /// assert!(matches!(module(Activation::Silu).into_inner(), Activation::Silu));
    /// ```
    pub fn into_inner(self) -> M {
        self.module
    }

    /// The same module, given the samples of a batch and the rows of a chunk one by one.
    ///
    /// For a model that is known to be written for one sample, as one whose class token is not repeated for a batch.
    /// Without this word each of its passes of several rows is tried, fails, and leaves a
    /// [note](xai_core::Note::OneByOne).
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{DType, Device, Tensor};
    /// use ndarray::array;
    /// use xai::candle::{Candle, module};
    /// use xai::{Analyzer, Index, IntegratedGradients, Net};
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
}

/// What [`module`] and [`model`] take: a `Module` or `ModuleT`, or a pointer to one, as `&net` or an `Arc` of it.
///
/// `How` tells the two apart ([`Owned`] and [`Behind`]), and is found by the compiler.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::sync::Arc;
///
/// use candle_core::{Device, Result, Tensor};
/// use candle_nn::{Activation, ModuleT};
/// use xai::candle::{Behind, IntoModule, Owned};
///
/// /// What a module makes of 2, whether it is given or lent.
/// fn of_two<How>(net: impl IntoModule<How>) -> Result<f32> {
///     net.into_module().forward_t(&Tensor::new(2f32, &Device::Cpu)?, false)?.to_scalar()
/// }
/// let shared = Arc::new(Activation::Relu);
/// assert_eq!([of_two(&Activation::Relu)?, of_two(Arc::clone(&shared))?, of_two(Activation::Relu)?], [2.0; 3]);
/// // Which of the two it is can be said by hand.
/// assert_eq!((of_two::<Owned>(Activation::Relu)?, of_two::<Behind>(&Activation::Relu)?), (2.0, 2.0));
/// # Ok::<(), candle_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no candle model",
    label = "no `candle_nn::Module` or `ModuleT`",
    note = "implement `candle_nn::Module` for it, or wrap its forward code: `model(|x: &Tensor| net.forward(x))`"
)]
pub trait IntoModule<How> {
    /// The module, or what lends it.
    type Module: ModuleT;
    /// As a module.
    fn into_module(self) -> Self::Module;
}

/// A module itself: [`IntoModule`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use candle_nn::{Activation, ModuleT};
/// use xai::candle::{IntoModule, Owned};
///
/// /// Takes modules, and no pointers to them.
/// fn keep(net: impl IntoModule<Owned>) -> impl ModuleT {
///     net.into_module()
/// }
/// let y = keep(Activation::Relu).forward_t(&Tensor::new(&[-2f32, 3.0], &Device::Cpu)?, false)?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.0, 3.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug)]
pub enum Owned {}

/// A module behind a pointer: [`IntoModule`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use candle_nn::{Activation, ModuleT};
/// use xai::candle::{Behind, IntoModule};
///
/// /// Takes what lends a module, so that it can be used elsewhere too.
/// fn borrow(net: impl IntoModule<Behind>) -> impl ModuleT {
///     net.into_module()
/// }
/// let net = Activation::Relu;
/// let y = borrow(&net).forward_t(&Tensor::new(&[-2f32, 3.0], &Device::Cpu)?, false)?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.0, 3.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug)]
pub enum Behind {}

impl<M: ModuleT> IntoModule<Owned> for M {
    type Module = M;
    fn into_module(self) -> M {
        self
    }
}

impl<P: Deref<Target: ModuleT>> IntoModule<Behind> for P {
    type Module = Lent<P>;
    fn into_module(self) -> Lent<P> {
        Lent(self)
    }
}

/// A module behind a pointer, as a module: what [`IntoModule`] makes of it.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use candle_nn::{Activation, ModuleT};
/// use xai::candle::{IntoModule, Lent};
///
/// let net = Activation::Relu;
/// let lent: Lent<&Activation> = IntoModule::into_module(&net);
/// let y = lent.forward_t(&Tensor::new(&[-2f32, 3.0], &Device::Cpu)?, false)?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.0, 3.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lent<P>(P);

impl<P: Deref<Target: ModuleT>> ModuleT for Lent<P> {
    fn forward_t(&self, x: &Tensor, train: bool) -> candle_core::Result<Tensor> {
        self.0.forward_t(x, train)
    }
}

/// Any `candle_nn::Module` or `ModuleT` as a layer of a derived struct: owned, or lent by `&net`. A `ModuleT` runs in
/// evaluation mode, but for [`train_forward`](crate::train_forward).
///
/// candle's tape differentiates it. Where candle's own gradients are wrong (see the [crate's docs](crate)) use the
/// functions of [`ops`](crate::ops) inside the module, and check the model once with
/// [`check_gradient`](xai_core::check_gradient).
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_nn::{Activation, seq};
/// use ndarray::array;
/// use xai::candle::{Candle, module};
/// use xai::{Analyzer, Gradient, Net};
///
/// let net = seq().add(Activation::Silu);
/// let (lent, rows) = (Net::<Candle, _>::new(module(&net)), array![[0f32, 0.0]]);
/// assert_eq!(Gradient.analyze(&lent, &rows, 1)?.values, array![[0.0, 0.5]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn module<How, M: IntoModule<How>>(module: M) -> CandleModule<M::Module> {
    CandleModule { module: module.into_module(), one_by_one: false, compared: Memory::default() }
}

/// Any `candle_nn::Module` or `ModuleT` as a whole model, as [`module`] differentiates it: `model(net)`, or
/// `model(&net)` where the net is still needed.
///
/// It takes inputs on the CPU in `f32`, arrays or tensors; say `model(&net).at(device)` for another place.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use candle_nn::{Activation, Linear, Module, seq};
/// use ndarray::array;
/// use xai::{Analyzer, Gradient, MaxActivation};
///
/// let weight = Tensor::new(&[[1f32, -2.0]], &Device::Cpu)?;
/// let net = seq().add(Activation::Silu).add(Linear::new(weight, None));
/// let why = Gradient.analyze(&xai::candle::model(&net), &array![[0f32, 0.0]], MaxActivation)?;
/// assert_eq!(why.values, array![[0.5, -1.0]]);
///
/// // A tensor in gives a tensor out.
/// let x = Tensor::new(&[[0f32, 0.0]], &Device::Cpu)?;
/// let why = Gradient.analyze(&xai::candle::model(&net), &x, MaxActivation)?;
/// assert_eq!(why.values.to_vec2::<f32>()?, [[0.5, -1.0]]);
/// assert_eq!(net.forward(&x)?.to_vec2::<f32>()?, [[0.0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn model<How, M: IntoModule<How>>(net: M) -> Net<Candle, CandleModule<M::Module>> {
    Net::new(module(net))
}

impl<E: Host, M: ModuleT> Layer<Candle<E>> for CandleModule<M> {
    fn trace<'m>(&'m self, x: Var<'m, Candle<E>>) -> Result<Var<'m, Candle<E>>> {
        let training = x.is_training();
        let all = move |x: &[&Tensor]| {
            self.compared.is_recorded();
            self.module.forward_t(x[0], training).map_err(failed)
        };
        Ok(x.opaque(Opaque::recorded(move |x| if self.one_by_one { one_by_one(all, x) } else { all(x) })))
    }
}
