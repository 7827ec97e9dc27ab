//! The two traits of a model.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Arithmetic, Backend, Graph, Place, Pullback, Result, Tensor, Var};

/// A model: it writes down what it computes, and all else follows.
///
/// Derive it with `#[derive(Explainable)]`, build one from functions with [`Function`](crate::Function) and
/// [`Split`](crate::Split), take one layer with [`Net`](crate::Net), or implement it: forward code on [`Var`]. The
/// batch axis is first in inputs and output.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{Analyzer, Differentiable, Gradient, Index, NdArray, Result, Var};
///
/// /// Two inputs, (x₁ · x₂, x₁ + x₂).
/// struct Both;
/// impl Differentiable for Both {
///     type Backend = NdArray<f64>;
///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
///         Ok((&x[0] * &x[1]).concat(&[&(&x[0] + &x[1])], 1))
///     }
/// }
/// let why = Gradient.analyze(&Both, (&array![[3.0]], &array![[5.0]]), Index(0))?;
/// assert_eq!(why.values, (array![[5.0]], array![[3.0]]));
/// # Ok::<(), xai::Error>(())
/// ```
///
/// What follows, of a model of one input:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Differentiable, NdArray, Tensor};
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("hidden", Activation::Relu);
/// let (x, y) = (array![[3.0, -1.0]].into_dyn(), array![[3.0, 0.0]].into_dyn());
/// assert_eq!(net.predict(x.view())?, y);
/// assert_eq!(net.predict_tensor(&x.clone().into_shared())?, y); // plain arrays' own tensors
///
/// // On the tensors that all backends share, and what goes back.
/// let x = Tensor::upload(x.view(), &net.placement_for(&[vec![1, 2]])?)?;
/// assert_eq!(net.forward(&x)?.download()?, y);
/// let (_, pullback) = net.vjp(&x)?;
/// let v = Tensor::upload(array![[1.0, 1.0]].view().into_dyn(), &x.placement())?;
/// assert_eq!(pullback.pull(&v)?.download()?, array![[1.0, 0.0]].into_dyn());
///
/// // Written down.
/// assert_eq!(net.graph(&[vec![1, 2]])?.output_shape(), Some(&[1, 2][..]));
/// assert_eq!(net.places(&[vec![1, 2]])?[0].name, "hidden");
/// # Ok::<(), xai::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model that can be explained",
    label = "no `Differentiable` model",
    note = "put `#[derive(Explainable)]` on the model's struct; take a candle `Module` as \
            `xai::candle::model(&net)`, one of tch as `xai::tch::model(&net)`, a layer as `Net::new(layer)`, \
            functions as `Function::new(forward, vjp)`, a function that has no gradient as `BlackBox::new(function)`"
)]
pub trait Differentiable {
    /// The framework that the model runs on.
    type Backend: Backend;

    /// Writes down what the model computes of its inputs.
    ///
    /// # Errors
    /// The model's own.
    fn trace<'m>(&'m self, inputs: &[Var<'m, Self::Backend>]) -> Result<Var<'m, Self::Backend>>;

    /// Where inputs have to be brought, if the model says so itself; otherwise to where its first weights are.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Backend, Differentiable, NdArray, Result, Var};
    ///
    /// /// A model that has no weights, and knows its place: a device, or `()` of plain arrays.
    /// struct Doubled<B: Backend>(B::Placement);
    /// impl<B: Backend> Differentiable for Doubled<B> {
    ///     type Backend = B;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
    ///         Ok(x[0].affine(2.0, 0.0))
    ///     }
    ///     fn placement(&self) -> Option<B::Placement> {
    ///         Some(self.0.clone())
    ///     }
    /// }
    /// assert_eq!(Doubled::<NdArray>(()).placement(), Some(()));
    /// ```
    fn placement(&self) -> Option<<Self::Backend as Arithmetic>::Placement> {
        None
    }

    /// The model, written down for inputs of these shapes.
    ///
    /// # Errors
    /// The model's own, and those of shapes that do not fit.
    fn graph(&self, inputs: &[Vec<usize>]) -> Result<Graph<'_, Self::Backend>> {
        Graph::trace(inputs, |inputs| self.trace(inputs))
    }

    /// The named places of the model, for inputs of these shapes.
    ///
    /// # Errors
    /// As [`graph`](Differentiable::graph).
    fn places(&self, inputs: &[Vec<usize>]) -> Result<Vec<Place>> {
        Ok(self.graph(inputs)?.places())
    }

    /// Where inputs of these shapes have to be brought: as the model says, or where its first weights are.
    ///
    /// # Errors
    /// As [`graph`](Differentiable::graph).
    fn placement_for(&self, inputs: &[Vec<usize>]) -> Result<<Self::Backend as Arithmetic>::Placement> {
        match self.placement() {
            Some(placement) => Ok(placement),
            None => Ok(self.graph(inputs)?.placement().unwrap_or_default()),
        }
    }

    /// The output for an ndarray array, for a model of one input.
    ///
    /// # Errors
    /// The model's own.
    fn predict(
        &self,
        input: ArrayViewD<'_, <Self::Backend as Arithmetic>::Elem>,
    ) -> Result<ArrayD<<Self::Backend as Arithmetic>::Elem>> {
        let placement = self.placement_for(&[input.shape().to_vec()])?;
        self.forward(&Tensor::upload(input, &placement)?)?.download()
    }

    /// The output for a tensor of the model's own framework, for a model of one input: brought to the model's place,
    /// without a tape.
    ///
    /// # Errors
    /// The model's own.
    fn predict_tensor(
        &self,
        input: &<Self::Backend as Arithmetic>::Tensor,
    ) -> Result<<Self::Backend as Arithmetic>::Tensor> {
        let input = Tensor::<Self::Backend>::new(Self::Backend::share(input));
        let placement = self.placement_for(&[input.shape()])?;
        Ok(self.forward(&input.brought(&placement)?)?.into_inner())
    }

    /// y = f(x), without a tape, for a model of one input.
    ///
    /// # Errors
    /// The model's own.
    fn forward(&self, x: &Tensor<Self::Backend>) -> Result<Tensor<Self::Backend>> {
        self.graph(&[x.shape()])?.forward(std::slice::from_ref(x))
    }

    /// y = f(x), and the pullback v ↦ vᵀ · ∂y/∂x, for a model of one input.
    ///
    /// # Errors
    /// The model's own; [`NotDifferentiable`](crate::Error::NotDifferentiable) before any pass.
    fn vjp(&self, x: &Tensor<Self::Backend>) -> Result<(Tensor<Self::Backend>, Pullback<'_, Self::Backend>)> {
        let graph = self.graph(&[x.shape()])?;
        graph.check(None, &[true])?;
        graph.vjp(std::slice::from_ref(x), &[true], None)
    }

    /// The same model, with its inputs brought to another place: `model.at(device)`.
    ///
    /// It moves the inputs, not the model's weights: for models that do not know their place, as one made of functions.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn};
    /// use xai::{Differentiable, Function, NdArray};
    ///
    /// type T = ArcArray<f64, IxDyn>;
    /// let model = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    /// assert_eq!(model.placement(), None);
    /// assert_eq!(model.at(()).placement(), Some(())); // the one place of plain arrays
    /// ```
    fn at(self, placement: impl Into<<Self::Backend as Arithmetic>::Placement>) -> Placed<Self>
    where
        Self: Sized,
    {
        Placed { placement: placement.into(), model: self }
    }
}

/// A model that marks one of its places: where its features end and its adaptation begins.
///
/// The *features* take the input to feature maps: what is left of an image's rows and columns, with one channel for
/// each thing that the network has learnt to look for (in a ResNet, all up to its last block). The *adaptation* takes
/// the feature maps to the output: the pool, and the layers that weigh. [`GradCam`](crate::GradCam) looks where the two
/// meet unless it is told another place, and so do the other class activation maps; no other method needs the mark.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::Array4;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, GradCam, NdArray, Net, Split};
///
/// let features = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let head = Sequential::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
/// let net = Split::new(features, Net::new(head));
/// assert_eq!(GradCam.analyze(&net, &Array4::ones((1, 2, 4, 4)), 0)?.values.shape(), [1, 1, 4, 4]);
/// # Ok::<(), xai::Error>(())
/// ```
///
/// A model of your own says its place by name:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten};
/// use xai::{Analyzer, Differentiable, GradCam, LayerSplit, NdArray, Result, Var};
///
/// struct Marked;
/// impl Differentiable for Marked {
///     type Backend = NdArray<f64>;
///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
///         let maps = x[0].layer("maps", &Activation::Relu)?;
///         Ok(maps.op(AdaptiveAvgPool2d::global()).op(Flatten::default()))
///     }
/// }
/// impl LayerSplit for Marked {
///     fn split_at(&self) -> &str {
///         "maps"
///     }
/// }
/// let photo = array![[[[1.0, 2.0], [3.0, -4.0]]]];
/// assert_eq!(GradCam.analyze(&Marked, &photo, 0)?.values, array![[[[0.25, 0.5], [0.75, 0.0]]]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say where its feature layers end",
    label = "no `LayerSplit` model",
    note = "mark fields with `#[explainable(features)]` and `#[explainable(adaptation)]` under \
            `#[derive(Explainable)]`, use `Split::new(features, adaptation)`, or say the place: `GradCam::at(\"name\")`"
)]
pub trait LayerSplit: Differentiable {
    /// The name of the place: of feature maps of shape (B, K, spatial axes...).
    fn split_at(&self) -> &str;
}

/// Any model on the backend `B`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, BoxModel, Gradient, NdArray, Net};
///
/// let models: [BoxModel<'_, NdArray<f64>>; 2] =
///     [Box::new(Net::new(Activation::Relu)), Box::new(Net::new(Activation::Tanh))];
/// for model in &models {
///     println!("{}", Gradient.analyze(model, &array![[0.5]], 0)?.values);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
pub type BoxModel<'a, B> = Box<dyn Differentiable<Backend = B> + 'a>;

macro_rules! through_pointer {
    ($($pointer:ty),*) => {$(
        impl<M: Differentiable + ?Sized> Differentiable for $pointer {
            type Backend = M::Backend;
            fn trace<'m>(&'m self, inputs: &[Var<'m, M::Backend>]) -> Result<Var<'m, M::Backend>> {
                (**self).trace(inputs)
            }
            fn placement(&self) -> Option<<M::Backend as Arithmetic>::Placement> {
                (**self).placement()
            }
        }

        impl<M: LayerSplit + ?Sized> LayerSplit for $pointer {
            fn split_at(&self) -> &str {
                (**self).split_at()
            }
        }
    )*};
}
through_pointer!(&M, Box<M>, std::sync::Arc<M>);

/// A model with another place for its inputs: see [`Differentiable::at`].
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::Activation;
/// use xai::{Differentiable, NdArray, Net, Placed};
///
/// let net: Placed<Net<NdArray<f64>, Activation>> = Net::new(Activation::Relu).at(());
/// assert_eq!(net.into_inner().into_inner(), Activation::Relu);
/// ```
#[derive(Debug, Clone)]
pub struct Placed<M: Differentiable> {
    placement: <M::Backend as Arithmetic>::Placement,
    model: M,
}

impl<M: Differentiable> Placed<M> {
    /// The model itself.
    pub fn into_inner(self) -> M {
        self.model
    }
}

impl<M: Differentiable> Differentiable for Placed<M> {
    type Backend = M::Backend;
    fn trace<'m>(&'m self, inputs: &[Var<'m, M::Backend>]) -> Result<Var<'m, M::Backend>> {
        self.model.trace(inputs)
    }
    fn placement(&self) -> Option<<M::Backend as Arithmetic>::Placement> {
        Some(self.placement.clone())
    }
}

impl<M: LayerSplit> LayerSplit for Placed<M> {
    fn split_at(&self) -> &str {
        self.model.split_at()
    }
}
