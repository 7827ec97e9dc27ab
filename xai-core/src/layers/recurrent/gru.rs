//! Gated recurrent unit.

use super::RecurrentWeights;
use super::cell::{Cell, State};
use super::stack::Stack;
use crate::layers::Weights;
use crate::op::Linear;
use crate::{Backend, Layer, Result, Var, Weight};

/// Gated recurrent unit, PyTorch's `GRU` with `batch_first`: (B, T, D) to the states of all steps, (B, T, H), or
/// (B, T, 2·H) with both directions, forward first.
///
/// With [r, z, n] = W x + b and [r', z', n'] = U h + b', each of three parts of H numbers,
///
/// ```text
/// new ← tanh(n + σ(r + r') · n')
/// h ← (1 - σ(z + z')) · new + σ(z + z') · h
/// ```
///
/// step by step from h = 0. Several layers, each on the states of the one before, are named `l0`, `l1`, ... as places;
/// dropout between them is that of evaluation, none.
///
/// Errors: [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 3 axes, no step, or another
/// length of its last axis than the weight takes.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArrayD, array};
/// use xai::nn::{Gru, RecurrentWeights};
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// // The second gate is shut, σ(-1000) = 0: nothing of the state is kept, and h = tanh(x).
/// let tensor = |a: ArrayD<f64>| Tensor::<NdArray<f64>>::upload(a.view(), &());
/// let weights = RecurrentWeights {
///     weight_ih: tensor(array![[0.0], [0.0], [1.0]].into_dyn())?,
///     weight_hh: tensor(ArrayD::zeros(vec![3, 1]))?,
///     bias_ih: Some(tensor(array![0.0, -1000.0, 0.0].into_dyn())?),
///     bias_hh: None,
/// };
/// let net = Net::<NdArray<f64>, _>::new(Gru::new(vec![vec![weights]])?);
/// let y = net.predict(array![[[0.5], [-2.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[0.5f64.tanh()], [(-2f64).tanh()]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gru<B: Backend>(Stack<GruCell<B>>);

impl<B: Backend> Gru<B> {
    /// From the weights of each layer: forward, and backward if there is such a direction.
    ///
    /// # Errors
    /// As [`Lstm::new`](super::Lstm::new).
    pub fn new(layers: Vec<Vec<RecurrentWeights<B>>>) -> Result<Self> {
        Stack::new(layers).map(Gru)
    }

    /// By the names of [`Lstm::load`](super::Lstm::load).
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](Gru::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::ArrayD;
    /// use xai::NdArray;
    /// use xai::nn::{Gru, Weights};
    ///
    /// // One layer of both directions, from inputs of length 3 to states of length 2.
    /// let zeros = |shape: [usize; 2]| ArrayD::<f32>::zeros(shape.to_vec());
    /// let checkpoint = [
    ///     ("gru.weight_ih_l0", zeros([6, 3])),
    ///     ("gru.weight_hh_l0", zeros([6, 2])),
    ///     ("gru.weight_ih_l0_reverse", zeros([6, 3])),
    ///     ("gru.weight_hh_l0_reverse", zeros([6, 2])),
    /// ];
    /// let weights = Weights::<NdArray>::new(checkpoint, ())?;
    /// let gru = Gru::load(&weights.at("gru"))?;
    /// assert_eq!((gru.num_layers(), gru.is_bidirectional()), (1, true));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        Stack::load(weights).map(Gru)
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

impl<B: Backend> Layer<B> for Gru<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self.0.trace(x)
    }
}

#[derive(Debug, Clone)]
struct GruCell<B: Backend> {
    input: Linear<B>,
    state: Linear<B>,
    /// What the state's part is when the state is zero.
    bias: Option<Weight<B>>,
    hidden: usize,
}

impl<B: Backend> Cell<B> for GruCell<B> {
    const NAME: &'static str = "Gru";
    const GATES: usize = 3;

    fn new(weights: RecurrentWeights<B>, hidden: usize) -> Result<Self> {
        let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = weights;
        let state = Linear::new(weight_hh, bias_hh)?;
        Ok(GruCell { input: Linear::new(weight_ih, bias_ih)?, bias: state.bias.clone(), state, hidden })
    }

    fn input(&self) -> Result<Linear<B>> {
        Ok(self.input.clone())
    }

    fn step<'m>(&'m self, given: &Var<'m, B>, before: Option<&State<'m, B>>) -> State<'m, B> {
        // The state's part, and the axis that its gates are on: a bias has no rows.
        let of_state = match before {
            Some(before) => Some((before.hidden.op(self.state.clone()), 1)),
            None => self.bias.as_ref().map(|bias| (given.constant(bias.clone()), 0)),
        };
        let part = |x: &Var<'m, B>, axis: usize, i: usize| x.narrow(axis, i * self.hidden, self.hidden);
        let state_part = |i: usize| of_state.as_ref().map(|(x, axis)| part(x, *axis, i));
        let sum = |i: usize, more: Option<Var<'m, B>>| match more {
            Some(more) => part(given, 1, i) + more,
            None => part(given, 1, i),
        };
        let gate = |i: usize| sum(i, state_part(i)).sigmoid();
        let new = sum(2, state_part(2).map(|more| gate(0) * more)).tanh();
        let change = match before {
            Some(before) => gate(1) * (&before.hidden - &new),
            None => -(gate(1) * &new),
        };
        State { hidden: new + change, memory: None }
    }
}
