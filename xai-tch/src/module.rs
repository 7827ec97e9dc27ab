//! The user's own `nn::Module` and `nn::ModuleT` as layers.

use std::ops::Deref;

use tch::nn;
use xai_core::{Layer, Net, Opaque, Result, Var};

use crate::{HostFloat, LibTorch};

/// A [`tch::nn::Module`] behind a pointer (`&M`, `Box<M>`, `Arc<M>`, `Box<dyn Module>`), as a layer: see [`module`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use ndarray::array;
/// use tch::nn;
/// use xai::tch::{LibTorch, ModuleLayer, module};
/// use xai::{Analyzer, Differentiable, Gradient, Result, Var};
///
/// /// A block of any kind, and a rectifier behind it.
/// struct Net {
///     block: ModuleLayer<Box<dyn nn::Module>>,
/// }
///
/// impl Differentiable for Net {
///     type Backend = LibTorch;
///     fn trace<'m>(&'m self, x: &[Var<'m, LibTorch>]) -> Result<Var<'m, LibTorch>> {
///         Ok(x[0].layer("block", &self.block)?.relu())
///     }
/// }
///
/// let block: Box<dyn nn::Module> = Box::new(nn::func(|x| x * 2.0));
/// let why = Gradient.analyze(&Net { block: module(block) }, &array![[3f32, -1.0]], 0)?;
/// assert_eq!(why.values, array![[2.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ModuleLayer<P>(P);

/// A [`tch::nn::ModuleT`] behind a pointer, in evaluation mode, as a layer: see [`module_t`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use ndarray::array;
/// use tch::nn;
/// use xai::tch::{LibTorch, ModuleTLayer, module_t};
/// use xai::{Analyzer, Gradient, Net};
///
/// let block: Box<dyn nn::ModuleT> = Box::new(nn::func_t(|x, train| if train { x * 0.0 } else { x * 2.0 }));
/// let layer: ModuleTLayer<Box<dyn nn::ModuleT>> = module_t(block);
/// let why = Gradient.analyze(&Net::<LibTorch, _>::new(layer), &array![[3f32]], 0)?;
/// assert_eq!(why.values, array![[2.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ModuleTLayer<P>(P);

/// The user's own [`tch::nn::Module`] as a layer: borrowed, `module(&block)`, or owned, `module(Box::new(block))`.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use tch::{Tensor, nn};
/// use xai::Net;
/// use xai::tch::{LibTorch, module};
///
/// #[derive(Debug)]
/// struct Square;
/// impl nn::Module for Square {
///     fn forward(&self, x: &Tensor) -> Tensor {
///         x * x
///     }
/// }
/// let model = Net::<LibTorch, _>::new(module(&Square));
/// ```
pub fn module<P>(module: P) -> ModuleLayer<P>
where
    P: Deref<Target: nn::Module>,
{
    ModuleLayer(module)
}

/// The user's own [`tch::nn::ModuleT`] as a layer: in evaluation mode (`train` = false), but for
/// [`train_forward`](crate::train_forward).
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use ndarray::array;
/// use tch::nn;
/// use xai::tch::{LibTorch, module_t};
/// use xai::{Analyzer, Gradient, Net};
///
/// // In training, dropout would leave nothing of it.
/// let net = nn::seq_t().add_fn(|x| x * 3.0).add_fn_t(|x, train| x.dropout(1.0, train));
/// let why = Gradient.analyze(&Net::<LibTorch, _>::new(module_t(&net)), &array![[5f32]], 0)?;
/// assert_eq!(why.values, array![[3.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn module_t<P>(module: P) -> ModuleTLayer<P>
where
    P: Deref<Target: nn::ModuleT>,
{
    ModuleTLayer(module)
}

/// A [`tch::nn::Module`] or [`tch::nn::ModuleT`] as a whole model, in evaluation mode but for
/// [`train_forward`](crate::train_forward): borrowed, `model(&net)`, or owned, `model(Box::new(net))`.
/// `model(&net).at(device)` for inputs that are not on the CPU.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use tch::{Device, Kind, Tensor, nn};
/// use xai::{Analyzer, Gradient, Index};
///
/// let net = nn::seq().add_fn(|x| x.tanh());
/// let x = Tensor::zeros([1, 2], (Kind::Float, Device::Cpu));
/// let why = Gradient.analyze(&xai::tch::model(&net), &x, Index(1))?;
/// assert_eq!(Vec::<f32>::try_from(why.values.flatten(0, -1))?, [0.0, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn model<P: Deref<Target: nn::ModuleT>>(net: P) -> Net<LibTorch, ModuleTLayer<P>> {
    Net::new(module_t(net))
}

impl<E: HostFloat, P: Deref<Target: nn::Module>> Layer<LibTorch<E>> for ModuleLayer<P> {
    fn trace<'m>(&'m self, x: Var<'m, LibTorch<E>>) -> Result<Var<'m, LibTorch<E>>> {
        Ok(x.opaque(Opaque::recorded(|x| Ok(nn::Module::forward(&*self.0, x[0])))))
    }
}

impl<E: HostFloat, P: Deref<Target: nn::ModuleT>> Layer<LibTorch<E>> for ModuleTLayer<P> {
    fn trace<'m>(&'m self, x: Var<'m, LibTorch<E>>) -> Result<Var<'m, LibTorch<E>>> {
        let training = x.is_training();
        Ok(x.opaque(Opaque::recorded(move |x| Ok(nn::ModuleT::forward_t(&*self.0, x[0], training)))))
    }
}
