//! What the methods of other libraries are called here.

use ndarray::{ArrayD, Axis};
use xai::metrics::{Entropy, FaithfulnessEstimate, Gini, Metric};
use xai::{
    Analyzer, Backend, BoxModel, Element, Error, ExactShapley, Explanation, FeatureAblation, KernelShap, Occlusion,
    Owen, PerSample, Result, RiseEstimate,
};

use super::{ForwardCase, settings};

/// What this library says where a peer said `method`, which has the peer's name in front.
///
/// Captum spreads values over the input; the others tell one for each feature. Metrics have one for each sample.
///
/// # Errors
/// [`Error::InvalidParameter`] for a method that has no counterpart, and the analyzers' and the network's own.
pub fn counterpart<B: Backend>(
    method: &str,
    case: &ForwardCase,
    network: &BoxModel<'static, B>,
) -> Result<ArrayD<f64>> {
    let on = On { case, network };
    let (features, one, all) = (case.features(), case.one(), case.all());
    let ablation = FeatureAblation::new().features(features.clone()).fill(one.clone());
    let (peer, name) = method.split_once('.').unwrap_or((method, ""));
    if let Some(windows) = name.strip_prefix("occlusion.") {
        let (size, stride) = windows.split_once('.').unwrap_or((windows, windows));
        return on.map(&Occlusion::new(sides(method, size)?).stride(sides(method, stride)?).fill(one));
    }
    match (peer, name) {
        ("captum", "feature_ablation") => on.map(&ablation),
        ("captum", "feature_ablation.groups") => on.map(&ablation.features(case.groups()?)),
        ("captum", "shapley_values.groups") => on.map(&ExactShapley::new().features(case.groups()?).fill(one)),
        ("captum", "kernel_shap.groups") => on.map(&KernelShap::new().features(case.groups()?).fill(one)),
        ("captum", "shapley_value_sampling") => on.map(&settings::orders().features(features).fill(one)),
        ("captum", "lime") => on.map(&settings::lime().features(features).fill(one)),
        ("captum", "infidelity") => on.metric(&settings::sets().features(features).fill(one), &ablation),
        ("captum", "infidelity.normalize") => {
            on.metric(&settings::sets().scaled(true).features(features).fill(one), &ablation)
        }
        ("captum", "sensitivity_max") => on.metric(&settings::neighbours(), &ablation),
        ("sklearn", "ridge") => on.of_features(&settings::lime().features(features).fill(one)),
        ("shap", "exact") => on.of_features(&ExactShapley::new().features(features).fill(all)),
        ("shap", "kernel") => on.of_features(&KernelShap::new().features(features).fill(all)),
        ("shap", "permutation") => on.of_features(&settings::orders().features(features).fill(all)),
        ("shap", "partition" | "exact.partition") => {
            on.of_features(&Owen::new().tree(case.tree()).n(100_000).features(features).fill(all))
        }
        ("quantus", "complexity") => on.metric(&Entropy, &ablation),
        ("quantus", "sparseness") => on.metric(&Gini, &ablation),
        // Without a column it is 0, whatever stood for it in the explanation.
        ("quantus", "faithfulness_estimate") => on.metric(&FaithfulnessEstimate::new(), &ablation),
        ("formula", "rise.slope") => on.of_features(&settings::rise(RiseEstimate::Slope)),
        ("formula", "rise.mean") => on.of_features(&settings::rise(RiseEstimate::Mean)),
        ("formula", "rise.published") => on.of_features(&settings::rise(RiseEstimate::Published)),
        _ => Err(no_counterpart(method)),
    }
}

struct On<'a, B: Backend> {
    case: &'a ForwardCase,
    network: &'a BoxModel<'static, B>,
}

impl<B: Backend> On<'_, B> {
    fn explain(&self, by: &dyn Analyzer<BoxModel<'static, B>>) -> Result<Explanation<B::Elem, ndarray::IxDyn>> {
        Analyzer::analyze(&by, self.network, &self.case.input::<B::Elem>(), PerSample(self.case.target.clone()))
    }

    /// The values, in the input's shape.
    fn map(&self, by: &dyn Analyzer<BoxModel<'static, B>>) -> Result<ArrayD<f64>> {
        Ok(self.explain(by)?.values.mapv(Element::as_f64))
    }

    /// The values of the features: (samples, features).
    fn of_features(&self, by: &dyn Analyzer<BoxModel<'static, B>>) -> Result<ArrayD<f64>> {
        let rows = self.explain(by)?.extras.feature_values.unwrap_or_default();
        let rows: Vec<_> = rows.into_iter().map(ndarray::Array1::from).collect();
        let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
        let stacked = ndarray::stack(Axis(0), &views).map_err(|e| Error::backend("ndarray", e))?;
        Ok(stacked.into_dyn())
    }

    fn metric(&self, metric: &impl Metric<B>, by: &FeatureAblation) -> Result<ArrayD<f64>> {
        let (input, target) = (self.case.input::<B::Elem>(), PerSample(self.case.target.clone()));
        let scores = metric.of_analyzer(self.network, &input, target, by)?;
        Ok(ndarray::Array1::from(scores.values).into_dyn())
    }
}

/// `5x4` in numbers.
fn sides(method: &str, words: &str) -> Result<Vec<usize>> {
    words.split('x').map(|side| side.parse().map_err(|_| no_counterpart(method))).collect()
}

fn no_counterpart(method: &str) -> Error {
    Error::InvalidParameter {
        name: "method",
        value: method.to_owned(),
        reason: "it has no counterpart: add it here".into(),
    }
}
