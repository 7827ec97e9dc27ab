//! The weights of a recurrent layer.

use crate::layers::Weights;
use crate::{Backend, Error, Result, Tensor};

/// The weights of one layer and one direction of an [`Lstm`](super::Lstm) or a [`Gru`](super::Gru), with the gates one
/// after another as PyTorch has them: G = 4 of an LSTM (input, forget, cell, output), 3 of a GRU (reset, update, new).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::nn::{Gru, RecurrentWeights};
/// use xai::{NdArray, Tensor};
///
/// // A GRU of three gates from inputs of length 5 to states of length 2, in both directions.
/// let zeros = |shape: &[usize]| Tensor::<NdArray>::upload(ArrayD::zeros(shape).view(), &());
/// let weights = RecurrentWeights {
///     weight_ih: zeros(&[3 * 2, 5])?,
///     weight_hh: zeros(&[3 * 2, 2])?,
///     bias_ih: Some(zeros(&[3 * 2])?),
///     bias_hh: Some(zeros(&[3 * 2])?),
/// };
/// assert!(Gru::new(vec![vec![weights.clone(), weights]])?.is_bidirectional());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RecurrentWeights<B: Backend> {
    /// What the input is multiplied with, (G·H, D).
    pub weight_ih: Tensor<B>,
    /// What the state is multiplied with, (G·H, H).
    pub weight_hh: Tensor<B>,
    /// What is added to the input's part, (G·H).
    pub bias_ih: Option<Tensor<B>>,
    /// What is added to the state's part, (G·H).
    pub bias_hh: Option<Tensor<B>>,
}

impl<B: Backend> RecurrentWeights<B> {
    /// `weight_ih_l0`, `weight_hh_l0` and so on, of which `part` is what follows, `l0`; both biases, or none.
    pub(super) fn load(weights: &Weights<B>, part: &str) -> Result<Self> {
        let [bias_ih, bias_hh] = ["bias_ih", "bias_hh"].map(|name| format!("{name}_{part}"));
        let biased = weights.has(&bias_ih) || weights.has(&bias_hh);
        let bias = |name: &str| biased.then(|| weights.get(name)).transpose();
        Ok(RecurrentWeights {
            weight_ih: weights.get(&format!("weight_ih_{part}"))?,
            weight_hh: weights.get(&format!("weight_hh_{part}"))?,
            bias_ih: bias(&bias_ih)?,
            bias_hh: bias(&bias_hh)?,
        })
    }

    /// The lengths of the input and of the state, D and H, with all shapes checked; `part` says whose weights they are.
    pub(super) fn lengths(&self, part: &str, gates: usize) -> Result<[usize; 2]> {
        let (ih, hh) = (self.weight_ih.shape(), self.weight_hh.shape());
        let hidden = match hh[..] {
            [rows, hidden] if hidden > 0 && hidden.checked_mul(gates) == Some(rows) => hidden,
            _ => {
                let reason = format!("it needs 2 axes, ({gates} gates · state, state), none of length 0");
                return Err(Error::InvalidShape { what: format!("weight_hh of {part}"), got: hh, reason });
            }
        };
        let inputs = match ih[..] {
            [rows, inputs] if inputs > 0 && rows == gates * hidden => inputs,
            _ => {
                let reason = format!("it needs 2 axes, ({gates} gates · {hidden}, inputs), none of length 0");
                return Err(Error::InvalidShape { what: format!("weight_ih of {part}"), got: ih, reason });
            }
        };
        for (name, bias) in [("bias_ih", &self.bias_ih), ("bias_hh", &self.bias_hh)] {
            if let Some(bias) = bias {
                Error::check_shape(&format!("{name} of {part}"), &[gates * hidden], &bias.shape())?;
            }
        }
        Ok([inputs, hidden])
    }
}
