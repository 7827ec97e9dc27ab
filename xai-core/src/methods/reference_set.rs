//! Several references for every sample: [`ReferenceSet`].

use std::fmt;
use std::sync::Arc;

use ndarray::{Array, ArrayBase, ArrayD, Axis, Data, Dimension};

use crate::explain::rows::check_finite;
use crate::passes::Reference;
use crate::{Backend, Element, Error, Result, Tensor};

/// References x'₁, ..., x'ᵣ that every sample is compared with: a background, or black and white.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{Reference, ReferenceSet};
///
/// let background = ReferenceSet::samples(&array![[0.0, 1.0], [2.0, 0.5], [1.0, 1.0]]);
/// assert_eq!(background.len(), 3);
/// let black_and_white = ReferenceSet::constants([0.0, 1.0]);
/// let also = ReferenceSet::from([Reference::Zeros, Reference::Constant(1.0)]);
/// assert_eq!(black_and_white.len(), also.len());
/// // Each sample's own darkest, and grey.
/// let mixed = ReferenceSet::new([Reference::Lowest, Reference::Constant(0.5)]);
/// assert!(!mixed.is_empty() && ReferenceSet::new([]).is_empty());
/// ```
#[derive(Clone)]
#[doc(alias("baselines", "background"))]
pub struct ReferenceSet(Of);

#[derive(Clone)]
enum Of {
    Each(Vec<Reference>),
    /// (references, axes of a sample...)
    Samples(Arc<ArrayD<f64>>),
}

impl ReferenceSet {
    /// References of any kind, one after another.
    pub fn new(references: impl IntoIterator<Item = Reference>) -> Self {
        ReferenceSet(Of::Each(references.into_iter().collect()))
    }

    /// Samples, as a part of the training data: one reference in each row.
    pub fn samples<E: Element, S: Data<Elem = E>, D: Dimension>(samples: &ArrayBase<S, D>) -> Self {
        ReferenceSet(Of::Samples(Arc::new(samples.mapv(Element::as_f64).into_dyn())))
    }

    /// Each sample's own lowest number everywhere and its highest: black and white.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Identity;
    /// use xai::{Analyzer, IntegratedGradients, NdArray, Net, OverReferences, ReferenceSet};
    ///
    /// // From -1 and from 3: in the mean 3 - 1 of the first number.
    /// let over = OverReferences::new(IntegratedGradients::new(), ReferenceSet::black_and_white());
    /// let why = over.analyze(&Net::<NdArray<f64>, _>::new(Identity), &array![[3.0, -1.0]], 0)?;
    /// assert!((why.values - array![[2.0, 0.0]]).iter().all(|gap| gap.abs() < 1e-12));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn black_and_white() -> Self {
        Self::new([Reference::Lowest, Reference::Highest])
    }

    /// References that are one value everywhere: black and white of pixels from 0 to 1 are `constants([0.0, 1.0])`.
    pub fn constants(values: impl IntoIterator<Item = f64>) -> Self {
        Self::new(values.into_iter().map(Reference::Constant))
    }

    /// The number of references.
    pub fn len(&self) -> usize {
        match &self.0 {
            Of::Each(references) => references.len(),
            Of::Samples(samples) => samples.shape().first().copied().unwrap_or(0),
        }
    }

    /// True when there is none: such a set is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every sample has the same references.
    pub(super) fn is_shared(&self) -> bool {
        match &self.0 {
            Of::Each(references) => references.iter().all(|reference| match reference {
                Reference::Zeros | Reference::Constant(_) | Reference::Sample(_) => true,
                Reference::Array(_) | Reference::Lowest | Reference::Highest => false,
            }),
            Of::Samples(_) => true,
        }
    }

    /// Checks the references against an input, batch axis first.
    pub(super) fn check(&self, input: &[usize]) -> Result<()> {
        if self.is_empty() {
            return Err(Error::InvalidParameter {
                name: "references",
                value: "none".into(),
                reason: "a set needs at least one".into(),
            });
        }
        match &self.0 {
            Of::Each(references) => references.iter().try_for_each(|reference| reference.check(input)),
            Of::Samples(samples) => {
                let sample = input.get(1..).unwrap_or_default();
                let got = samples.shape();
                if got.get(1..) != Some(sample) {
                    return Err(Error::InvalidShape {
                        what: "set of references".into(),
                        got: got.to_vec(),
                        reason: format!("it needs a row for each reference, of the shape of a sample, {sample:?}"),
                    });
                }
                check_finite("references", samples.as_ref())
            }
        }
    }

    /// For each row of `x`, which is a copy of one of the user's samples, these references of the set, one after
    /// another: (rows · references, axes of a sample...).
    pub(super) fn tensors_like<B: Backend>(
        &self,
        x: &Tensor<B>,
        samples: &[usize],
        which: &[usize],
    ) -> Result<Tensor<B>> {
        let shape = x.shape();
        let (rows, sample) = (shape.first().copied().unwrap_or(0), shape.get(1..).unwrap_or_default());
        let all = match &self.0 {
            Of::Samples(references) => {
                let chosen = references.select(Axis(0), which).insert_axis(Axis(0));
                let chosen = Tensor::of_numbers("references", &chosen, &x.placement())?;
                chosen.broadcast_to(&[&[rows, which.len()], sample].concat())?
            }
            Of::Each(references) => {
                let apart = [&[rows, 1], sample].concat();
                let chosen = which.iter().filter_map(|&which| references.get(which));
                let of_rows = chosen.map(|reference| reference.tensor_like(x, samples)?.reshape(&apart));
                let of_rows = of_rows.collect::<Result<Vec<_>>>()?;
                Tensor::concat(&of_rows.iter().collect::<Vec<_>>(), 1)?
            }
        };
        all.reshape(&[&[rows * which.len()], sample].concat())
    }
}

impl Default for ReferenceSet {
    /// Zeros alone.
    fn default() -> Self {
        Reference::Zeros.into()
    }
}

impl From<Reference> for ReferenceSet {
    fn from(reference: Reference) -> Self {
        Self::new([reference])
    }
}

impl<const N: usize> From<[Reference; N]> for ReferenceSet {
    fn from(references: [Reference; N]) -> Self {
        Self::new(references)
    }
}

impl<E: Element, S: Data<Elem = E>, D: Dimension> From<&ArrayBase<S, D>> for ReferenceSet {
    /// One reference in each row.
    fn from(samples: &ArrayBase<S, D>) -> Self {
        Self::samples(samples)
    }
}

impl<E: Element, D: Dimension> FromIterator<Array<E, D>> for ReferenceSet {
    /// Samples, without a batch axis.
    fn from_iter<I: IntoIterator<Item = Array<E, D>>>(samples: I) -> Self {
        Self::new(samples.into_iter().map(|sample| Reference::sample(&sample)))
    }
}

impl fmt::Debug for ReferenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Of::Each(references) => f.debug_list().entries(references).finish(),
            Of::Samples(samples) => f.debug_tuple("Samples").field(&samples.shape()).finish(),
        }
    }
}

/// A set for each explained input: the k-th references of all belong together.
#[derive(Debug, Clone, Default)]
pub(super) struct ReferenceSets(pub(super) Vec<ReferenceSet>);

impl ReferenceSets {
    /// The number of references.
    pub(super) fn len(&self) -> usize {
        self.0.first().map_or(0, ReferenceSet::len)
    }

    pub(super) fn is_shared(&self) -> bool {
        self.0.iter().all(ReferenceSet::is_shared)
    }

    /// One set for each explained input, of the same number of references.
    pub(super) fn check<'a>(&self, analyzer: &str, inputs: impl Iterator<Item = &'a [usize]>) -> Result<()> {
        let refused = |reason: String| Error::Unsupported { analyzer: analyzer.into(), reason };
        let inputs: Vec<&[usize]> = inputs.collect();
        if inputs.len() != self.0.len() {
            let (sets, inputs) = (self.0.len(), inputs.len());
            return Err(refused(format!("{sets} set(s) of references were given for {inputs} explained input(s)")));
        }
        for (set, input) in self.0.iter().zip(inputs) {
            set.check(input)?;
            if set.len() != self.len() {
                let (first, other) = (self.len(), set.len());
                return Err(refused(format!(
                    "the k-th references of all inputs belong together: there are {first} of one and {other} of another"
                )));
            }
        }
        Ok(())
    }
}
