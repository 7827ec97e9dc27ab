//! TorchScript files as models.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use tch::CModule;
use xai_core::{Differentiable, Error, Layer, Opaque, Result, Split, Var};

use crate::failure::failed;
use crate::{HostFloat, LibTorch, Placement};

/// A TorchScript file (`.pt`, from `torch.jit.trace` or `torch.jit.script`) as a model: explained without a line of
/// model code.
///
/// It takes as many tensors as it is given inputs and returns one. A file that returns more is explained through a
/// closure that calls [`CModule::forward_is`]; a [`CModule`] of one input is a layer as well.
///
/// ```no_run
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use ndarray::Array4;
/// use xai::{Analyzer, GradCam, Gradient, MaxActivation};
/// use xai::tch::TorchScript;
///
/// let image = Array4::<f32>::zeros((1, 3, 224, 224));
/// let model = TorchScript::load("model.pt")?;
/// let why = Gradient.analyze(&model, &image, MaxActivation)?;
///
/// let parts = TorchScript::load_split("features.pt", "classifier.pt")?;
/// let map = GradCam.analyze(&parts, &image, MaxActivation)?;
/// # Ok::<(), xai::Error>(())
/// ```
pub struct TorchScript<E = f32> {
    module: Arc<CModule>,
    method: String,
    placement: Placement,
    host: PhantomData<fn() -> E>,
}

impl<E: HostFloat> TorchScript<E> {
    /// Loads a file to the CPU, in evaluation mode. Its inputs are brought to the number type of its parameters.
    ///
    /// # Errors
    /// [`Error::File`] for what is no file, and libtorch's own, when it cannot be read or is no TorchScript.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_on(path, tch::Device::Cpu)
    }

    /// Loads a file to a device, in evaluation mode.
    ///
    /// # Errors
    /// As [`load`](TorchScript::load), or when there is no such device.
    pub fn load_on(path: impl AsRef<Path>, device: tch::Device) -> Result<Self> {
        let path = path.as_ref();
        // libtorch would wait for a pipe.
        if std::fs::metadata(path).is_ok_and(|file| !file.is_file()) {
            let source = "it is no regular file; give the name of a file".into();
            return Err(Error::File { action: "read", path: path.to_path_buf(), source });
        }
        let mut module = CModule::load_on_device(path, device).map_err(failed)?;
        module.f_set_eval().map_err(failed)?;
        // The copy just loaded is ours alone: without their wish for gradients, a script does not compute them.
        for (_, parameter) in module.named_parameters().map_err(failed)? {
            let _ = parameter.f_set_requires_grad(false).map_err(failed)?;
        }
        Self::new(module, device)
    }

    /// Loads the two halves of a model, features and adaptation, to the CPU: what Grad-CAM needs.
    ///
    /// # Errors
    /// As [`load`](TorchScript::load).
    pub fn load_split(features: impl AsRef<Path>, adaptation: impl AsRef<Path>) -> Result<Split<Self, Self>> {
        Ok(Split::new(Self::load(features)?, Self::load(adaptation)?))
    }

    /// A module that was loaded before and lives on this device. Its mode stays as it is.
    ///
    /// # Errors
    /// libtorch's own, when the module's parameters cannot be listed.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
    /// use ndarray::array;
    /// use tch::{CModule, Device, Kind, Tensor};
    /// use xai::tch::TorchScript;
    /// use xai::{Analyzer, Gradient};
    ///
    /// // Traced here, where it could have been loaded.
    /// let mut squared = |x: &[Tensor]| vec![&x[0] * &x[0]];
    /// let example = Tensor::zeros([1, 2], (Kind::Float, Device::Cpu));
    /// let module = CModule::create_by_tracing("squared", "forward", &[example], &mut squared)?;
    /// let model = TorchScript::<f32>::new(module, Device::Cpu)?;
    /// assert_eq!(Gradient.analyze(&model, &array![[3f32, 1.0]], 0)?.values, array![[6.0, 0.0]]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(module: impl Into<Arc<CModule>>, device: tch::Device) -> Result<Self> {
        let module = module.into();
        let parameters = module.named_parameters().map_err(failed)?;
        // A frozen module has no parameters left: then single precision, until `at(..)` says otherwise.
        let of_floats = parameters.iter().map(|(_, p)| p).find(|p| p.f_is_floating_point().unwrap_or(false));
        let placement = of_floats.map_or_else(|| device.into(), Placement::of);
        Ok(TorchScript { module, method: "forward".into(), placement, host: PhantomData })
    }

    /// Another method of the same module as a model. The weights are shared.
    ///
    /// A file whose module exports its halves as methods is split by them, here on a GPU:
    ///
    /// ```no_run
    /// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
    /// use ndarray::Array4;
    /// use xai::tch::{TorchScript, tch::Device};
    /// use xai::{Analyzer, GradCam, MaxActivation, Split};
    ///
    /// let model = TorchScript::<f32>::load_on("model.pt", Device::Cuda(0))?;
    /// let parts = Split::new(model.method("features"), model.method("adaptation"));
    /// let map = GradCam.analyze(&parts, &Array4::zeros((1, 3, 224, 224)), MaxActivation)?;
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn method(&self, name: impl Into<String>) -> Self {
        TorchScript { method: name.into(), ..self.clone() }
    }

    fn run(&self, x: &[&tch::Tensor]) -> Result<tch::Tensor> {
        self.module.method_ts(&self.method, x).map_err(failed)
    }
}

impl<E> Clone for TorchScript<E> {
    fn clone(&self) -> Self {
        TorchScript {
            module: Arc::clone(&self.module),
            method: self.method.clone(),
            placement: self.placement,
            host: PhantomData,
        }
    }
}

impl<E> fmt::Debug for TorchScript<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TorchScript")
            .field("method", &self.method)
            .field("placement", &self.placement)
            .finish_non_exhaustive()
    }
}

impl<E: HostFloat> Differentiable for TorchScript<E> {
    type Backend = LibTorch<E>;
    fn trace<'m>(&'m self, inputs: &[Var<'m, LibTorch<E>>]) -> Result<Var<'m, LibTorch<E>>> {
        let Some((first, others)) = inputs.split_first() else {
            let reason = "a TorchScript model takes at least 1".into();
            return Err(Error::InvalidParameter { name: "inputs", value: "0".into(), reason });
        };
        let code = Opaque::recorded(|x| self.run(x)).placed(Some(self.placement));
        Ok(first.opaque_with(code, &others.iter().collect::<Vec<_>>()))
    }
    fn placement(&self) -> Option<Placement> {
        Some(self.placement)
    }
}

impl<E: HostFloat> Layer<LibTorch<E>> for CModule {
    fn trace<'m>(&'m self, x: Var<'m, LibTorch<E>>) -> Result<Var<'m, LibTorch<E>>> {
        Ok(x.opaque(Opaque::recorded(|x| self.forward_ts(x).map_err(failed))))
    }
}
