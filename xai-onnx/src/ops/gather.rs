//! Entries by their places.

use ndarray::{ArrayD, IxDyn};
use xai_core::Backend;
use xai_core::nn::Embedding;

use crate::tape::{HostStep, Id, Written, refuse};
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
    if let Operand::Var(ids, _) = cx.held(1)? {
        let ids = *ids;
        let y = by_data(cx, ids, &shape, axis)?;
        let y = cx.tape.reshape(y, &wanted)?;
        return cx.out(y);
    }
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

/// Rows of a table of the file, by whole numbers that are the network's input: an embedding.
fn by_data<B: Backend>(cx: &mut Cx<'_, B>, ids: Id, shape: &[usize], axis: usize) -> Written<Id> {
    let Operand::Known(table) = cx.held(0)? else {
        return Err(refuse("it takes entries of computed values at computed places: fix one with `Network::fix`"));
    };
    if axis != 0 || shape.is_empty() {
        return Err(refuse("it takes entries at computed places, along another axis than the first"));
    }
    let (stable, table) = (table.stable, table.clone());
    let width: usize = shape[1..].iter().product();
    let op = cx.kept_op("table", stable, |cx| {
        let rows = cx.upload(&table)?.reshape(&[shape[0], width])?;
        Ok(Embedding::new(rows)?.into())
    })?;
    cx.tape.op(op, &[ids])
}

/// The flat places that lengths and steps lead to, row-major.
fn flat(place: &[usize], shape: &[usize]) -> usize {
    place.iter().zip(shape).fold(0, |all, (&at, &length)| all * length + at)
}

/// For each number of an array of indices, the flat place in the data whose index along an axis is that number.
pub(super) fn element_places<B: Backend>(cx: &Cx<'_, B>, data: &[usize], indices: &Known) -> Written<Vec<usize>> {
    let axis = cx.axis(cx.int("axis", 0)?, data.len())?;
    if indices.shape.len() != data.len() || (0..data.len()).any(|i| i != axis && indices.shape[i] > data[i]) {
        return Err(cx.wrong(format!("its indices {:?} do not fit its data {data:?}", indices.shape)));
    }
    let at = places(cx, &indices.to_ints(), data[axis])?;
    let own = ndarray::indices(IxDyn(&indices.shape));
    let place = |(own, at): (IxDyn, usize)| {
        let mut place = ndarray::Dimension::slice(&own).to_vec();
        place[axis] = at;
        flat(&place, data)
    };
    Ok(own.into_iter().zip(at).map(place).collect())
}

pub(crate) fn elements<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let data = cx.shape(0)?;
    if let Operand::Var(ids, _) = cx.held(1)? {
        let ids = *ids;
        return elements_by_data(cx, ids, &data);
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

/// As a softmax's answer at a label that is an input: on the host, with its way back.
fn elements_by_data<B: Backend>(cx: &mut Cx<'_, B>, ids: Id, data: &[usize]) -> Written<Vec<Operand>> {
    let axis = cx.axis(cx.int("axis", 0)?, data.len())?;
    let shape = cx.tape.shape(ids).to_vec();
    if shape.len() != data.len() || (0..data.len()).any(|i| i != axis && shape[i] > data[i]) {
        return Err(cx.wrong(format!("its indices {shape:?} do not fit its data {data:?}")));
    }
    let x = cx.x(0)?;
    let length = data[axis];
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let place = move |own: &[usize], id: f64| {
        let at = if id < 0.0 { id + length as f64 } else { id };
        let mut place = own.to_vec();
        place[axis] = (at.max(0.0) as usize).min(length.saturating_sub(1));
        place
    };
    let step = HostStep::with_back(
        shape,
        move |x| {
            let mut y = x[1].clone();
            y.indexed_iter_mut().for_each(|(own, n)| *n = x[0][&place(ndarray::Dimension::slice(&own), *n)[..]]);
            y
        },
        move |x, v| {
            let mut back = ArrayD::zeros(x[0].raw_dim());
            for (own, &id) in x[1].indexed_iter() {
                let own = ndarray::Dimension::slice(&own);
                back[&place(own, id)[..]] += v[own];
            }
            vec![Some(back), None]
        },
    );
    let y = cx.tape.host(step, &[x, ids])?;
    cx.out(y)
}

/// For each tuple of indices, the flat places in the data, and the shape of what is taken.
pub(super) fn nd_places<B: Backend>(
    cx: &Cx<'_, B>,
    data: &[usize],
    indices: &Known,
    batch: usize,
) -> Written<(Vec<usize>, Vec<usize>)> {
    let wrong = || cx.wrong(format!("its indices {:?} do not fit its data {data:?}", indices.shape));
    let (&deep, outer) = indices.shape.split_last().ok_or_else(wrong)?;
    if batch + deep > data.len() || batch > outer.len() || data[..batch] != outer[..batch] || deep == 0 {
        return Err(wrong());
    }
    let rest: usize = data[batch + deep..].iter().product();
    let per_batch: usize = outer[batch..].iter().product();
    let numbers = indices.to_ints();
    let mut found = Vec::with_capacity((numbers.len() / deep).saturating_mul(rest));
    let shape = [outer, &data[batch + deep..]].concat();
    crate::tape::check_size("what is gathered", &shape, cx.tape.limit())?;
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
    let indices = cx.known(1, "indices")?.clone();
    let (places, shape) = nd_places(cx, &data, &indices, batch)?;
    let y = take(cx, &places, &shape)?;
    cx.out(y)
}
