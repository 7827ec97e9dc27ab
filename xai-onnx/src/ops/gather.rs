//! Entries by their places.

use ndarray::{ArrayD, IxDyn};
use xai_core::Backend;
use xai_core::nn::Embedding;

use super::computed::{self, flat};
use crate::tape::{Id, Written};
use crate::value::Known;
use crate::write::{Cx, Operand};

/// Places of an axis, of which negative ones count from the end.
pub(super) fn places<B: Backend>(cx: &Cx<'_, B>, numbers: &[i64], length: usize) -> Written<Vec<usize>> {
    let n = i64::try_from(length).unwrap_or(i64::MAX);
    let place = |&at: &i64| {
        let found = if at < 0 { at.saturating_add(n) } else { at };
        let found = usize::try_from(found).ok().filter(|&found| found < length);
        found.ok_or_else(|| cx.wrong(format!("it asks for entry {at} of {length}")))
    };
    numbers.iter().map(place).collect()
}

pub(crate) fn gather<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (shape, chosen) = (cx.shape(0)?, cx.shape(1)?);
    let axis = cx.axis(cx.int("axis", 0)?, shape.len())?;
    let wanted = [&shape[..axis], &chosen[..], &shape[axis + 1..]].concat();
    cx.tape.fits("what is gathered", &wanted)?;
    if let Operand::Var(ids, _) = cx.held(1)? {
        let ids = *ids;
        let y = by_data(cx, ids, &shape, axis, &wanted)?;
        let y = cx.tape.reshape(y, &wanted)?;
        return cx.out(y);
    }
    // The numbers as they are read, as whole ones and as places.
    cx.tape.room_times("a list of places", &chosen, 4)?;
    let numbers = cx.known(1, "indices")?.to_ints();
    let places = places(cx, &numbers, shape[axis])?;
    if places.is_empty() {
        return Ok(vec![Operand::Known(Known::array(cx.element(0)?, ArrayD::zeros(wanted)))]);
    }
    let x = cx.x(0)?;
    let y = cx.tape.select(x, axis, &places)?;
    let y = cx.tape.reshape(y, &wanted)?;
    cx.out(y)
}

/// Entries at places that are computed: rows of a table of the file, which is an embedding, and any others.
fn by_data<B: Backend>(cx: &mut Cx<'_, B>, ids: Id, shape: &[usize], axis: usize, wanted: &[usize]) -> Written<Id> {
    let table = match cx.held(0)? {
        Operand::Known(table) if axis == 0 && !shape.is_empty() => table.clone(),
        _ => return computed::taken(cx, wanted.to_vec(), move |data, ids| computed::entries(axis, data, ids)),
    };
    let (stable, width) = (table.stable, shape[1..].iter().product());
    let op = cx.kept_op("table", stable, |cx| {
        let rows = cx.upload(&table)?.reshape(&[shape[0], width])?;
        Ok(Embedding::new(rows)?.into())
    })?;
    cx.tape.op(op, &[ids])
}

/// For each number of an array of indices, the flat place in the data whose index along an axis is that number.
pub(super) fn element_places<B: Backend>(cx: &Cx<'_, B>, data: &[usize], indices: &Known) -> Written<Vec<usize>> {
    let axis = element_axis(cx, data, &indices.shape)?;
    let at = places(cx, &indices.to_ints(), data[axis])?;
    let own = ndarray::indices(IxDyn(&indices.shape));
    let place = |(own, at): (IxDyn, usize)| {
        let mut place = ndarray::Dimension::slice(&own).to_vec();
        place[axis] = at;
        flat(&place, data)
    };
    Ok(own.into_iter().zip(at).map(place).collect())
}

/// The axis along which indices of a shape say the place in the data.
fn element_axis<B: Backend>(cx: &Cx<'_, B>, data: &[usize], indices: &[usize]) -> Written<usize> {
    let axis = cx.axis(cx.int("axis", 0)?, data.len())?;
    match indices.len() != data.len() || (0..data.len()).any(|i| i != axis && indices[i] > data[i]) {
        true => Err(cx.wrong(format!("its indices {indices:?} do not fit its data {data:?}"))),
        false => Ok(axis),
    }
}

pub(crate) fn elements<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let data = cx.shape(0)?;
    if let Operand::Var(ids, _) = cx.held(1)? {
        // As a softmax's answer at a label that is an input.
        let shape = cx.tape.shape(*ids).to_vec();
        let axis = element_axis(cx, &data, &shape)?;
        let y = computed::taken(cx, shape, move |data, ids| computed::elements(axis, data, ids))?;
        return cx.out(y);
    }
    let indices = cx.known(1, "indices")?.clone();
    let places = element_places(cx, &data, &indices)?;
    let y = take(cx, &places, &indices.shape)?;
    cx.out(y)
}

/// Numbers of the flat data at these places, in a shape.
fn take<B: Backend>(cx: &mut Cx<'_, B>, places: &[usize], shape: &[usize]) -> Written<Id> {
    let x = cx.x(0)?;
    let count = cx.tape.shape(x).iter().product();
    let x = cx.tape.reshape(x, &[count])?;
    let y = cx.tape.select(x, 0, places)?;
    cx.tape.reshape(y, shape)
}

/// The shape of what tuples of indices, of a shape, take of the data.
fn nd_shape<B: Backend>(cx: &Cx<'_, B>, data: &[usize], indices: &[usize], batch: usize) -> Written<Vec<usize>> {
    let wrong = || cx.wrong(format!("its indices {indices:?} do not fit its data {data:?}"));
    let (&deep, outer) = indices.split_last().ok_or_else(wrong)?;
    if deep > data.len() - batch || batch > outer.len() || data[..batch] != outer[..batch] || deep == 0 {
        return Err(wrong());
    }
    let shape = [outer, &data[batch + deep..]].concat();
    cx.tape.fits("what is gathered", &shape)?;
    Ok(shape)
}

/// For each tuple of indices, the flat places in the data, and the shape of what is taken.
pub(super) fn nd_places<B: Backend>(
    cx: &Cx<'_, B>,
    data: &[usize],
    indices: &Known,
    batch: usize,
) -> Written<(Vec<usize>, Vec<usize>)> {
    let shape = nd_shape(cx, data, &indices.shape, batch)?;
    let (deep, outer) = (indices.shape[indices.shape.len() - 1], &indices.shape[..indices.shape.len() - 1]);
    let rest: usize = data[batch + deep..].iter().product();
    let per_batch: usize = outer[batch..].iter().product();
    cx.tape.room("a list of places", &shape)?;
    let numbers = indices.to_ints();
    let mut found = Vec::with_capacity((numbers.len() / deep).saturating_mul(rest));
    for (i, tuple) in numbers.chunks(deep).enumerate() {
        let mut start = i / per_batch.max(1);
        for (k, &at) in tuple.iter().enumerate() {
            let length = data[batch + k];
            start = start * length + places(cx, &[at], length)?[0];
        }
        found.extend((0..rest).map(|j| start * rest + j));
    }
    Ok((found, shape))
}

pub(crate) fn nd<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let data = cx.shape(0)?;
    let batch = usize::try_from(cx.int("batch_dims", 0)?).unwrap_or(usize::MAX).min(data.len());
    if let Operand::Var(ids, _) = cx.held(1)? {
        // As what stands at the end of each sentence.
        let shape = nd_shape(cx, &data, cx.tape.shape(*ids), batch)?;
        let y = computed::taken(cx, shape, move |data, ids| computed::tuples(batch, data, ids))?;
        return cx.out(y);
    }
    let indices = cx.known(1, "indices")?.clone();
    let (places, shape) = nd_places(cx, &data, &indices, batch)?;
    let y = take(cx, &places, &shape)?;
    cx.out(y)
}
