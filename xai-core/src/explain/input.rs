//! What an analysis is given: one array or tensor, or several.

use std::fmt;
use std::vec::IntoIter;

use ndarray::{ArrayBase, ArrayD, Data, Dimension};

use super::dims::{Dims, NotExplained, Several};
use super::part::Part;
use crate::{Backend, Error, Result, Tensor};

/// The values that an input of type `I` gets.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, Array4};
/// use xai::{NdArray, ValuesOf};
///
/// // Two inputs in a tuple, a tuple of values.
/// type Values = ValuesOf<(&'static Array4<f64>, &'static Array2<f64>), NdArray<f64>>;
/// let values: Values = (Array4::zeros((1, 3, 2, 2)), Array2::zeros((1, 7)));
/// ```
pub type ValuesOf<I, B> = <<I as Input<B>>::Dims as Dims<<B as crate::Arithmetic>::Elem>>::Values;

/// The values of one explained input: where the model lives, and read from there.
///
/// An input of one's own, here a table's row that knows its columns:
///
/// ```
/// # use xai_core as xai;
/// use std::vec::IntoIter;
///
/// use ndarray::{ArcArray, Array2, IxDyn, array};
/// use xai::nn::Activation;
/// use xai::{Analyzer, Found, Gradient, Input, Native, NdArray, Net, Part, Result};
///
/// struct Row {
///     columns: Vec<&'static str>,
///     numbers: Array2<f64>,
/// }
///
/// impl Input<NdArray<f64>> for &Row {
///     type Dims = Native<NdArray<f64>>;
///     fn parts<'a>(&'a self, to: &mut Vec<Part<'a, NdArray<f64>>>) -> Result<()> {
///         to.push(Part::array(self.numbers.view().into_dyn()));
///         Ok(())
///     }
///     fn values(analyzer: &str, from: &mut IntoIter<Found<NdArray<f64>>>) -> Result<ArcArray<f64, IxDyn>> {
///         Found::next_tensor(analyzer, from)
///     }
/// }
///
/// let row = Row { columns: vec!["age", "income"], numbers: array![[3.0, -1.0]] };
/// let why = Gradient.analyze(&Net::<NdArray<f64>, _>::new(Activation::Relu), &row, 0)?;
/// assert_eq!((row.columns[0], why.values[[0, 0]]), ("age", 1.0));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug)]
pub struct Found<B: Backend> {
    pub(crate) tensor: Tensor<B>,
    pub(crate) array: ArrayD<B::Elem>,
}

/// What an analysis is given: an ndarray array or the framework's own tensor, by reference, or a tuple of them, of
/// which some are only given to the model. The values come back as what went in.
///
/// `&photo`; `(&photo, &table)`; `(&embedded, Given(&mask), Ids(&tokens))`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, Index, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// let why = Gradient.analyze(&net, &array![[0.0, 1.0]], Index(0))?;
/// assert_eq!(why.values, array![[1.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
///
/// An adapter implements it for its framework's tensor, with [`Part::tensor`] and [`Found::next_tensor`].
///
/// ```
/// # use xai_core as xai;
/// use std::vec::IntoIter;
///
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai::{Found, Input, Native, NdArray, Part, Result, ValuesOf};
///
/// type B = NdArray<f64>;
/// /// A tensor of the framework.
/// struct Theirs(ArcArray<f64, IxDyn>);
/// impl Input<B> for &Theirs {
///     type Dims = Native<B>;
///     fn parts<'a>(&'a self, to: &mut Vec<Part<'a, B>>) -> Result<()> {
///         to.push(Part::tensor(&self.0)?);
///         Ok(())
///     }
///     fn values(analyzer: &str, from: &mut IntoIter<Found<B>>) -> Result<ValuesOf<Self, B>> {
///         Found::next_tensor(analyzer, from)
///     }
/// }
///
/// // Of a tuple of two it is two inputs.
/// let tensor = |number: f64| Theirs(array![[number]].into_dyn().into_shared());
/// let both = (&tensor(3.0), &tensor(2.0));
/// let mut parts = Vec::new();
/// both.parts(&mut parts)?;
/// assert_eq!(parts.len(), 2);
/// # Ok::<(), xai::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no input of a model on `{B}`",
    label = "no input of this model",
    note = "give a reference: to an ndarray array, `&photo`, or to a tensor of the model's own framework, `&tensor`; \
            several inputs are a tuple, of which `Given(&mask)` and `Ids(&tokens)` are not explained",
    note = "an array holds the model's numbers: `f32` for `xai::candle::model` and derived structs that do not say \
            otherwise (`array.mapv(|x| x as f32)`), `f64` for `Candle<f64>`, `LibTorch<f64>` and `NdArray<f64>`"
)]
pub trait Input<B: Backend> {
    /// What the values come back as.
    type Dims: Dims<B::Elem>;
    /// The inputs, in order.
    ///
    /// # Errors
    /// The framework's own, of a tensor that cannot be read.
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, B>>) -> Result<()>;
    /// Takes the values of what is explained from the front of those that there are.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when an array has another number of axes than its input.
    fn values(analyzer: &str, from: &mut IntoIter<Found<B>>) -> Result<ValuesOf<Self, B>>
    where
        Self: Sized;
}

fn refused(analyzer: &str, got: Vec<usize>, reason: String) -> Error {
    Error::InvalidShape { what: format!("values of {analyzer}"), got, reason }
}

impl<B: Backend> Found<B> {
    /// The next values.
    fn next(analyzer: &str, from: &mut IntoIter<Self>) -> Result<Self> {
        from.next().ok_or_else(|| {
            let reason = "there are fewer values than explained inputs: mark the others as `Given`".into();
            refused(analyzer, Vec::new(), reason)
        })
    }

    /// The next values, as the framework's tensor.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when there are none left.
    pub fn next_tensor(analyzer: &str, from: &mut IntoIter<Self>) -> Result<B::Tensor> {
        Ok(Found::next(analyzer, from)?.tensor.into_inner())
    }
}

impl<B: Backend, S: Data<Elem = B::Elem>, D: Dimension> Input<B> for &ArrayBase<S, D> {
    type Dims = D;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, B>>) -> Result<()> {
        to.push(Part::array(self.view().into_dyn()));
        Ok(())
    }
    fn values(analyzer: &str, from: &mut IntoIter<Found<B>>) -> Result<ValuesOf<Self, B>> {
        let values = Found::next(analyzer, from)?.array;
        let got = values.shape().to_vec();
        values.into_dimensionality::<D>().map_err(|_| {
            let axes = D::NDIM.map_or_else(|| "other".into(), |n| n.to_string());
            // Of an image, (batch, 1, number) is a map over the channels of tokens.
            let tokens = match (D::NDIM, got.len()) {
                (Some(4), 3) => {
                    "; of tokens (batch, number, channels) `Cam::tokens(skip, rows, columns)` makes maps of an image"
                }
                _ => "",
            };
            refused(analyzer, got, format!("the input has {axes} axes; give it as `input.into_dyn()`{tokens}"))
        })
    }
}

/// Given to the model and not explained: a mask, a second image. `Given(&mask)`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{Analyzer, Differentiable, Given, Gradient, NdArray, Result, Var};
///
/// struct Masked;
/// impl Differentiable for Masked {
///     type Backend = NdArray<f64>;
///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
///         Ok(&x[0] * &x[1])
///     }
/// }
/// let (values, ()) = Gradient.analyze(&Masked, (&array![[3.0]], Given(&array![[2.0]])), 0)?.values;
/// assert_eq!(values, array![[2.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Given<T>(pub T);

impl<T> fmt::Debug for Given<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given(..)")
    }
}

impl<B: Backend, T: Input<B>> Input<B> for Given<T> {
    type Dims = Several<NotExplained>;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, B>>) -> Result<()> {
        let mut parts = Vec::new();
        self.0.parts(&mut parts)?;
        to.extend(parts.into_iter().map(Part::given));
        Ok(())
    }
    fn values(_: &str, _: &mut IntoIter<Found<B>>) -> Result<()> {
        Ok(())
    }
}

/// Whole numbers, as token ids: given to the model, and never explained. Explain what they are embedded as.
///
/// `Ids(&tokens)`, an array of `i64` or a tensor of the framework's.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Embedding;
/// use xai::{Analyzer, Differentiable, Gradient, Ids, NdArray, Result, Tensor, Var};
///
/// struct Words(Embedding<NdArray<f64>>);
/// impl Differentiable for Words {
///     type Backend = NdArray<f64>;
///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
///         Ok(&x[0] * &x[1].layer("words", &self.0)?.sum(&[1, 2]).reshape(&[1, 1]))
///     }
/// }
/// let table = Tensor::upload(array![[0.5, 1.0], [2.0, 3.0]].view().into_dyn(), &())?;
/// let words = Words(Embedding::new(table)?);
/// let ids = array![[1_i64, 0, 1]];
/// let (values, ()) = Gradient.analyze(&words, (&array![[2.0]], Ids(&ids)), 0)?.values;
/// assert_eq!(values, array![[11.5]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Ids<T>(pub T);

impl<T> fmt::Debug for Ids<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids(..)")
    }
}

impl<B: Backend, S: Data<Elem = i64>, D: Dimension> Input<B> for Ids<&ArrayBase<S, D>> {
    type Dims = Several<NotExplained>;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, B>>) -> Result<()> {
        to.push(Part::ids(self.0.view().into_dyn()));
        Ok(())
    }
    fn values(_: &str, _: &mut IntoIter<Found<B>>) -> Result<()> {
        Ok(())
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),+))*) => {$(
        impl<Of: Backend, $($name: Input<Of>),+> Input<Of> for ($($name,)+) {
            type Dims = Several<($($name::Dims,)+)>;
            fn parts<'a>(&'a self, to: &mut Vec<Part<'a, Of>>) -> Result<()> {
                $(self.$place.parts(to)?;)+
                Ok(())
            }
            fn values(analyzer: &str, from: &mut IntoIter<Found<Of>>) -> Result<ValuesOf<Self, Of>> {
                Ok(($($name::values(analyzer, from)?,)+))
            }
        }
    )*};
}
tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, F 4)
    (A 0, B 1, C 2, D 3, F 4, G 5)
}
