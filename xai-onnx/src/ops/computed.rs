//! Entries at places that the network computes: on the host, with the way back to the data.

use ndarray::{ArrayD, IxDyn};
use xai_core::Backend;

use crate::tape::{HostStep, Id, Written};
use crate::write::Cx;

/// The flat places of the data, of a shape, that are taken by these whole numbers; and the shape of what is taken.
pub(super) type Places = (Vec<usize>, Vec<usize>);

/// The numbers of input 0 at the places that input 1 leads to. There may be more rows than were traced, so that the
/// places are found by the shapes that there are.
pub(super) fn taken<B: Backend>(
    cx: &mut Cx<'_, B>,
    shape: Vec<usize>,
    places: impl Fn(&[usize], &ArrayD<f64>) -> Places + Send + Sync + Copy + 'static,
) -> Written<Id> {
    let data = cx.shape(0)?;
    if data.contains(&0) {
        return Err(cx.shape_error(&data, "it has no number to take"));
    }
    let inputs = [cx.x(0)?, cx.x(1)?];
    let step = HostStep::with_back(
        shape,
        move |x| {
            let (places, shape) = places(x[0].shape(), &x[1]);
            let data: Vec<f64> = x[0].iter().copied().collect();
            let numbers = places.iter().map(|&at| data.get(at).copied().unwrap_or(0.0)).collect();
            ArrayD::from_shape_vec(shape.clone(), numbers).unwrap_or_else(|_| ArrayD::zeros(shape))
        },
        move |x, v| {
            let (places, _) = places(x[0].shape(), &x[1]);
            let mut back = vec![0.0; x[0].len()];
            for (at, v) in places.into_iter().zip(v) {
                if let Some(n) = back.get_mut(at) {
                    *n += v;
                }
            }
            vec![ArrayD::from_shape_vec(x[0].raw_dim(), back).ok(), None]
        },
    );
    cx.tape.host(step, &inputs)
}

/// The entry of an axis that a number names: from the end if it is negative, and the nearest one if there is none.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn entry(id: f64, length: usize) -> usize {
    let at = if id < 0.0 { id + length as f64 } else { id };
    (at.max(0.0) as usize).min(length.saturating_sub(1))
}

/// Whole entries of an axis, for each number.
pub(super) fn entries(axis: usize, data: &[usize], ids: &ArrayD<f64>) -> Places {
    let (length, inner) = (data[axis], data[axis + 1..].iter().product::<usize>());
    let outer: usize = data[..axis].iter().product();
    let at: Vec<usize> = ids.iter().map(|&id| entry(id, length)).collect();
    let starts = (0..outer).flat_map(|row| at.iter().map(move |at| (row * length + at) * inner));
    let places = starts.flat_map(|start| start..start + inner).collect();
    (places, [&data[..axis], ids.shape(), &data[axis + 1..]].concat())
}

/// For each number that one whose index along an axis it is, with the other indices its own.
pub(super) fn elements(axis: usize, data: &[usize], ids: &ArrayD<f64>) -> Places {
    let place = |(own, &id): (IxDyn, &f64)| {
        let mut place = ndarray::Dimension::slice(&own).to_vec();
        place[axis] = entry(id, data[axis]);
        flat(&place, data)
    };
    (ids.indexed_iter().map(place).collect(), ids.shape().to_vec())
}

/// For each tuple of numbers what it is the index of, behind so many axes that both have.
pub(super) fn tuples(batch: usize, data: &[usize], ids: &ArrayD<f64>) -> Places {
    let Some((&deep, outer)) = ids.shape().split_last() else { return (Vec::new(), vec![0]) };
    let rest: usize = data[batch + deep..].iter().product();
    let per_batch = outer[batch..].iter().product::<usize>().max(1);
    let numbers: Vec<f64> = ids.iter().copied().collect();
    let start = |(i, tuple): (usize, &[f64])| {
        let lengths = &data[batch..batch + deep];
        let inner = tuple.iter().zip(lengths);
        inner.fold(i / per_batch, |start, (&id, &length)| start * length + entry(id, length)) * rest
    };
    let starts = numbers.chunks(deep.max(1)).enumerate().map(start);
    (starts.flat_map(|start| start..start + rest).collect(), [outer, &data[batch + deep..]].concat())
}

/// The flat place that an index leads to, row-major.
pub(super) fn flat(place: &[usize], shape: &[usize]) -> usize {
    place.iter().zip(shape).fold(0, |all, (&at, &length)| all * length + at)
}
