//! Which method is most faithful on a model: [`evaluate`].

use std::fmt::Write as _;

use super::metric::{Metric, check_metric};
use super::random_map::RandomMap;
use super::scored::{only_values, scored};
use super::scores::{Better, Scores};
use super::statistics::mean_and_error;
use crate::explain::{AnyAnalyzer, Input, OutputSelector, Target, Uploaded};
use crate::{Backend, Differentiable, Error, Result};

/// Explains a data set by several analyzers, and scores each by several metrics: which one is most faithful on this
/// model.
///
/// Each analyzer explains the inputs once, and every metric scores these values. A last row is a random map
/// ([`RandomMap`]): a method that is not better than it says nothing. Everything that can be refused is refused before
/// any pass; where a metric cannot score an analyzer's values, as infidelity a gradient's, that cell says why, and the
/// others are there.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Deletion, Gini, evaluate};
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{Gradient, InputTimesGradient, MaxActivation, NdArray, Net, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, -2.0, 3.0], [0.5, 1.0, 0.0]].view().into_dyn(), &())?;
/// let net = Net::new(Sequential::new().push(Linear::new(weight, None)?).push(Activation::Tanh));
/// let x = array![[0.1, 0.2, 0.3], [0.3, -0.1, 0.2]];
/// let table = evaluate(&net, &x, MaxActivation, &[&Gradient, &InputTimesGradient], &[&Deletion::new(), &Gini])?;
/// println!("{}", table.to_markdown());
/// # assert_eq!(table.analyzers, ["Gradient", "InputTimesGradient", "RandomMap"]);
/// # Ok::<(), xai::Error>(())
/// ```
///
/// # Errors
/// Those of the inputs, the selector, the analyzers, the metrics' parameters and the model.
pub fn evaluate<B: Backend>(
    model: &dyn Differentiable<Backend = B>,
    input: impl Input<B>,
    select: impl OutputSelector<B::Elem>,
    analyzers: &[&dyn AnyAnalyzer<B>],
    metrics: &[&dyn Metric<B>],
) -> Result<Evaluation> {
    let random = RandomMap::new();
    let analyzers: Vec<&dyn AnyAnalyzer<B>> = analyzers.iter().copied().chain([&random as _]).collect();
    let inputs = Uploaded::new(model, &input, |inputs| {
        metrics.iter().try_for_each(|metric| check_metric(*metric, inputs))?;
        analyzers.iter().try_for_each(|analyzer| analyzer.check(model, inputs))
    })?;
    // Every analyzer explains the same output: the one that was chosen first.
    let mut chosen = None;
    let mut cells = Vec::with_capacity(analyzers.len());
    for analyzer in &analyzers {
        let target = chosen.as_ref().map_or(Target::Choose(&select), Target::Chosen);
        let found = analyzer.attribute(model, &inputs.call(target))?;
        let selection = found.selection.clone();
        let values = only_values(&found)?;
        let on = scored(model, &inputs, values, &selection, analyzer.kind(), Some(*analyzer))?;
        cells.push(metrics.iter().map(|metric| metric.score(&on)).collect());
        chosen.get_or_insert(selection);
    }
    let title = |metric: &&dyn Metric<B>| (metric.name(), metric.better());
    Ok(Evaluation {
        analyzers: analyzers.iter().map(|analyzer| analyzer.name()).collect(),
        metrics: metrics.iter().map(title).collect(),
        cells,
    })
}

/// What [`evaluate`] found.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Evaluation, Gini, evaluate};
/// use xai::nn::Activation;
/// use xai::{Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// let found: Evaluation = evaluate(&net, &array![[0.5, 2.0]], 0, &[&Gradient], &[&Gini])?;
/// assert_eq!(found.analyzers, ["Gradient", "RandomMap"]);
/// assert!((found.cells[0][0].as_ref().unwrap().values[0] - 0.5).abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Evaluation {
    /// The analyzers' names, a row for each; the last one is the random map.
    pub analyzers: Vec<String>,
    /// The metrics' names and which way is better, a column for each.
    pub metrics: Vec<(String, Better)>,
    /// For each analyzer and each metric the scores, or why there are none.
    pub cells: Vec<Vec<Result<Scores>>>,
}

impl Evaluation {
    /// The table in Markdown: means over the samples, ± 1.96 standard errors of the mean (a 95 % interval) where there
    /// are two samples or more. The best of each column is bold, the random map apart.
    pub fn to_markdown(&self) -> String {
        let arrow = |better: &Better| if *better == Better::Higher { "↑" } else { "↓" };
        let heads: Vec<String> =
            self.metrics.iter().map(|(name, better)| format!("{name} {}", arrow(better))).collect();
        let mut text = format!("| | {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(heads.len()));
        let mut notes = Vec::new();
        for (row, (analyzer, cells)) in self.analyzers.iter().zip(&self.cells).enumerate() {
            let words = cells.iter().enumerate().map(|(column, cell)| match cell {
                Ok(scores) => {
                    let shown = shown(scores);
                    if self.best(column) == Some(row) { format!("**{shown}**") } else { shown }
                }
                Err(error) => {
                    let metric = &self.metrics[column].0;
                    notes.push(format!("{analyzer}, {metric}: {error}"));
                    format!("({})", notes.len())
                }
            });
            let words: Vec<String> = words.collect();
            // Writing to a string does not fail.
            let _ = writeln!(text, "| {analyzer} | {} |", words.join(" | "));
        }
        for (number, note) in notes.iter().enumerate() {
            let _ = write!(text, "\n({}) {note}\n", number + 1);
        }
        text
    }

    /// The table as comma-separated values: analyzer, metric, sample, score, and the score of random orders where the
    /// metric has that baseline; a line for each sample.
    pub fn to_csv(&self) -> String {
        let mut text = String::from("analyzer,metric,better,sample,score,random_order\n");
        for (analyzer, cells) in self.analyzers.iter().zip(&self.cells) {
            for ((metric, better), cell) in self.metrics.iter().zip(cells) {
                let Ok(scores) = cell else { continue };
                let better = if *better == Better::Higher { "higher" } else { "lower" };
                for (sample, score) in scores.values.iter().enumerate() {
                    let random = scores.random.as_ref().and_then(|random| random.get(sample));
                    let random = random.map_or_else(String::new, ToString::to_string);
                    let (analyzer, metric) = (quoted(analyzer), quoted(metric));
                    let _ = writeln!(text, "{analyzer},{metric},{better},{sample},{score},{random}");
                }
            }
        }
        text
    }

    /// The analyzer whose mean is best by a metric, the random map apart; none where no one has a score.
    pub fn best(&self, metric: usize) -> Option<usize> {
        let (_, better) = self.metrics.get(metric)?;
        let mean = |row: &usize| Some(mean_and_error(&self.cells.get(*row)?.get(metric)?.as_ref().ok()?.values).0);
        let rows = (0..self.analyzers.len().saturating_sub(1)).filter_map(|row| Some((row, mean(&row)?)));
        let best = rows.reduce(|best, next| {
            let ahead = match better {
                Better::Higher => next.1 > best.1,
                Better::Lower => next.1 < best.1,
            };
            if ahead { next } else { best }
        });
        best.map(|(row, _)| row)
    }

    /// The first error of a cell, if there is one: what could not be scored.
    pub fn first_error(&self) -> Option<&Error> {
        self.cells.iter().flatten().find_map(|cell| cell.as_ref().err())
    }
}

fn shown(scores: &Scores) -> String {
    match mean_and_error(&scores.values) {
        (mean, None) => format!("{mean:.4}"),
        (mean, Some(error)) => format!("{mean:.4} ± {:.4}", 1.96 * error),
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
