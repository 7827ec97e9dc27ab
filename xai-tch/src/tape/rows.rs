//! Code that is written for one sample, as one whose class token is not repeated for a batch: its rows one by one.

use tch::Tensor as Torch;
use xai_core::{Error, Note, Result};

use super::input::{copied, run};
use crate::failure::{NAME, failed};

/// y = f(x); where several rows are an error and each by itself is none, the rows one by one, with a note.
///
/// Each try gets inputs of its own, since code that failed in its middle may have written into them.
pub(super) fn all_or_one_by_one(f: impl Fn(&[&Torch]) -> Result<Torch>, x: &[&Torch]) -> Result<Torch> {
    let own = x.iter().map(|x| copied(x)).collect::<Result<Vec<_>>>()?;
    let error = match run(&f, &own) {
        Err(error) if rows_of(x) > 1 => error,
        other => return other,
    };
    let mut ys = Vec::new();
    for row in 0..rows_of(x) {
        let one = |x: &&Torch| copied(&x.f_narrow(0, row, 1).map_err(failed)?);
        match run(&f, &x.iter().map(one).collect::<Result<Vec<_>>>()?) {
            Ok(y) if y.size().first() == Some(&1) => ys.push(y),
            Ok(y) => {
                return Err(Error::backend(
                    NAME,
                    format!(
                        "of one row the model gives an output of shape {:?}, and of the {} of this pass (a batch's \
                         samples, or the altered copies of one) an error: {error}; a second input that it captured has \
                         other rows: give it to the model as an input of its own, `analyze(&model, (&x, \
                         Given(&second)), ..)`, whose rows are repeated with the others",
                        y.size(),
                        rows_of(x)
                    ),
                ));
            }
            // An error of one row too is the code's own.
            Err(_) => return Err(error),
        }
    }
    let y = Torch::f_cat(&ys, 0).map_err(failed)?;
    Note::OneByOne { error: error.to_string() }.leave();
    Ok(y)
}

/// How many rows all inputs have.
fn rows_of(x: &[&Torch]) -> i64 {
    let rows = |x: &&Torch| x.size().first().copied().unwrap_or_default();
    let first = x.first().map(rows).unwrap_or_default();
    if x.iter().all(|x| rows(x) == first) { first } else { 0 }
}
