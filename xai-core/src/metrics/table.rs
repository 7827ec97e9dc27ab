//! An [`Evaluation`] as text.

use std::fmt::Write as _;

use super::cell::Cell;
use super::evaluation::Evaluation;

impl Evaluation {
    /// The table in Markdown: means, ± the half-width of their 95 % intervals by Student's t where there are two
    /// samples or groups at least. The best of each column is bold, the random map apart. Below it stand the samples
    /// that have no score, and why, and the verdicts in words.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Evaluate, Gini};
    /// use xai::nn::Activation;
    /// use xai::{Gradient, NdArray, Net};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let found = Evaluate::new(&[&Gradient], &[&Gini]).run(&net, &array![[0.5, 2.0]], 0)?;
    /// let table = "| | Gini index ↑ |\n|---|---:|\n| Gradient | **0.5000** |\n| RandomMap | ";
    /// assert!(found.to_markdown().starts_with(table));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn to_markdown(&self) -> String {
        let heads: Vec<String> =
            self.metrics.iter().map(|(name, better)| format!("{name} {}", better.sign())).collect();
        let mut text = format!("| | {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(heads.len()));
        let mut notes = Vec::new();
        for (row, (analyzer, cells)) in self.analyzers.iter().zip(&self.cells).enumerate() {
            let words = cells.iter().enumerate().map(|(column, cell)| {
                let note = (!cell.failures.is_empty()).then(|| {
                    let metric = self.metrics.get(column).map_or("", |(name, _)| name);
                    notes.push(format!("{analyzer}, {metric}: {}", self.reasons(cell)));
                    format!("({})", notes.len())
                });
                let shown = self
                    .shown(row, column)
                    .map(|shown| if self.best(column) == Some(row) { format!("**{shown}**") } else { shown });
                [shown, note].into_iter().flatten().collect::<Vec<_>>().join(" ")
            });
            let words: Vec<String> = words.collect();
            // Writing to a string does not fail.
            let _ = writeln!(text, "| {analyzer} | {} |", words.join(" | "));
        }
        for (number, note) in notes.iter().enumerate() {
            let _ = write!(text, "\n({}) {note}\n", number + 1);
        }
        for (column, (metric, _)) in self.metrics.iter().enumerate() {
            for (words, analyzers) in self.verdicts(column) {
                let _ = write!(text, "\n{metric}, {}: {words}\n", analyzers.join(", "));
            }
        }
        text
    }

    /// The table as comma-separated values, a line for each sample of each analyzer and metric: which way is better,
    /// the sample and its group, its score, the score of random orders where the metric has that baseline, the mean
    /// over the samples and the half-width of its 95 % interval, the same on all their lines, the sample's verdict in
    /// words, and where it has no score, why.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Evaluate, Gini};
    /// use xai::nn::Activation;
    /// use xai::{Gradient, NdArray, Net};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let evaluate = Evaluate::new(&[&Gradient], &[&Gini]).groups(["a photo"]);
    /// let text = evaluate.run(&net, &array![[0.5, 2.0]], 0)?.to_csv();
    /// let mut lines = text.lines();
    /// let head = "analyzer,metric,better,sample,group,score,random_order,mean,interval,verdict,error";
    /// assert_eq!(lines.next(), Some(head));
    /// assert_eq!(lines.next(), Some("Gradient,Gini index,higher,0,a photo,0.5,,0.5,,,"));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn to_csv(&self) -> String {
        let mut text =
            String::from("analyzer,metric,better,sample,group,score,random_order,mean,interval,verdict,error\n");
        let number = |of: Option<f64>| of.map_or_else(String::new, |of| of.to_string());
        for (row, (analyzer, cells)) in self.analyzers.iter().zip(&self.cells).enumerate() {
            for (column, ((metric, better), cell)) in self.metrics.iter().zip(cells).enumerate() {
                let (mean, half) = (number(self.mean(row, column)), number(self.interval(row, column)));
                let mut line = |sample: usize, score: [String; 2], verdict: &str, error: &str| {
                    let group = self.groups.as_ref().and_then(|groups| groups.get(sample)).map_or("", |group| group);
                    let (analyzer, metric, group) = (quoted(analyzer), quoted(metric), quoted(group));
                    let [score, random] = score;
                    let (verdict, error) = (quoted(verdict), quoted(error));
                    let _ = writeln!(
                        text,
                        "{analyzer},{metric},{better},{sample},{group},{score},{random},{mean},{half},{verdict},{error}"
                    );
                };
                let (random, verdicts) = (&cell.scores.random, &cell.scores.verdicts);
                for (place, (&sample, &score)) in cell.samples.iter().zip(&cell.scores.values).enumerate() {
                    let random = random.as_ref().and_then(|random| random.get(place)).copied();
                    let verdict = verdicts.as_ref().and_then(|words| words.get(place)).map_or("", |words| words);
                    line(sample, [score.to_string(), number(random)], verdict, "");
                }
                for failure in &cell.failures {
                    line(failure.sample, Default::default(), "", &failure.error.to_string());
                }
            }
        }
        text
    }

    /// The mean with its interval.
    fn shown(&self, row: usize, column: usize) -> Option<String> {
        let mean = self.mean(row, column)?;
        Some(match self.interval(row, column) {
            None => format!("{mean:.4}"),
            Some(half) => format!("{mean:.4} ± {half:.4}"),
        })
    }

    /// Why samples of a cell have no score, each with its group where groups were named.
    fn reasons(&self, cell: &Cell) -> String {
        let (failed, all) = (cell.failures.len(), cell.failures.len() + cell.samples.len());
        let named = |&sample: &usize| match self.groups.as_ref().and_then(|groups| groups.get(sample)) {
            Some(group) => format!("{sample}, {group}"),
            None => sample.to_string(),
        };
        match &cell.reasons()[..] {
            [(why, _)] if failed == all => why.clone(),
            reasons => {
                let each = reasons.iter().map(|(why, samples)| {
                    let samples: Vec<String> = samples.iter().map(named).collect();
                    format!("{why} (sample {})", samples.join(", "))
                });
                format!("{failed} of {all} samples have no score: {}", each.collect::<Vec<_>>().join("; "))
            }
        }
    }

    /// What a metric says in words, each with the analyzers that it says it of.
    fn verdicts(&self, column: usize) -> Vec<(String, Vec<&str>)> {
        let mut all: Vec<(String, Vec<&str>)> = Vec::new();
        for (analyzer, cells) in self.analyzers.iter().zip(&self.cells) {
            let Some(words) = cells.get(column).and_then(|cell| cell.scores.verdict()) else { continue };
            match all.iter_mut().find(|(seen, _)| *seen == words) {
                Some((_, analyzers)) => analyzers.push(analyzer),
                None => all.push((words, vec![analyzer])),
            }
        }
        all
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
