//! The attention matrices of a model, and what is shown of those that are made of them.

use ndarray::Array2;

use crate::explain::sample_rows::check_place_rows;
use crate::explain::{Call, Inputs};
use crate::graph::{Kept, Value};
use crate::{Backend, Differentiable, Element, Error, Graph, Op, Result, Tensor};

/// How the heads of an attention matrix become one.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Flatten, Sequential, Softmax};
/// use xai::{Analyzer, Heads, NdArray, RawAttention};
///
/// // Two heads over two tokens: by the first each looks at itself alone, by the second at the other.
/// let net = Sequential::<NdArray<f64>>::new().push_named("attention", Softmax::new(3)).push(Flatten::default());
/// let (yes, no) = (0.0, -1000.0);
/// let scores = array![[[[yes, no], [no, yes]], [[no, yes], [yes, no]]]].into_dyn();
/// for (heads, number) in [(Heads::Mean, 0.5), (Heads::Max, 1.0), (Heads::Min, 0.0)] {
///     let why = RawAttention::at("attention").heads(heads).analyze(&net, &scores, 0)?;
///     assert!(why.values.iter().all(|&value| value == number));
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Heads {
    /// Their mean.
    #[default]
    Mean,
    /// The largest of each number.
    Max,
    /// The smallest of each number.
    Min,
}

impl Heads {
    /// (B, heads, T, S) to (B, T, S), of half types in single precision.
    pub(super) fn fused<B: Backend>(self, matrix: &Tensor<B>) -> Result<Tensor<B>> {
        let matrix = matrix.widen()?;
        let one = match self {
            Heads::Mean => matrix.mean(&[1])?,
            Heads::Max => matrix.max(&[1])?,
            Heads::Min => matrix.scale(-1.0)?.max(&[1])?.scale(-1.0)?,
        };
        let shape = one.shape();
        one.reshape(&[&shape[..1], &shape[2..]].concat())
    }
}

/// What is shown of a matrix of tokens by tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum View {
    /// All of it: (B, T, T).
    #[default]
    All,
    /// One token's row: (B, 1, T).
    Token(usize),
    /// One token's row, as a map of the tokens that are parts of an image: (B, 1, rows, columns).
    Grid { token: usize, skip: usize, rows: usize, columns: usize },
}

/// Which attention matrices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Which {
    /// All that the model has.
    #[default]
    All,
    /// The last that it has.
    Last,
    /// Those at these places.
    Named(Vec<String>),
}

/// Which attention matrices, and what is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Matrices {
    pub(super) which: Which,
    pub(super) view: View,
}

/// The last name of a place that is an attention matrix.
const NAME: &str = "weights";

/// The attention matrices at places that nobody has named: those called `weights`, and what a softmax gives.
fn found<B: Backend>(graph: &Graph<'_, B>) -> Result<Vec<(String, Value)>> {
    let mut found: Vec<(String, Value)> = Vec::new();
    for place in graph.places() {
        let value = graph.place(&place.name)?;
        let is_matrix = matches!(place.shape.as_deref(), Some([_, _, rows, columns]) if rows == columns);
        let is_softmax = || match graph.nodes()[value.0].op() {
            Some(Op::Softmax(step)) => step.axis_of(4).is_ok_and(|axis| axis == 3),
            _ => false,
        };
        let is_new = found.iter().all(|(_, other)| *other != value);
        if is_matrix && is_new && (place.name.rsplit('.').next() == Some(NAME) || is_softmax()) {
            found.push((place.name, value));
        }
    }
    found.sort_by_key(|(_, value)| *value);
    Ok(found)
}

impl Matrices {
    pub(super) fn show_token(&mut self, token: usize) {
        self.view = View::Token(token);
    }

    pub(super) fn show_grid(&mut self, token: usize, skip: usize, rows: usize, columns: usize) {
        self.view = View::Grid { token, skip, rows, columns };
    }

    /// The name, with the places that were given.
    pub(super) fn title(&self, name: &str) -> String {
        match &self.which {
            Which::Named(places) => format!("{name}({})", places.join(", ")),
            _ => name.to_owned(),
        }
    }

    fn values<B: Backend>(&self, graph: &Graph<'_, B>) -> Result<Vec<(String, Value)>> {
        let mut values = match &self.which {
            Which::Named(names) => {
                names.iter().map(|name| Ok((name.clone(), graph.place(name)?))).collect::<Result<Vec<_>>>()?
            }
            _ => found(graph)?,
        };
        if self.which == Which::Last {
            values = values.pop().into_iter().collect();
        }
        let refused =
            |value: String, reason: &str| Err(Error::InvalidParameter { name: "places", value, reason: reason.into() });
        if values.is_empty() {
            return refused(
                "[]".into(),
                "the model has no place `weights`, as `MultiHeadAttention` has, and none behind a softmax, that is an \
                 attention matrix (batch, heads, tokens, tokens): name those that are",
            );
        }
        match values.windows(2).find(|pair| pair[0].1 >= pair[1].1) {
            Some(pair) => refused(pair[1].0.clone(), "name them in the order in which they are computed"),
            None => Ok(values),
        }
    }

    /// Before any pass, as far as shapes are known.
    pub(super) fn check<M: Differentiable + ?Sized>(
        &self,
        name: &str,
        model: &M,
        inputs: &Inputs<'_>,
        gradient: bool,
    ) -> Result<()> {
        inputs.check_one_explained(name)?;
        let graph = model.graph(inputs.shapes)?;
        let values = self.values(&graph)?;
        let mut tokens = None;
        for (place, value) in &values {
            if let Some(shape) = graph.nodes()[value.0].shape() {
                tokens = Some(check_matrix(place, shape, tokens)?);
                check_place_rows(model, inputs.shapes, &graph, place)?;
            }
        }
        tokens.map_or(Ok(()), |tokens| self.check_view(tokens))?;
        let values: Vec<Value> = values.into_iter().map(|(_, value)| value).collect();
        if gradient { graph.keeping(&values).check_kept() } else { Ok(()) }
    }

    fn check_view(&self, tokens: usize) -> Result<()> {
        let refused =
            |name: &'static str, value: String, reason: String| Err(Error::InvalidParameter { name, value, reason });
        match self.view {
            View::Token(token) | View::Grid { token, .. } if token >= tokens => {
                refused("token", token.to_string(), format!("there are {tokens}, counted from 0"))
            }
            View::Grid { skip, rows, columns, .. } => {
                let needed = rows.checked_mul(columns).and_then(|places| places.checked_add(skip));
                if rows > 0 && columns > 0 && needed == Some(tokens) {
                    return Ok(());
                }
                let value = format!("{skip} tokens and {rows} rows of {columns}");
                refused("grid", value, format!("there are {tokens} tokens"))
            }
            _ => Ok(()),
        }
    }

    /// The graph that keeps the matrices.
    pub(super) fn graph<'m, M: Differentiable + ?Sized>(
        &self,
        model: &'m M,
        call: &Call<'_, M::Backend>,
    ) -> Result<Graph<'m, M::Backend>> {
        let graph = call.graph(model)?;
        let values: Vec<Value> = self.values(&graph)?.into_iter().map(|(_, value)| value).collect();
        Ok(graph.keeping(&values))
    }

    /// After the pass, of what code gave that nobody can look into.
    pub(super) fn check_kept<B: Backend>(&self, kept: &Kept<B>) -> Result<()> {
        let mut tokens = None;
        for matrix in &kept.values {
            tokens = Some(check_matrix("weights", &matrix.shape(), tokens)?);
        }
        tokens.map_or(Ok(()), |tokens| self.check_view(tokens))
    }

    /// What is shown of matrices (B, T, T).
    pub(super) fn shown<B: Backend>(&self, matrix: &Tensor<B>) -> Result<Tensor<B>> {
        match self.view {
            View::All => Ok(matrix.clone()),
            View::Token(token) => matrix.narrow(1, token, 1),
            View::Grid { token, skip, rows, columns } => {
                let row = matrix.narrow(1, token, 1)?.narrow(2, skip, rows * columns)?;
                row.reshape(&[matrix.shape()[0], 1, rows, columns])
            }
        }
    }
}

/// That it is one of tokens by tokens, as many as in others; how many.
fn check_matrix(place: &str, shape: &[usize], tokens: Option<usize>) -> Result<usize> {
    match shape {
        [_, _, rows, columns] if rows == columns && tokens.is_none_or(|tokens| tokens == *rows) => Ok(*rows),
        _ => Err(Error::InvalidShape {
            what: format!("what is at `{place}`"),
            got: shape.to_vec(),
            reason: "attention of tokens to each other is (batch, heads, tokens, tokens), with as many tokens \
                     everywhere"
                .into(),
        }),
    }
}

/// The identity of so many tokens, for every sample.
pub(super) fn identity<B: Backend>(like: &Tensor<B>) -> Result<Tensor<B>> {
    let tokens = like.shape().last().copied().unwrap_or(0);
    let eye = Array2::from_shape_fn((tokens, tokens), |(i, j)| B::Elem::of(if i == j { 1.0 } else { 0.0 }));
    Tensor::upload(eye.view().into_dyn(), &like.placement())?.broadcast_to(&like.shape())
}

/// The builder methods of what is made of attention matrices.
macro_rules! matrix_builders {
    () => {
        /// Of the matrices (B, heads, T, T) at these places, in the order in which they are computed. Unless set, the
        /// model's matrices are those at places named `weights`, and what a softmax along the last axis gives.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::{Array4, array};
        /// use xai::nn::{Flatten, Sequential, Softmax};
        /// use xai::{Analyzer, AttentionRollout, NdArray};
        ///
        /// // Two layers over two tokens. Of scores that are all the same, each token looks at both by halves.
        /// let net = Sequential::<NdArray<f64>>::new()
        ///     .push_named("first", Softmax::new(3))
        ///     .push_named("second", Softmax::new(3))
        ///     .push(Flatten::default());
        /// let scores = Array4::zeros((1, 1, 2, 2)).into_dyn();
        /// let why = AttentionRollout::new().at_all(["first", "second"]).analyze(&net, &scores, 0)?;
        /// // With the shortcut each layer has 3/4 and 1/4; both together 3/4 · 3/4 + 1/4 · 1/4, and the rest.
        /// assert_eq!(why.values, array![[[0.625, 0.375], [0.375, 0.625]]].into_dyn());
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn at_all<S: Into<String>>(mut self, places: impl IntoIterator<Item = S>) -> Self {
            self.matrices.which =
                $crate::methods::attention_matrices::Which::Named(places.into_iter().map(Into::into).collect());
            self
        }

        /// Shows the row of one token, as the class token's, (B, 1, T): what it attends to.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::{Flatten, Sequential, Softmax};
        /// use xai::{Analyzer, NdArray, RawAttention};
        ///
        /// // Token 0 looks at both tokens alike, token 1 at itself alone.
        /// let net = Sequential::<NdArray<f64>>::new().push(Softmax::new(3)).push(Flatten::default());
        /// let scores = array![[[[0.0, 0.0], [-1000.0, 0.0]]]].into_dyn();
        /// let row = |token| RawAttention::last().of_token(token).analyze(&net, &scores, 0);
        /// assert_eq!(row(0)?.values, array![[[0.5, 0.5]]].into_dyn());
        /// assert_eq!(row(1)?.values, array![[[0.0, 1.0]]].into_dyn());
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn of_token(mut self, token: usize) -> Self {
            self.matrices.show_token(token);
            self
        }

        /// Shows the row of one token as a map (B, 1, rows, columns): the first `skip` tokens belong to no part of the
        /// image, the others are its parts, row by row.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::{Flatten, Sequential, Softmax};
        /// use xai::{Analyzer, NdArray, RawAttention};
        ///
        /// // A class token, and two parts of an image side by side: it looks at itself and at the left one.
        /// let net = Sequential::<NdArray<f64>>::new().push(Softmax::new(3)).push(Flatten::default());
        /// let (yes, no) = (0.0, -1000.0);
        /// let scores = array![[[[yes, yes, no], [no, yes, no], [no, no, yes]]]].into_dyn();
        /// let map = RawAttention::last().grid(0, 1, 1, 2).analyze(&net, &scores, 0)?;
        /// assert_eq!(map.values, array![[[[0.5, 0.0]]]].into_dyn());
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn grid(mut self, token: usize, skip: usize, rows: usize, columns: usize) -> Self {
            self.matrices.show_grid(token, skip, rows, columns);
            self
        }
    };
}
pub(super) use matrix_builders;
