//! Blur integrated gradients.

use super::blur::{Blur, Edge};
use super::path_integral::PathIntegral;
use super::walk_settings::{quadrature_builder, walk_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::{Differentiable, Result};

/// The gradient's integral from a blurred input to the sharp one: no reference is to be chosen, and what comes out are
/// the scales at which the output is decided.
///
/// [`PathIntegral`] along a [`Blur`], with n = 100 points, σ from 50 pixels down to 0 in even steps, zeros around the
/// input, and [`Quadrature::Trapezoid`](crate::Quadrature::Trapezoid) over the chords from blur to blur. Blurs are
/// along all axes behind the channels: sequences, images and volumes. Values have the input's shape, in output units,
/// signed, and add up to f(x) - f(blurred x) but for the completeness gap, which the extras have. It costs n gradients,
/// and for each point the blurs, by a matrix product for each axis. Errors are those of `PathIntegral`,
/// [`Error::InvalidShape`] for an input without axes behind the channels, and [`Error::InvalidParameter`] for a σ that
/// is not above 0.
///
/// It shows what the details added to the blurred input's output. What the widest blur leaves, as the colour of large
/// areas, is where it begins, and gets nothing: values say nothing about f(blurred x) itself. With zeros around it the
/// input fades towards its edges, and what comes back there is counted ([`Edge::Mirror`] has none of that). As with any
/// path, another one has other shares.
///
/// Reference: Xu, Venugopalan, Sundararajan (2020), *Attribution in Scale and Space*, arXiv:2004.03383.
///
/// [`Error::InvalidShape`]: crate::Error::InvalidShape
/// [`Error::InvalidParameter`]: crate::Error::InvalidParameter
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Analyzer, BlurIg, Edge, Index, NdArray, Quadrature};
///
/// // A signal of two numbers, of which the output is the first. Blurred by σ = 1, of its 4 there is left the share
/// // that the middle of the kernel has; the rest of the way back to 4 is explained.
/// let net = Sequential::<NdArray<f64>>::new().push(Activation::Relu);
/// let why = BlurIg::new().sigma(1.0).analyze(&net, &array![[[4.0, 0.0]]], Index([0, 0]))?.values;
/// let middle = 1.0 / (1.0 + 2.0 * [1.0f64, 4.0, 9.0, 16.0].map(|square| (-square / 2.0).exp()).iter().sum::<f64>());
/// assert!((&why - array![[[4.0 - 4.0 * middle, 0.0]]]).iter().all(|gap| gap.abs() < 1e-9));
/// // With a mirror around it more of the 4 is left, and less is explained.
/// let mirrored = BlurIg::new().sigma(1.0).edge(Edge::Mirror).n(20).quadrature(Quadrature::Midpoint);
/// let less = mirrored.analyze(&net, &array![[[4.0, 0.0]]], Index([0, 0]))?.values;
/// assert!(0.0 < less[[0, 0, 0]] && less[[0, 0, 0]] < why[[0, 0, 0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("blur integrated gradients"))]
pub struct BlurIg {
    path: PathIntegral<Blur>,
    sigma: f64,
    edge: Edge,
}

impl BlurIg {
    /// Blur integrated gradients with 100 points from a blur of 50 pixels.
    pub fn new() -> Self {
        BlurIg { path: PathIntegral::along(Blur::new(50.0)).n(100), sigma: 50.0, edge: Edge::Zeros }
    }

    /// The standard deviation of the widest blur, in pixels: 50 unless set.
    #[must_use]
    pub fn sigma(self, sigma: f64) -> Self {
        BlurIg { sigma, ..self }.with_blur()
    }

    /// What is outside of the input: zeros, unless set.
    #[must_use]
    pub fn edge(self, edge: Edge) -> Self {
        BlurIg { edge, ..self }.with_blur()
    }

    fn with_blur(self) -> Self {
        let blur = Blur::new(self.sigma).edge(self.edge);
        BlurIg { path: self.path.curves([blur]), ..self }
    }

    walk_builders!(path.settings);
    quadrature_builder!(path.settings);
}

impl Default for BlurIg {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for BlurIg {
    fn name(&self) -> String {
        "BlurIg".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.path.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.path.attribute(model, call)
    }
}
