//! Rules that replace the path integral by a weighted sum.

use std::fmt;

use super::gauss_legendre::gauss_legendre;
use super::grading::graded;
use crate::Result;
use crate::passes::{MOST_COPIES, within};

/// A rule for ∫₀¹ g(α) dα ≈ Σ wᵢ g(αᵢ) with n points; the weights add up to 1.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, IntegratedGradients, NdArray, Net, Quadrature};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let path = IntegratedGradients::new().n(10).quadrature(Quadrature::Secant);
/// let why = path.analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert!(why.extras.completeness_gap.is_some_and(|gap| gap[0].abs() < 1e-12));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quadrature {
    /// αᵢ = i / (n - 1), i = 0..n, all of weight 1 / n: the plain mean over points that include both ends.
    ///
    /// Its error falls like 1 / n, also where the gradient is smooth; it is the default because it is what
    /// ExplainableAI.jl and the definition of interpolation augmentation compute.
    #[default]
    EndpointMean,
    /// The points of the endpoint mean, the two ends at half the weight. Error like 1 / n² for smooth g.
    Trapezoid,
    /// αᵢ = (i + ½) / n, all of weight 1 / n. Error like 1 / n² for smooth g.
    Midpoint,
    /// Gauss-Legendre: exact for polynomials of degree up to 2n - 1.
    GaussLegendre,
    /// Midpoints that crowd towards the reference, where a network's gradient changes most: αᵢ = α((i + ½) / n), of
    /// weight wᵢ = α((i + 1) / n) - α(i / n), with α(t) = (√c + t (√(1 + c) - √c))² - c and c = 0.05.
    ///
    /// Error like 1 / n² for smooth g. Of the rules for the gradient at points it needs the fewest for networks: three
    /// quarters of Gauss-Legendre's for the same error (`docs/path-nodes.md`).
    Graded,
    /// Mean gradients over n - 1 segments in place of gradients at n points. The segments' ends crowd towards the
    /// reference: αᵢ = α(i / (n - 1)), with the α(t) of [`Graded`](Quadrature::Graded).
    ///
    /// On the way back through the network, each activation f is differentiated by the slope of its secant over the
    /// segment, (f(zᵢ₊₁) - f(zᵢ)) / (zᵢ₊₁ - zᵢ), so that a kink inside of the segment counts for the part behind it.
    /// Where all else is affine, that is DeepLIFT's rescale rule (Shrikumar et al. 2017, arXiv:1704.02685) from each
    /// point to the next. In a window of [`MaxPool2d`](crate::nn::MaxPool2d) the numbers that are its maximum at the
    /// two ends share the gradient, by where on the way they are equal. Of such layers alone, completeness is exact for
    /// any n. The integral is the same in the limit, but for a step such as [`Sign`](crate::nn::Activation::Sign),
    /// whose jump has no derivative and counts here. The error falls faster than that of any rule for points:
    /// `docs/path-nodes.md` tells how many it takes.
    ///
    /// This works where the averaged analyzer is the gradient. Any other step, a product of two values or code that
    /// nobody can look into, takes the mean of its Jacobians at both ends, in two backward passes. Around another
    /// analyzer it is the trapezoid rule over the same points.
    Secant,
}

impl Quadrature {
    /// Every rule.
    pub const ALL: [Quadrature; 6] = [
        Quadrature::EndpointMean,
        Quadrature::Trapezoid,
        Quadrature::Midpoint,
        Quadrature::GaussLegendre,
        Quadrature::Graded,
        Quadrature::Secant,
    ];

    /// The n points (αᵢ, wᵢ), from 0 to 1. The rules with both ends need n ≥ 2. Those of [`Secant`](Quadrature::Secant)
    /// are the ends of its segments, with the trapezoid rule's weights. No point for n = 0.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::Quadrature;
    ///
    /// assert_eq!(Quadrature::Trapezoid.points(3)?, [(0.0, 0.25), (0.5, 0.5), (1.0, 0.25)]);
    /// // Two points of Gauss-Legendre are enough for the integral of α³ from 0 to 1.
    /// let points = Quadrature::GaussLegendre.points(2)?;
    /// let integral: f64 = points.into_iter().map(|(alpha, weight)| weight * alpha.powi(3)).sum();
    /// assert!((integral - 0.25).abs() < 1e-15);
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for more than 10,000,000.
    pub fn points(self, n: usize) -> Result<Vec<(f64, f64)>> {
        within("n", n, 0, MOST_COPIES)?;
        Ok(self.places(n))
    }

    #[allow(clippy::cast_precision_loss)]
    fn places(self, n: usize) -> Vec<(f64, f64)> {
        let last = n.saturating_sub(1).max(1) as f64;
        match self {
            Quadrature::EndpointMean => (0..n).map(|i| (i as f64 / last, 1.0 / n as f64)).collect(),
            Quadrature::Trapezoid => {
                (0..n).map(|i| (i as f64 / last, if i == 0 || i + 1 == n { 0.5 / last } else { 1.0 / last })).collect()
            }
            Quadrature::Midpoint => (0..n).map(|i| ((i as f64 + 0.5) / n as f64, 1.0 / n as f64)).collect(),
            Quadrature::GaussLegendre => gauss_legendre(n),
            Quadrature::Graded => {
                let edge = |i: f64| graded(i / n as f64);
                (0..n).map(|i| (edge(i as f64 + 0.5), edge(i as f64 + 1.0) - edge(i as f64))).collect()
            }
            Quadrature::Secant => {
                let at: Vec<f64> = (0..n).map(|i| graded(i as f64 / last)).collect();
                let (first, end) = (at.first().copied().unwrap_or(0.0), at.last().copied().unwrap_or(1.0));
                let before = std::iter::once(&first).chain(&at);
                let behind = at.iter().skip(1).chain(std::iter::once(&end));
                before.zip(&at).zip(behind).map(|((before, &at), behind)| (at, (behind - before) / 2.0)).collect()
            }
        }
    }
}

impl fmt::Display for Quadrature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Quadrature::EndpointMean => "endpoint-mean",
            Quadrature::Trapezoid => "trapezoid",
            Quadrature::Midpoint => "midpoint",
            Quadrature::GaussLegendre => "gauss-legendre",
            Quadrature::Graded => "graded",
            Quadrature::Secant => "secant",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integral(rule: Quadrature, n: usize, g: impl Fn(f64) -> f64) -> f64 {
        rule.places(n).into_iter().map(|(alpha, weight)| weight * g(alpha)).sum()
    }

    #[test]
    fn weights_add_up_to_one_and_points_rise() {
        for rule in Quadrature::ALL {
            for n in [2, 3, 5, 50, 501] {
                let points = rule.places(n);
                assert_eq!(points.len(), n);
                assert!((integral(rule, n, |_| 1.0) - 1.0).abs() < 1e-13, "{rule} {n}");
                assert!(points.windows(2).all(|p| p[0].0 < p[1].0), "{rule} {n}");
                assert!(points.iter().all(|p| (0.0..=1.0).contains(&p.0) && p.1 > 0.0), "{rule} {n}");
            }
        }
    }

    #[test]
    fn known_nodes() {
        let alphas = |rule: Quadrature| rule.places(2).into_iter().map(|p| p.0).collect::<Vec<_>>();
        assert_eq!(alphas(Quadrature::EndpointMean), [0.0, 1.0]);
        assert_eq!(alphas(Quadrature::Midpoint), [0.25, 0.75]);
        let gauss = alphas(Quadrature::GaussLegendre);
        assert!((gauss[0] - (0.5 - 0.5 / 3f64.sqrt())).abs() < 1e-15);
        let edges = [0.0, 0.5, 1.0].map(graded);
        assert_eq!(Quadrature::Graded.places(2), [(graded(0.25), edges[1]), (graded(0.75), 1.0 - edges[1]),]);
        assert_eq!(
            Quadrature::Secant.places(3),
            [(0.0, edges[1] / 2.0), (edges[1], 0.5), (1.0, (1.0 - edges[1]) / 2.0)]
        );
        assert_eq!(Quadrature::Trapezoid.places(3), [(0.0, 0.25), (0.5, 0.5), (1.0, 0.25)]);
    }

    #[test]
    fn gauss_legendre_is_exact_up_to_degree_2n_minus_1() {
        for n in 2..12usize {
            for degree in 0..2 * n {
                let exact = 1.0 / (degree as f64 + 1.0);
                let got = integral(Quadrature::GaussLegendre, n, |a| a.powi(degree as i32));
                assert!((got - exact).abs() < 1e-13, "n {n}, degree {degree}: {got}");
            }
            let beyond = integral(Quadrature::GaussLegendre, n, |a| a.powi(2 * n as i32));
            assert!((beyond - 1.0 / (2.0 * n as f64 + 1.0)).abs() > 1e-16);
        }
    }

    #[test]
    fn all_rules_converge_to_the_same_integral() {
        let exact = 1f64.exp() - 1.0;
        for rule in Quadrature::ALL {
            let error = |n| (integral(rule, n, f64::exp) - exact).abs();
            assert!(error(1000) < 1e-3, "{rule}");
            assert!(error(1000) <= error(10) + 1e-12, "{rule}");
        }
    }
}
