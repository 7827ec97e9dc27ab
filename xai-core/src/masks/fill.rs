//! What absent means: [`Fill`].

use std::sync::Arc;

use ndarray::{ArrayBase, ArrayD, Data, Dimension};

use super::features::{Features, Grouping};
use crate::explain::Inputs;
use crate::explain::rows::check_finite;
use crate::passes::{Reference, fits_in_memory, within};
use crate::{Element, Error, Result};

/// What stands in a copy of the input where a feature is absent: x·m + fill·(1 - m).
///
/// The answers of all methods that run forward alone depend on it. Zeros, unless set.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, FeatureAblation, Features, Fill, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let blurred = FeatureAblation::new().features(Features::channels()).fill(Fill::Blur { sigma: 1.0 });
/// assert_eq!(blurred.analyze(&net, &photo, 0)?.values.dim(), (1, 2, 2, 2));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
#[doc(alias("baseline", "masker"))]
pub enum Fill {
    /// A reference input: zeros, one value, one sample, or one for each sample.
    Reference(Reference),
    /// For each explained input its own reference.
    References(Vec<Reference>),
    /// A background: every copy runs once with each of these samples, (references, axes of a sample...), and y is the
    /// mean over them. For one explained input. That is the expectation over absent features taken to be independent of
    /// the present ones ("interventional").
    Background(Arc<ArrayD<f64>>),
    /// The input, blurred along its spatial axes by a Gaussian of this standard deviation, in numbers (pixels). The
    /// kernel ends at three of them, and is cut and brought to the sum 1 at the border.
    Blur {
        /// The standard deviation.
        sigma: f64,
    },
    /// The mean of the input over the feature that a number belongs to, in each channel. Of features that do not
    /// overlap.
    SegmentMean,
    /// Normal noise: a background of so many samples of it, the same for all samples of a batch, from the seed alone.
    Noise {
        /// The noise's mean, in the input's units.
        mean: f64,
        /// Its standard deviation.
        std: f64,
        /// How many samples of it.
        draws: usize,
        /// The seed of the generator (ChaCha8).
        seed: u64,
    },
    /// Noisy linear imputation: every absent pixel is the weighted mean of its eight neighbours, absent ones too
    /// (direct neighbours weigh 1/6, diagonal ones 1/12), and noise is added to it. The linear system is solved on the
    /// host for each copy: of images, and of sequences, with two neighbours of the weight 1/2. Where a whole sample is
    /// absent nothing says what its neighbours were, and each channel is filled with its mean.
    ///
    /// So the shape of what is absent tells the model little, which a fill of one colour does. Rong, Leemann, Borisov,
    /// Kasneci, Kasneci (2022), *A Consistent and Efficient Evaluation Strategy for Attribution Methods*,
    /// arXiv:2202.00449.
    NoisyLinear {
        /// The noise's standard deviation, in the input's units.
        std: f64,
        /// The seed of the generator (ChaCha8): the noise is drawn once for all samples and copies.
        seed: u64,
    },
}

/// More samples of a background than anybody runs every copy with.
const MOST_DRAWS: usize = 1_000_000;

impl Default for Fill {
    fn default() -> Self {
        Fill::Reference(Reference::Zeros)
    }
}

impl From<Reference> for Fill {
    fn from(reference: Reference) -> Self {
        Fill::Reference(reference)
    }
}

impl Fill {
    /// The background of these samples, batch axis first.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, FeatureAblation, Fill, NdArray, Net};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let background = Fill::background(&array![[1.0, 0.0], [-1.0, 0.0]]);
    /// let why = FeatureAblation::new().fill(background).analyze(&net, &array![[3.0, 2.0]], 0)?;
    /// // Without the first number the output is 1 or 0, not that of the mean of 1 and -1.
    /// assert_eq!(why.values, array![[3.0 - 0.5, 0.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn background<E: Element, S: Data<Elem = E>, D: Dimension>(samples: &ArrayBase<S, D>) -> Self {
        Fill::Background(Arc::new(samples.mapv(Element::as_f64).into_dyn()))
    }

    /// How many evaluations of the model a copy takes.
    pub(crate) fn evaluations(&self) -> usize {
        match self {
            Fill::Background(samples) => samples.shape().first().copied().unwrap_or(1),
            Fill::Noise { draws, .. } => *draws,
            _ => 1,
        }
    }

    /// Checks it, and features, against the user's inputs: for the `check` of an analyzer.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Error, Features, Fill, Inputs};
    ///
    /// let photo = Inputs { shapes: &[vec![1, 3, 8, 8]], explained: &[true] };
    /// let table = Inputs { shapes: &[vec![1, 5]], explained: &[true] };
    /// let blur = Fill::Blur { sigma: 2.0 };
    /// assert!(blur.check(&Features::grid([2, 2]), &photo).is_ok());
    /// assert!(matches!(blur.check(&Features::each(), &table), Err(Error::InvalidShape { .. })));
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`], [`Error::Shape`], [`Error::InvalidShape`] and [`Error::Unsupported`].
    pub fn check(&self, features: &Features, inputs: &Inputs<'_>) -> Result<()> {
        features.count(inputs)?;
        self.check_shapes(features, &inputs.explained_shapes().collect::<Vec<_>>())
    }

    /// As [`check`](Fill::check), for what does not depend on the user's own batch.
    pub(super) fn check_for_copies(&self, features: &Features, shapes: &[&[usize]]) -> Result<()> {
        match self {
            // Of references for each sample the right rows are taken.
            Fill::Reference(_) | Fill::References(_) => Ok(()),
            _ => self.check_shapes(features, shapes),
        }
    }

    fn check_shapes(&self, features: &Features, shapes: &[&[usize]]) -> Result<()> {
        let several = |given: usize| Error::InvalidParameter {
            name: "fill",
            value: format!("of {given} inputs"),
            reason: format!("{} inputs are explained", shapes.len()),
        };
        match self {
            Fill::Reference(reference) => shapes.iter().try_for_each(|shape| reference.check(shape)),
            Fill::References(references) if references.len() != shapes.len() => Err(several(references.len())),
            Fill::References(references) => {
                references.iter().zip(shapes).try_for_each(|(reference, shape)| reference.check(shape))
            }
            Fill::Background(samples) => {
                let &[shape] = shapes else { return Err(several(1)) };
                let rows = samples.shape().first().copied().unwrap_or(0);
                within("background samples", rows, 1, MOST_DRAWS)?;
                let of_sample = samples.shape().get(1..).unwrap_or_default();
                Error::check_shape("sample of the background", shape.get(1..).unwrap_or_default(), of_sample)?;
                check_finite("background", samples.as_ref())
            }
            Fill::Blur { sigma } => {
                positive("sigma", *sigma)?;
                shapes.iter().try_for_each(|shape| needs_axes("Blur", shape, 3))
            }
            Fill::SegmentMean => check_apart(features),
            Fill::Noise { mean, std, draws, .. } => {
                finite("mean", *mean)?;
                positive("std", *std)?;
                within("draws", *draws, 1, MOST_DRAWS)?;
                let numbers = shapes.iter().map(|shape| shape.iter().skip(1).product::<usize>()).sum();
                if fits_in_memory(*draws, size_of::<f64>().saturating_mul(numbers)) {
                    return Ok(());
                }
                let reason = format!("there is no memory for so many samples of {numbers} numbers");
                Err(Error::InvalidParameter { name: "draws", value: draws.to_string(), reason })
            }
            Fill::NoisyLinear { std, .. } => {
                not_negative("std", *std)?;
                let fits = |shape: &&[usize]| match shape.len() {
                    3 | 4 => Ok(()),
                    _ => Err(refused_shape("NoisyLinear", shape, "an image (B, C, H, W) or a sequence (B, C, L)")),
                };
                shapes.iter().try_for_each(fits)
            }
        }
    }
}

fn check_apart(features: &Features) -> Result<()> {
    match &features.0 {
        Grouping::Windows { .. } => Err(Error::Unsupported {
            analyzer: "Fill::SegmentMean".into(),
            reason: "windows may overlap, and a number has one fill: use features that do not, or another fill".into(),
        }),
        Grouping::Inputs(inputs) => inputs.iter().try_for_each(check_apart),
        _ => Ok(()),
    }
}

fn needs_axes(fill: &str, shape: &[usize], axes: usize) -> Result<()> {
    if shape.len() >= axes {
        return Ok(());
    }
    Err(refused_shape(fill, shape, "spatial axes, behind the batch and the channels"))
}

fn refused_shape(fill: &str, shape: &[usize], needs: &str) -> Error {
    Error::InvalidShape { what: "input".into(), got: shape.to_vec(), reason: format!("`Fill::{fill}` needs {needs}") }
}

fn finite(name: &'static str, value: f64) -> Result<()> {
    bounded(name, value, value.is_finite(), "it must be a finite number")
}

fn positive(name: &'static str, value: f64) -> Result<()> {
    bounded(name, value, value > 0.0 && value.is_finite(), "it must be a finite number above 0")
}

fn not_negative(name: &'static str, value: f64) -> Result<()> {
    bounded(name, value, value >= 0.0 && value.is_finite(), "it must be a finite number that is not negative")
}

fn bounded(name: &'static str, value: f64, fits: bool, reason: &str) -> Result<()> {
    if fits {
        return Ok(());
    }
    Err(Error::InvalidParameter { name, value: value.to_string(), reason: reason.into() })
}
