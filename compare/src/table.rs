//! The differences as a Markdown table, and which are too large.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::case::Case;
use crate::difference::Difference;
use crate::frameworks::Differences;

/// A framework in a precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Run {
    LibTorchSingle,
    CandleSingle,
    LibTorchDouble,
    CandleDouble,
}

impl Run {
    /// All, in the order of the columns.
    pub(crate) const ALL: [Run; 4] = [Run::LibTorchSingle, Run::CandleSingle, Run::LibTorchDouble, Run::CandleDouble];

    /// What Captum computed in, too.
    pub(crate) fn precision(self) -> &'static str {
        match self {
            Run::LibTorchSingle | Run::CandleSingle => "f32",
            Run::LibTorchDouble | Run::CandleDouble => "f64",
        }
    }

    /// The column's title.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Run::LibTorchSingle => "libtorch f32",
            Run::CandleSingle => "candle f32",
            Run::LibTorchDouble => "libtorch f64",
            Run::CandleDouble => "candle f64",
        }
    }

    /// The greatest relative difference that is allowed.
    ///
    /// In single precision candle rounds otherwise than PyTorch does, and at a kink of a relu a rounding error decides
    /// on a gradient. Captum's own weights of a path are rounded to 32 bits.
    fn bound(self, method: &str) -> f64 {
        match self {
            Run::LibTorchSingle => 1e-4,
            Run::CandleSingle if method.contains("grad_cam") || method == "output" => 1e-4,
            Run::CandleSingle => 1e-2,
            Run::LibTorchDouble | Run::CandleDouble => 1e-6,
        }
    }
}

/// The differences of one network.
#[derive(Debug)]
pub(crate) struct Table {
    /// How far Captum in f32 is from Captum in f64.
    rounding: BTreeMap<String, Difference>,
    runs: BTreeMap<Run, BTreeMap<String, Difference>>,
}

impl Table {
    pub(crate) fn new(case: &Case) -> Self {
        let exact: BTreeMap<_, _> = case.captum("f64").collect();
        let rounding = case.captum("f32").filter_map(|(method, values)| {
            let difference = Difference::between(values, exact.get(method)?);
            Some((method.to_owned(), difference))
        });
        Table { rounding: rounding.collect(), runs: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, run: Run, differences: Differences) {
        self.runs.insert(run, differences.into_iter().collect());
    }

    /// The table's first two lines.
    pub(crate) fn head() -> String {
        let titles: Vec<&str> = Run::ALL.iter().map(|run| run.title()).collect();
        let titles = titles.join(" | ");
        let rule = "---|".repeat(Run::ALL.len() + 5);
        format!(
            "| network | Captum | xai | {titles} | Captum f32 to f64 | 99 % of candle f32's squared difference in \
             |\n|{rule}"
        )
    }

    /// A line for each method.
    pub(crate) fn rows(&self, network: &str) -> String {
        let mut lines = String::new();
        for method in METHODS.iter().flat_map(|(prefix, xai)| self.methods(prefix).map(move |method| (method, xai))) {
            let (method, xai) = method;
            let cell = |difference: Option<&Difference>| {
                difference.map_or_else(|| "-".to_owned(), |difference| format!("{:.1e}", difference.relative))
            };
            let of = |run: Run| self.runs.get(&run)?.get(method);
            let cells: Vec<String> = Run::ALL.into_iter().map(|run| cell(of(run))).collect();
            let held =
                of(Run::CandleSingle).map_or_else(|| "-".to_owned(), |d| format!("{} of {}", d.holders, d.elements));
            let rounding = cell(self.rounding.get(method));
            let cells = cells.join(" | ");
            // Writing to a string does not fail.
            let _ = writeln!(lines, "| {network} | {method} | {xai} | {cells} | {rounding} | {held} |");
        }
        lines
    }

    fn methods<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let run = self.runs.get(&Run::LibTorchSingle);
        run.into_iter().flat_map(BTreeMap::keys).map(String::as_str).filter(move |method| {
            let rest = method.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.is_empty() || prefix.ends_with('.'))
        })
    }

    /// What is above its bound, in words.
    pub(crate) fn failures(&self, network: &str) -> Vec<String> {
        let all = self.runs.iter().flat_map(|(run, methods)| methods.iter().map(move |(name, d)| (*run, name, d)));
        let above = all.filter(|(run, method, difference)| difference.relative > run.bound(method));
        above
            .map(|(run, method, difference)| {
                format!(
                    "{network}, {method}, {}: {:.1e}, allowed is {:.0e}; 99 % of the squared difference is in {} of {} \
                     elements",
                    run.title(),
                    difference.relative,
                    run.bound(method),
                    difference.holders,
                    difference.elements
                )
            })
            .collect()
    }
}

/// Captum's methods, in the table's order, and what they are called here. A prefix that ends with a dot is followed by
/// a layer.
const METHODS: [(&str, &str); 11] = [
    ("output", "output"),
    ("saliency", "Gradient"),
    ("input_x_gradient", "InputTimesGradient"),
    ("saliency_mean", "IntegratedGradients, EndpointMean"),
    ("integrated_gradients.riemann_trapezoid", "IntegratedGradients, Trapezoid, times (n - 1) / n"),
    ("integrated_gradients.riemann_middle", "IntegratedGradients, Midpoint"),
    ("integrated_gradients.gausslegendre", "IntegratedGradients, GaussLegendre"),
    ("noise_tunnel.saliency", "NoiseAugmentation(Gradient)"),
    ("noise_tunnel.integrated_gradients", "NoiseAugmentation(IntegratedGradients, Midpoint)"),
    ("layer_grad_cam.", "GradCam"),
    ("pytorch_grad_cam.", "GradCam"),
];
