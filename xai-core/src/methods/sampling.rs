//! How much is drawn: so often, or until a tolerance is met.

use crate::passes::{MOST_COPIES, within};
use crate::{Error, Result};

/// What can be set on everything that is estimated by sampling.
#[derive(Debug, Clone)]
pub(crate) struct Sampling {
    /// How many draws, whatever one is.
    pub(crate) n: usize,
    pub(crate) seed: u64,
    /// On the relative error, ‖standard errors‖₂ / ‖values‖₂.
    pub(crate) tolerance: Option<f64>,
    /// At most so many evaluations for each sample, to meet it.
    pub(crate) max_n: usize,
}

/// The builder methods of everything that is estimated by sampling; `$sampling` is the way from `self` to the settings.
macro_rules! sampling_builders {
    ($($sampling:ident).+) => {
        /// The seed of the generator (ChaCha8), 0 unless set. What is drawn depends on it alone: not on the batch,
        /// whose samples share it, nor on the chunk or the backend.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::{Array2, ArrayView2, Axis, array};
        /// use xai::{Analyzer, BlackBox, Lime};
        ///
        /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
        ///     Ok(x.map_axis(Axis(1), |row| row.product()).insert_axis(Axis(1)))
        /// });
        /// let x = array![[1.0, 2.0, 1.0, 3.0, 1.0, 2.0]];
        /// let of = |seed| Lime::new().n(20).seed(seed).analyze(&model, &x, 0);
        /// assert_eq!(of(1)?.values, of(1)?.values);
        /// assert_ne!(of(1)?.values, of(2)?.values);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn seed(mut self, seed: u64) -> Self {
            self.$($sampling).+.seed = seed;
            self
        }

        /// Draws until the estimated relative error of a sample's values is at most this, ‖standard errors‖₂ /
        /// ‖values‖₂, in place of `n`; samples are worked on one by one then. It looks after rounds that grow by a
        /// half, and what it took is in the [`Extras`](crate::Extras). Draws that all agree, without an error, are
        /// believed from sixteen on: a few may do so by chance.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::{Array2, ArrayView2, Axis, array};
        /// use xai::{Analyzer, BlackBox, ShapleySampling};
        ///
        /// // Three columns that make the output together: a third of it is each one's.
        /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
        ///     Ok(x.map_axis(Axis(1), |row| row[0] * row[1] * row[2]).insert_axis(Axis(1)))
        /// });
        /// let why = ShapleySampling::new().tolerance(0.05).analyze(&model, &array![[1.0, 1.0, 1.0]], 0)?;
        /// assert_eq!(why.extras.within_tolerance, Some(vec![true]));
        /// assert!(why.values.iter().all(|value| (value - 1.0 / 3.0).abs() < 0.05));
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn tolerance(mut self, tolerance: f64) -> Self {
            self.$($sampling).+.tolerance = Some(tolerance);
            self
        }

        /// With a tolerance, at most so many evaluations for each sample, the clean one among them: 10 000 unless set.
        /// Where it comes first, [`Extras::within_tolerance`](crate::Extras::within_tolerance) is false. A limit that
        /// does not suffice for values and their standard errors is refused before any pass, with the least that does.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::{Array2, ArrayView2, Axis, array};
        /// use xai::{Analyzer, BlackBox, ShapleySampling};
        ///
        /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
        ///     Ok(x.map_axis(Axis(1), |row| row[0] * row[1] * row[2]).insert_axis(Axis(1)))
        /// });
        /// // The input, nothing of it, and as many pairs of orders with four masks each as there is room for: 12.
        /// let stopped = ShapleySampling::new().tolerance(1e-6).max_n(50);
        /// let why = stopped.analyze(&model, &array![[1.0, 1.0, 1.0]], 0)?;
        /// assert_eq!((why.extras.evaluations, why.extras.within_tolerance), (Some(vec![50]), Some(vec![false])));
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn max_n(mut self, max_n: usize) -> Self {
            self.$($sampling).+.max_n = max_n;
            self
        }
    };
}
pub(crate) use sampling_builders;

/// How draws are made where there is a tolerance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounds {
    /// So many in the first round, where they fit into the limit.
    pub(super) first: usize,
    /// Values and their standard errors take so many.
    pub(super) least: usize,
    /// The evaluations of one.
    pub(super) of_a_draw: usize,
    /// The evaluations beside the draws: of the clean input, and of what else comes first.
    pub(super) before: usize,
}

/// Draws that all say the same have no error but rounding, as those of a linear model. A few may do so by chance.
const UNANIMOUS: usize = 16;
const ROUNDING: f64 = 1e-12;

/// What a tolerance came to: the relative error, and whether it was within.
pub(super) type Met = Option<(f64, bool)>;

impl Sampling {
    pub(super) fn new(n: usize) -> Self {
        Sampling { n, seed: 0, tolerance: None, max_n: 10_000 }
    }

    pub(super) fn check(&self, least: usize) -> Result<()> {
        within("n", self.n, least, MOST_COPIES)?;
        within("max_n", self.max_n, 1, MOST_COPIES)?;
        match self.tolerance {
            Some(bound) if !(bound > 0.0 && bound.is_finite()) => Err(Error::InvalidParameter {
                name: "tolerance",
                value: bound.to_string(),
                reason: "it must be a finite number above 0, as 0.05 for 5 %".into(),
            }),
            _ => Ok(()),
        }
    }

    /// That a tolerance's limit has room for the fewest draws.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`], with the least limit.
    pub(super) fn check_limit(&self, rounds: &Rounds) -> Result<()> {
        let least = rounds.before.saturating_add(rounds.least.saturating_mul(rounds.of_a_draw));
        if self.tolerance.is_none() || self.max_n >= least {
            return Ok(());
        }
        Err(Error::InvalidParameter {
            name: "max_n",
            value: self.max_n.to_string(),
            reason: format!("it must be at least {least}: so much is taken by values and their standard errors here"),
        })
    }

    /// How many copies to expect, of draws of so many copies each; a copy takes so many evaluations.
    pub(super) fn copies(&self, of_a_draw: usize, of_a_copy: usize) -> usize {
        match self.tolerance {
            None => self.n.saturating_mul(of_a_draw),
            Some(_) => self.max_n.saturating_sub(1) / of_a_copy.max(1),
        }
    }

    /// Draws `n` times; or, with a tolerance, in rounds. `draw` is asked for draws from one on to another, and `error`
    /// for the relative error of what there is.
    pub(super) fn run(
        &self,
        rounds: &Rounds,
        mut draw: impl FnMut(std::ops::Range<usize>) -> Result<()>,
        error: impl Fn() -> f64,
    ) -> Result<(usize, Met)> {
        let Some(tolerance) = self.tolerance else {
            draw(0..self.n)?;
            return Ok((self.n, None));
        };
        self.check_limit(rounds)?;
        let most = (self.max_n - rounds.before) / rounds.of_a_draw.max(1);
        let (mut done, mut next) = (0, rounds.first.min(most));
        loop {
            draw(done..next)?;
            done = next;
            let error = error();
            let met = error <= tolerance && (error > ROUNDING || done >= UNANIMOUS);
            if met || done == most {
                return Ok((done, Some((error, met))));
            }
            next = (done + done.div_ceil(2)).min(most);
        }
    }
}

/// ‖standard errors‖₂ / ‖values‖₂: 0 where there is no error, whatever the values.
pub(super) fn relative<'a>(
    errors: impl IntoIterator<Item = &'a f64>,
    values: impl IntoIterator<Item = &'a f64>,
) -> f64 {
    fn squares<'a>(of: impl IntoIterator<Item = &'a f64>) -> f64 {
        of.into_iter().map(|v| v * v).sum()
    }
    match squares(errors) {
        0.0 => 0.0,
        error => (error / squares(values)).sqrt(),
    }
}
