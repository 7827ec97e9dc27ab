//! Relevance through attention, by its gradient.

use super::attention_matrices::{Heads, Matrices, identity, matrix_builders};
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind};
use crate::{Differentiable, Error, Result};

/// Relevance through self-attention after Chefer et al.: R ← R + Ā · R layer by layer, from R = 1, with
/// Ā = mean over the heads of relu(∂yₜ/∂A · A), element by element.
///
/// Values are (B, T, T): row i holds the relevance of the input's tokens for token i, its own among them; or one row
/// of them ([`of_token`](AttentionRelevance::of_token), [`grid`](AttentionRelevance::grid)), the class token's mostly.
/// They differ from output to output. Costs one forward pass, and one way back to the first matrix, whose gradients
/// are all of that one. Matrices may be at places that something bypasses, as they are in self-attention.
///
/// It shows which tokens attention brought to the output, one class from another, as [`RawAttention`] and
/// [`AttentionRollout`] cannot. What is done to a token by itself, by values, dense layers and norms, counts as nothing
/// but a shortcut, and what speaks against the output is cut off. So rows are in no units, and add up to no output; and
/// by R = 1 at the start each token has most from itself: compare the others.
///
/// [`RawAttention`]: crate::RawAttention
/// [`AttentionRollout`]: crate::AttentionRollout
///
/// Errors: those of [`AttentionRollout`](crate::AttentionRollout), and
/// [`Error::NotDifferentiable`](crate::Error::NotDifferentiable).
///
/// Reference: Chefer, Gur, Wolf (2021), *Generic Attention-model Explainability for Interpreting Bi-Modal and
/// Encoder-Decoder Transformers*, arXiv:2103.15679.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::Array4;
/// use xai::nn::{Flatten, Sequential, Softmax};
/// use xai::{Analyzer, AttentionRelevance, NdArray};
///
/// // Two heads over three tokens: what is at the place `attention` is such a matrix.
/// let net = Sequential::<NdArray<f64>>::new().push_named("attention", Softmax::new(3)).push(Flatten::default());
/// let scores = Array4::from_shape_fn((1, 2, 3, 3), |(_, head, i, j)| (head + i * j) as f64 * 0.3);
/// let why = AttentionRelevance::new().at_all(["attention"]).analyze(&net, &scores.into_dyn(), 0)?;
/// assert_eq!(why.values.shape()[0], 1);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[doc(alias("transformer-explainability"))]
pub struct AttentionRelevance {
    matrices: Matrices,
}

impl AttentionRelevance {
    /// Over all attention matrices of the model.
    pub fn new() -> Self {
        Self::default()
    }

    matrix_builders!();
}

impl<M: Differentiable + ?Sized> Analyzer<M> for AttentionRelevance {
    fn name(&self) -> String {
        self.matrices.title("AttentionRelevance")
    }

    fn kind(&self) -> Kind {
        Kind::Cam
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.matrices.check("AttentionRelevance", model, inputs, true)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let (kept, pullback) = self.matrices.graph(model, call)?.vjp_kept(call.inputs)?;
        self.matrices.check_kept(&kept)?;
        let selection = call.target.settle_for(call.inputs, &kept.output)?;
        let gradients = pullback.pull_all(&selection.cotangent(&kept.output)?)?;
        let mut relevance = None;
        for (matrix, gradient) in kept.values.iter().zip(gradients) {
            let gradient = gradient.ok_or_else(|| Error::Detached {
                at: "what is behind an attention matrix".into(),
                causes: "a step without a gradient, as a comparison or whole numbers, lies on every way to it".into(),
            })?;
            let layer = Heads::Mean.fused(&gradient.widen()?.mul(&matrix.widen()?)?.relu()?)?;
            let before = match relevance {
                Some(before) => before,
                None => identity(&layer)?,
            };
            relevance = Some(before.add(&layer.matmul(&before)?)?);
        }
        let relevance = relevance.ok_or_else(|| Error::InvalidParameter {
            name: "places",
            value: "[]".into(),
            reason: "at least one must be named".into(),
        })?;
        let values = vec![self.matrices.shown(&relevance)?];
        Ok(Attribution { values, output: kept.output, selection, extras: Extras::default() })
    }
}
