//! Features that depend on what a sample looks like.

use ndarray::{Axis, Ix3};

use super::cutting::super_pixels_fit;
use super::features::{Features, Grouping};
use super::slic::slic;
use crate::explain::Call;
use crate::{Backend, Element, Error, Result, Tensor};

/// The features of the one sample of a call, where they depend on what it looks like.
pub(crate) fn settled<B: Backend>(features: &Features, call: &Call<'_, B>) -> Result<Option<Features>> {
    match &features.0 {
        Grouping::SuperPixels { count, compactness } => {
            let of_each = call.explained_inputs().map(|x| super_pixels(x, *count, *compactness));
            Ok(Some(Features::inputs(of_each.collect::<Result<Vec<_>>>()?)))
        }
        // Another number of features than of inputs is refused where they are cut.
        Grouping::Inputs(inputs) if features.differ_by_sample() && inputs.len() == call.explained_inputs().count() => {
            let of_each = inputs.iter().zip(call.explained_inputs()).map(|(features, x)| match features.0 {
                Grouping::SuperPixels { count, compactness } => super_pixels(x, count, compactness),
                _ => Ok(features.clone()),
            });
            Ok(Some(Features::inputs(of_each.collect::<Result<Vec<_>>>()?)))
        }
        _ => Ok(None),
    }
}

fn super_pixels<B: Backend>(x: &Tensor<B>, count: usize, compactness: f64) -> Result<Features> {
    super_pixels_fit(count, compactness, x.shape().get(1..).unwrap_or_default())?;
    let image = x.download()?.index_axis_move(Axis(0), 0).mapv(Element::as_f64);
    let image = image.into_dimensionality::<Ix3>().map_err(|error| Error::backend("ndarray", error))?;
    Ok(Features::segments(&slic(&image.view(), count, compactness)))
}
