//! What forward code computes with values, by methods.

use super::Var;
use crate::op::{
    Activation, Binary, Concatenate, Embedding, Flatten, Gather, IndexSelect, LogSoftmax, MatMul, Narrow, Permute,
    Reduce, Reduction, Reshape, Scale, Softmax, shape,
};
use crate::{Backend, Error, Result, Weight};

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident: $activation:expr),* $(,)?) => {
        impl<B: Backend> Var<'_, B> {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Self {
                self.op($activation)
            })*
        }
    };
}

functions! {
    /// max(0, x)
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// let x = Tensor::<NdArray<f64>>::upload(array![[4.0, -9.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].relu().sqrt() - x[0].abs()))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[-2.0, -9.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    relu: Activation::Relu,
    /// min(max(0, x), 6)
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// let x = Tensor::<NdArray<f64>>::upload(array![[-1.0, 3.0, 8.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].relu6()))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[0.0, 3.0, 6.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    relu6: Activation::Relu6,
    /// x · Φ(x)
    gelu: Activation::Gelu,
    /// gelu by its tanh approximation
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // Nowhere off by a thousandth.
    /// let x = Tensor::<NdArray<f64>>::upload(array![[-2.0, -0.5, 0.5, 2.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok((x[0].gelu_tanh() - x[0].gelu()).abs()))?;
    /// assert!(graph.forward(&[x])?.download()?.iter().all(|&gap| gap < 1e-3));
    /// # Ok::<(), xai::Error>(())
    /// ```
    gelu_tanh: Activation::GeluTanh,
    /// x · σ(x)
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // σ(0) = 1/2, and σ(1000) = 1 to the last bit.
    /// let x = Tensor::<NdArray<f64>>::upload(array![[0.0, 1000.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].silu().concat(&[&x[0].sigmoid()], 1)))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[0.0, 1000.0, 0.5, 1.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    silu: Activation::Silu,
    /// 1 / (1 + e⁻ˣ)
    sigmoid: Activation::Sigmoid,
    /// tanh(x)
    tanh: Activation::Tanh,
    /// eˣ
    exp: Activation::Exp,
    /// ln(x)
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // The logarithm of the sum of four exponentials, each e⁰ = 1.
    /// let x = Tensor::<NdArray<f64>>::upload(array![[0.0, 0.0, 0.0, 0.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].exp().sum(&[1]).log()))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[4f64.ln()]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    log: Activation::Log,
    /// √x
    sqrt: Activation::Sqrt,
    /// |x|
    abs: Activation::Abs,
    /// -1, 0 or 1
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// let x = Tensor::<NdArray<f64>>::upload(array![[-3.0, 0.0, 2.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].sign()))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[-1.0, 0.0, 1.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    sign: Activation::Sign,
    /// 1 / x
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// let x = Tensor::<NdArray<f64>>::upload(array![[4.0, -0.5]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].reciprocal()))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[0.25, -2.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    reciprocal: Activation::Reciprocal,
}

impl<'m, B: Backend> Var<'m, B> {
    /// x to a constant power.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// let x = Tensor::<NdArray<f64>>::upload(array![[3.0, -2.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].power(2.0)))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[9.0, 4.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn power(&self, exponent: f64) -> Self {
        self.op(Activation::Power { exponent })
    }

    /// Softmax along an axis; a negative one counts from the end.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 1.0], [0.0, 99.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].softmax(-1)))?;
    /// let y = graph.forward(&[x])?.download()?;
    /// assert!((y - array![[0.5, 0.5], [0.0, 1.0]]).iter().all(|gap: &f64| gap.abs() < 1e-12));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn softmax(&self, axis: isize) -> Self {
        self.op(Softmax::new(axis))
    }

    /// Logarithm of the softmax along an axis, which is asked for as [`softmax`](Var::softmax) is.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // Finite where the softmax, [0, 1], has lost its digits.
    /// let x = Tensor::<NdArray<f64>>::upload(array![[0.0, 1000.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].log_softmax(-1)))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[-1000.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn log_softmax(&self, axis: isize) -> Self {
        self.op(LogSoftmax::new(axis))
    }

    /// Matrix products over the last two axes; the axes before them are broadcast.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    ///
    /// // Queries and keys of five words, for three heads.
    /// let graph = Graph::<NdArray>::trace(&[vec![1, 3, 5, 8], vec![1, 3, 8, 5]], |x| Ok(x[0].matmul(&x[1])))?;
    /// assert_eq!(graph.output_shape(), Some(&[1, 3, 5, 5][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn matmul(&self, other: &Self) -> Self {
        self.op_with(MatMul, &[other])
    }

    /// The same numbers in another shape, batch axis included.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    ///
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 12]], |x| Ok(x[0].reshape(&[2, 3, 4])))?;
    /// assert_eq!(graph.output_shape(), Some(&[2, 3, 4][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn reshape(&self, shape: &[usize]) -> Self {
        self.op(Reshape { shape: shape.to_vec() })
    }

    /// The axes `start ..= end` made one; negative ones count from the end.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    ///
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 8, 7, 7]], |x| Ok(x[0].flatten(1, -1)))?;
    /// assert_eq!(graph.output_shape(), Some(&[2, 392][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn flatten(&self, start: isize, end: isize) -> Self {
        self.op(Flatten { start, end })
    }

    /// The axes in another order: axis i of the result is axis `order[i]`.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    ///
    /// // Channels last, as a Swin transformer has them.
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 3, 5, 7]], |x| Ok(x[0].permute(&[0, 2, 3, 1])))?;
    /// assert_eq!(graph.output_shape(), Some(&[2, 5, 7, 3][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn permute(&self, order: &[usize]) -> Self {
        self.op(Permute { order: order.to_vec() })
    }

    /// Two axes exchanged; negative ones count from the end.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there are no such axes, and those of [`shape`](Var::shape).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    ///
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 5, 8]], |x| x[0].transpose(-2, -1))?;
    /// assert_eq!(graph.output_shape(), Some(&[2, 8, 5][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn transpose(&self, a: isize, b: isize) -> Result<Self> {
        let mut order: Vec<usize> = (0..self.shape()?.len()).collect();
        let (a, b) = (shape::axis(a, order.len())?, shape::axis(b, order.len())?);
        order.swap(a, b);
        Ok(self.permute(&order))
    }

    /// The part `start .. start + len` of an axis.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0, 4.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].narrow(1, 1, 2)))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[2.0, 3.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn narrow(&self, axis: usize, start: usize, len: usize) -> Self {
        self.op(Narrow { axis, start, len })
    }

    /// The entries of an axis at these places, each as often as it is named; what is repeated gets the sum back.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].index_select(1, &[2, 0, 0])))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[3.0, 1.0, 1.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn index_select(&self, axis: usize, places: &[usize]) -> Self {
        self.op(IndexSelect::new(axis, places))
    }

    /// The entries of an axis that the whole numbers of another value name, for each sample its own: [`Gather`].
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, array};
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // The score of each sample's own class.
    /// let tensor = |a: Array2<f64>| Tensor::<NdArray<f64>>::upload(a.view().into_dyn(), &());
    /// let scores = tensor(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])?;
    /// let classes = tensor(array![[2.0], [0.0]])?;
    /// let graph = Graph::trace(&[scores.shape(), classes.shape()], |x| Ok(x[0].gather(1, &x[1])))?;
    /// assert_eq!(graph.forward(&[scores, classes])?.download()?, array![[3.0], [4.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn gather(&self, axis: usize, ids: &Self) -> Self {
        self.op_with(Gather { axis }, &[ids])
    }

    /// The values one after another along an axis, this one first.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, -2.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].concat(&[&x[0].abs(), &x[0].relu()], 1)))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[1.0, -2.0, 1.0, 2.0, 1.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn concat(&self, others: &[&Self], axis: usize) -> Self {
        self.op_with(Concatenate { axis }, others)
    }

    /// The sum over axes, which keep the length 1.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// // Less its mean, for each sample; `max` and `min` take axes in the same way.
    /// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 3.0], [5.0, 5.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(&x[0] - x[0].sum(&[1]) / 2.0))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[-1.0, 1.0], [0.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn sum(&self, axes: &[usize]) -> Self {
        self.reduced(Reduction::Sum, axes)
    }

    /// The mean over axes, which keep the length 1.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    ///
    /// // The pixels, as in front of a classifier: the axes stay, with the length 1.
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 8, 7, 7]], |x| Ok(x[0].mean(&[2, 3])))?;
    /// assert_eq!(graph.output_shape(), Some(&[2, 8, 1, 1][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn mean(&self, axes: &[usize]) -> Self {
        self.reduced(Reduction::Mean, axes)
    }

    /// The greatest over axes, which keep the length 1: see [`sum`](Var::sum).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // How far apart each sample's numbers are.
    /// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 4.0, 2.0], [5.0, 5.0, 5.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].max(&[1]) - x[0].min(&[1])))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[3.0], [0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn max(&self, axes: &[usize]) -> Self {
        self.reduced(Reduction::Max, axes)
    }

    /// The smallest over axes, which keep the length 1: see [`sum`](Var::sum).
    #[must_use]
    pub fn min(&self, axes: &[usize]) -> Self {
        self.reduced(Reduction::Min, axes)
    }

    fn reduced(&self, of: Reduction, axes: &[usize]) -> Self {
        self.op(Reduce { of, axes: axes.to_vec() })
    }

    /// scale · x + shift.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// // The same as `x * 2.0 - 1.0`, in one step.
    /// let x = Tensor::<NdArray<f64>>::upload(array![[0.5, 3.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| Ok(x[0].affine(2.0, -1.0)))?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[0.0, 5.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn affine(&self, scale: f64, shift: f64) -> Self {
        self.op(Scale { scale, shift })
    }

    /// Rows of a table (N, D), by the whole numbers that this value holds.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// let table = Tensor::<NdArray<f64>>::upload(array![[0.5, 1.0], [2.0, 3.0]].view().into_dyn(), &())?;
    /// let words = Tensor::<NdArray<f64>>::upload(array![[1.0, 0.0, 1.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[words.shape()], |x| Ok(x[0].embedding(table)))?;
    /// assert_eq!(graph.forward(&[words])?.download()?, array![[[2.0, 3.0], [0.5, 1.0], [2.0, 3.0]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn embedding(&self, table: impl Into<Weight<B>>) -> Self {
        self.op(Embedding { table: table.into() })
    }

    /// The sum of two values of one shape, of which neither is broadcast.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    /// // A shortcut whose channels were forgotten would be broadcast by `+`.
    /// let forgotten = Graph::<NdArray>::trace(&[vec![2, 8], vec![2, 1]], |x| Ok(x[0].add_same("shortcut", &x[1])));
    /// assert!(forgotten.unwrap_err().to_string().starts_with("shortcut: expected shape [2, 8], got [2, 1]"));
    /// ```
    #[must_use]
    pub fn add_same(&self, what: &str, other: &Self) -> Self {
        if let (Ok(expected), Ok(got)) = (self.shape(), other.shape())
            && let Err(error) = Error::check_shape(what, &expected, &got)
        {
            self.fail(error);
        }
        self.op_with(Binary::Add, &[other])
    }
}
