//! XRAI: attributions by regions.

use super::flat_rows::{as_tensors, numbers};
use super::integrated_gradients::IntegratedGradients;
use super::over_references::OverReferences;
use super::quadrature::Quadrature;
use super::reference_set::ReferenceSet;
use super::region_growing::grown;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Layout, settled};
use crate::{Backend, Differentiable, Error, Result, Tensor};

/// Any attribution, by regions: those with the most attribution for their size first.
///
/// Attributions are made by the analyzer, which is integrated gradients over black and white unless there is another.
/// From nothing on, the region is added whose numbers that are not there yet have the highest mean attribution, again
/// and again; these numbers get that mean. Regions may overlap, as those of several segmentations of a photo, coarse
/// ones and fine ones: give one [`Features`] for each. A region that would add fewer pixels than the smallest is passed
/// over, and what no region covers in the end gets its mean.
///
/// Values have the input's shape, in output units, signed, the same for all numbers that were added together. Their sum
/// is the analyzer's, so that completeness and its gap, which the extras have, stay. (The authors take the largest
/// attribution over the channels first, and show one channel.)
///
/// Defaults: integrated gradients of 100 points by the trapezoid rule from each sample's own lowest and highest number,
/// and a smallest region of 1 / 1000 of the pixels, rounded up, where a pixel is what all channels have at one place.
/// It costs what the analyzer costs; the attributions come to the host once.
///
/// Errors: [`Error::InvalidParameter`] for no features or a smallest region of 0, [`Error::Unsupported`] around an
/// analyzer whose values do not have the input's shape; and those of the features and of the analyzer.
///
/// Reference: Kapishnikov, Bolukbasi, Viégas, Terry (2019), *XRAI: Better Attributions Through Regions*,
/// arXiv:1906.02825.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{Analyzer, Features, Index, InputTimesGradient, NdArray, Net, Tensor, Xrai};
///
/// let weights = Tensor::<NdArray<f64>>::upload(array![[1.0, 3.0, -1.0, 1.0]].into_dyn().view(), &())?;
/// let net = Net::new(Linear::new(weights, None)?);
/// let xrai = Xrai::over(InputTimesGradient, Features::groups([0..2, 2..4]));
/// assert_eq!(xrai.analyze(&net, &array![[1.0, 1.0, 1.0, 1.0]], Index(0))?.values, array![[2.0, 2.0, 0.0, 0.0]]);
///
/// // Single numbers too: 3 comes first, and what is left of each pair after it. Or no region that adds but one.
/// let single = xrai.features(Features::each()).and(Features::groups([0..2, 2..4]));
/// let x = array![[1.0, 1.0, 1.0, 1.0]];
/// assert_eq!(single.analyze(&net, &x, Index(0))?.values, array![[1.0, 3.0, -1.0, 1.0]]);
/// assert_eq!(single.smallest(2).analyze(&net, &x, Index(0))?.values, array![[2.0, 2.0, 0.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("region attribution"))]
pub struct Xrai<A = OverReferences<IntegratedGradients>> {
    analyzer: A,
    /// Super-pixels of each photo, beside the features.
    super_pixels: bool,
    features: Vec<Features>,
    smallest: Option<usize>,
}

impl Xrai {
    /// Integrated gradients over black and white, by super-pixels of each photo: about 30 and about 200 of them, and
    /// not more than one for two pixels.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::Array4;
    /// use xai::nn::{Flatten, Sequential};
    /// use xai::{Analyzer, NdArray, ReferenceSet, SumOfOutputs, Xrai};
    ///
    /// // Black above, white below. Of the sum of all pixels each has what it is above the mean of black and white.
    /// let net = Sequential::<NdArray<f64>>::new().push(Flatten::default());
    /// let photo = Array4::from_shape_fn((1, 1, 4, 4), |(_, _, row, _)| if row < 2 { 0.0 } else { 1.0 });
    /// let xrai = Xrai::super_pixels().references(ReferenceSet::constants([0.0, 1.0])).n(10).chunk(20);
    /// let why = xrai.on_progress(|step| assert_eq!(step.total, 2)).analyze(&net, &photo, SumOfOutputs)?;
    /// assert!((why.values - (&photo - 0.5)).iter().all(|gap| gap.abs() < 1e-12));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn super_pixels() -> Self {
        let none = Xrai::new(Features::each());
        Xrai { super_pixels: true, features: Vec::new(), ..none }
    }

    /// Integrated gradients over black and white, by these regions.
    pub fn new(features: Features) -> Self {
        let path = IntegratedGradients::new().n(100).quadrature(Quadrature::Trapezoid);
        Xrai::over(OverReferences::new(path, ReferenceSet::black_and_white()), features)
    }

    /// Sets the number of points on each path, at least 2.
    #[must_use]
    pub fn n(self, n: usize) -> Self {
        Xrai { analyzer: self.analyzer.n(n), ..self }
    }

    /// At most how many samples go through the model in one pass: this bounds the memory.
    #[must_use]
    pub fn chunk(self, chunk: usize) -> Self {
        Xrai { analyzer: self.analyzer.chunk_of_paths(chunk), ..self }
    }

    /// Calls back after every pass over references: an analysis of one sample from one reference counts as one. A
    /// callback that answers `ControlFlow::Break(())` stops it, with [`Error::Cancelled`].
    #[must_use]
    pub fn on_progress<Go: crate::Answer>(
        self,
        report: impl Fn(crate::Progress) -> Go + Send + Sync + 'static,
    ) -> Self {
        Xrai { analyzer: self.analyzer.on_progress(report), ..self }
    }

    /// The references that paths start from.
    #[must_use]
    pub fn references(self, references: impl Into<ReferenceSet>) -> Self {
        Xrai { analyzer: self.analyzer.references(references), ..self }
    }
}

impl<A> Xrai<A> {
    /// What this analyzer finds, by these regions.
    pub fn over(analyzer: A, features: Features) -> Self {
        Xrai { analyzer, super_pixels: false, features: vec![features], smallest: None }
    }

    /// Other regions instead.
    #[must_use]
    pub fn features(self, features: Features) -> Self {
        Xrai { super_pixels: false, features: vec![features], ..self }
    }

    /// More regions, which may overlap those that there are: another segmentation, finer or coarser.
    #[must_use]
    pub fn and(mut self, features: Features) -> Self {
        self.features.push(features);
        self
    }

    /// How many pixels a region must add, at least 1: 1 / 1000 of all unless set.
    #[must_use]
    pub fn smallest(self, pixels: usize) -> Self {
        Xrai { smallest: Some(pixels), ..self }
    }

    /// All features, for samples of this shape.
    fn all(&self, sample: &[usize]) -> Vec<Features> {
        let pixels: usize = sample.iter().skip(1).product();
        let counts = SUPER_PIXELS.iter().filter(|_| self.super_pixels);
        let super_pixels = counts.map(|&count| Features::super_pixels(count.min(pixels / 2).max(1), COMPACTNESS));
        super_pixels.chain(self.features.iter().cloned()).collect()
    }

    /// How many numbers a region must add, of a sample of this shape.
    fn fewest(&self, sample: &[usize]) -> usize {
        // What has no spatial axes has no channels either.
        let channels = if sample.len() > 1 { sample[0] } else { 1 };
        let numbers: usize = sample.iter().product();
        channels * self.smallest.unwrap_or_else(|| (numbers / channels.max(1)).div_ceil(1000))
    }
}

impl<A> Xrai<A> {
    /// The regions of one row, which may depend on what it looks like.
    fn regions_of<B: Backend>(
        features: &[Features],
        call: &Call<'_, B>,
        row: usize,
        shapes: &[Vec<usize>],
        sample: usize,
    ) -> Result<Vec<Vec<usize>>> {
        let inputs = call.inputs.iter().map(|x| x.narrow(0, row, 1)).collect::<Result<Vec<_>>>()?;
        let alone = Call { inputs: &inputs, samples: &[sample], ..*call };
        let of_row = |features: &Features| Ok(settled(features, &alone)?.unwrap_or_else(|| features.clone()));
        let features = features.iter().map(of_row).collect::<Result<Vec<_>>>()?;
        regions(features.iter(), shapes, sample)
    }
}

/// About so many super-pixels of each photo.
const SUPER_PIXELS: [usize; 2] = [30, 200];

/// How compact they are.
const COMPACTNESS: f64 = 0.1;

/// The regions of a sample of the user's batch, of inputs of these shapes.
fn regions<'a>(
    features: impl Iterator<Item = &'a Features>,
    shapes: &[Vec<usize>],
    sample: usize,
) -> Result<Vec<Vec<usize>>> {
    let mut regions = Vec::new();
    for features in features {
        regions.extend(Layout::new(features, shapes.iter().map(Vec::as_slice), sample)?.numbers());
    }
    Ok(regions)
}

impl<M: Differentiable + ?Sized, A: Analyzer<M>> Analyzer<M> for Xrai<A> {
    fn name(&self) -> String {
        format!("Xrai({})", self.analyzer.name())
    }

    fn kind(&self) -> Kind {
        self.analyzer.kind()
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        inputs.check_one_explained(&Analyzer::<M>::name(self))?;
        if self.smallest == Some(0) {
            return Err(Error::InvalidParameter {
                name: "smallest",
                value: "0".into(),
                reason: "a region must add at least 1 pixel".into(),
            });
        }
        let shapes: Vec<Vec<usize>> = inputs.explained_shapes().map(<[usize]>::to_vec).collect();
        let rows = shapes.first().and_then(|shape| shape.first().copied()).unwrap_or(0);
        let features = self.all(shapes.first().and_then(|shape| shape.get(1..)).unwrap_or_default());
        // Those of every sample, if samples have other ones.
        let samples = if features.iter().any(Features::differ_by_sample) { rows } else { rows.min(1) };
        (0..samples).try_for_each(|sample| regions(features.iter(), &shapes, sample).map(|_| ()))?;
        if self.analyzer.kind() == Kind::Cam {
            return Err(Error::Unsupported {
                analyzer: Analyzer::<M>::name(self),
                reason: "a class activation map has no value for each number of the input".into(),
            });
        }
        self.analyzer.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let mut found = self.analyzer.attribute(model, call)?;
        let explained: Vec<Tensor<M::Backend>> = call.explained_inputs().cloned().collect();
        let shapes: Vec<Vec<usize>> = explained.iter().map(Tensor::shape).collect();
        for (values, shape) in found.values.iter().zip(&shapes) {
            Error::check_shape(&format!("values of {}", self.analyzer.name()), shape, &values.shape())?;
        }
        let mut values = numbers(&found.values)?;
        let sample = shapes.first().and_then(|shape| shape.get(1..)).unwrap_or_default();
        let (fewest, features) = (self.fewest(sample), self.all(sample));
        let shared = match features.iter().any(Features::differ_by_sample) {
            true => None,
            false => Some(regions(features.iter(), &shapes, 0)?),
        };
        for (row, (mut values, &sample)) in values.outer_iter_mut().zip(call.samples).enumerate() {
            let own = match &shared {
                Some(_) => Vec::new(),
                None => Self::regions_of(&features, call, row, &shapes, sample)?,
            };
            let grown = grown(&values.to_vec(), shared.as_ref().unwrap_or(&own), fewest);
            values.iter_mut().zip(grown).for_each(|(value, grown)| *value = grown);
        }
        found.values = as_tensors(&found.values, &values)?;
        Ok(found)
    }
}
