//! Which layer goes back by which rule.

use super::rule::{Bound, LrpRule};
use crate::{Error, Result};

/// Which rule of layer-wise relevance propagation each layer goes back by: by its kind, by its name, as the first or
/// the last one. **Of those that are said of a layer, the last counts.** What nothing is said of goes by
/// [`LrpRule::Zero`].
///
/// Layers are convolutions, transposed ones too, and dense layers: linear ones, and products with a matrix of the
/// network's own. A batch norm behind one of them, in the order in which they run, is part of it; behind a convolution
/// or a linear layer also where the outputs are reshaped or permuted in between, as those of sequences, volumes and
/// points are. A norm that is written by constants, as `y * s + t` with a number for each channel, is no batch norm,
/// and is not merged: relevance goes through the product as the value does, and the shift keeps its share. The first
/// layers are those that inputs reach through no other, the last those from which the output is reached through no
/// other.
///
/// ```
/// # use xai_core as xai;
/// use xai::rules::{Composite, LrpRule};
///
/// let composite = Composite::new()
///     .conv(LrpRule::Gamma(0.25))
///     .dense(LrpRule::Epsilon(1e-6))
///     .named("layer4.*", LrpRule::Epsilon(1e-6))
///     .first(LrpRule::z_box(-2.0, 2.5));
/// # drop(composite);
/// ```
///
/// There are ready-made ones. What they and a chain make of x₁ - x₂ = 3 - 1, a convolution that is the first layer and
/// the last:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Conv2d;
/// use xai::rules::{Composite, LrpRule};
/// use xai::{Analyzer, Index, Lrp, NdArray, Net, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[[[1.0]], [[-1.0]]]].view().into_dyn(), &())?;
/// let net = Net::new(Conv2d::new(weight, None)?);
/// for (composite, shares) in [
///     (Composite::new().all(LrpRule::Flat).last(LrpRule::Zero), [3.0, -1.0]),
///     // All to what is positive, or twice that, and once the rest.
///     (Composite::epsilon_plus(), [2.0, 0.0]),
///     (Composite::excitation_backprop(), [2.0, 0.0]),
///     (Composite::epsilon_alpha2_beta1(), [4.0, -2.0]),
///     // Equal shares of the first layer.
///     (Composite::epsilon_plus_flat(), [1.0, 1.0]),
///     (Composite::epsilon_alpha2_beta1_flat(), [1.0, 1.0]),
///     // By how far 3 is above 0, and 1 is below 2: 3 to 1.
///     (Composite::epsilon_gamma_box(0.0, 2.0), [1.5, 0.5]),
/// ] {
///     let why = Lrp::new(composite).analyze(&net, &array![[[[3.0]], [[1.0]]]], Index([0, 0, 0]))?;
///     assert!(why.values.iter().zip(shares).all(|(value, share)| (value - share).abs() < 1e-4));
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Composite {
    pub(super) said: Vec<(Which, LrpRule)>,
}

/// Which layers something is said of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Which {
    All,
    Conv,
    Dense,
    Norm,
    Activation,
    Named(String),
    First,
    Last,
}

/// What a step is, for rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LayerKind {
    Conv,
    Dense,
    Norm,
    Activation,
}

impl LayerKind {
    /// Whether it has weights that rules split.
    pub(super) fn is_layer(self) -> bool {
        matches!(self, LayerKind::Conv | LayerKind::Dense)
    }

    /// Whether a rule can be one of such a step.
    fn takes(self, rule: &LrpRule) -> bool {
        match rule {
            LrpRule::Zero => true,
            LrpRule::Pass => !self.is_layer(),
            _ => self.is_layer(),
        }
    }
}

macro_rules! said_of {
    ($($(#[$doc:meta])* $name:ident: $which:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(self, rule: LrpRule) -> Self {
            self.say(Which::$which, rule)
        }
    )*};
}

impl Composite {
    /// LRP-0 everywhere.
    pub fn new() -> Self {
        Composite::default()
    }

    said_of! {
        /// The rule of all convolutions and dense layers.
        all: All,
        /// The rule of convolutions.
        conv: Conv,
        /// The rule of dense layers.
        dense: Dense,
        /// The rule of norms: [`LrpRule::Zero`], where the deviation is held constant and shifts keep their share, or
        /// [`LrpRule::Pass`].
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::ChannelAffine;
        /// use xai::rules::{Composite, LrpRule};
        /// use xai::{Analyzer, Lrp, NdArray, Net, Tensor};
        ///
        /// // 2x + 1, of which the shift keeps 1.
        /// let tensor = |number: f64| Tensor::<NdArray<f64>>::upload(array![number].view().into_dyn(), &());
        /// let net = Net::new(ChannelAffine::new(tensor(2.0)?, tensor(1.0)?)?);
        /// for (rule, share) in [(LrpRule::Zero, 6.0), (LrpRule::Pass, 7.0)] {
        ///     let why = Lrp::new(Composite::new().norm(rule)).analyze(&net, &array![[3.0]], 0)?;
        ///     assert!((why.values[[0, 0]] - share).abs() < 1e-4);
        /// }
        /// # Ok::<(), xai::Error>(())
        /// ```
        norm: Norm,
        /// The rule of activations: [`LrpRule::Zero`], m · (f(z) - f(0)) / z, or [`LrpRule::Pass`], m · f(z) / z, which
        /// hands on all relevance where f(0) is not 0 too.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::rules::{Composite, LrpRule};
        /// use xai::{Analyzer, Lrp, NdArray, Net};
        ///
        /// // eˣ - e⁰, or all of eˣ.
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Exp);
        /// for (rule, share) in [(LrpRule::Zero, 1_f64.exp() - 1.0), (LrpRule::Pass, 1_f64.exp())] {
        ///     let why = Lrp::new(Composite::new().activation(rule)).analyze(&net, &array![[1.0]], 0)?;
        ///     assert!((why.values[[0, 0]] - share).abs() < 1e-4);
        /// }
        /// # Ok::<(), xai::Error>(())
        /// ```
        activation: Activation,
        /// The rule of the first convolutions or dense layers.
        first: First,
        /// The rule of the last convolutions or dense layers.
        last: Last,
    }

    /// The rule of what has such a name, or is inside of what has it: `layer4`, or a pattern `layer4.*.conv2`, in which
    /// `*` stands for any text. It counts where it can: [`LrpRule::Pass`] at norms and activations, the rules for
    /// weights at convolutions and dense layers.
    #[must_use]
    pub fn named(self, pattern: impl Into<String>, rule: LrpRule) -> Self {
        self.say(Which::Named(pattern.into()), rule)
    }

    fn say(mut self, which: Which, rule: LrpRule) -> Self {
        self.said.push((which, rule));
        self
    }

    /// z⁺ at convolutions, ε = 1e-6 at dense layers.
    pub fn epsilon_plus() -> Self {
        Composite::new().conv(LrpRule::ZPlus).dense(LrpRule::Epsilon(1e-6))
    }

    /// As [`epsilon_plus`](Composite::epsilon_plus), with the flat rule at the first layer.
    pub fn epsilon_plus_flat() -> Self {
        Composite::epsilon_plus().first(LrpRule::Flat)
    }

    /// α = 2, β = 1 at convolutions, ε = 1e-6 at dense layers.
    pub fn epsilon_alpha2_beta1() -> Self {
        Composite::new().conv(LrpRule::AlphaBeta(2.0, 1.0)).dense(LrpRule::Epsilon(1e-6))
    }

    /// As [`epsilon_alpha2_beta1`](Composite::epsilon_alpha2_beta1), with the flat rule at the first layer.
    pub fn epsilon_alpha2_beta1_flat() -> Self {
        Composite::epsilon_alpha2_beta1().first(LrpRule::Flat)
    }

    /// γ = 0.25 at convolutions, ε = 1e-6 at dense layers, and the z-box of inputs between these bounds at the first
    /// layer: the least and the greatest that a pixel can be after normalisation.
    pub fn epsilon_gamma_box(low: impl Into<Bound>, high: impl Into<Bound>) -> Self {
        let composite = Composite::new().conv(LrpRule::Gamma(0.25)).dense(LrpRule::Epsilon(1e-6));
        composite.first(LrpRule::z_box(low, high))
    }

    /// Excitation backpropagation (Zhang et al. 2016, arXiv:1608.00507): marginal winning probabilities, which are z⁺
    /// without biases; what has one input alone passes all.
    pub fn excitation_backprop() -> Self {
        Composite::new().all(LrpRule::Excitation).norm(LrpRule::Pass).activation(LrpRule::Pass)
    }

    /// What is said of a step, in order.
    pub(super) fn said_of(&self, step: &Described<'_>) -> Vec<usize> {
        let of_it = |(_, (which, rule)): &(usize, &(Which, LrpRule))| step.is(which) && step.kind.takes(rule);
        self.said.iter().enumerate().filter(of_it).map(|(place, _)| place).collect()
    }

    /// Refuses rules that are impossible, and those of what they cannot be of.
    pub(super) fn check(&self) -> Result<()> {
        for (which, rule) in &self.said {
            rule.check()?;
            let kinds = match which {
                Which::Norm | Which::Activation => &[LayerKind::Norm][..],
                Which::Named(_) => &[LayerKind::Norm, LayerKind::Dense],
                Which::All | Which::Conv | Which::Dense | Which::First | Which::Last => &[LayerKind::Dense],
            };
            if !kinds.iter().any(|kind| kind.takes(rule)) {
                return Err(Error::InvalidParameter {
                    name: "rule",
                    value: format!("{rule:?} of {which:?}"),
                    reason: "norms and activations go back by `Zero` or `Pass`, convolutions and dense layers by any \
                             other than `Pass`"
                        .into(),
                });
            }
        }
        Ok(())
    }

    /// Refuses parameters that are not among the numbers of the types at hand: see [`LrpRule::check_fits`].
    pub(super) fn check_fits(&self, largest: f64, of_quotients: f64) -> Result<()> {
        self.said.iter().try_for_each(|(_, rule)| rule.check_fits(largest, of_quotients))
    }

    /// Whether any rule looks at weights.
    pub(super) fn needs_weights(&self) -> bool {
        self.said.iter().any(|(_, rule)| rule.needs_weights())
    }
}

/// A step, as it is asked of a composite.
pub(super) struct Described<'a> {
    pub(super) kind: LayerKind,
    pub(super) path: &'a str,
    pub(super) first: bool,
    pub(super) last: bool,
}

impl Described<'_> {
    fn is(&self, which: &Which) -> bool {
        match which {
            Which::All => self.kind.is_layer(),
            Which::Conv => self.kind == LayerKind::Conv,
            Which::Dense => self.kind == LayerKind::Dense,
            Which::Norm => self.kind == LayerKind::Norm,
            Which::Activation => self.kind == LayerKind::Activation,
            Which::Named(pattern) => is_named(self.path, pattern),
            Which::First => self.kind.is_layer() && self.first,
            Which::Last => self.kind.is_layer() && self.last,
        }
    }
}

/// Whether a pattern is the path, or one of the names that lead to it.
pub(super) fn is_named(path: &str, pattern: &str) -> bool {
    let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
    ends.into_iter().any(|end| matches(&path[..end], pattern))
}

/// Whether a text is what a pattern says, in which `*` stands for any text.
fn matches(text: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(left) = text.strip_prefix(start) else { return false };
    left.char_indices().map(|(at, _)| at).chain([left.len()]).any(|at| matches(&left[at..], rest))
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn names_are_met_whole_by_stars_and_from_outside() {
        for (path, pattern, met) in [
            ("layer4.1.conv2", "layer4.1.conv2", true),
            ("layer4.1.conv2", "layer4", true),
            ("layer4.1.conv2", "layer4.*", true),
            ("layer4.1.conv2", "*.conv2", true),
            ("layer4.1.conv2", "layer*.conv2", true),
            ("layer4.1.conv2", "layer", false),
            ("layer4.1.conv2", "conv2", false),
            ("layer4.1.conv2", "layer4.*.conv1", false),
            ("layer40.conv", "layer4", false),
            ("stem", "*", true),
        ] {
            assert_eq!(is_named(path, pattern), met, "{path} {pattern}");
        }
    }
}
