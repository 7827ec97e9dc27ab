//! The outputs of a network as classes: their names, their order, and the one that is explained.

use ndarray::{ArrayD, Dimension};
use serde_json::{Value, json};
use xai_cli::command_line::{Outcome, failure, plain};

use crate::labels::Names;
use crate::model::Ending;
use crate::target;

/// An output of the network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Class {
    /// Where it stands, without the batch axis.
    pub(crate) index: Vec<usize>,
    /// So many of its numbers tell it from others: without the axes of length 1 at the end.
    told: usize,
    pub(crate) name: Option<String>,
    pub(crate) score: f32,
    /// Where the file says how it follows from the score.
    pub(crate) probability: Option<f64>,
}

/// What the network says of one sample.
pub(crate) struct Scores<'a> {
    output: &'a ArrayD<f32>,
    /// The axes of a sample, without those of length 1 at the end.
    axes: Vec<usize>,
    ending: Ending,
    names: Option<&'a Names>,
    /// What a softmax divides by: its sum, when the highest score counts as 1.
    highest: f32,
    total: f64,
}

impl<'a> Scores<'a> {
    /// The output for one sample, batch axis first.
    pub(crate) fn new(output: &'a ArrayD<f32>, ending: Ending, names: Option<&'a Names>) -> Outcome<Self> {
        if let Some((place, value)) = output.indexed_iter().find(|(_, value)| !value.is_finite()) {
            let place = place.slice();
            return Err(failure(format!("the network's output is {value} at {place:?}: check its input and weights")));
        }
        if output.is_empty() {
            return Err(failure("the network's output is empty"));
        }
        let highest = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total = output.iter().map(|&score| f64::from(score - highest).exp()).sum();
        Ok(Scores { output, axes: target::told(output.shape()).to_vec(), ending, names, highest, total })
    }

    /// The highest outputs, the first first; of equal ones the first that stands there.
    pub(crate) fn top(&self, count: usize) -> Vec<Class> {
        let scores: Vec<f32> = self.output.iter().copied().collect();
        let mut order: Vec<usize> = (0..scores.len()).collect();
        let before = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
        if count < order.len() {
            order.select_nth_unstable_by(count, before);
            order.truncate(count);
        }
        order.sort_unstable_by(before);
        order.into_iter().map(|flat| self.class(flat, scores[flat])).collect()
    }

    /// The one that `--target` says: a number, one for each axis, or a name.
    pub(crate) fn find(&self, target: &str) -> Outcome<Class> {
        let index = target::find(target, &self.axes, self.names)?;
        let flat = index.iter().zip(&self.axes).fold(0, |flat, (at, length)| flat * length + at);
        let score = self.output.iter().nth(flat).copied().unwrap_or_default();
        Ok(self.class(flat, score))
    }

    fn class(&self, flat: usize, score: f32) -> Class {
        let mut rest = flat;
        let mut index: Vec<usize> = self.axes.iter().rev().map(|&length| (rest % length, rest /= length).0).collect();
        index.reverse();
        let name = self.names.zip(index.first()).and_then(|(names, &class)| names.get(class)).map(str::to_owned);
        let probability = match self.ending {
            // Over the classes of one decision; of maps of decisions it would take an axis.
            Ending::Softmax if index.len() == 1 => Some(f64::from(score - self.highest).exp() / self.total),
            Ending::Sigmoid => Some(1.0 / (1.0 + (-f64::from(score)).exp())),
            _ => None,
        };
        let told = index.len();
        index.resize(self.output.ndim().saturating_sub(1), 0);
        Class { index, told, name, score, probability }
    }
}

impl Class {
    /// The class as people call it: its number, and the first of its names.
    pub(crate) fn short(&self) -> String {
        match self.name.as_deref().and_then(|name| name.split(',').next()) {
            Some(name) => format!("{} {}", self.number(), plain(name)),
            None if self.told == 1 => format!("class {}", self.number()),
            None => format!("output {}", self.number()).trim_end().to_owned(),
        }
    }

    /// Where it stands.
    pub(crate) fn number(&self) -> String {
        let numbers: Vec<String> = self.index.iter().take(self.told).map(usize::to_string).collect();
        numbers.join(",")
    }

    /// The class as an object.
    pub(crate) fn json(&self) -> Value {
        json!({"index": self.index, "name": self.name, "score": self.score, "probability": self.probability})
    }

    /// The probability as people write it, or the score.
    pub(crate) fn opinion(&self) -> String {
        match self.probability {
            Some(probability) => format!("{:.1} %", probability * 100.0),
            None => format!("{:.3}", self.score),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, array};

    use super::Scores;
    use crate::labels::Names;
    use crate::model::Ending;

    #[test]
    fn the_highest_come_first_and_equal_ones_in_their_order() {
        let output: ArrayD<f32> = array![[1.0, 3.0, 1.0, 2.0]].into_dyn();
        let scores = Scores::new(&output, Ending::Softmax, None).unwrap();
        let order: Vec<usize> = scores.top(3).iter().map(|class| class.index[0]).collect();
        assert_eq!(order, [1, 3, 0]);
        assert_eq!(scores.top(9).len(), 4);
        let probability: f64 = scores.top(9).iter().map(|class| class.probability.unwrap()).sum();
        assert!((probability - 1.0).abs() < 1e-12);
    }

    #[test]
    fn axes_of_length_1_at_the_end_are_not_told() {
        let output: ArrayD<f32> = array![[[[1.0]], [[3.0]]]].into_dyn();
        let scores = Scores::new(&output, Ending::Softmax, None).unwrap();
        let found = scores.find("1").unwrap();
        assert_eq!((found.short().as_str(), found.index.as_slice()), ("class 1", &[1, 0, 0][..]));
        assert!(found.probability.unwrap() > 0.5);
        let one: ArrayD<f32> = array![[2.0]].into_dyn();
        assert_eq!(Scores::new(&one, Ending::Scores, None).unwrap().find("0").unwrap().index, [0]);
    }

    #[test]
    fn targets_have_a_number_for_each_axis_or_a_name() {
        let maps: ArrayD<f32> = array![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]].into_dyn();
        let scores = Scores::new(&maps, Ending::Scores, None).unwrap();
        let found = scores.find("1, 2").unwrap();
        assert_eq!((found.index, found.score, found.probability), (vec![1, 2], 6.0, None));
        for wrong in ["1", "2,0", "-1,0", "cat", "", "9999999999999999999999,0"] {
            assert!(scores.find(wrong).is_err());
        }
        let names = Names::from(["cat, tom", "dog"]);
        let output: ArrayD<f32> = array![[0.0, 1.0]].into_dyn();
        let scores = Scores::new(&output, Ending::Sigmoid, Some(&names)).unwrap();
        assert_eq!(scores.find("TOM").unwrap().index, [0]);
        assert_eq!(scores.find("1").unwrap().short(), "1 dog");
        let refused = scores.find("doc").unwrap_err().to_string();
        assert!(refused.contains("did you mean `dog`?"), "{refused}");
        let refused = scores.find("-1").unwrap_err().to_string();
        assert!(refused.contains("0 to 1"), "{refused}");
        assert!(Scores::new(&array![[f32::NAN]].into_dyn(), Ending::Scores, None).is_err());
    }
}
