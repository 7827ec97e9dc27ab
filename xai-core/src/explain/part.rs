//! One input of a model, on its way there.

use ndarray::{ArrayD, ArrayViewD};
use num_traits::Float;

use super::rows::{check_finite, check_input};
use crate::tensor::check_fits;
use crate::{Backend, Element, Error, Result, Tensor};

/// One input of a model, on its way there: an array of the host's or a tensor of the framework's.
///
/// ```
/// # use xai_core as xai;
/// use std::vec::IntoIter;
///
/// use ndarray::{Array2, Ix2, array};
/// use xai::{Analyzer, Differentiable, Found, Gradient, Input, NdArray, Part, Result, Var};
///
/// /// A photo, and a mask that is only given to the model.
/// struct Masked {
///     photo: Array2<f64>,
///     mask: Array2<f64>,
/// }
/// impl Input<NdArray<f64>> for Masked {
///     type Dims = Ix2;
///     fn parts<'a>(&'a self, to: &mut Vec<Part<'a, NdArray<f64>>>) -> Result<()> {
///         to.push(Part::array(self.photo.view().into_dyn()));
///         to.push(Part::array(self.mask.view().into_dyn()).given());
///         Ok(())
///     }
///     fn values(analyzer: &str, from: &mut IntoIter<Found<NdArray<f64>>>) -> Result<Array2<f64>> {
///         <&Array2<f64>>::values(analyzer, from)
///     }
/// }
///
/// struct Product;
/// impl Differentiable for Product {
///     type Backend = NdArray<f64>;
///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
///         Ok(&x[0] * &x[1])
///     }
/// }
/// let input = Masked { photo: array![[3.0, 4.0]], mask: array![[2.0, 0.0]] };
/// assert_eq!(Gradient.analyze(&Product, input, 0)?.values, array![[2.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
///
/// Ids are whole numbers, or what a framework's tensor holds:
///
/// ```
/// # use xai_core as xai;
/// use std::vec::IntoIter;
///
/// use ndarray::{ArcArray, Array2, IxDyn, array};
/// use xai::nn::Embedding;
/// use xai::{Analyzer, Differentiable, Found, Gradient, Input, Native, NdArray, Part, Result, Tensor, Var};
///
/// type B = NdArray<f64>;
/// struct Sentence {
///     scale: ArcArray<f64, IxDyn>,
///     words: Array2<i64>,
///     positions: ArcArray<f64, IxDyn>,
/// }
/// impl Input<B> for &Sentence {
///     type Dims = Native<B>;
///     fn parts<'a>(&'a self, to: &mut Vec<Part<'a, B>>) -> Result<()> {
///         to.push(Part::tensor(&self.scale)?);
///         to.push(Part::ids(self.words.view().into_dyn()));
///         to.push(Part::tensor(&self.positions)?.counted());
///         Ok(())
///     }
///     fn values(analyzer: &str, from: &mut IntoIter<Found<B>>) -> Result<ArcArray<f64, IxDyn>> {
///         Found::next_tensor(analyzer, from)
///     }
/// }
///
/// /// The scale times the sum of what words and positions are embedded as.
/// struct Model(Embedding<B>);
/// impl Differentiable for Model {
///     type Backend = B;
///     fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
///         let embedded = x[1].layer("words", &self.0)? + x[2].layer("positions", &self.0)?;
///         Ok(&x[0] * &embedded.sum(&[1, 2]).reshape(&[1, 1]))
///     }
/// }
/// let model = Model(Embedding::new(Tensor::upload(array![[0.5], [2.0]].view().into_dyn(), &())?)?);
/// let (scale, positions) = (array![[3.0]].into_dyn().into_shared(), array![[0.0, 1.0]].into_dyn().into_shared());
/// let sentence = Sentence { scale, words: array![[1, 1]], positions };
/// let why = Gradient.analyze(&model, &sentence, 0)?;
/// assert_eq!(why.values, array![[2.0 + 2.0 + 0.5 + 2.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug)]
pub struct Part<'a, B: Backend> {
    role: Role,
    numbers: Numbers<'a, B>,
}

/// What an input is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It is explained: the values have its shape.
    Explained,
    /// It is only given to the model.
    Given,
    /// Whole numbers, as token ids: given, and never explained.
    Ids,
}

#[derive(Debug)]
enum Numbers<'a, B: Backend> {
    Array(ArrayViewD<'a, B::Elem>),
    Integers(ArrayViewD<'a, i64>),
    /// A framework's tensor, and its numbers on the host, which the checks look at.
    Native(Tensor<B>, ArrayD<B::Elem>),
}

/// As many whole numbers a single-precision number tells apart.
const COUNTED: u64 = 1 << 24;

impl<'a, B: Backend> Part<'a, B> {
    /// An array that is explained.
    pub fn array(array: ArrayViewD<'a, B::Elem>) -> Self {
        Part { role: Role::Explained, numbers: Numbers::Array(array) }
    }

    /// A framework's tensor that is explained: its numbers are read once, to check that they are finite.
    ///
    /// # Errors
    /// The framework's own.
    pub fn tensor(tensor: &B::Tensor) -> Result<Self> {
        let tensor = Tensor::new(B::share(tensor));
        let read = tensor.download()?;
        Ok(Part { role: Role::Explained, numbers: Numbers::Native(tensor, read) })
    }

    /// Whole numbers, as token ids.
    pub fn ids(ids: ArrayViewD<'a, i64>) -> Self {
        Part { role: Role::Ids, numbers: Numbers::Integers(ids) }
    }

    /// The same, only given to the model.
    #[must_use]
    pub fn given(mut self) -> Self {
        if self.role == Role::Explained {
            self.role = Role::Given;
        }
        self
    }

    /// The same, as token ids.
    #[must_use]
    pub fn counted(mut self) -> Self {
        self.role = Role::Ids;
        self
    }

    pub(crate) fn shape(&self) -> &[usize] {
        match &self.numbers {
            Numbers::Array(array) => array.shape(),
            Numbers::Integers(ids) => ids.shape(),
            Numbers::Native(_, read) => read.shape(),
        }
    }

    pub(crate) fn is_explained(&self) -> bool {
        self.role == Role::Explained
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.shape().is_empty() {
            let reason = "it needs a batch axis, first, and at least one element".into();
            return Err(Error::InvalidShape { what: "input".into(), got: Vec::new(), reason });
        }
        match (self.role, &self.numbers) {
            (_, Numbers::Integers(ids)) => check_ids(ids.iter().copied()),
            (role, numbers) => {
                let numbers = match numbers {
                    Numbers::Native(_, read) => read.view(),
                    Numbers::Array(array) => array.view(),
                    Numbers::Integers(_) => return Ok(()),
                };
                match role {
                    Role::Explained => check_input(&numbers),
                    Role::Given => check_finite("given input", &numbers),
                    Role::Ids => check_finite("id", &numbers).and_then(|()| check_whole(&numbers)),
                }
            }
        }
    }

    /// Refuses numbers that the model's number type does not hold.
    pub(crate) fn check_fits(&self, at: &B::Placement) -> Result<()> {
        let (largest, host) = (B::largest_number(at), <B::Elem as Float>::max_value().as_f64());
        if self.role == Role::Ids || largest >= host {
            return Ok(());
        }
        match &self.numbers {
            Numbers::Array(array) => check_fits("input", array, largest),
            Numbers::Native(_, read) => check_fits("input", read, largest),
            Numbers::Integers(_) => Ok(()),
        }
    }

    pub(crate) fn upload(&self, at: &B::Placement) -> Result<Tensor<B>> {
        let counting = B::counting(at);
        let at = if self.role == Role::Ids { &counting } else { at };
        match &self.numbers {
            Numbers::Array(array) => Tensor::upload(array.view(), at),
            #[allow(clippy::cast_precision_loss)]
            Numbers::Integers(ids) => Tensor::upload(ids.mapv(|id| B::Elem::of(id as f64)).view(), at),
            Numbers::Native(tensor, _) => tensor.brought(at),
        }
    }
}

fn check_ids(ids: impl IntoIterator<Item = i64>) -> Result<()> {
    match ids.into_iter().find(|id| id.unsigned_abs() > COUNTED) {
        None => Ok(()),
        Some(id) => Err(Error::InvalidParameter {
            name: "id",
            value: id.to_string(),
            reason: format!("whole numbers up to {COUNTED} can be told apart"),
        }),
    }
}

fn check_whole<E: Element>(ids: &ArrayViewD<'_, E>) -> Result<()> {
    #[allow(clippy::cast_precision_loss)]
    let most = COUNTED as f64;
    match ids.iter().map(|id| id.as_f64()).find(|id| id.fract() != 0.0 || id.abs() > most) {
        None => Ok(()),
        Some(id) => Err(Error::InvalidParameter {
            name: "id",
            value: id.to_string(),
            reason: format!("ids are whole numbers up to {COUNTED}, which can be told apart"),
        }),
    }
}
