//! What a method found, as a tile of a panel: by what people see of the input.

mod features;
mod values;

use ndarray::{Array3, ArrayD, Axis, Ix3};
use xai::picture::image::RgbImage;
use xai::picture::{Bars, Colors, Heatmap, Line, Matrix, Panel, Style};
use xai::{Kind, Needs};

use self::features::strongest_of;
pub(crate) use self::features::{Feature, features, strongest};
pub(crate) use self::values::Values;
use crate::input::{Given, Shown};

/// Whether an input of so many axes has a picture.
pub(crate) fn can_be_drawn(given: &Given) -> bool {
    !matches!(given.shown, Shown::Numbers) || given.numbers.ndim() == 4
}

/// The panel with a tile more.
pub(crate) fn tile(panel: Panel, given: &Given, found: Values<'_>) -> xai::Result<Drawn> {
    match &given.shown {
        _ if is_matrix(found) => matrix(panel, given, found),
        _ if is_vector(given, found) => numbered_bars(panel, found),
        Shown::Signal if found.explanation.values.ndim() <= 3 => line(panel, given, found),
        Shown::Columns(_) | Shown::Tokens(_) => bars(panel, given, found),
        Shown::Photo(photo) => map(panel, found, Some(photo)),
        _ => map(panel, found, None),
    }
}

/// With a tile more, or as it was where the values are none that can be drawn so.
pub(crate) type Drawn = Result<Panel, Panel>;

fn map(panel: Panel, found: Values<'_>, photo: Option<&RgbImage>) -> xai::Result<Drawn> {
    let Values { title, explanation, .. } = found;
    if explanation.values.ndim() != 4 {
        return Ok(Err(panel));
    }
    let maps = Heatmap::of(explanation)?;
    Ok(Ok(maps.iter().fold(panel, |panel, map| match (explanation.kind, photo) {
        (Kind::Cam, Some(photo)) => panel.overlay(title, map, photo),
        _ => panel.heatmap(title, map),
    })))
}

/// Whether values say for each token how much it looks at each of them.
fn is_matrix(found: Values<'_>) -> bool {
    let of_attention = found.info.needs == Needs::Attention;
    of_attention && matches!(*found.explanation.values.shape(), [_, rows, columns] if rows > 1 && rows == columns)
}

/// The matrix, with the tokens' names where there is one for each.
fn matrix(panel: Panel, given: &Given, found: Values<'_>) -> xai::Result<Drawn> {
    let all = Matrix::of(found.explanation)?;
    let names = match &given.shown {
        Shown::Tokens(names) if found.explanation.values.shape().last() == Some(&names.len()) => names.clone(),
        _ => Vec::new(),
    };
    all.into_iter()
        .try_fold(panel, |panel, matrix| {
            let matrix = matrix.named(names.clone(), names.clone())?;
            Ok(panel.matrix(found.title, &matrix))
        })
        .map(Ok)
}

fn bars(panel: Panel, given: &Given, found: Values<'_>) -> xai::Result<Drawn> {
    let strongest = strongest(features(given, found));
    if strongest.is_empty() {
        return Ok(Err(panel));
    }
    let bars = Bars::new(strongest.iter().map(|feature| (feature.words(&given.shown), feature.value)))?;
    Ok(Ok(panel.photo(found.title, &bars.image())))
}

/// Whether values are one for each number of a vector inside the network.
fn is_vector(given: &Given, found: Values<'_>) -> bool {
    let values = &found.explanation.values;
    values.ndim() == 2 && values.shape() != given.numbers.shape() && features(given, found).is_empty()
}

/// The strongest numbers of a vector, which have no names.
fn numbered_bars(panel: Panel, found: Values<'_>) -> xai::Result<Drawn> {
    let values = found.explanation.values.iter().copied().map(f64::from).enumerate();
    let bars = Bars::new(strongest_of(values).into_iter().map(|(at, value)| (format!("number {at}"), value)))?;
    Ok(Ok(panel.photo(found.title, &bars.image())))
}

/// The signal, the mean of its channels, on a ground of the values.
fn line(panel: Panel, given: &Given, found: Values<'_>) -> xai::Result<Drawn> {
    let (Some(signal), Some(values)) = (rows(&given.numbers), rows(&found.explanation.values)) else {
        return Ok(Err(panel));
    };
    // A line is read on a light ground: zero is white, whatever the kind.
    let map = Heatmap::new(&values, &Style::of(found.explanation.kind).colors(Colors::BlueWhiteRed))?;
    let Some(signal) = signal.mean_axis(Axis(0)) else { return Ok(Err(panel)) };
    let line = Line::new(&signal.into_iter().collect::<Vec<f32>>(), &map)?;
    let scale = if map.is_signed() { format!("±{:.2e}", map.scale()) } else { format!("up to {:.2e}", map.scale()) };
    Ok(Ok(panel.photo(format!("{} ({scale})", found.title), &line.image())))
}

/// Of one sample, (channels, 1, steps).
fn rows(numbers: &ArrayD<f32>) -> Option<Array3<f32>> {
    let sample = numbers.index_axis(Axis(0), 0).to_owned();
    let sample = if sample.ndim() == 1 { sample.insert_axis(Axis(0)) } else { sample };
    sample.insert_axis(Axis(1)).into_dimensionality::<Ix3>().ok()
}
