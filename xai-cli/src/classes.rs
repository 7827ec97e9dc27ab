//! The outputs of a network as classes: their names, their order, and the one that is explained.
//!
//! ```
//! use ndarray::array;
//! use xai_cli::classes::{Ending, Scores};
//! use xai_cli::labels::Names;
//!
//! let names = Names::new(["cat, tom", "dog"]);
//! let output = array![[3f32, 3.0]].into_dyn();
//! let top = Scores::new(&output, Ending::Softmax, Some(&names))?.top(2);
//! let words: Vec<String> = top.iter().map(|class| format!("{}: {}", class.short(), class.opinion())).collect();
//! assert_eq!(words, ["0 cat: 50.0 %", "1 dog: 50.0 %"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use ndarray::{ArrayD, Dimension};
use serde_json::{Value, json};

use crate::command_line::{Outcome, failure, plain};
use crate::labels::Names;

/// How scores become probabilities behind what is explained, so that they can be told.
///
/// ```
/// use ndarray::array;
/// use xai_cli::classes::{Ending, Scores};
///
/// let output = array![[0f32, 0.0, 0.0, 0.0]].into_dyn();
/// let probability = |ending| Scores::new(&output, ending, None).map(|scores| scores.top(1)[0].probability);
/// assert_eq!(probability(Ending::Softmax)?, Some(0.25));
/// assert_eq!(probability(Ending::Sigmoid)?, Some(0.5));
/// assert_eq!(probability(Ending::Scores)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The scores are all that there is.
    Scores,
    /// By a softmax over the classes.
    Softmax,
    /// By a sigmoid of each.
    Sigmoid,
}

/// An output of the network.
///
/// ```
/// use ndarray::array;
/// use serde_json::json;
/// use xai_cli::classes::{Ending, Scores};
/// use xai_cli::labels::Names;
///
/// let (output, names) = (array![[1.5f32, 0.0]].into_dyn(), Names::new(["cat, tom", "dog"]));
/// let dog = Scores::new(&output, Ending::Sigmoid, Some(&names))?.at(&[1]).ok_or("no such class")?;
/// assert_eq!((dog.short(), dog.number(), dog.opinion()), ("1 dog".into(), "1".into(), "50.0 %".into()));
/// assert_eq!(dog.json(), json!({"index": [1], "name": "dog", "score": 0.0, "probability": 0.5}));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Where it stands, without the batch axis.
    pub index: Vec<usize>,
    /// So many of its numbers tell it from others: without the axes of length 1 at the end.
    told: usize,
    /// All its names, if it has any.
    pub name: Option<String>,
    /// What is explained.
    pub score: f32,
    /// Where it is known how it follows from the score.
    pub probability: Option<f64>,
}

/// What the network says of one sample.
///
/// ```
/// use ndarray::array;
/// use xai_cli::classes::{Ending, Scores};
///
/// let output = array![[1f32, 4.0, 2.0]].into_dyn();
/// let scores = Scores::new(&output, Ending::Scores, None)?;
/// assert_eq!(scores.top(2).iter().map(|class| class.score).collect::<Vec<_>>(), [4.0, 2.0]);
/// assert_eq!(scores.at(&[0]).map(|class| class.short()), Some("class 0".into()));
/// assert!(scores.at(&[3]).is_none());
/// assert_eq!((scores.axes(), scores.names()), (&[3][..], None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Scores<'a> {
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
    ///
    /// # Errors
    /// An output that is empty or holds a number that is not finite.
    pub fn new(output: &'a ArrayD<f32>, ending: Ending, names: Option<&'a Names>) -> Outcome<Self> {
        if let Some((place, value)) = output.indexed_iter().find(|(_, value)| !value.is_finite()) {
            let place = place.slice();
            return Err(failure(format!("the network's output is {value} at {place:?}: check its input and weights")));
        }
        if output.is_empty() {
            return Err(failure("the network's output is empty"));
        }
        let highest = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total = output.iter().map(|&score| f64::from(score - highest).exp()).sum();
        Ok(Scores { output, axes: told(output.shape()).to_vec(), ending, names, highest, total })
    }

    /// The highest outputs, the first first; of equal ones the first that stands there.
    pub fn top(&self, count: usize) -> Vec<Class> {
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

    /// The output at a place, a number for each axis but those of length 1 at the end; none where there is none.
    pub fn at(&self, index: &[usize]) -> Option<Class> {
        let inside = index.len() == self.axes.len() && index.iter().zip(&self.axes).all(|(at, length)| at < length);
        let flat = index.iter().zip(&self.axes).fold(0, |flat, (at, length)| flat * length + at);
        let score = self.output.iter().nth(flat).copied().filter(|_| inside)?;
        Some(self.class(flat, score))
    }

    /// The axes of a sample, without those of length 1 at the end.
    pub fn axes(&self) -> &[usize] {
        &self.axes
    }

    /// The classes' names.
    pub fn names(&self) -> Option<&Names> {
        self.names
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

/// The axes of a sample, without those of length 1 at the end.
///
/// ```
/// use xai_cli::classes::told;
///
/// assert_eq!(told(&[1, 10, 1, 1]), [10]);
/// assert_eq!(told(&[1, 4, 7, 7]), [4, 7, 7]);
/// // One axis always stays.
/// assert_eq!(told(&[1, 1]), [1]);
/// ```
pub fn told(output: &[usize]) -> &[usize] {
    let axes = output.get(1..).unwrap_or_default();
    let told = axes.iter().rposition(|&length| length > 1).map_or(axes.len().min(1), |last| last + 1);
    &axes[..told]
}

impl Class {
    /// The class as people call it: its number, and the first of its names.
    pub fn short(&self) -> String {
        match self.name.as_deref().and_then(|name| name.split(',').next()) {
            Some(name) => format!("{} {}", self.number(), plain(name)),
            None if self.told == 1 => format!("class {}", self.number()),
            None => format!("output {}", self.number()).trim_end().to_owned(),
        }
    }

    /// Where it stands.
    pub fn number(&self) -> String {
        let numbers: Vec<String> = self.index.iter().take(self.told).map(usize::to_string).collect();
        numbers.join(",")
    }

    /// The class as an object.
    pub fn json(&self) -> Value {
        json!({"index": self.index, "name": self.name, "score": self.score, "probability": self.probability})
    }

    /// The probability as people write it, or the score.
    pub fn opinion(&self) -> String {
        match self.probability {
            Some(probability) => format!("{:.1} %", probability * 100.0),
            // With digits that tell small scores apart, and large ones from noise.
            None if self.score == 0.0 || (1e-3..1e7).contains(&self.score.abs()) => format!("{:.3}", self.score),
            None => format!("{:.3e}", self.score),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, array};

    use super::{Ending, Scores};
    use crate::labels::Names;

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
        let found = scores.at(&[1]).unwrap();
        assert_eq!((found.short().as_str(), found.index.as_slice()), ("class 1", &[1, 0, 0][..]));
        assert!(found.probability.unwrap() > 0.5);
        let one: ArrayD<f32> = array![[2.0]].into_dyn();
        assert_eq!(Scores::new(&one, Ending::Scores, None).unwrap().at(&[0]).unwrap().index, [0]);
    }

    #[test]
    fn small_scores_are_told_apart_from_nothing() {
        let output: ArrayD<f32> = array![[3.7e-9, 0.0, -0.25, 2e9]].into_dyn();
        let scores = Scores::new(&output, Ending::Scores, None).unwrap();
        let told: Vec<String> = (0..4).map(|class| scores.at(&[class]).unwrap().opinion()).collect();
        assert_eq!(told, ["3.700e-9", "0.000", "-0.250", "2.000e9"]);
    }

    #[test]
    fn an_output_has_a_number_for_each_axis() {
        let maps: ArrayD<f32> = array![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]].into_dyn();
        let scores = Scores::new(&maps, Ending::Scores, None).unwrap();
        let found = scores.at(&[1, 2]).unwrap();
        assert_eq!((found.index, found.score, found.probability), (vec![1, 2], 6.0, None));
        assert!([&[1][..], &[2, 0], &[0, 3], &[1, 2, 0]].iter().all(|wrong| scores.at(wrong).is_none()));
        let names = Names::new(["cat, tom", "dog"]);
        let output: ArrayD<f32> = array![[0.0, 1.0]].into_dyn();
        let scores = Scores::new(&output, Ending::Sigmoid, Some(&names)).unwrap();
        assert_eq!(scores.at(&[0]).unwrap().short(), "0 cat");
        assert!(Scores::new(&array![[f32::NAN]].into_dyn(), Ending::Scores, None).is_err());
    }
}
