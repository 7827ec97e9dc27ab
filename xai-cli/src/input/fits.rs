//! Whether a size that nobody said is one that the network takes.

use xai::Backend;
use xai::onnx::Fault;
use xai_cli::command_line::{Outcome, failure};

use crate::model::{Model, Wanted};
use crate::words;

/// That the network takes one sample.
pub(super) fn check_one(wanted: &Wanted) -> Outcome<()> {
    match wanted.shape.as_deref() {
        Some(&[Some(samples), ..]) if samples != 1 => Err(failure(format!(
            "{wanted} takes {samples} samples at once: export the network for one sample, or for any number; or say \
             --no-batch where the first axis is no batch, but frames or steps of one sample"
        ))),
        _ => Ok(()),
    }
}

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

#[cfg(test)]
mod tests {
    use super::{Wanted, check_one};

    #[test]
    fn a_file_of_several_samples_is_refused_whatever_the_input() {
        let of = |shape: &[Option<usize>]| {
            let shape = Some(shape.to_vec());
            check_one(&Wanted { name: "x".into(), whole: false, shape, channels_last: None, usual: None })
        };
        assert!([&[Some(1), Some(4)][..], &[None, Some(4)], &[]].into_iter().all(|shape| of(shape).is_ok()));
        let refused = of(&[Some(4), Some(3)]).unwrap_err().to_string();
        assert!(refused.contains("takes 4 samples at once") && refused.contains("--no-batch"), "{refused}");
    }
}
