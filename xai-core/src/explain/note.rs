//! What the asker of an analysis should know: [`Note`].

use std::cell::RefCell;
use std::fmt;

use crate::Result;

/// What the asker of an analysis should know: [`Extras::notes`](crate::Extras::notes).
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
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// Code of the framework's kind is written for one sample: a pass of several rows, a batch's samples or the altered
    /// copies of one, was an error. Its rows were run one by one, and took as long as that.
    OneByOne {
        /// The error, in words.
        error: String,
    },
    /// The values of a sample, the worst one, do not add up to the change of its output that they are shares of: the
    /// completeness gap is more than [`Extras::LARGE_GAP`](crate::Extras::LARGE_GAP) of it.
    LargeGap {
        /// Which sample of the batch.
        sample: usize,
        /// Σ values - change.
        gap: f64,
        /// By how much the output changes from the reference.
        change: f64,
    },
}

thread_local! {
    /// Of the analyses that are running, the innermost last.
    static RUNNING: RefCell<Vec<Vec<Note>>> = const { RefCell::new(Vec::new()) };
}

impl Note {
    /// Leaves this note in the analysis that runs on this thread, if there is one: for backends. The first of its kind
    /// stays.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn, array};
    /// use xai::{Analyzer, Function, Gradient, NdArray, Note};
    ///
    /// type T = ArcArray<f64, IxDyn>;
    /// let note = Note::OneByOne { error: "one row at a time".into() };
    /// let model = Function::<NdArray<f64>, _, _>::new(
    ///     |x: &T| {
    ///         note.clone().leave();
    ///         x * 2.0
    ///     },
    ///     |_: &T, v: &T| v * 2.0,
    /// );
    /// assert_eq!(Gradient.analyze(&model, &array![[3.0, -1.0]], 0)?.extras.notes, [note]);
    /// # Ok::<(), xai::Error>(())
    /// ```
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

impl Note {
    /// As a note of one sample alone, if it has to do with it.
    pub(crate) fn of_sample(&self, of: usize) -> Option<Note> {
        match *self {
            Note::LargeGap { sample, gap, change } => {
                (sample == of).then_some(Note::LargeGap { sample: 0, gap, change })
            }
            _ => Some(self.clone()),
        }
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
            Note::LargeGap { sample, gap, change } => write!(
                f,
                "the values of sample {sample} add up to {:+.4e} and the output changes by {change:+.4e} from the \
                 reference, a completeness gap of {gap:+.4e}, so that they are no shares of that change: where the \
                 method has them, take more points, a tolerance or `Quadrature::Graded`, or another reference (a \
                 network that begins with an RMS norm has a gradient of 1/√ε at zeros)",
                change + gap
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
