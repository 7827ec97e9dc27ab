//! Attention as it is, and rolled out over the layers.

use super::attention_matrices::{Heads, Matrices, Which, identity, matrix_builders};
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind};
use crate::{Backend, Differentiable, Element, Error, Result, Tensor};

/// Attention rollout: what each token is made of, through all layers of self-attention, Â_L · ... · Â₁ with
/// Â = (A + 1) / its rows' sums, where A is the mean over a layer's heads, and 1 stands for the shortcut around it.
///
/// Values are (B, T, T): row i holds the shares of the input's tokens in token i, which add up to 1; or one row of
/// them ([`of_token`](AttentionRollout::of_token), [`grid`](AttentionRollout::grid)). The same for every output. Costs
/// one forward pass, and needs no gradient. Matrices may be at places that something bypasses, as they are in
/// self-attention.
///
/// With [`discard`](AttentionRollout::discard), the lowest attention of each layer is left out: many small numbers,
/// through many layers, make a blur of what a few large ones say.
///
/// Errors: [`Error::UnknownPlace`](crate::Error::UnknownPlace);
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when the model has no matrices, they are named out of
/// order, and for a token, a grid or a share that does not fit;
/// [`Error::InvalidShape`](crate::Error::InvalidShape) for what is no matrix of tokens by tokens; and those of values
/// with another number of axes than the input (then give `input.into_dyn()`).
///
/// Reference: Abnar, Zuidema (2020), *Quantifying Attention Flow in Transformers*, arXiv:2005.00928.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Flatten, Sequential, Softmax};
/// use xai::{Analyzer, AttentionRollout, Heads, NdArray};
///
/// // Two heads over two tokens: by the first each looks at both alike, by the second at itself alone.
/// let net = Sequential::<NdArray<f64>>::new().push_named("attention", Softmax::new(3)).push(Flatten::default());
/// let scores = array![[[[0.0, 0.0], [0.0, 0.0]], [[0.0, -1000.0], [-1000.0, 0.0]]]].into_dyn();
/// let rollout = AttentionRollout::new().at_all(["attention"]);
/// // The mean of the heads is 3/4 and 1/4, and with the shortcut half of that is the token itself.
/// let why = rollout.analyze(&net, &scores, 0)?;
/// assert_eq!(why.values, array![[[0.875, 0.125], [0.125, 0.875]]].into_dyn());
/// // The greatest of the heads is 1 and 1/2: of the sums with the shortcut, 2 and 1/2, the rows' shares.
/// let why = rollout.heads(Heads::Max).analyze(&net, &scores, 0)?;
/// assert_eq!(why.values, array![[[0.8, 0.2], [0.2, 0.8]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[doc(alias("rollout"))]
pub struct AttentionRollout {
    matrices: Matrices,
    heads: Heads,
    discard: f64,
}

/// The attention of one layer as it is: the mean of its heads, (B, T, T), or one row of it.
///
/// Attention tells where a layer looked, not what that did to the output. The same for every output; one forward pass.
/// All heads by themselves: `UpTo::new(&model, "layer.weights").predict(..)`, see [`UpTo`](crate::UpTo). Errors: those
/// of [`AttentionRollout`].
///
/// Reference: Vaswani et al. (2017), *Attention Is All You Need*, arXiv:1706.03762.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Flatten, Sequential, Softmax};
/// use xai::{Analyzer, Heads, NdArray, RawAttention};
///
/// // Two heads over two tokens: by the first each looks at both alike, by the second at itself alone.
/// let net = Sequential::<NdArray<f64>>::new().push_named("attention", Softmax::new(3)).push(Flatten::default());
/// let scores = array![[[[0.0, 0.0], [0.0, 0.0]], [[0.0, -1000.0], [-1000.0, 0.0]]]].into_dyn();
/// let why = RawAttention::at("attention").analyze(&net, &scores, 0)?;
/// assert_eq!(why.values, array![[[0.75, 0.25], [0.25, 0.75]]].into_dyn());
/// // It is the last matrix of the model too. Of each number, the head that has least of it:
/// let why = RawAttention::last().heads(Heads::Min).analyze(&net, &scores, 0)?;
/// assert_eq!(why.values, array![[[0.5, 0.0], [0.0, 0.5]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias("attention weights"))]
pub struct RawAttention {
    matrices: Matrices,
    heads: Heads,
}

impl AttentionRollout {
    /// Over all attention matrices of the model.
    pub fn new() -> Self {
        Self::default()
    }

    matrix_builders!();

    /// How a layer's heads become one: by their mean, unless set.
    #[must_use]
    pub fn heads(mut self, heads: Heads) -> Self {
        self.heads = heads;
        self
    }

    /// Leaves out this share of each layer's attention, the lowest: 0 unless set, and below 1; often 0.9.
    ///
    /// Of a sample's matrix, once its heads are one, the numbers below the one at place ⌊share · T²⌋ in rising order
    /// (from 0) become 0, before the shortcut is added. Numbers that are equal stay or go together. On the host.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Flatten, Sequential, Softmax};
    /// use xai::{Analyzer, AttentionRollout, NdArray};
    ///
    /// // Two tokens, each of which has 4/5 of its attention on itself: the lower half of the numbers is 1/5 and 1/5.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("attention", Softmax::new(3)).push(Flatten::default());
    /// let scores = array![[[[4.0_f64.ln(), 0.0], [0.0, 4.0_f64.ln()]]]].into_dyn();
    /// let rollout = AttentionRollout::new().at_all(["attention"]).discard(0.5);
    /// assert_eq!(rollout.analyze(&net, &scores, 0)?.values, array![[[1.0, 0.0], [0.0, 1.0]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    #[doc(alias("discard_ratio"))]
    pub fn discard(mut self, share: f64) -> Self {
        self.discard = share;
        self
    }
}

/// Without the lowest numbers of each sample's matrix (B, T, T).
fn without_lowest<B: Backend>(matrix: &Tensor<B>, share: f64) -> Result<Tensor<B>> {
    let mut numbers = matrix.download()?;
    for mut of_sample in numbers.outer_iter_mut() {
        let mut all: Vec<f64> = of_sample.iter().map(|number| number.as_f64()).collect();
        // A share of exactly so many is not to fail by a rounding.
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let left_out = (share * all.len() as f64 + 1e-9) as usize;
        if left_out >= all.len() {
            continue;
        }
        let least = *all.select_nth_unstable_by(left_out, f64::total_cmp).1;
        of_sample.mapv_inplace(|number| if number.as_f64() < least { B::Elem::of(0.0) } else { number });
    }
    Tensor::upload(numbers.view(), &matrix.placement())
}

impl RawAttention {
    /// Of the matrix (B, heads, T, T) at a named place.
    pub fn at(place: impl Into<String>) -> Self {
        RawAttention::last().at_all([place])
    }

    /// Of the last matrix that the model has.
    pub fn last() -> Self {
        let matrices = Matrices { which: Which::Last, ..Matrices::default() };
        RawAttention { matrices, heads: Heads::Mean }
    }

    matrix_builders!();

    /// How the heads become one: by their mean, unless set.
    #[must_use]
    pub fn heads(mut self, heads: Heads) -> Self {
        self.heads = heads;
        self
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for AttentionRollout {
    fn name(&self) -> String {
        self.matrices.title("AttentionRollout")
    }

    fn kind(&self) -> Kind {
        Kind::Cam
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        if !(0.0..1.0).contains(&self.discard) {
            let (value, reason) = (self.discard.to_string(), "it must be a share of at least 0, below 1".into());
            return Err(Error::InvalidParameter { name: "discard", value, reason });
        }
        self.matrices.check("AttentionRollout", model, inputs, false)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let kept = self.matrices.graph(model, call)?.forward_kept(call.inputs)?;
        self.matrices.check_kept(&kept)?;
        let selection = call.target.settle_for(call.inputs, &kept.output)?;
        let mut rolled = None;
        for matrix in &kept.values {
            let fused = self.heads.fused(matrix)?;
            let fused = if self.discard > 0.0 { without_lowest(&fused, self.discard)? } else { fused };
            let with_shortcut = fused.add(&identity(&fused)?)?;
            let layer = with_shortcut.div(&with_shortcut.sum(&[2])?)?;
            rolled = Some(match rolled {
                Some(before) => layer.matmul(&before)?,
                None => layer,
            });
        }
        let rolled = rolled.ok_or_else(nothing)?;
        let values = vec![self.matrices.shown(&rolled)?];
        Ok(Attribution { values, output: kept.output, selection, extras: Extras::default() })
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for RawAttention {
    fn name(&self) -> String {
        self.matrices.title("RawAttention")
    }

    fn kind(&self) -> Kind {
        Kind::Cam
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        if let Which::Named(places) = &self.matrices.which
            && places.len() > 1
        {
            let (value, reason) = (format!("{places:?}"), "attention as it is, is that of one matrix".into());
            return Err(Error::InvalidParameter { name: "places", value, reason });
        }
        self.matrices.check("RawAttention", model, inputs, false)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let kept = self.matrices.graph(model, call)?.forward_kept(call.inputs)?;
        self.matrices.check_kept(&kept)?;
        let selection = call.target.settle_for(call.inputs, &kept.output)?;
        let matrix = self.heads.fused(kept.values.first().ok_or_else(nothing)?)?;
        let values = vec![self.matrices.shown(&matrix)?];
        Ok(Attribution { values, output: kept.output, selection, extras: Extras::default() })
    }
}

fn nothing() -> Error {
    Error::InvalidParameter { name: "places", value: "[]".into(), reason: "at least one must be named".into() }
}
