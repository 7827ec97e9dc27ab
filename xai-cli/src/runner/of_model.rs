//! Any model and any method.

use std::fmt;

use ndarray::ArrayD;
use xai::picture::Preprocess;
use xai::{Analyzer, Backend, Differentiable, Inputs, MaxActivation, PerSample};

use super::{Explained, Explains, mark};
use crate::classes::{Ending, Scores};
use crate::command_line::{Outcome, failure};
use crate::labels::Names;

/// A model that is at hand, a method, and what photos become for the model: each photo is explained for its own highest
/// class, unless one is named.
///
/// ```
/// use ndarray::ArrayD;
/// use xai::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::picture::Preprocess;
/// use xai::{Gradient, NdArray};
/// use xai_cli::labels::Names;
/// use xai_cli::runner::{Explains, OfModel};
///
/// // The mean of each colour.
/// let net = Sequential::<NdArray>::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
/// let names = Names::new(["red", "green", "blue"]);
/// let of_model = OfModel::new(&net, &Gradient, Preprocess::unit(2, 2)).names(&names).made_by("means");
/// assert!(of_model.settings()?.starts_with("means, Gradient"));
/// // Of classes that are alike the first one is explained, unless one is named.
/// let grey = ArrayD::zeros(vec![1, 3, 2, 2]);
/// let class = |found: Vec<xai_cli::runner::Explained>| (found[0].class.short(), found[0].class.probability);
/// assert_eq!(class(of_model.explain(grey.clone())?), ("0 red".into(), None));
/// assert_eq!(class(of_model.class(2).sigmoid().explain(grey)?), ("2 blue".into(), Some(0.5)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OfModel<'a, M: ?Sized, A: ?Sized> {
    model: &'a M,
    method: &'a A,
    preprocess: Preprocess,
    class: Option<usize>,
    names: Option<&'a Names>,
    ending: Ending,
    made_by: String,
}

impl<'a, M: Differentiable + ?Sized, A: Analyzer<M> + ?Sized> OfModel<'a, M, A> {
    /// The model, with a method that takes it, and what photos become for it.
    pub fn new(model: &'a M, method: &'a A, preprocess: Preprocess) -> Self {
        let (class, names, ending) = (None, None, Ending::Scores);
        OfModel { model, method, preprocess, class, names, ending, made_by: String::new() }
    }

    /// Explains this class in all photos.
    #[must_use]
    pub fn class(mut self, class: usize) -> Self {
        self.class = Some(class);
        self
    }

    /// The classes' names.
    #[must_use]
    pub fn names(mut self, names: &'a Names) -> Self {
        self.names = Some(names);
        self
    }

    /// Probabilities are the softmax of the model's output. Without it none are told.
    #[must_use]
    pub fn softmax(mut self) -> Self {
        self.ending = Ending::Softmax;
        self
    }

    /// Probabilities are the sigmoid of each of the model's outputs.
    #[must_use]
    pub fn sigmoid(mut self) -> Self {
        self.ending = Ending::Sigmoid;
        self
    }

    /// What else the results depend on, as the weights' name and the method's settings, in a line.
    #[must_use]
    pub fn made_by(mut self, what: impl Into<String>) -> Self {
        self.made_by = what.into();
        self
    }
}

impl<M, A> Explains for OfModel<'_, M, A>
where
    M: Differentiable<Backend: Backend<Elem = f32>> + ?Sized,
    A: Analyzer<M> + ?Sized,
{
    type Sees = Preprocess;

    fn settings(&self) -> Outcome<String> {
        let OfModel { preprocess, class, ending, made_by, .. } = self;
        let method = Analyzer::<M>::name(self.method);
        let names = self.names.map(|names| mark(names.all().join("\n").as_bytes()));
        Ok(format!("{made_by}, {method}, class {class:?}, {ending:?}, {preprocess:?}, names {names:x?}"))
    }

    fn title(&self) -> String {
        Analyzer::<M>::name(self.method)
    }

    fn sees(&self) -> &Preprocess {
        &self.preprocess
    }

    fn check(&self) -> Outcome<()> {
        let shapes = [self.preprocess.shape().to_vec()];
        Ok(self.method.check(self.model, &Inputs { shapes: &shapes, explained: &[true] })?)
    }

    fn explain(&self, input: ArrayD<f32>) -> Outcome<Vec<Explained>> {
        let (photos, method) = (input.shape()[0], &self.method);
        let all = match self.class {
            Some(class) => Analyzer::analyze(method, self.model, &input, PerSample(vec![class; photos]))?,
            None => Analyzer::analyze(method, self.model, &input, MaxActivation)?,
        };
        if let Some(names) = self.names {
            names.check(all.output.shape())?;
        }
        let of_photo = |photo: usize| {
            let explanation = all.sample(photo)?;
            let scores = Scores::new(&explanation.output, self.ending, self.names)?;
            let index = explanation.selection.indices().first().map_or(&[][..], Vec::as_slice);
            let class = scores.at(&index[..scores.axes().len().min(index.len())]);
            let class = class.ok_or_else(|| failure(format!("the model's output has no place {index:?}")))?;
            Ok(Explained { explanation, class })
        };
        (0..photos).map(of_photo).collect()
    }
}

impl<M: ?Sized, A: ?Sized> fmt::Debug for OfModel<'_, M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfModel").field("made_by", &self.made_by).field("class", &self.class).finish_non_exhaustive()
    }
}
