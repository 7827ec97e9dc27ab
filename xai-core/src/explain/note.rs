//! What an analysis did otherwise than its asker may think: [`Note`].

use std::cell::RefCell;
use std::fmt;

use crate::Result;

/// What an analysis did otherwise than its asker may think, though its values are right:
/// [`Extras::notes`](crate::Extras::notes).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.extras.notes, []);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Code of the framework's kind is written for one sample: a pass of several rows, a batch's samples or the altered
    /// copies of one, was an error. Its rows were run one by one, and took as long as that.
    OneByOne {
        /// The error, in words.
        error: String,
    },
}

thread_local! {
    /// Of the analyses that are running, the innermost last.
    static RUNNING: RefCell<Vec<Vec<Note>>> = const { RefCell::new(Vec::new()) };
}

impl Note {
    /// Leaves this note in the analysis that runs on this thread, if there is one: for backends. The first of its kind
    /// stays.
    pub fn leave(self) {
        RUNNING.with_borrow_mut(|running| {
            let Some(notes) = running.last_mut() else { return };
            let same = |other: &Note| std::mem::discriminant(other) == std::mem::discriminant(&self);
            if !notes.iter().any(same) {
                notes.push(self);
            }
        });
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::OneByOne { error } => write!(
                f,
                "the model takes one row at a time: a pass of several is an error ({error}), so that their rows were \
                 run one by one"
            ),
        }
    }
}

/// Does the work of an analysis, and gives the notes that were left meanwhile.
pub(crate) fn noted<R>(work: impl FnOnce() -> Result<R>) -> Result<(R, Vec<Note>)> {
    /// Ends the analysis, also by a panic.
    struct Ended;
    impl Drop for Ended {
        fn drop(&mut self) {
            RUNNING.with_borrow_mut(Vec::pop);
        }
    }
    RUNNING.with_borrow_mut(|running| running.push(Vec::new()));
    let _ended = Ended;
    let found = work()?;
    let notes = RUNNING.with_borrow_mut(|running| running.last_mut().map(std::mem::take));
    Ok((found, notes.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(error: &str) -> Note {
        Note::OneByOne { error: error.into() }
    }

    #[test]
    fn notes_belong_to_the_analysis_that_runs() {
        note("nobody").leave();
        let ((_, inner), outer) = noted(|| {
            note("first").leave();
            note("second").leave();
            noted(|| {
                note("inner").leave();
                Ok(())
            })
        })
        .unwrap();
        assert_eq!((inner, outer), (vec![note("inner")], vec![note("first")]));
        let fails = || -> Result<()> { Err(crate::Error::backend("none", "it fails")) };
        assert!(noted(fails).is_err());
        assert_eq!(noted(|| Ok(())).unwrap().1, []);
    }
}
