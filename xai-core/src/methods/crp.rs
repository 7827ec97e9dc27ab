//! Concept relevance propagation.

use super::Lrp;
use crate::explain::sample_rows::SampleRows;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, Selection};
use crate::rules::{Along, Composite, Condition, Unknown};
use crate::{Differentiable, Error, Result};

/// Concept relevance propagation: [`Lrp`] of what goes through some channels alone, at named places of the network.
///
/// At each place that a [`condition`](Crp::condition) names, relevance goes on in its channels, and ends in the others.
/// Values have the input's shape, in output units, signed. Conditions that each name one channel of a place, and
/// together all of them, add up to [`Lrp`], where nothing bypasses the place. The explanation carries how much
/// relevance arrived, and how much did not: what was conditioned away, and what [`Lrp`] tells of.
///
/// It shows where in the input that lies to which some channels respond, and how much of the output goes through them.
/// It does not say what a channel stands for: for that, look at the samples in which most relevance goes through it.
/// What goes around the place is under no condition. What [`Lrp`] cannot show, this cannot.
///
/// Cost, default and errors as [`Lrp`]; [`Error::UnknownPlace`](crate::Error::UnknownPlace) and
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a place or a channel that there is not.
///
/// Reference: Achtibat et al. (2023), *From Attribution Maps to Human-Understandable Explanations through Concept
/// Relevance Propagation*, Nature Machine Intelligence, arXiv:2206.03208.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, Crp, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// // What channel 0 of the maps has to say for class 0.
/// let why = Crp::default().condition("maps", &[0]).analyze(&net, &photo, 0)?;
/// let expected = array![[[[0.25, 0.5], [0.75, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]];
/// assert!((why.values - expected).iter().all(|gap| gap.abs() < 1e-5));
/// // Channel 1 has nothing to say for it.
/// let why = Crp::default().condition("maps", &[1]).analyze(&net, &photo, 0)?;
/// assert!(why.values.iter().all(|&value| value == 0.0));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[doc(alias("ConceptRelevancePropagation", "CondAttribution"))]
pub struct Crp {
    lrp: Lrp,
    conditions: Vec<Condition>,
}

impl Crp {
    /// By the rules of a composite, under no condition yet.
    pub fn new(composite: Composite) -> Self {
        Crp { lrp: Lrp::new(composite), conditions: Vec::new() }
    }

    /// At this place, these channels (axis 1) alone: see [`channels_last`](Crp::channels_last). Conditions at several
    /// places hold together.
    #[must_use]
    pub fn condition(self, place: impl Into<String>, channels: &[usize]) -> Self {
        self.condition_along(1, place, channels)
    }

    /// As [`condition`](Crp::condition), along another axis: 2 for tokens (B, T, D), say.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Flatten, Linear, Sequential};
    /// use xai::{Analyzer, Crp, NdArray, Tensor};
    ///
    /// // Two tokens of two numbers, which are added up: of each token what its second number has to say.
    /// let ones = Tensor::<NdArray<f64>>::upload(array![[1.0, 1.0, 1.0, 1.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push_named("tokens", Activation::Relu);
    /// let net = net.push(Flatten::default()).push(Linear::new(ones, None)?);
    /// let crp = Crp::default().condition_along(2, "tokens", &[1]);
    /// let why = crp.analyze(&net, &array![[[1.0, 2.0], [3.0, 4.0]]], 0)?;
    /// assert!((why.values - array![[[0.0, 2.0], [0.0, 4.0]]]).iter().all(|gap| gap.abs() < 1e-5));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn condition_along(mut self, axis: usize, place: impl Into<String>, channels: &[usize]) -> Self {
        let (along, channels) = (Along::Axis(axis), channels.to_vec());
        self.conditions.push(Condition { place: place.into(), along, channels });
        self
    }

    /// The conditions so far count channels along the last axis: as in a Swin transformer (B, rows, columns, C), or of
    /// tokens (B, T, C).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Flatten, Sequential};
    /// use xai::{Analyzer, Crp, Error, NdArray};
    ///
    /// // One row of two pixels, of two channels each: of the first pixel's second channel.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("stage", Activation::Relu).push(Flatten::default());
    /// let photo = array![[[[1.0, 2.0], [3.0, 4.0]]]];
    /// let why = Crp::default().condition("stage", &[1]).channels_last().analyze(&net, &photo, 1)?;
    /// assert!((why.values - array![[[[0.0, 2.0], [0.0, 0.0]]]]).iter().all(|gap| gap.abs() < 1e-5));
    /// // The second axis, of the rows, has one place alone.
    /// let rows = Crp::default().condition("stage", &[1]).analyze(&net, &photo, 1);
    /// assert!(matches!(rows, Err(Error::InvalidParameter { .. })));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn channels_last(self) -> Self {
        self.along(Along::LastAxis)
    }

    pub(super) fn along(mut self, along: Along) -> Self {
        self.conditions.iter_mut().for_each(|condition| condition.along = along);
        self
    }

    /// As that of [`Lrp`].
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Linear, Sequential};
    /// use xai::rules::{Composite, LrpRule};
    /// use xai::{Analyzer, Crp, NdArray, Tensor};
    ///
    /// // Of 1 + 3 the second number has 3; beside a stabiliser of 4, half of all is absorbed.
    /// let ones = Tensor::<NdArray<f64>>::upload(array![[1.0, 1.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push_named("numbers", Activation::Relu).push(Linear::new(ones, None)?);
    /// let crp = Crp::new(Composite::new().all(LrpRule::ZPlus)).condition("numbers", &[1]);
    /// let why = crp.stabilizer(4.0).analyze(&net, &array![[1.0, 3.0]], 0)?;
    /// assert_eq!(why.values, array![[0.0, 1.5]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn stabilizer(self, stabilizer: f64) -> Self {
        Crp { lrp: self.lrp.stabilizer(stabilizer), ..self }
    }

    /// What is done at steps without a rule.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn, array};
    /// use xai::nn::{Activation, Sequential};
    /// use xai::rules::Unknown;
    /// use xai::{Analyzer, Crp, Function, NdArray};
    ///
    /// // Twice the numbers, by code that nobody can look into. Its gradient says so too.
    /// type T = ArcArray<f64, IxDyn>;
    /// let twice = Function::<NdArray<f64>, _, _>::new(|x: &T| x * 2.0, |_: &T, v: &T| v * 2.0);
    /// let net = Sequential::new().push_named("numbers", Activation::Relu).push(twice);
    /// let crp = Crp::default().condition("numbers", &[1]);
    /// assert!(crp.analyze(&net, &array![[3.0, 5.0]], 1).is_err());
    /// let why = crp.unknown(Unknown::Gradient).analyze(&net, &array![[3.0, 5.0]], 1)?;
    /// assert_eq!(why.values, array![[0.0, 10.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        Crp { lrp: self.lrp.unknown(unknown), ..self }
    }
}

impl Default for Crp {
    fn default() -> Self {
        Crp::new(Composite::epsilon_plus())
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for Crp {
    fn name(&self) -> String {
        "Crp".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        let graph = model.graph(inputs.shapes)?;
        self.lrp.rules("Crp", &graph, inputs.explained, &self.conditions)?;
        let rows = SampleRows::new(&graph, inputs.shapes, |shapes| model.graph(shapes));
        for condition in &self.conditions {
            let place = graph.place(&condition.place)?;
            let axis = condition.axis(&graph, place)?;
            if rows.has_samples(place.index(), axis) {
                return Err(Error::InvalidParameter {
                    name: "axis",
                    value: axis.to_string(),
                    reason: format!(
                        "it is that of the samples at `{}`, where the network has turned them away from the front: \
                         say which axis has the channels by `condition_along`, or name a place before or behind",
                        condition.place
                    ),
                });
            }
        }
        Ok(())
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.lrp.relevance("Crp", model, call, &self.conditions, Selection::cotangent)
    }
}
