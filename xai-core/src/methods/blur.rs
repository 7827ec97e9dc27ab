//! From a blurred input to the sharp one: [`Blur`].

use ndarray::{Array2, Array3};

use super::curve::Curve;
use crate::{Backend, Element, Error, Result, Tensor};

/// What is taken to be outside of the input, where a blur reaches over its edge.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::Array4;
/// use xai::{Blur, Curve, Edge, NdArray, Tensor};
///
/// // What is 4 everywhere stays 4, or fades where the blur reaches over the edge.
/// let even = Tensor::<NdArray<f64>>::upload(Array4::from_elem((1, 1, 5, 5), 4.0).view().into_dyn(), &())?;
/// let corner = |edge| -> xai::Result<f64> {
///     let blurred = Blur::new(2.0).edge(edge).points(&even, &[0], &[0.0])?;
///     Ok(blurred.download()?[[0, 0, 0, 0]])
/// };
/// assert!((corner(Edge::Mirror)? - 4.0).abs() < 1e-12);
/// assert!(corner(Edge::Zeros)? < 2.0);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Edge {
    /// Zeros: what is blurred fades towards its edges. What the authors of blur integrated gradients do.
    #[default]
    Zeros,
    /// The input in a mirror, numbers at the edge repeated: what is the same everywhere stays so.
    Mirror,
}

/// The way from a blurred input to the input: γ(α) is x blurred by a Gauss kernel of standard deviation (1 - α) · σ,
/// along all axes behind the channels.
///
/// The kernel ends at four standard deviations, and its weights add up to 1, as scipy's. An image is blurred by two
/// matrix products where the model lives: the same whatever the batch and the chunk.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, Blur, Edge, NdArray, PathIntegral};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let why = PathIntegral::along(Blur::new(2.0)).n(20).analyze(&net, &photo, 0)?;
/// assert_eq!(why.values.dim(), (1, 2, 2, 2));
/// // In a mirror, what is the same everywhere stays so: the way has no length.
/// let even = array![[[[2.0, 2.0], [2.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]]]];
/// let why = PathIntegral::along(Blur::new(2.0).edge(Edge::Mirror)).analyze(&net, &even, 0)?;
/// assert!(why.values.iter().all(|value: &f64| value.abs() < 1e-12));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blur {
    sigma: f64,
    edge: Edge,
}

impl Blur {
    /// The way from a blur of this standard deviation, in pixels.
    pub fn new(sigma: f64) -> Self {
        Blur { sigma, edge: Edge::Zeros }
    }

    /// What is outside of the input: zeros, unless set.
    #[must_use]
    pub fn edge(self, edge: Edge) -> Self {
        Blur { edge, ..self }
    }

    /// For each α the matrix that blurs an axis of this length: row i has the weights that make the blurred number i,
    /// or column i.
    fn matrices<E: Element>(&self, alphas: &[f64], length: usize, in_columns: bool) -> Array3<E> {
        let mut matrices = Array3::from_elem((alphas.len(), length, length), E::zero());
        for (mut matrix, alpha) in matrices.outer_iter_mut().zip(alphas) {
            let weights = self.matrix((1.0 - alpha) * self.sigma, length);
            let weights = if in_columns { weights.reversed_axes() } else { weights };
            matrix.zip_mut_with(&weights, |to, &weight| *to = E::of(weight));
        }
        matrices
    }

    fn matrix(&self, sigma: f64, length: usize) -> Array2<f64> {
        let kernel = kernel(sigma);
        let mut weights = Array2::zeros((length, length));
        for (to, mut row) in weights.outer_iter_mut().enumerate() {
            for (offset, weight) in (0_i64..).zip(&kernel) {
                let both = [Some(offset), Some(-offset).filter(|&offset| offset != 0)];
                for place in both.into_iter().flatten().filter_map(|offset| self.place(to, offset, length)) {
                    if let Some(at) = row.get_mut(place) {
                        *at += weight;
                    }
                }
            }
        }
        weights
    }

    /// Which number of an axis stands so far from place `at`, if there is one.
    fn place(&self, at: usize, offset: i64, length: usize) -> Option<usize> {
        let (at, length) = (i64::try_from(at).ok()? + offset, i64::try_from(length).ok()?);
        let place = match self.edge {
            Edge::Zeros => Some(at).filter(|at| (0..length).contains(at)),
            Edge::Mirror => {
                let at = at.rem_euclid(2 * length);
                Some(at.min(2 * length - 1 - at))
            }
        };
        usize::try_from(place?).ok()
    }
}

/// The weights of a Gauss kernel at 0, 1, 2, ...: on both sides together they add up to 1.
fn kernel(sigma: f64) -> Vec<f64> {
    let mut weights = vec![1.0];
    let mut offset = 1.0;
    while offset <= (4.0 * sigma + 0.5).floor() {
        weights.push((-0.5 * (offset / sigma).powi(2)).exp());
        offset += 1.0;
    }
    let total = 2.0 * weights.iter().sum::<f64>() - 1.0;
    weights.iter_mut().for_each(|weight| *weight /= total);
    weights
}

/// More than any image is wide: a kernel of so many numbers is as good as flat.
const WIDEST: f64 = 1e4;

impl<B: Backend> Curve<B> for Blur {
    fn name(&self) -> String {
        "Blur".into()
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        if !(self.sigma > 0.0 && self.sigma <= WIDEST) {
            return Err(Error::InvalidParameter {
                name: "sigma",
                value: self.sigma.to_string(),
                reason: format!("the standard deviation of the blur must be above 0, and at most {WIDEST} pixels"),
            });
        }
        if input.len() < 3 {
            return Err(Error::InvalidShape {
                what: "input".into(),
                got: input.to_vec(),
                reason: "only what has axes behind the batch and the channels can be blurred along them".into(),
            });
        }
        Ok(())
    }

    fn points(&self, x: &Tensor<B>, _samples: &[usize], alphas: &[f64]) -> Result<Tensor<B>> {
        let shape = x.shape();
        let (rows, copies) = (shape.first().copied().unwrap_or(0), alphas.len());
        let mut blurred = x.reshape(&[&[rows, 1], shape.get(1..).unwrap_or_default()].concat())?;
        for (axis, &length) in shape.iter().enumerate().skip(2) {
            let before: usize = shape.iter().take(axis).skip(1).product();
            let behind: usize = shape.iter().skip(axis + 1).product();
            let now = blurred.shape().get(1).copied().unwrap_or(1);
            let last = behind == 1;
            let matrices = self.matrices::<B::Elem>(alphas, length, last).into_dyn();
            let matrices = Tensor::upload(matrices.view(), &x.placement())?;
            blurred = if last {
                let matrices = matrices.reshape(&[1, copies, length, length])?;
                blurred.reshape(&[rows, now, before, length])?.matmul(&matrices)?
            } else {
                let matrices = matrices.reshape(&[1, copies, 1, length, length])?;
                matrices.matmul(&blurred.reshape(&[rows, now, before, length, behind])?)?
            };
        }
        blurred.reshape(&[&[rows * copies], shape.get(1..).unwrap_or_default()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_add_up_and_are_gauss() {
        for sigma in [0.0, 0.1, 0.5, 2.0, 50.0] {
            let weights = kernel(sigma);
            assert!((2.0 * weights.iter().sum::<f64>() - weights[0] - 1.0).abs() < 1e-14);
        }
        assert_eq!(kernel(0.0), [1.0]);
        assert_eq!(kernel(2.0).len(), 9);
        let two = kernel(2.0);
        assert!((two[4] / two[0] - (-2.0_f64).exp()).abs() < 1e-15);
    }

    #[test]
    fn edges_are_zeros_or_a_mirror() {
        let row = |edge| Blur::new(1.0).edge(edge).matrix(0.2, 3).row(0).to_vec();
        let side = kernel(0.2)[1];
        assert_eq!(row(Edge::Zeros), [1.0 - 2.0 * side, side, 0.0].map(|w| w));
        assert!((row(Edge::Mirror)[0] - (1.0 - side)).abs() < 1e-15);
        // A mirrored axis keeps what is the same everywhere, however wide the kernel is.
        for sigma in [0.7, 3.0, 40.0] {
            for row in Blur::new(1.0).edge(Edge::Mirror).matrix(sigma, 4).outer_iter() {
                assert!((row.sum() - 1.0).abs() < 1e-14);
            }
        }
    }
}
