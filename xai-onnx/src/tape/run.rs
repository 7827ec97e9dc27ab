//! Running a tape at once, on plain arrays: how what is known is computed with.

use ndarray::{ArrayD, IxDyn};
use xai_core::{Backend, NdArray, Tensor};

use super::{Id, Step, Tape, Written};

type Host = NdArray<f64>;

impl Tape<Host> {
    /// The numbers of one of its values; there are no inputs.
    pub(crate) fn value(&self, of: Id) -> Written<ArrayD<f64>> {
        let needed = self.needed(of);
        let mut values: Vec<Option<Tensor<Host>>> = vec![None; self.entries.len()];
        for i in 0..=of.0 {
            let entry = &self.entries[i];
            if !needed[i] {
                continue;
            }
            let read = |id: &Id| values[id.0].clone();
            let inputs: Option<Vec<Tensor<Host>>> = entry.inputs.iter().map(read).collect();
            let inputs = inputs.unwrap_or_default();
            values[i] = Some(match &entry.step {
                Step::Input => continue,
                Step::Constant(weight) => weight.tensor(),
                Step::Op(op) => Host::forward(op, &inputs.iter().collect::<Vec<_>>())?,
                Step::Host(step) => {
                    let arrays = inputs.iter().map(Tensor::download).collect::<xai_core::Result<Vec<_>>>()?;
                    Tensor::upload(step.run(&arrays).view(), &())?
                }
            });
        }
        match values[of.0].take() {
            Some(tensor) => Ok(tensor.download()?),
            None => Ok(ArrayD::zeros(IxDyn(self.shape(of)))),
        }
    }
}
