//! Code that is written for one sample, as one whose class token is not repeated for a batch: its rows one by one.

use std::fmt;

use candle_core::Tensor;
use xai_core::{Error, Note, Result};

use crate::error::failed;

/// y = f(x); where several rows are an error and each by itself is none, the rows one by one, with a note.
pub(crate) fn all_or_one_by_one(f: impl Fn(&[&Tensor]) -> Result<Tensor>, x: &[&Tensor]) -> Result<Tensor> {
    let error = match f(x) {
        Err(error) if rows_of(x) > 1 => error,
        other => return other,
    };
    match each(f, x) {
        Ok(y) => {
            Note::OneByOne { error: error.to_string() }.leave();
            Ok(y)
        }
        // An error of one row too is the code's own.
        Err(NotOne::Failed(_)) => Err(error),
        Err(NotOne::Rows(got)) => Err(Error::backend("candle", OtherRows { rows: rows_of(x), got, source: error })),
    }
}

/// How many rows all inputs have.
fn rows_of(x: &[&Tensor]) -> usize {
    let rows = |x: &&Tensor| x.dims().first().copied().unwrap_or_default();
    let first = x.first().map(rows).unwrap_or_default();
    if x.iter().all(|x| rows(x) == first) { first } else { 0 }
}

/// Why rows cannot be run one by one.
enum NotOne {
    /// The code's own error of one of them.
    Failed(Error),
    /// One sample gives an output of this shape, which has not one row.
    Rows(Vec<usize>),
}

/// The rows of x, each by itself.
///
/// # Errors
/// The code's own, and [`Error::InvalidShape`] where one row does not give one.
pub(crate) fn one_by_one(f: impl Fn(&[&Tensor]) -> Result<Tensor>, x: &[&Tensor]) -> Result<Tensor> {
    each(f, x).map_err(|why| match why {
        NotOne::Failed(error) => error,
        NotOne::Rows(got) => Error::InvalidShape {
            what: "model output".into(),
            got,
            reason: "of one sample it has to have one row, first".into(),
        },
    })
}

/// The rows of x, each by itself, on the tape that x is on.
fn each(f: impl Fn(&[&Tensor]) -> Result<Tensor>, x: &[&Tensor]) -> std::result::Result<Tensor, NotOne> {
    let failed = |error: candle_core::Error| NotOne::Failed(failed(error));
    let of_row = |row: usize| {
        let row = x.iter().map(|x| x.narrow(0, row, 1)).collect::<candle_core::Result<Vec<_>>>().map_err(failed)?;
        let y = f(&row.iter().collect::<Vec<_>>()).map_err(NotOne::Failed)?;
        if y.dims().first() == Some(&1) { Ok(y) } else { Err(NotOne::Rows(y.dims().to_vec())) }
    };
    let ys = (0..rows_of(x)).map(of_row).collect::<std::result::Result<Vec<_>, _>>()?;
    Tensor::cat(&ys, 0).map_err(failed)
}

/// Several rows are an error, and of one row the output has not one.
#[derive(Debug)]
struct OtherRows {
    rows: usize,
    got: Vec<usize>,
    source: Error,
}

impl fmt::Display for OtherRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OtherRows { rows, got, source } = self;
        write!(
            f,
            "of one row the model gives an output of shape {got:?}, and of the {rows} of this pass (a batch's samples, \
             or the altered copies of one) an error: {source}; a second input that it captured has other rows: give it \
             to the model as an input of its own, `analyze(&model, (&x, Given(&second)), ..)`, whose rows are repeated \
             with the others"
        )
    }
}

impl std::error::Error for OtherRows {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
