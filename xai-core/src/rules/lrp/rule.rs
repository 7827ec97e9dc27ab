//! The rules of layer-wise relevance propagation, as data.

use std::sync::Arc;

use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};

use crate::tensor::check_fits;
use crate::{Element, Error, Result};

/// How relevance goes back through a layer.
///
/// With z = W x + b the layer's output (with the batch norm behind it taken into W and b), R its relevance, w⁺ and w⁻
/// the positive and negative parts of weights, x⁺ and x⁻ those of inputs, and stab(z) = z + ε · sign(z), where
/// sign(0) = 1: each input's relevance is what its contribution is of the denominator, times R. Biases, and what
/// stabilises, keep their share.
///
/// A border that the network puts around its input is no input: the rules for a first layer give it nothing, be it the
/// convolution's padding or a step of its own in front.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Linear;
/// use xai::rules::{Composite, LrpRule};
/// use xai::{Analyzer, Lrp, NdArray, Net, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, -1.0]].view().into_dyn(), &())?;
/// let net = Net::new(Linear::new(weight, None)?);
/// let x = array![[3.0, 1.0]];
/// let zero = Lrp::new(Composite::new().all(LrpRule::Zero)).analyze(&net, &x, 0)?;
/// assert_eq!(zero.values, array![[3.0, -1.0]]);
/// let positive = Lrp::new(Composite::new().all(LrpRule::ZPlus)).analyze(&net, &x, 0)?;
/// assert!((positive.values - array![[2.0, 0.0]]).iter().all(|gap| gap.abs() < 1e-4));
/// // Of inputs between 0 and 4 the one is by 3 above the lowest, and the other by 3 below the highest.
/// let bounded = Lrp::new(Composite::new().first(LrpRule::z_box(0.0, 4.0))).analyze(&net, &x, 0)?;
/// assert!((bounded.values - array![[1.0, 1.0]]).iter().all(|gap| gap.abs() < 1e-4));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LrpRule {
    /// LRP-0: x · Wᵀ(R / z). On rectifier networks it is input times gradient.
    Zero,
    /// LRP-ε: x · Wᵀ(R / stab(z)).
    #[doc(alias("EpsilonRule"))]
    Epsilon(f64),
    /// LRP-γ, for inputs of any sign: where z > 0, the positive contributions count 1 + γ times; where z < 0, the
    /// negative ones; biases alike.
    #[doc(alias("GammaRule"))]
    Gamma(f64),
    /// LRP-αβ, α - β = 1: α · (positive contributions' share of them) - β · (negative contributions' share of them).
    /// The bias counts on the side of its sign. A unit without negative contributions hands on α times its relevance:
    /// the rule does not conserve there.
    #[doc(alias("Alpha1_Beta0_Rule"))]
    AlphaBeta(f64, f64),
    /// LRP-z⁺, which is αβ with (1, 0): positive contributions, (x⁺w⁺ + x⁻w⁻), of their sum and b⁺.
    ZPlus,
    /// LRP-z⁺ without the bias: the marginal winning probabilities of excitation backpropagation.
    Excitation,
    /// LRP-zᴮ, for a first layer whose inputs lie between two bounds: x w - l w⁺ - h w⁻ of their sum.
    ZBox(Bound, Bound),
    /// For a first layer: the same share to all inputs that a unit sees.
    Flat,
    /// For a first layer: shares w².
    WSquare,
    /// All relevance passes to the same place: for batch norms by themselves, other norms and activations.
    #[doc(alias("IdentityRule"))]
    Pass,
}

/// A bound of a first layer's inputs: one number, or an array that is broadcast to a sample of the model's input, as
/// (channels, 1, 1) to images, (channels, 1) to sequences and (channels, 1, 1, 1) to volumes.
///
/// The bounds of an input's numbers go with them where they are moved before the first layer: reshaped, permuted, cut,
/// joined, or given a border, which itself has none. What scales numbers on the way does not scale their bounds: these
/// are of what the layer is given. An array that is not broadcast to the model's input, or to each of them that the
/// layer sees, is broadcast to a sample of the layer's own, and refused where that is none either, or where the rows
/// that the layer is given are parts of samples, as the frames of a video that are folded into the batch.
///
/// ```
/// # use xai_core as xai;
/// use xai::rules::LrpRule;
///
/// // Pixels between 0 and 1; or an array of the lowest and the highest of each channel, (channels, 1, 1).
/// let pixels = LrpRule::z_box(0.0, 1.0);
/// let channels = LrpRule::z_box(&ndarray::array![[[-2.1]], [[-2.0]], [[-1.8]]], 2.6);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bound(pub(super) Arc<ArrayD<f64>>);

impl From<f64> for Bound {
    fn from(value: f64) -> Self {
        Bound(Arc::new(ArrayD::from_elem(IxDyn(&[]), value)))
    }
}

impl<E: Element, S: Data<Elem = E>, D: Dimension> From<&ArrayBase<S, D>> for Bound {
    fn from(values: &ArrayBase<S, D>) -> Self {
        Bound(Arc::new(values.mapv(Element::as_f64).into_dyn()))
    }
}

/// Refuses what is added to denominators, and is none of the numbers that quotients are computed in: their largest is
/// given.
pub(crate) fn check_stabilizes(name: &'static str, value: f64, largest: f64) -> Result<()> {
    // The smallest numbers are about as near to 0 as the largest are far from it.
    if value.is_finite() && value > 0.0 && value * largest < 1.0 {
        return Err(Error::InvalidParameter {
            name,
            value: format!("{value:e}"),
            reason: "it is 0 in the model's number type".into(),
        });
    }
    check_fits(name, [&value], largest)
}

/// The first low bound that is above its high one. Bounds that no sample fits are refused where samples are seen.
fn crossed(low: &ArrayD<f64>, high: &ArrayD<f64>) -> Option<(f64, f64)> {
    let from_end = |bound: &ArrayD<f64>, axis: usize| bound.shape().iter().rev().nth(axis).copied().unwrap_or(1);
    let axes = (0..low.ndim().max(high.ndim())).rev();
    let shape: Vec<usize> = axes.map(|axis| from_end(low, axis).max(from_end(high, axis))).collect();
    let (low, high) = (low.broadcast(&shape[..])?, high.broadcast(&shape[..])?);
    low.iter().zip(high).map(|(&low, &high)| (low, high)).find(|(low, high)| low > high)
}

impl LrpRule {
    /// The z-box of inputs between two bounds, the lower one first: numbers, or arrays that are broadcast to a sample.
    pub fn z_box(low: impl Into<Bound>, high: impl Into<Bound>) -> Self {
        LrpRule::ZBox(low.into(), high.into())
    }

    /// Whether it looks at weights.
    pub(super) fn needs_weights(&self) -> bool {
        !matches!(self, LrpRule::Zero | LrpRule::Epsilon(_) | LrpRule::Pass)
    }

    /// Whether it gives relevance to inputs that are 0, which stands at the first layer alone.
    pub(super) fn is_of_first_layer(&self) -> bool {
        matches!(self, LrpRule::ZBox(..) | LrpRule::Flat | LrpRule::WSquare)
    }

    /// Refuses parameters that are not among the numbers of the model's type, whose largest is given, or of the type
    /// that quotients are computed in.
    pub(super) fn check_fits(&self, largest: f64, of_quotients: f64) -> Result<()> {
        match *self {
            LrpRule::Epsilon(eps) => check_stabilizes("epsilon", eps, of_quotients),
            LrpRule::Gamma(gamma) => check_fits("gamma", [&gamma], largest),
            LrpRule::AlphaBeta(alpha, beta) => check_fits("alpha, beta", [&alpha, &beta], largest),
            LrpRule::ZBox(ref low, ref high) => check_fits("bound", low.0.iter().chain(high.0.iter()), largest),
            _ => Ok(()),
        }
    }

    /// Refuses parameters that are impossible.
    pub(super) fn check(&self) -> Result<()> {
        let refused =
            |name, value: String, reason: &str| Err(Error::InvalidParameter { name, value, reason: reason.into() });
        match *self {
            LrpRule::Epsilon(eps) if !(eps.is_finite() && eps > 0.0) => {
                refused("epsilon", eps.to_string(), "it must be above 0; without it the rule is `LrpRule::Zero`")
            }
            LrpRule::Gamma(gamma) if !(gamma.is_finite() && gamma >= 0.0) => {
                let reason = "it must be 0 or more, and finite: the larger it is, the nearer comes the rule to \
                              `LrpRule::ZPlus` where z > 0";
                refused("gamma", gamma.to_string(), reason)
            }
            LrpRule::AlphaBeta(alpha, beta)
                if !(beta.is_finite() && beta >= 0.0 && (alpha - beta - 1.0).abs() <= 1e-9) =>
            {
                refused("alpha, beta", format!("{alpha}, {beta}"), "alpha - beta must be 1, and beta 0 or more")
            }
            LrpRule::ZBox(ref low, ref high) => {
                let bounds = || low.0.iter().chain(high.0.iter());
                match bounds().find(|bound| !bound.is_finite()) {
                    Some(bound) => refused("bound", bound.to_string(), "it must be a finite number"),
                    None => match crossed(&low.0, &high.0) {
                        Some((low, high)) => refused(
                            "bounds",
                            format!("{low}, {high}"),
                            "the low one is above the high one: give `LrpRule::z_box` the lowest number first",
                        ),
                        None => Ok(()),
                    },
                }
            }
            _ => Ok(()),
        }
    }
}
