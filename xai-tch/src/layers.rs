//! tch's own layers as layers.

use tch::nn::{self, Module, ModuleT};
use xai_core::{Error, Layer, Pullback, Result, Tensor};

use crate::failure::failed;
use crate::tape::{Input, evaluate, record};
use crate::{HostFloat, LibTorch, Placement};

/// Batch norm and its like run in evaluation mode, whatever mode the user trains in.
fn in_evaluation<M: ModuleT>(layer: &M, x: &tch::Tensor) -> tch::Tensor {
    layer.forward_t(x, false)
}

macro_rules! run_by {
    ($forward:path, $input:expr) => {
        fn forward(&self, x: &Tensor<LibTorch<E>>) -> Result<Tensor<LibTorch<E>>> {
            evaluate($input, |x| Ok($forward(self, x)), x)
        }
        fn vjp(&self, x: &Tensor<LibTorch<E>>) -> Result<(Tensor<LibTorch<E>>, Pullback<'_, LibTorch<E>>)> {
            record($input, |x| Ok($forward(self, x)), x)
        }
        fn is_recorded(&self) -> bool {
            true
        }
    };
}

/// Layers that are affine in their input, with a tensor of their own that tells where they live.
macro_rules! affine_layers {
    ($($layer:ty: $forward:path, $weight:ident;)*) => {$(
        impl<E: HostFloat> Layer<LibTorch<E>> for $layer {
            run_by!($forward, Input::Shared);
            fn placement(&self) -> Option<Placement> {
                Some(Placement::of(&self.$weight))
            }
            fn is_affine(&self) -> bool {
                true
            }
        }
    )*};
}

affine_layers! {
    nn::Linear: Module::forward, ws;
    nn::Conv1D: Module::forward, ws;
    nn::Conv2D: Module::forward, ws;
    nn::Conv3D: Module::forward, ws;
    nn::ConvTranspose1D: Module::forward, ws;
    nn::ConvTranspose2D: Module::forward, ws;
    nn::ConvTranspose3D: Module::forward, ws;
    nn::BatchNorm: in_evaluation, running_mean;
}

/// Norms by the input's own statistics; their weights are optional.
macro_rules! norm_layers {
    ($($layer:ty),*) => {$(
        impl<E: HostFloat> Layer<LibTorch<E>> for $layer {
            run_by!(Module::forward, Input::Shared);
            fn placement(&self) -> Option<Placement> {
                self.ws.as_ref().map(Placement::of)
            }
        }
    )*};
}

norm_layers!(nn::LayerNorm, nn::GroupNorm);

/// Layers with code of the user's in them.
macro_rules! layers_of_code {
    ($($layer:ty: $forward:path;)*) => {$(
        impl<E: HostFloat> Layer<LibTorch<E>> for $layer {
            run_by!($forward, Input::Copied);
        }
    )*};
}

layers_of_code! {
    nn::Sequential: Module::forward;
    nn::SequentialT: in_evaluation;
    nn::Func<'_>: Module::forward;
    nn::FuncT<'_>: in_evaluation;
}

/// Looks rows up; an index has no gradient. Explain the layers behind it.
impl<E: HostFloat> Layer<LibTorch<E>> for nn::Embedding {
    fn forward(&self, x: &Tensor<LibTorch<E>>) -> Result<Tensor<LibTorch<E>>> {
        // Indices may have come as the floats that arrays are made of.
        evaluate(Input::Shared, |x| Ok(Module::forward(self, &x.f_to_kind(tch::Kind::Int64).map_err(failed)?)), x)
    }
    fn vjp(&self, _: &Tensor<LibTorch<E>>) -> Result<(Tensor<LibTorch<E>>, Pullback<'_, LibTorch<E>>)> {
        Err(Error::NotDifferentiable {
            what: "an `nn::Embedding`".into(),
            reason: "its input are indices; explain the layers behind it, on the embedded input: \
                     run the embedding first, or make it the features of a `Split`"
                .into(),
        })
    }
}
