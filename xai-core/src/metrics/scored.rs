//! What a metric looks at: [`Scored`].

use ndarray::ArrayD;

use super::found::Found;
use crate::explain::{AnyAnalyzer, Call, Kind, Target, Uploaded};
use crate::passes::Reporter;
use crate::{Backend, Differentiable, Error, Result, Selection, Tensor};

/// An explanation, with what it explains.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Axis, array};
/// use xai::metrics::{Better, Metric, Scored, Scores};
/// use xai::nn::Activation;
/// use xai::{Backend, Error, InputTimesGradient, NdArray, Net, Result};
///
/// /// How many times as much the values add up to for twice the input.
/// struct Growth;
/// impl<B: Backend> Metric<B> for Growth {
///     fn name(&self) -> String {
///         "growth".into()
///     }
///     fn better(&self) -> Better {
///         Better::Closer(2.0)
///     }
///     fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
///         let there = on.explain(on.analyzer("growth")?, on.model, &on.input()?.scale(2.0)?)?;
///         let of_row = |row| match on.values.index_axis(Axis(0), row).sum() {
///             0.0 => {
///                 let value = format!("those of sample {}", on.sample(row));
///                 Err(Error::InvalidParameter { name: "values", value, reason: "they add up to nothing".into() })
///             }
///             sum => Ok(there.index_axis(Axis(0), row).sum() / sum),
///         };
///         Ok((0..on.samples()).map(of_row).collect::<Result<Vec<_>>>()?.into())
///     }
/// }
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let scores = Growth.of_analyzer(&net, &array![[3.0, -1.0], [0.5, 2.0]], 0, &InputTimesGradient)?;
/// assert_eq!(scores.values, [2.0, 2.0]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Scored<'a, B: Backend> {
    /// The model.
    pub model: &'a dyn Differentiable<Backend = B>,
    /// The model's inputs, where it lives.
    pub inputs: &'a [Tensor<B>],
    /// For each input, whether it is explained; one is.
    pub explained: &'a [bool],
    /// The explained input's values, batch axis first.
    pub values: ArrayD<f64>,
    pub(super) of_groups: Option<Vec<f64>>,
    /// For each row, which sample of the user's batch it is: what belongs to a sample, as a mask, is found by it.
    pub rows: &'a [usize],
    /// What is explained of the output.
    pub selection: &'a Selection,
    /// What the values mean.
    pub kind: Kind,
    /// The analyzer that found them, unless they come from elsewhere.
    pub analyzer: Option<&'a dyn AnyAnalyzer<B>>,
    /// Asked after each pass, where this is a part of other work.
    pub(super) whole: Reporter,
}

impl<B: Backend> std::fmt::Debug for Scored<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scored").field("values", &self.values.shape()).finish_non_exhaustive()
    }
}

impl<'a, B: Backend> Scored<'a, B> {
    /// The number of samples.
    pub fn samples(&self) -> usize {
        self.values.shape().first().copied().unwrap_or(0)
    }

    /// What each sample's values add up to. Where numbers are explained in groups
    /// ([`Extras::feature_values`](crate::Extras::feature_values)) each of them has its group's value, which counts
    /// once.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Better, Metric, Scored, Scores};
    /// use xai::nn::{Linear, Sequential};
    /// use xai::{Backend, ExactShapley, Features, NdArray, Result, Tensor};
    ///
    /// struct Sum;
    /// impl<B: Backend> Metric<B> for Sum {
    ///     # fn name(&self) -> String {
    ///     #     "sum".into()
    ///     # }
    ///     # fn better(&self) -> Better {
    ///     #     Better::Higher
    ///     # }
    ///     fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
    ///         Ok(on.sums().into())
    ///     }
    /// }
    ///
    /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 4.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push(Linear::new(weight, None)?);
    /// // The values are 3, 3 and 4.
    /// let groups = ExactShapley::new().features(Features::groups([0..2]));
    /// assert_eq!(Sum.of_analyzer(&net, &array![[1.0, 1.0, 1.0]], 0, &groups)?.values, [7.0]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn sums(&self) -> Vec<f64> {
        match &self.of_groups {
            Some(sums) => sums.clone(),
            None => self.values.outer_iter().map(|row| row.sum()).collect(),
        }
    }

    /// Which sample of the user's batch a row is: for messages, and for what belongs to a sample.
    pub fn sample(&self, row: usize) -> usize {
        self.rows.get(row).copied().unwrap_or(row)
    }

    /// The explained input.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when none is.
    pub fn input(&self) -> Result<&'a Tensor<B>> {
        let explained = self.inputs.iter().zip(self.explained).find(|(_, explained)| **explained);
        explained.map(|(input, _)| input).ok_or_else(|| Error::InvalidParameter {
            name: "input",
            value: "none".into(),
            reason: "one must be explained".into(),
        })
    }

    /// The inputs, with another one in the explained one's place.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Better, Metric, Scored, Scores};
    /// use xai::{Backend, Differentiable, Element, Given, Gradient, NdArray, Result, Tensor, Var};
    ///
    /// /// What is left of the first output with half of the explained input.
    /// struct OfHalf;
    /// impl<B: Backend> Metric<B> for OfHalf {
    ///     # fn name(&self) -> String {
    ///     #     "output of half the input".into()
    ///     # }
    ///     # fn better(&self) -> Better {
    ///     #     Better::Lower
    ///     # }
    ///     fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
    ///         let inputs = on.inputs_with(&on.input()?.scale(0.5)?);
    ///         let shapes: Vec<Vec<usize>> = inputs.iter().map(Tensor::shape).collect();
    ///         let output = on.model.graph(&shapes)?.forward(&inputs)?.download()?;
    ///         Ok(output.outer_iter().map(|row| row[[0]].as_f64()).collect::<Vec<_>>().into())
    ///     }
    /// }
    ///
    /// struct Product;
    /// impl Differentiable for Product {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(&x[0] * &x[1])
    ///     }
    /// }
    /// let scores = OfHalf.of_analyzer(&Product, (&array![[3.0]], Given(&array![[4.0]])), 0, &Gradient)?;
    /// assert_eq!(scores.values, [1.5 * 4.0]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn inputs_with(&self, input: &Tensor<B>) -> Vec<Tensor<B>> {
        let other = |(old, explained): (&Tensor<B>, &bool)| if *explained { input.clone() } else { old.clone() };
        self.inputs.iter().zip(self.explained).map(other).collect()
    }

    /// The analyzer.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the values come from elsewhere.
    pub fn analyzer(&self, metric: &str) -> Result<&'a dyn AnyAnalyzer<B>> {
        self.analyzer.ok_or_else(|| Error::Unsupported {
            analyzer: metric.into(),
            reason: "it explains anew, so it needs the analyzer: call `of_analyzer`".into(),
        })
    }

    /// The values that an analyzer finds for another input, or another model, of the same output.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for values that are not finite, and the analyzer's and the model's own.
    pub fn explain(
        &self,
        analyzer: &dyn AnyAnalyzer<B>,
        model: &dyn Differentiable<Backend = B>,
        input: &Tensor<B>,
    ) -> Result<ArrayD<f64>> {
        let inputs = self.inputs_with(input);
        let target = Target::Chosen(self.selection);
        let call = Call { inputs: &inputs, explained: self.explained, target, samples: self.rows };
        Ok(Found::of(&analyzer.attribute(model, &call)?)?.values)
    }
}

/// What is looked at, checked: the values have a row for each sample.
pub(super) fn scored<'a, B: Backend>(
    model: &'a dyn Differentiable<Backend = B>,
    uploaded: &'a Uploaded<B>,
    found: Found,
    selection: &'a Selection,
    kind: Kind,
    analyzer: Option<&'a dyn AnyAnalyzer<B>>,
) -> Result<Scored<'a, B>> {
    let (samples, Found { values, of_groups }) = (uploaded.samples().len(), found);
    if values.shape().first() != Some(&samples) || selection.samples() != samples {
        return Err(Error::InvalidShape {
            what: "values".into(),
            got: values.shape().to_vec(),
            reason: format!("they explain other inputs than these {samples} sample(s)"),
        });
    }
    let (inputs, explained) = (uploaded.inputs(), uploaded.explained());
    let rows = uploaded.samples();
    let whole = Reporter::default();
    Ok(Scored { model, inputs, explained, values, of_groups, rows, selection, kind, analyzer, whole })
}
