//! The values as one number for each place of the input.

use ndarray::{ArrayD, Axis};

use super::statistics::count;
use crate::nn::{Upsample2d, UpsampleMode};
use crate::{Backend, Error, NdArray, Op, Result, Tensor};

/// What is made of a place's channels: one number.
///
/// ```
/// # use xai_core as xai;
/// use xai::metrics::{Channels, PointingGame};
///
/// assert_eq!(Channels::default(), Channels::Sum);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channels {
    /// Their sum: what the place contributes. Signs cancel.
    #[default]
    Sum,
    /// The sum of their sizes, Σ|a|.
    Absolute,
    /// The largest size, max |a|.
    Largest,
}

impl Channels {
    fn reduce(self, values: &ArrayD<f64>) -> ArrayD<f64> {
        let of = |row: ndarray::ArrayView1<'_, f64>| match self {
            Channels::Sum => row.sum(),
            Channels::Absolute => row.iter().map(|v| v.abs()).sum(),
            Channels::Largest => row.iter().fold(0.0_f64, |most, v| most.max(v.abs())),
        };
        values.map_axis(Axis(1), of)
    }

    /// Values of shape (B, places...) or (B, K, places...) as numbers of the shape that is asked for, (B, places...):
    /// the channels made one, and maps of another size resized bilinearly, as pictures of them are.
    ///
    /// # Errors
    /// [`Error::Shape`] when they do not fit.
    pub(super) fn to_places(self, values: &ArrayD<f64>, shape: &[usize]) -> Result<ArrayD<f64>> {
        let reduced = if values.ndim() == shape.len() + 1 { self.reduce(values) } else { values.clone() };
        if reduced.shape() == shape {
            return Ok(reduced);
        }
        let misfit = || Error::Shape { what: "values".into(), expected: shape.to_vec(), got: values.shape().to_vec() };
        match (reduced.shape(), shape) {
            (&[samples, _, _], &[batch, height, width]) if samples == batch => {
                let maps = Tensor::<NdArray<f64>>::new(reduced.insert_axis(Axis(1)).into_shared());
                let resize: Op<NdArray<f64>> =
                    Upsample2d { size: [height, width], mode: UpsampleMode::Bilinear { align_corners: false } }.into();
                let resized = NdArray::<f64>::forward(&resize, &[&maps])?.download()?;
                Ok(resized.remove_axis(Axis(1)))
            }
            _ => Err(misfit()),
        }
    }

    /// The values as an array of the input's own shape: those of maps (B, 1, h, w) or (B, h, w) are resized and given
    /// to every channel in equal shares, and so is the largest of a place's channels.
    ///
    /// # Errors
    /// [`Error::Shape`] when they do not fit.
    pub(super) fn to_input(self, values: &ArrayD<f64>, input: &[usize]) -> Result<ArrayD<f64>> {
        if values.shape() == input {
            match self {
                Channels::Sum => return Ok(values.clone()),
                Channels::Largest if input.len() > 2 => {}
                // Rows of numbers have no channels.
                Channels::Absolute | Channels::Largest => return Ok(values.mapv(f64::abs)),
            }
        }
        let misfit = || Error::Shape { what: "values".into(), expected: input.to_vec(), got: values.shape().to_vec() };
        let (Some(&batch), Some(&channels), Some(spatial)) = (input.first(), input.get(1), input.get(2..)) else {
            return Err(misfit());
        };
        let places = self.to_places(values, &[&[batch], spatial].concat()).map_err(|_| misfit())?;
        let shared = places.insert_axis(Axis(1)) / count(channels);
        shared.broadcast(input).map(|all| all.to_owned()).ok_or_else(misfit)
    }
}
