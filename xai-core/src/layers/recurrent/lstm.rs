//! Long short-term memory.

use super::RecurrentWeights;
use super::cell::{Cell, State};
use super::stack::Stack;
use crate::layers::Weights;
use crate::op::Linear;
use crate::{Backend, Layer, Result, Var, Weight};

/// Long short-term memory, PyTorch's `LSTM` with `batch_first`: (B, T, D) to the states of all steps, (B, T, H), or
/// (B, T, 2·H) with both directions, forward first.
///
/// With [i, f, g, o] = W x + b + U h + b', of four parts of H numbers,
///
/// ```text
/// c ← σ(f) · c + σ(i) · tanh(g)
/// h ← σ(o) · tanh(c)
/// ```
///
/// step by step from h = c = 0. Several layers, each on the states of the one before, are named `l0`, `l1`, ... as
/// places; dropout between them is that of evaluation, none. The last step's state is
/// `lstm.trace(x)?.narrow(1, steps - 1, 1)`.
///
/// Errors: [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 3 axes, no step, or another
/// length of its last axis than the weight takes.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArrayD, array};
/// use xai::nn::{Lstm, RecurrentWeights};
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// // All gates are open, σ(1000) = 1, and tanh(g) = 1: the memory counts the steps, c = t, and h = tanh(t).
/// let tensor = |a: ArrayD<f64>| Tensor::<NdArray<f64>>::upload(a.view(), &());
/// let weights = RecurrentWeights {
///     weight_ih: tensor(ArrayD::zeros(vec![4, 1]))?,
///     weight_hh: tensor(ArrayD::zeros(vec![4, 1]))?,
///     bias_ih: Some(tensor(ArrayD::from_elem(vec![4], 1000.0))?),
///     bias_hh: None,
/// };
/// let net = Net::<NdArray<f64>, _>::new(Lstm::new(vec![vec![weights]])?);
/// let y = net.predict(array![[[5.0], [-5.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[1f64.tanh()], [2f64.tanh()]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lstm<B: Backend>(Stack<LstmCell<B>>);

impl<B: Backend> Lstm<B> {
    /// From the weights of each layer: forward, and backward if there is such a direction.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when there is no layer, or layers have no direction,
    /// more than two, or different numbers of them; [`Error::InvalidShape`](crate::Error::InvalidShape) and
    /// [`Error::Shape`](crate::Error::Shape) for weights that do not fit.
    pub fn new(layers: Vec<Vec<RecurrentWeights<B>>>) -> Result<Self> {
        Stack::new(layers).map(Lstm)
    }

    /// `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0` and `bias_hh_l0`, the same with `_reverse` if there is that
    /// direction, and as many layers `l1`, ... as there are.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), as [`new`](Lstm::new), and
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a checkpoint with projections
    /// (`weight_hr_l0`).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::ArrayD;
    /// use xai::NdArray;
    /// use xai::nn::{Lstm, Weights};
    ///
    /// // Two layers, from inputs of length 3 to states of length 2.
    /// let zeros = |shape: [usize; 2]| ArrayD::<f32>::zeros(shape.to_vec());
    /// let checkpoint = [
    ///     ("lstm.weight_ih_l0", zeros([8, 3])),
    ///     ("lstm.weight_hh_l0", zeros([8, 2])),
    ///     ("lstm.weight_ih_l1", zeros([8, 2])),
    ///     ("lstm.weight_hh_l1", zeros([8, 2])),
    /// ];
    /// let weights = Weights::<NdArray>::new(checkpoint, ())?;
    /// let lstm = Lstm::load(&weights.at("lstm"))?;
    /// assert_eq!((lstm.num_layers(), lstm.is_bidirectional()), (2, false));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        Stack::load(weights).map(Lstm)
    }

    /// How many layers there are: PyTorch's `num_layers`.
    pub fn num_layers(&self) -> usize {
        self.0.layers()
    }

    /// True when every layer has both directions: PyTorch's `bidirectional`.
    pub fn is_bidirectional(&self) -> bool {
        self.0.is_bidirectional()
    }
}

impl<B: Backend> Layer<B> for Lstm<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self.0.trace(x)
    }
}

#[derive(Debug, Clone)]
struct LstmCell<B: Backend> {
    input: Linear<B>,
    /// A second bias: both are added up in each pass, so that both are trained.
    more: Option<Weight<B>>,
    state: Linear<B>,
    hidden: usize,
}

impl<B: Backend> Cell<B> for LstmCell<B> {
    const NAME: &'static str = "Lstm";
    const GATES: usize = 4;

    fn new(weights: RecurrentWeights<B>, hidden: usize) -> Result<Self> {
        let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = weights;
        let (bias, more) = match bias_ih {
            Some(bias) => (Some(bias), bias_hh.map(Weight::from)),
            None => (bias_hh, None),
        };
        Ok(LstmCell { input: Linear::new(weight_ih, bias)?, more, state: Linear::new(weight_hh, None)?, hidden })
    }

    fn input(&self) -> Result<Linear<B>> {
        let bias = match (&self.input.bias, &self.more) {
            (Some(one), Some(more)) => Some(one.tensor().add(&more.tensor())?.into()),
            (bias, _) => bias.clone(),
        };
        Ok(Linear { weight: self.input.weight.clone(), bias })
    }

    fn step<'m>(&'m self, given: &Var<'m, B>, before: Option<&State<'m, B>>) -> State<'m, B> {
        let gates = match before {
            Some(before) => given + before.hidden.op(self.state.clone()),
            None => given.clone(),
        };
        let part = |i: usize| gates.narrow(1, i * self.hidden, self.hidden);
        let fresh = part(0).sigmoid() * part(2).tanh();
        let memory = match before.and_then(|before| before.memory.as_ref()) {
            Some(memory) => part(1).sigmoid() * memory + fresh,
            None => fresh,
        };
        State { hidden: part(3).sigmoid() * memory.tanh(), memory: Some(memory) }
    }
}
