//! Layer-wise relevance propagation.

use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind, Selection, pulled};
use crate::rules::{Composite, Condition, Relevance, Unknown};
use crate::{Backend, Differentiable, Element, Error, Graph, Result, Tensor};

/// Layer-wise relevance propagation: the selected output's value goes back layer by layer, and each layer hands on to
/// its inputs what their contributions to it were, by the [rule](crate::rules::LrpRule) that a [`Composite`] has for
/// it.
///
/// Values have the input's shape, in output units, signed. The explanation carries how much relevance arrived, Σ R,
/// and how much was kept on the way, y - Σ R: by biases, for which y is not the input's alone, by stabilisers, by
/// inputs that are not explained, and by steps that do not conserve, as a softmax by its gradient. The
/// [extra](crate::Extras::relevance_kept) has the whole list.
///
/// What the rules are is with [`LrpRule`](crate::rules::LrpRule). Between layers with weights:
/// - sums, concatenations, poolings, products with what does not vary: each part by its share of the value. So
///   residual networks need nothing of their own. A maximum hands on to the greatest, overlapping windows add up.
/// - activations: (f(z) - f(0)) / z times what comes back; what f(0) gave is kept, as a bias.
/// - batch norm behind a convolution, in the order in which they run, is part of it. By itself, as before a
///   convolution, it is a layer by LRP-0: its shift keeps its share. One that is written as `y * s + t` by constants
///   for each channel is no batch norm, and by itself wherever it stands.
/// - layer, group and RMS norm: as if the deviation were constant. Attention after AttnLRP (Achtibat et al. 2024,
///   arXiv:2402.05602): softmax by its gradient, products of two values by halves; divisors are held constant.
///
/// It shows of which contributions the output's value is made, as the rules have it: another composite is another
/// explanation, and none says what the output would be without an input. On rectifier networks LRP-0 is input times
/// gradient. Z⁺ at every layer hardly shows what the last layers have learned, nor one class from another, since a
/// product of many matrices without negative numbers has nearly rank one (Sixt et al. 2020, arXiv:1912.09818): that is
/// what ε at the dense layers is for.
///
/// Cost: one pass; in bare gradients on libtorch LRP-ε about 1.5, z⁺ and γ 2 to 3, αβ 3 to 4. Default:
/// [`Composite::epsilon_plus`], stabilised by 1e-6.
///
/// Errors: [`Error::NoRule`], with the layer's name and before any pass, for what has no rule, as code that nobody can
/// look into, and, whatever [`unknown`](Lrp::unknown) says, for a model that ends in probabilities or their logarithms:
/// explain the logit. Met are those of a softmax or a (hard) sigmoid, also written by hand, and behind it moved,
/// scaled, taken from 1, raised to a power, multiplied with each other, averaged or pooled over places, shared out
/// again (p / Σp) and joined; of a softmax also sums, differences and what is shifted. Not met, for regressions end in
/// them too, are sums, differences and means of sigmoid units, and a sigmoid of another range, as 10 σ - 5; nor are
/// probabilities that are weighed by several constants, or computed by other functions.
/// [`Error::UnknownPlace`] for a name in the composite that is nothing's; [`Error::InvalidParameter`] for impossible
/// rules.
///
/// References: Bach et al. (2015), *On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise
/// Relevance Propagation*, PLOS ONE; Montavon et al. (2019), *Layer-Wise Relevance Propagation: An Overview*.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::rules::{Composite, LrpRule};
/// use xai::{Analyzer, Index, Lrp, NdArray, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[2.0, -1.0, 1.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Linear::new(weight, None)?).push(Activation::Relu);
/// let x = array![[1.0, 1.0, 1.0]];
/// let why = Lrp::new(Composite::new().all(LrpRule::ZPlus)).stabilizer(1e-12).analyze(&net, &x, Index(0))?;
/// // y = 2, of which the first input has two thirds, and the third one.
/// assert!((why.values - array![[4.0 / 3.0, 0.0, 2.0 / 3.0]]).iter().all(|gap: &f64| gap.abs() < 1e-9));
/// assert!(why.extras.relevance_kept.unwrap()[0].abs() < 1e-9);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[doc(alias("LayerwiseRelevancePropagation", "LayerLRP", "zennit"))]
#[doc(alias("LRPZ", "LRPEpsilon", "LRPAlpha2Beta1", "deep_taylor"))]
pub struct Lrp {
    composite: Composite,
    stabilizer: f64,
    unknown: Unknown,
}

impl Lrp {
    /// By the rules of a composite.
    pub fn new(composite: Composite) -> Self {
        Lrp { composite, stabilizer: 1e-6, unknown: Unknown::Refuse }
    }

    /// The ε that is added, with its sign, to the denominators of all rules but [`LrpRule::Epsilon`], which has its
    /// own: 1e-6 unless set. Pools share out exactly, without one. It is absolute: for outputs that are small
    /// everywhere, take a smaller one.
    ///
    /// [`LrpRule::Epsilon`]: crate::rules::LrpRule::Epsilon
    #[must_use]
    pub fn stabilizer(self, stabilizer: f64) -> Self {
        Lrp { stabilizer, ..self }
    }

    /// What is done at steps without a rule. A model that ends in probabilities is refused whatever is said here.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn, array};
    /// use xai::rules::Unknown;
    /// use xai::{Analyzer, Function, Lrp, NdArray};
    ///
    /// // A gradient by hand: nobody can look into it.
    /// type T = ArcArray<f64, IxDyn>;
    /// let net = Function::<NdArray<f64>, _, _>::new(|x: &T| x * 2.0, |_: &T, v: &T| v * 2.0);
    /// assert!(Lrp::default().analyze(&net, &array![[3.0]], 0).is_err());
    /// let why = Lrp::default().unknown(Unknown::Gradient).analyze(&net, &array![[3.0]], 0)?;
    /// assert_eq!(why.values, array![[6.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        Lrp { unknown, ..self }
    }

    pub(super) fn rules<B: Backend>(
        &self,
        name: &'static str,
        graph: &Graph<'_, B>,
        explained: &[bool],
        conditions: &[Condition],
    ) -> Result<Relevance> {
        if !(self.stabilizer.is_finite() && self.stabilizer > 0.0) {
            let (value, reason) = (self.stabilizer.to_string(), "it must be above 0".into());
            return Err(Error::InvalidParameter { name: "stabilizer", value, reason });
        }
        let composite = (&self.composite, self.stabilizer);
        let rules = Relevance::new(name, graph, explained, composite, conditions, self.unknown)?;
        graph.check(Some(&rules), explained)?;
        Ok(rules)
    }

    /// Relevance of the selected output, which starts with `start` of it: its value, unless it is said otherwise.
    pub(super) fn relevance<M: Differentiable + ?Sized>(
        &self,
        name: &'static str,
        model: &M,
        call: &Call<'_, M::Backend>,
        conditions: &[Condition],
        start: impl FnOnce(&Selection, &Tensor<M::Backend>) -> Result<Tensor<M::Backend>>,
    ) -> Result<Attribution<M::Backend>> {
        // With what is made of the output, as probabilities.
        let graph = call.graph(model)?;
        let rules = self.rules(name, &graph, call.explained, conditions)?;
        let (output, pullback) = graph.vjp(call.inputs, call.explained, Some(&rules))?;
        let selection = call.target.settle_for(call.inputs, &output)?;
        let multiplier = start(&selection, &output)?;
        let given = output.widen()?.mul(&multiplier.widen()?)?;
        let parts = pulled(&pullback, &multiplier, call.explained)?;
        let inputs = call.inputs.iter().zip(call.explained).enumerate().filter(|(_, (_, explained))| **explained);
        let relevance = |(part, (input, (x, _))): (Tensor<M::Backend>, (usize, (&Tensor<M::Backend>, &bool)))| {
            if rules.is_relevance(input) { Ok(part) } else { part.widen()?.mul(&x.widen()?) }
        };
        let values = parts.into_iter().zip(inputs).map(relevance).collect::<Result<Vec<_>>>()?;
        let mut arrived = vec![0.0; call.rows()];
        for values in &values {
            arrived.iter_mut().zip(sums(values)?).for_each(|(arrived, sum)| *arrived += sum);
        }
        let kept = sums(&given)?.iter().zip(&arrived).map(|(given, arrived)| given - arrived).collect();
        let extras = Extras { relevance_arrived: Some(arrived), relevance_kept: Some(kept), ..Extras::default() };
        Ok(Attribution { values, output, selection, extras })
    }
}

/// The sum of each sample's numbers.
fn sums<B: Backend>(t: &Tensor<B>) -> Result<Vec<f64>> {
    let axes: Vec<usize> = (1..t.shape().len()).collect();
    Ok(t.widen()?.sum(&axes)?.download()?.iter().map(|sum| sum.as_f64()).collect())
}

impl Default for Lrp {
    fn default() -> Self {
        Lrp::new(Composite::epsilon_plus())
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for Lrp {
    fn name(&self) -> String {
        "Lrp".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.rules("Lrp", &model.graph(inputs.shapes)?, inputs.explained, &[]).map(|_| ())
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.relevance("Lrp", model, call, &[], Selection::cotangent)
    }
}
