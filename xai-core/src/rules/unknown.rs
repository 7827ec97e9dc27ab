//! What is done where rules know no way.

/// What rules do at a step for which they have no way back.
///
/// ```
/// # use xai_core as xai;
/// use xai::rules::Unknown;
/// use xai::{DeepLift, GuidedBackprop};
///
/// // Code that nobody can look into goes back by its gradient, instead of being refused.
/// let guided = GuidedBackprop::new().unknown(Unknown::Gradient);
/// let shares = DeepLift::new().unknown(Unknown::Gradient);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unknown {
    /// The model is refused before any pass, by the layer's name.
    #[default]
    Refuse,
    /// The step goes back by its gradient. What comes of it is no longer what the method promises. Relevance of a model
    /// that ends in probabilities is refused all the same: that end is no step without a rule, but the wrong output.
    Gradient,
}
