//! Where a path starts: the reference input.

use std::fmt;
use std::sync::Arc;

use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};

use crate::explain::rows::check_finite;
use crate::tensor::check_fits;
use crate::{Backend, Element, Error, Result, Tensor};

/// The reference input x₀ (baseline) that a path to the input starts from.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, IntegratedGradients, NdArray, Net, Reference};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let path = IntegratedGradients::new().n(11).reference(Reference::Constant(1.0));
/// assert!((path.analyze(&net, &array![[3.0, 2.0]], 0)?.values[[0, 0]] - 2.0).abs() < 1e-9);
///
/// // Of a batch each sample from a reference of its own, or all from one.
/// let batch = array![[3.0, 2.0], [4.0, 2.0]];
/// let (own, one) = (Reference::array(&array![[1.0, 1.0], [0.5, 1.0]]), Reference::sample(&array![2.0, 1.0]));
/// for (reference, changes) in [(own, [2.0, 3.5]), (one, [1.0, 2.0])] {
///     let why = IntegratedGradients::new().n(11).reference(reference).analyze(&net, &batch, 0)?;
///     assert!(why.values.column(0).iter().zip(changes).all(|(value, change)| (value - change).abs() < 1e-9));
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
#[doc(alias("baseline", "baselines"))]
pub enum Reference {
    /// Zeros.
    #[default]
    Zeros,
    /// One value everywhere.
    Constant(f64),
    /// An array of the input's own shape, batch axis included.
    Array(Arc<ArrayD<f64>>),
    /// One sample, without the batch axis, for all samples.
    Sample(Arc<ArrayD<f64>>),
    /// Each sample's own lowest number, everywhere: for a photo, black.
    Lowest,
    /// Each sample's own highest number, everywhere: for a photo, white.
    Highest,
}

impl Reference {
    /// An array of the input's own shape, batch axis included.
    pub fn array<E: Element, S: Data<Elem = E>, D: Dimension>(values: &ArrayBase<S, D>) -> Self {
        Reference::Array(Arc::new(values.mapv(Element::as_f64).into_dyn()))
    }

    /// One sample, without the batch axis, for all samples.
    pub fn sample<E: Element, S: Data<Elem = E>, D: Dimension>(values: &ArrayBase<S, D>) -> Self {
        Reference::Sample(Arc::new(values.mapv(Element::as_f64).into_dyn()))
    }

    /// Refuses numbers that are not among those of the model's number type.
    pub(crate) fn check_fits(&self, largest: f64) -> Result<()> {
        match self {
            Reference::Zeros | Reference::Lowest | Reference::Highest => Ok(()),
            Reference::Constant(value) => check_fits("reference", [value], largest),
            Reference::Array(values) | Reference::Sample(values) => check_fits("reference", values.as_ref(), largest),
        }
    }

    pub(crate) fn check(&self, input: &[usize]) -> Result<()> {
        match self {
            Reference::Array(values) if Some(values.shape()) == input.get(1..) => Err(Error::InvalidShape {
                what: "reference input".into(),
                got: values.shape().to_vec(),
                reason: format!(
                    "it needs the input's shape, {input:?}: as one sample for all it is `Reference::sample(&array)`"
                ),
            }),
            Reference::Array(values) => {
                Error::check_shape("reference input", input, values.shape())?;
                check_finite("reference", values.as_ref())
            }
            Reference::Sample(values) => {
                Error::check_shape("reference sample", input.get(1..).unwrap_or_default(), values.shape())?;
                check_finite("reference", values.as_ref())
            }
            Reference::Constant(value) if !value.is_finite() => Err(Error::InvalidParameter {
                name: "reference",
                value: value.to_string(),
                reason: "it must be a finite number".into(),
            }),
            Reference::Constant(_) | Reference::Zeros | Reference::Lowest | Reference::Highest => Ok(()),
        }
    }

    /// The reference of each row of `x`, which is a copy of one of the user's samples.
    pub(crate) fn tensor_like<B: Backend>(&self, x: &Tensor<B>, samples: &[usize]) -> Result<Tensor<B>> {
        let shape = x.shape();
        let numbers: Vec<usize> = (1..shape.len()).collect();
        let upload = |values: ArrayD<f64>| Tensor::of_numbers("reference", &values, &x.placement());
        match self {
            // One number travels, and is repeated there.
            Reference::Zeros => upload(ArrayD::zeros(IxDyn(&[1])))?.broadcast_to(&shape),
            Reference::Constant(value) => upload(ArrayD::from_elem(IxDyn(&[1]), *value))?.broadcast_to(&shape),
            Reference::Array(values) => {
                let rows = values.shape().first().copied().unwrap_or(0);
                if let Some(&sample) = samples.iter().find(|&&sample| sample >= rows) {
                    return Err(Error::InvalidParameter {
                        name: "reference",
                        value: format!("{rows} samples"),
                        reason: format!("sample {sample} of the input has none"),
                    });
                }
                upload(values.select(ndarray::Axis(0), samples))
            }
            Reference::Highest => x.max(&numbers)?.broadcast_to(&shape),
            Reference::Lowest => x.scale(-1.0)?.max(&numbers)?.scale(-1.0)?.broadcast_to(&shape),
            Reference::Sample(values) => {
                upload(values.as_ref().clone().insert_axis(ndarray::Axis(0)))?.broadcast_to(&shape)
            }
        }
    }
}

impl<E: Element, S: Data<Elem = E>, D: Dimension> From<&ArrayBase<S, D>> for Reference {
    /// An array of the input's own shape, batch axis included.
    fn from(values: &ArrayBase<S, D>) -> Self {
        Reference::array(values)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Zeros => f.write_str("Zeros"),
            Reference::Lowest => f.write_str("Lowest"),
            Reference::Highest => f.write_str("Highest"),
            Reference::Constant(value) => f.debug_tuple("Constant").field(value).finish(),
            Reference::Array(values) => f.debug_tuple("Array").field(&values.shape()).finish(),
            Reference::Sample(values) => f.debug_tuple("Sample").field(&values.shape()).finish(),
        }
    }
}
