//! What an analyzer is asked: [`Call`].

use super::Target;
use crate::{Arithmetic, Backend, Differentiable, Error, Graph, Result, Tensor};

/// The inputs of an analysis, as its parameters are checked against them: the user's own batch.
///
/// ```
/// # use xai_core as xai;
/// use xai::Inputs;
///
/// let inputs = Inputs { shapes: &[vec![2, 3, 224, 224], vec![2, 7]], explained: &[true, false] };
/// assert_eq!(inputs.explained_shapes().collect::<Vec<_>>(), [[2, 3, 224, 224]]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The shape of each input, batch axis first.
    pub shapes: &'a [Vec<usize>],
    /// For each input, whether it is explained.
    pub explained: &'a [bool],
}

impl<'a> Inputs<'a> {
    /// Refuses more than one explained input, for what gives one array of values.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub(crate) fn check_one_explained(&self, analyzer: &str) -> Result<()> {
        match self.explained.iter().filter(|&&explained| explained).count() {
            0 | 1 => Ok(()),
            several => Err(Error::Unsupported {
                analyzer: analyzer.into(),
                reason: format!(
                    "it gives one array of values, and {several} inputs are explained: mark the others as `Given`"
                ),
            }),
        }
    }

    /// The shapes of the explained inputs.
    pub fn explained_shapes(&self) -> impl Iterator<Item = &'a [usize]> {
        self.shapes.iter().zip(self.explained).filter(|(_, explained)| **explained).map(|(shape, _)| shape.as_slice())
    }
}

/// What an analyzer is asked: rows of inputs, which output of each, and which sample of the user's each row is a copy
/// of.
///
/// ```
/// # use xai_core as xai;
/// use xai::{Analyzer, Attribution, Call, Differentiable, Gradient, Kind, Result};
///
/// /// The gradient's size.
/// struct Size;
/// impl<M: Differentiable + ?Sized> Analyzer<M> for Size {
///     fn name(&self) -> String {
///         "Size".into()
///     }
///     fn kind(&self) -> Kind {
///         Kind::Importance
///     }
///     fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
///         let mut found = Gradient.attribute(model, call)?;
///         found.values = found.values.iter().map(|values| values.mul(values)).collect::<Result<_>>()?;
///         Ok(found)
///     }
/// }
/// ```
///
/// It may be made by hand, as of a photo and a mask that is only given:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::{Call, Index, NdArray, Target, Tensor};
///
/// let zeros = |shape: &[usize]| Tensor::<NdArray<f64>>::upload(ArrayD::zeros(shape).view(), &());
/// let inputs = [zeros(&[2, 3, 8, 8])?, zeros(&[2, 8, 8])?];
/// let (explained, target) = (&[true, false], Target::Choose(&Index(0)));
/// let call = Call { inputs: &inputs, explained, target, samples: &[0, 1] };
/// assert_eq!((call.rows(), call.shapes()), (2, vec![vec![2, 3, 8, 8], vec![2, 8, 8]]));
/// assert_eq!(call.explained_inputs().map(|x| x.shape()).collect::<Vec<_>>(), [[2, 3, 8, 8]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug)]
pub struct Call<'a, B: Backend> {
    /// The model's inputs, batch axis first.
    pub inputs: &'a [Tensor<B>],
    /// For each input, whether it is explained.
    pub explained: &'a [bool],
    /// The output to explain.
    pub target: Target<'a, B::Elem>,
    /// For each row, which sample of the user's batch it is, or is a copy of: what belongs to a sample, as a reference,
    /// is found by it.
    pub samples: &'a [usize],
}

impl<B: Backend> Clone for Call<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for Call<'_, B> {}

impl<'a, B: Backend> Call<'a, B> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.samples.len()
    }

    /// The shapes of the inputs.
    pub fn shapes(&self) -> Vec<Vec<usize>> {
        self.inputs.iter().map(Tensor::shape).collect()
    }

    /// The explained inputs.
    pub fn explained_inputs(&self) -> impl Iterator<Item = &'a Tensor<B>> {
        self.inputs.iter().zip(self.explained).filter(|(_, explained)| **explained).map(|(input, _)| input)
    }

    /// The model, written down for these inputs, with what is made of its output before anything is chosen.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Call, Index, NdArray, Net, Probability, Target, Tensor};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let inputs = [Tensor::upload(array![[2.0, 2.0]].view().into_dyn(), &())?];
    /// let target = Target::Choose(&Probability(Index(0)));
    /// let graph = Call { inputs: &inputs, explained: &[true], target, samples: &[0] }.graph(&net)?;
    /// assert_eq!(graph.forward(&inputs)?.download()?, array![[0.5, 0.5]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model's own.
    pub fn graph<'m, M: Differentiable<Backend = B> + ?Sized>(&self, model: &'m M) -> Result<Graph<'m, B>> {
        graph_for(model, &self.shapes(), self.target)
    }
}

/// The model for inputs of these shapes, with what is made of its output before anything is chosen.
pub(crate) fn graph_for<'m, M: Differentiable + ?Sized>(
    model: &'m M,
    shapes: &[Vec<usize>],
    target: Target<'_, <M::Backend as Arithmetic>::Elem>,
) -> Result<Graph<'m, M::Backend>> {
    match target.scale().op() {
        None => model.graph(shapes),
        Some(op) => Graph::trace(shapes, |inputs| Ok(model.trace(inputs)?.op(op))),
    }
}
