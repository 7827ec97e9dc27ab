//! From the way that features are said to how a sample is cut.

use ndarray::{ArrayD, ArrayViewD, Axis, Dimension, IxDyn};

use super::cut::Cut;
use super::features::Grouping;
use crate::{Error, Result};

/// The features of a sample of this shape; `rows` are those of the user's batch, of which this is `row`.
pub(super) fn cut(way: &Grouping, sample: &[usize], row: usize) -> Result<Cut> {
    let spatial = sample.get(1..).unwrap_or_default();
    match way {
        Grouping::Each => Ok(labelled(sample, |place| flat(place, sample))),
        Grouping::About(most) => match spatial {
            [] => cut(&Grouping::Each, sample, row),
            axes => {
                positive("features", *most)?;
                // No axis has more cells than numbers, however many are asked for.
                let longest = axes.iter().copied().max().unwrap_or(1).min(*most);
                let side = (1..=longest).take_while(|side| power(*side, axes.len()) <= *most).last().unwrap_or(1);
                let cells = axes.iter().map(|&length| side.min(length)).collect();
                cut(&Grouping::Grid(cells), sample, row)
            }
        },
        Grouping::Places => {
            needs(sample, 2, "places")?;
            Ok(labelled(&on_plane(spatial), |place| flat(&place[1..], spatial)))
        }
        Grouping::Channels => {
            needs(sample, 1, "channels")?;
            let shape = [&sample[..1], &vec![1; spatial.len()]].concat();
            Ok(labelled(&shape, |place| place[0]))
        }
        Grouping::Grid(cells) => {
            along("grid", cells, spatial, sample)?;
            if let Some(place) = cells.iter().zip(spatial).position(|(cells, length)| cells > length) {
                return Err(Error::InvalidParameter {
                    name: "grid",
                    value: format!("{cells:?}"),
                    reason: format!("there are {} numbers along spatial axis {place}", spatial[place]),
                });
            }
            let cell = |place: &[usize]| -> Vec<usize> {
                place
                    .iter()
                    .zip(cells)
                    .zip(spatial)
                    .map(|((&at, cells), length)| cell_of(at, *cells, *length))
                    .collect()
            };
            Ok(labelled(&on_plane(spatial), |place| flat(&cell(&place[1..]), cells)))
        }
        Grouping::Patches(size) => {
            along("size", size, spatial, sample)?;
            let cells: Vec<usize> = spatial.iter().zip(size).map(|(length, size)| length.div_ceil(*size)).collect();
            let cell = |place: &[usize]| -> Vec<usize> { place.iter().zip(size).map(|(at, size)| at / size).collect() };
            Ok(labelled(&on_plane(spatial), |place| flat(&cell(&place[1..]), &cells)))
        }
        Grouping::Windows { size, stride } if size.is_empty() && stride.is_empty() => {
            needs(sample, 2, "windows")?;
            let share = |of: usize| spatial.iter().map(|length| length.div_ceil(of)).collect();
            cut(&Grouping::Windows { size: share(4), stride: share(8) }, sample, row)
        }
        Grouping::Windows { size, stride } => {
            along("size", size, spatial, sample)?;
            along("stride", stride, spatial, sample)?;
            if stride.iter().zip(size).any(|(stride, size)| stride > size) {
                return Err(Error::InvalidParameter {
                    name: "stride",
                    value: format!("{stride:?}"),
                    reason: format!("it must be at most the windows' size, {size:?}, or numbers would be left out"),
                });
            }
            Ok(Cut::Windows { shape: on_plane(spatial), windows: windows(spatial, size, stride) })
        }
        Grouping::Segments(segments) => by_segments(segments.view(), sample),
        Grouping::SegmentsOfSamples(segments) => match segments.shape().first() {
            Some(&rows) if row < rows => by_segments(segments.index_axis(Axis(0), row), sample),
            _ => Err(Error::InvalidShape {
                what: "segments of the samples".into(),
                got: segments.shape().to_vec(),
                reason: format!("there are none for sample {row}: they need the batch axis first"),
            }),
        },
        Grouping::Groups(groups) => by_groups(groups, sample),
        Grouping::Tokens => {
            needs(sample, 2, "tokens")?;
            let shape = [&sample[..1], &vec![1; spatial.len()]].concat();
            Ok(labelled(&shape, |place| place[0]))
        }
        Grouping::TimeWindows(steps) => {
            needs(sample, 1, "time_windows")?;
            positive("steps", *steps)?;
            let mut shape = vec![1; sample.len()];
            shape[sample.len() - 1] = sample[sample.len() - 1];
            Ok(labelled(&shape, |place| place[place.len() - 1] / steps))
        }
        Grouping::SuperPixels { count, compactness } => {
            super_pixels_fit(*count, *compactness, sample)?;
            // As many as there are at most: what they are is settled with the image.
            Ok(labelled(&on_plane(spatial), |place| flat(&place[1..], spatial) % count))
        }
        Grouping::Inputs(_) => Err(Error::InvalidParameter {
            name: "features",
            value: "Features::inputs within Features::inputs".into(),
            reason: "an input's own features are of that input alone".into(),
        }),
    }
}

fn power(side: usize, axes: usize) -> usize {
    u32::try_from(axes).ok().and_then(|axes| side.checked_pow(axes)).unwrap_or(usize::MAX)
}

/// All channels at once.
fn on_plane(spatial: &[usize]) -> Vec<usize> {
    [&[1], spatial].concat()
}

fn labelled(shape: &[usize], label: impl Fn(&[usize]) -> usize) -> Cut {
    let labels = ArrayD::from_shape_fn(IxDyn(shape), |place| label(place.slice()));
    let count = labels.iter().max().map_or(0, |highest| highest + 1);
    Cut::Labels { labels, count }
}

fn flat(place: &[usize], lengths: &[usize]) -> usize {
    place.iter().zip(lengths).fold(0, |flat, (at, length)| flat * length + at)
}

/// Which of the cells, of even lengths, a place belongs to: cell c is c·length/cells .. (c + 1)·length/cells.
fn cell_of(at: usize, cells: usize, length: usize) -> usize {
    ((at + 1) * cells - 1) / length
}

/// As many windows as it takes to cover everything, the first axis slowest.
fn windows(lengths: &[usize], size: &[usize], stride: &[usize]) -> Vec<Vec<(usize, usize)>> {
    let mut all = vec![Vec::new()];
    for ((&length, &size), &stride) in lengths.iter().zip(size).zip(stride) {
        let count = length.saturating_sub(size).div_ceil(stride) + 1;
        let along = |at: usize| (at * stride, size.min(length - at * stride));
        all = all
            .into_iter()
            .flat_map(|window: Vec<_>| (0..count).map(move |at| [window.as_slice(), &[along(at)]].concat()))
            .collect();
    }
    all
}

/// Any integers, numbered in their order.
fn by_segments(segments: ArrayViewD<'_, usize>, sample: &[usize]) -> Result<Cut> {
    let spatial = sample.get(1..).unwrap_or_default();
    let shape = if segments.shape() == spatial { on_plane(spatial) } else { segments.shape().to_vec() };
    let fits = shape.len() == sample.len() && shape.iter().zip(sample).all(|(&have, &need)| have == need || have == 1);
    if !fits {
        return Err(Error::InvalidShape {
            what: "segments".into(),
            got: segments.shape().to_vec(),
            reason: format!(
                "they need the spatial axes {spatial:?}, or all axes of a sample, {sample:?}, of length 1 where they \
                 are the same along one"
            ),
        });
    }
    let mut ids: Vec<usize> = segments.iter().copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let number = |id: &usize| ids.binary_search(id).unwrap_or_default();
    let labels = segments.map(number).into_shape_with_order(IxDyn(&shape)).map_err(|e| Error::backend("ndarray", e))?;
    Ok(Cut::Labels { labels, count: ids.len() })
}

fn by_groups(groups: &[Vec<usize>], sample: &[usize]) -> Result<Cut> {
    let refused = |value: String, reason: String| Error::InvalidParameter { name: "groups", value, reason };
    let &[columns] = sample else {
        return Err(refused(
            format!("{groups:?}"),
            format!("a table has one axis of columns, and a sample is {sample:?}"),
        ));
    };
    let mut group_of: Vec<Option<usize>> = vec![None; columns];
    for (number, group) in groups.iter().enumerate() {
        for &column in group {
            match group_of.get_mut(column) {
                Some(of @ None) => *of = Some(number),
                Some(Some(_)) => return Err(refused(column.to_string(), "this column is named twice".into())),
                None => return Err(refused(column.to_string(), format!("there are {columns} columns, from 0"))),
            }
        }
    }
    let (mut number_of, mut next) = (vec![None; groups.len()], 0);
    let mut fresh = || {
        next += 1;
        next - 1
    };
    let labels: Vec<usize> = group_of
        .iter()
        .map(|group| match group {
            None => fresh(),
            Some(group) => *number_of[*group].get_or_insert_with(&mut fresh),
        })
        .collect();
    Ok(Cut::Labels { labels: ArrayD::from_shape_fn(IxDyn(sample), |place| labels[place[0]]), count: next })
}

fn needs(sample: &[usize], axes: usize, what: &str) -> Result<()> {
    if sample.len() >= axes {
        return Ok(());
    }
    Err(Error::InvalidShape {
        what: "sample".into(),
        got: sample.to_vec(),
        reason: format!("`Features::{what}` needs {axes} axes or more after the batch axis"),
    })
}

pub(super) fn super_pixels_fit(count: usize, compactness: f64, sample: &[usize]) -> Result<()> {
    positive("super-pixels", count)?;
    if !(compactness > 0.0 && compactness.is_finite()) {
        return Err(Error::InvalidParameter {
            name: "compactness",
            value: compactness.to_string(),
            reason: "it must be a finite number above 0".into(),
        });
    }
    match *sample {
        [_, height, width] if count <= height * width => Ok(()),
        [_, _, _] => Err(Error::InvalidParameter {
            name: "super-pixels",
            value: count.to_string(),
            reason: format!("an image of shape {sample:?} has fewer pixels"),
        }),
        _ => Err(Error::InvalidShape {
            what: "sample".into(),
            got: sample.to_vec(),
            reason: "super-pixels are of images (B, C, H, W)".into(),
        }),
    }
}

fn positive(name: &'static str, value: usize) -> Result<()> {
    match value {
        0 => Err(Error::InvalidParameter { name, value: "0".into(), reason: "it must be at least 1".into() }),
        _ => Ok(()),
    }
}

/// A number for each spatial axis, at least 1.
fn along(name: &'static str, numbers: &[usize], spatial: &[usize], sample: &[usize]) -> Result<()> {
    if numbers.is_empty() || numbers.len() != spatial.len() {
        return Err(Error::InvalidParameter {
            name,
            value: format!("{numbers:?}"),
            reason: format!(
                "it needs one number for each spatial axis, behind the batch and the channels: a sample of shape \
                 {sample:?} has {}",
                spatial.len()
            ),
        });
    }
    numbers.iter().try_for_each(|&number| positive(name, number))
}
