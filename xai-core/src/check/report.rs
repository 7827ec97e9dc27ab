//! The verdict on a gradient, in words.

use std::fmt;

/// Whether a gradient can be trusted.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{NdArray, Net, Verdict, check_gradient};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// let report = check_gradient(&net, &array![[0.5, 1.0]])?;
/// assert_eq!(report.verdict, Verdict::Trusted);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// Gradient and finite differences agree.
    Trusted,
    /// The gradient points the right way, but is this many times too large (or too small).
    WrongScale {
        /// The gradient over the finite differences.
        factor: f64,
    },
    /// No gradient reaches the input, though the output depends on it; or the framework said that the path is cut.
    Cut {
        /// What is known about it.
        reason: String,
    },
    /// The gradient differs from the finite differences by more than their noise: one of several paths is cut, or the
    /// gradient of an operation is wrong.
    Wrong,
    /// The model gives the same input two outputs, so that there is no gradient to check.
    Random {
        /// ‖difference of two passes‖ / ‖output‖.
        change: f64,
    },
    /// The model gives the same input two gradients, though one output.
    RandomGradient {
        /// ‖difference of two ways back‖ / ‖gradient‖.
        change: f64,
    },
    /// The output of a row depends on what else is in the batch, so that the gradient of one sample is not its own.
    MixesRows {
        /// ‖difference between a row alone and in a batch‖ / ‖output‖.
        change: f64,
    },
    /// The output does not move around this input, as behind a saturated softmax: there is nothing to compare with.
    Still,
    /// The way back fails, though the forward pass does not.
    Failed {
        /// The error, in words.
        reason: String,
    },
    /// The comparison is too noisy to say anything.
    Noise,
}

/// One random direction.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{NdArray, Net, check_gradient};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// let report = check_gradient(&net, &array![[0.5, 1.0]])?;
/// assert!(report.directions.iter().all(|along| (along.analytic - along.numeric).abs() < 1e-5));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Direction {
    /// The derivative along it by the model's vjp, as a mean over a short segment.
    pub analytic: f64,
    /// The derivative along it by finite differences.
    pub numeric: f64,
    /// What the comparison is uncertain by: rounding of the difference, and the derivative's jumps between the points.
    pub noise: f64,
    /// The rounding of the difference alone.
    pub(super) rounding: f64,
    /// How far the derivative at its points may lie from the mean, where few of them were proof enough: it scales with
    /// a gradient of a wrong scale, and says nothing about whether there is one.
    pub(super) bend: f64,
}

/// What [`check_gradient`](crate::check_gradient) found. Its `Display` says it in words.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{NdArray, Net, check_gradient};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// let report = check_gradient(&net, &array![[0.5, 1.0]])?;
/// assert!(report.is_trusted(), "{report}");
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GradientReport {
    /// Whether the gradient can be trusted.
    pub verdict: Verdict,
    /// ‖analytic - numeric‖ / ‖numeric‖ over the directions that decided.
    pub relative_error: f64,
    /// ‖noise‖ / ‖numeric‖ over the directions that decided: what the comparison itself is uncertain by.
    pub noise: f64,
    /// The directions.
    pub directions: Vec<Direction>,
}

/// A comparison that is more uncertain than this says nothing.
const TOO_NOISY: f64 = 0.2;
/// What is called wrong differs by so many times the noise.
pub(super) const STANDS_OUT: f64 = 5.0;
/// So many times as much is no measure any more.
const BEYOND: f64 = 1e12;
/// A gradient shorter than this share of the true one is as good as none.
const NOTHING: f64 = 1e-6;

impl GradientReport {
    /// True when gradient and finite differences agree.
    pub fn is_trusted(&self) -> bool {
        self.verdict == Verdict::Trusted
    }

    pub(super) fn cut(reason: String) -> Self {
        GradientReport { verdict: Verdict::Cut { reason }, relative_error: 1.0, noise: 0.0, directions: vec![] }
    }

    pub(super) fn failed(reason: String) -> Self {
        GradientReport { verdict: Verdict::Failed { reason }, relative_error: 1.0, noise: 0.0, directions: vec![] }
    }

    pub(super) fn unsteady(verdict: Verdict, change: f64) -> Self {
        GradientReport { verdict, relative_error: 1.0, noise: change, directions: vec![] }
    }

    /// What two families of directions say together: no fault that either finds is overlooked, and where the numbers
    /// move by their own sizes the gradient has to be right for trust.
    pub(super) fn of_both(own: Self, shared: Self) -> Self {
        let silent = |report: &Self| matches!(report.verdict, Verdict::Noise | Verdict::Still);
        let worse = own.is_trusted() && shared.is_trusted() && shared.relative_error > own.relative_error;
        let shared_decides = worse || own.is_trusted() && !silent(&shared) || silent(&own) && shared.is_fault();
        let directions = [own.directions.as_slice(), &shared.directions].concat();
        GradientReport { directions, ..if shared_decides { shared } else { own } }
    }

    /// True when the gradient is known to be wrong.
    pub(super) fn is_fault(&self) -> bool {
        matches!(self.verdict, Verdict::Wrong | Verdict::WrongScale { .. } | Verdict::Cut { .. })
    }

    /// `coarse` numbers cannot show that a gradient is wrong: small steps are rounded away, and differences that agree
    /// with each other may agree on nothing.
    pub(super) fn judge(directions: Vec<Direction>, tolerance: f64, coarse: bool) -> Self {
        let norm = |part: fn(&Direction) -> f64| directions.iter().map(|d| part(d).powi(2)).sum::<f64>().sqrt();
        let (analytic, numeric) = (norm(|d| d.analytic), norm(|d| d.numeric));
        let rounding = norm(|d| d.rounding);
        // Relative to what moves: the gradient, where the output does not.
        let unit = if numeric > 0.0 { numeric } else { analytic.max(f64::MIN_POSITIVE) };
        let noise = norm(|d| d.noise) / unit;
        let relative_error = norm(|d| d.analytic - d.numeric) / unit;
        let bound = tolerance.max(3.0 * noise);
        let bent = bound.max(3.0 * norm(|d| d.bend) / unit);
        let product: f64 = directions.iter().map(|d| d.analytic * d.numeric).sum();
        let factor = product / (unit * unit);
        let residual = directions.iter().map(|d| (d.analytic - factor * d.numeric).powi(2)).sum::<f64>().sqrt();
        let verdict = if !relative_error.is_finite() {
            Verdict::Noise
        } else if numeric <= rounding && analytic <= STANDS_OUT * rounding {
            Verdict::Still
        } else if relative_error <= bound {
            if noise > TOO_NOISY { Verdict::Noise } else { Verdict::Trusted }
        } else if relative_error <= STANDS_OUT * noise {
            // One direction may decide alone, and its noise is an estimate.
            Verdict::Noise
        } else if analytic <= NOTHING * unit {
            Verdict::Cut { reason: "the gradient is zero, but the output depends on the input".into() }
        } else if coarse {
            Verdict::Noise
        } else if numeric > rounding && directions.len() > 1 && residual <= bent * analytic {
            Verdict::WrongScale { factor }
        } else {
            Verdict::Wrong
        };
        GradientReport { verdict, relative_error, noise, directions }
    }
}

/// A share in words: of what does not move, any number is infinitely many times as much.
fn share(share: f64) -> String {
    if share < BEYOND { format!("{share:.1e}") } else { "beyond measure".into() }
}

impl fmt::Display for GradientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Trusted => f.write_str("the gradient can be trusted: it agrees with finite differences")?,
            Verdict::WrongScale { factor } => write!(
                f,
                "the gradient has a wrong scale: it is {factor:.4} times what finite differences give; look for an \
                 operation whose backward pass is off by a factor, as pooling is in some frameworks"
            )?,
            Verdict::Cut { reason } => write!(
                f,
                "the gradient is cut: {reason}; look for detached tensors and for operations without a backward pass"
            )?,
            Verdict::Wrong => f.write_str(
                "the gradient is wrong: it differs from finite differences by more than their noise; one of several \
                 paths is cut (a skip connection around a detached operation), or an operation's backward pass is \
                 wrong: check the parts of the model one by one",
            )?,
            Verdict::Random { change } => write!(
                f,
                "the model is random: two passes of the same input differ by {:.1}% of the output; switch it to \
                 evaluation (dropout, batch norm), or fix its random numbers",
                100.0 * change
            )?,
            Verdict::RandomGradient { change } => write!(
                f,
                "the gradient is random: two ways back from the same output differ by {:.1}%; look for random numbers \
                 in a backward pass, or for memory that it shares with another pass",
                100.0 * change
            )?,
            Verdict::MixesRows { change } => write!(
                f,
                "the model mixes the rows of a batch: a row by itself has another output than in a batch, by {:.1}%, \
                 so that no gradient belongs to one sample; switch it to evaluation (batch norm), and look for sums, \
                 means and reshapes that reach over the first axis",
                100.0 * change
            )?,
            Verdict::Still => f.write_str(
                "nothing can be said: the output does not move around this input; try another one, or an output before \
                 the softmax or another step that saturates",
            )?,
            Verdict::Failed { reason } => write!(f, "there is no gradient: the way back fails: {reason}")?,
            Verdict::Noise => f.write_str(
                "nothing can be said: the comparison is too noisy; try an input away from kinks and \
                 saturation, or the model in f32 or f64 if it runs in a half type",
            )?,
        }
        let [error, noise] = [self.relative_error, self.noise].map(share);
        write!(f, " (relative error {error}, noise {noise}, ")?;
        write!(f, "{} directions)", self.directions.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{GradientReport, Verdict};

    #[test]
    fn noise_beside_nothing_is_no_number() {
        let report = |noise| GradientReport { noise, ..GradientReport::unsteady(Verdict::Noise, 0.0) }.to_string();
        assert!(report(1.1e303).contains("noise beyond measure, 0 directions"), "{}", report(1.1e303));
        assert!(report(0.25).contains("noise 2.5e-1, "), "{}", report(0.25));
        assert!(report(f64::NAN).contains("noise beyond measure"), "{}", report(f64::NAN));
    }
}
