//! Whether a size that nobody said is one that the network takes.

use xai::Backend;
use xai::onnx::Fault;
use xai_cli::command_line::{Outcome, failure};

use crate::model::Model;
use crate::words;

/// That the network takes an input of this shape, where its rows and columns were assumed; of an error it is said that
/// they may be why.
pub(crate) fn check_assumed<B: Backend>(model: &Model<B>, shape: &[usize], assumed: bool) -> Outcome<()> {
    if !assumed {
        return Ok(());
    }
    match model.network.graph(&[shape.to_vec()]) {
        Ok(_) => Ok(()),
        // Whatever the size.
        Err(error) if matches!(words::fault(&error), Some(Fault::Refused(_))) => Err(error.into()),
        Err(error) => {
            let taken: Vec<String> = shape.iter().map(usize::to_string).collect();
            Err(failure(format!(
                "{} leaves the size open, and {}, which was taken, does not fit: say the network's own by --size \
                 ROWSxCOLUMNS (`xai inspect --shape {}` tells whether another one fits): {}",
                model.input,
                taken.join("x"),
                model.input.example(),
                words::of(&error)
            )))
        }
    }
}
