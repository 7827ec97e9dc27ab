//! Images in another size.

use super::Pair;
use super::example::{Example, Numbers};
use super::operation::plain_operation;
use super::window::resized;
use crate::Result;

/// How [`Upsample2d`] fills in.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::UpsampleMode;
///
/// // Of an axis of two pixels that becomes one of four: what the second of them is made of.
/// let smooth = UpsampleMode::Bilinear { align_corners: false };
/// assert_eq!(UpsampleMode::Nearest.shares(2, 4, 1), [(0, 1.0)]);
/// assert_eq!(smooth.shares(2, 4, 1), [(0, 0.75), (1, 0.25)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsampleMode {
    /// The nearest pixel: ⌊i · H / H'⌋, as PyTorch's `nearest`.
    Nearest,
    /// The nearest pixel by the centres: ⌊(i + ½) · H / H'⌋, as PyTorch's `nearest-exact`, scikit-image and Pillow.
    NearestExact,
    /// Bilinear between pixel centres; `align_corners` lets the corner pixels coincide.
    Bilinear {
        /// Whether the corner pixels' centres coincide.
        align_corners: bool,
    },
    /// Bicubic between pixel centres, as PyTorch's: four pixels on each axis by Keys' kernel with a = -¾, those outside
    /// of the image being its border's. `align_corners` lets the corner pixels coincide.
    Bicubic {
        /// Whether the corner pixels' centres coincide.
        align_corners: bool,
    },
}

impl UpsampleMode {
    /// The input's pixels that a pixel of the output is made of, along one axis, and the share of each: for pixel `i`
    /// of `outputs`, among `inputs`. Pixels without a share are left out, one may come twice, and shares add up to 1.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn shares(self, inputs: usize, outputs: usize, i: usize) -> Vec<(usize, f64)> {
        let (n, m) = (inputs as f64, outputs as f64);
        let last = inputs.saturating_sub(1);
        let place = |align_corners: bool| match align_corners {
            true if outputs <= 1 => 0.0,
            true => i as f64 * (n - 1.0) / (m - 1.0),
            false => (i as f64 + 0.5) * n / m - 0.5,
        };
        match self {
            UpsampleMode::Nearest => vec![(nearest(i as u128, inputs, outputs as u128).min(last), 1.0)],
            // In halves of a pixel.
            UpsampleMode::NearestExact => {
                vec![(nearest(2 * i as u128 + 1, inputs, 2 * outputs as u128).min(last), 1.0)]
            }
            UpsampleMode::Bilinear { align_corners } => {
                let place = place(align_corners).max(0.0);
                let low = (place.floor() as usize).min(last);
                let share = place - low as f64;
                if share > 0.0 && low < last { vec![(low, 1.0 - share), (low + 1, share)] } else { vec![(low, 1.0)] }
            }
            UpsampleMode::Bicubic { align_corners } => {
                let place = place(align_corners);
                let (low, past) = (place.floor(), place - place.floor());
                let pixels = [-1.0, 0.0, 1.0, 2.0].map(|step| ((low + step).clamp(0.0, last as f64) as usize, step));
                let shares = pixels.map(|(pixel, step)| (pixel, keys(past - step)));
                shares.into_iter().filter(|&(_, share)| share != 0.0).collect()
            }
        }
    }
}

/// ⌊i · inputs / outputs⌋
fn nearest(i: u128, inputs: usize, outputs: u128) -> usize {
    usize::try_from(i.saturating_mul(inputs as u128) / outputs.max(1)).unwrap_or(usize::MAX)
}

/// Keys' kernel with a = -¾ at a distance.
fn keys(distance: f64) -> f64 {
    const A: f64 = -0.75;
    let d = distance.abs();
    if d <= 1.0 {
        ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0
    } else if d < 2.0 {
        ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A
    } else {
        0.0
    }
}

/// An image resized to (H', W').
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Upsample2d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Upsample2d::nearest(4));
/// let y = net.predict(array![[[[1.0, 2.0], [3.0, 4.0]]]].view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 1, 4, 4]);
///
/// // A row of two pixels.
/// let row = |op: Upsample2d| Net::<NdArray<f64>, _>::new(op).predict(array![[[[0.0, 4.0]]]].view().into_dyn());
/// assert_eq!(row(Upsample2d::nearest([1, 3]))?, array![[[[0.0, 0.0, 4.0]]]].into_dyn());
/// assert_eq!(row(Upsample2d::nearest_exact([1, 3]))?, array![[[[0.0, 4.0, 4.0]]]].into_dyn());
/// assert_eq!(row(Upsample2d::bilinear([1, 4]))?, array![[[[0.0, 1.0, 3.0, 4.0]]]].into_dyn());
/// assert_eq!(row(Upsample2d::bilinear_aligned([1, 3]))?, array![[[[0.0, 2.0, 4.0]]]].into_dyn());
/// assert_eq!(row(Upsample2d::bicubic_aligned([1, 3]))?, array![[[[0.0, 2.0, 4.0]]]].into_dyn());
/// // Where the corners do not coincide, a cubic goes beyond the numbers between which it is.
/// assert!(row(Upsample2d::bicubic([1, 4]))?[[0, 0, 0, 0]] < 0.0);
/// assert_eq!(Upsample2d::bicubic(8).output_shape(&[1, 3, 4, 5])?, [1, 3, 8, 8]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upsample2d {
    /// The output's size, (rows, columns).
    pub size: [usize; 2],
    /// How to fill in.
    pub mode: UpsampleMode,
}

impl Upsample2d {
    /// The nearest pixels: a size, or `[rows, columns]`.
    pub fn nearest(size: impl Pair) -> Self {
        Upsample2d { size: size.pair(), mode: UpsampleMode::Nearest }
    }

    /// The nearest pixels by their centres: a size, or `[rows, columns]`.
    pub fn nearest_exact(size: impl Pair) -> Self {
        Upsample2d { size: size.pair(), mode: UpsampleMode::NearestExact }
    }

    /// Bilinear interpolation between pixel centres: a size, or `[rows, columns]`.
    pub fn bilinear(size: impl Pair) -> Self {
        Upsample2d { size: size.pair(), mode: UpsampleMode::Bilinear { align_corners: false } }
    }

    /// Bilinear interpolation with coinciding corner pixels: a size, or `[rows, columns]`.
    pub fn bilinear_aligned(size: impl Pair) -> Self {
        Upsample2d { size: size.pair(), mode: UpsampleMode::Bilinear { align_corners: true } }
    }

    /// Bicubic interpolation between pixel centres: a size, or `[rows, columns]`.
    pub fn bicubic(size: impl Pair) -> Self {
        Upsample2d { size: size.pair(), mode: UpsampleMode::Bicubic { align_corners: false } }
    }

    /// Bicubic interpolation with coinciding corner pixels: a size, or `[rows, columns]`.
    pub fn bicubic_aligned(size: impl Pair) -> Self {
        Upsample2d { size: size.pair(), mode: UpsampleMode::Bicubic { align_corners: true } }
    }

    /// The output's shape for an input (B, C, H, W), with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidShape`](crate::Error::InvalidShape) when the input is no image,
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a size of 0.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        resized("Upsample2d", input, self.size)
    }
}

plain_operation!(Upsample2d {
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    /// A bicubic kernel has negative shares.
    fn is_not_negative(&self, inputs: bool) -> bool {
        !matches!(self.mode, UpsampleMode::Bicubic { .. }) && inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let to = |size: [usize; 2]| {
            let of = |name: &str, op: Upsample2d| Example::new(format!("{name} to {size:?}"), op, &[2, 2, 3, 4]);
            [
                of("nearest", Upsample2d::nearest(size)),
                of("bilinear", Upsample2d::bilinear(size)),
                of("aligned bilinear", Upsample2d::bilinear_aligned(size)),
                of("nearest by centres", Upsample2d::nearest_exact(size)),
                of("bicubic", Upsample2d::bicubic(size)),
                of("aligned bicubic", Upsample2d::bicubic_aligned(size)),
            ]
        };
        Ok([[6, 8], [5, 9], [7, 4], [2, 3]].into_iter().flat_map(to).collect())
    }
});
