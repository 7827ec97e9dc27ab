//! What is chosen by its size, or by a condition.

use ndarray::{ArrayD, Axis};
use xai_core::Backend;

use crate::tape::{HostStep, Written, refuse};
use crate::value::{ElementType, Known};
use crate::write::{Cx, Operand};

/// The place of the greatest, or smallest, along an axis.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn arg<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let axis = cx.axis(cx.int("axis", 0)?, shape.len())?;
    let last = cx.flag("select_last_index", false)?;
    let smallest = cx.node.operator == "ArgMin";
    let mut kept = shape.clone();
    kept[axis] = 1;
    let step = HostStep::forward_only(kept.clone(), "it is a place, a whole number", move |x| {
        let best = x[0].map_axis(Axis(axis), |lane| {
            let mut best = 0;
            for (i, &n) in lane.iter().enumerate() {
                let better = if smallest { n < lane[best] } else { n > lane[best] };
                if better || (last && n.total_cmp(&lane[best]).is_eq()) {
                    best = i;
                }
            }
            best as f64
        });
        best.insert_axis(Axis(axis))
    });
    let mut y = cx.tape.host(step, &[x])?;
    if !cx.flag("keepdims", true)? {
        kept.remove(axis);
        y = cx.tape.reshape(y, &kept)?;
    }
    Ok(vec![Operand::Var(y, ElementType::I64)])
}

/// For each lane along an axis, the places of its greatest, or smallest, numbers in order; the first of equal ones.
fn best(x: &ArrayD<f64>, axis: usize, count: usize, largest: bool) -> ArrayD<usize> {
    let mut shape = x.shape().to_vec();
    shape[axis] = count;
    let mut places = ArrayD::zeros(shape);
    for (lane, mut places) in x.lanes(Axis(axis)).into_iter().zip(places.lanes_mut(Axis(axis))) {
        let mut order: Vec<usize> = (0..lane.len()).collect();
        order.sort_by(|&a, &b| if largest { lane[b].total_cmp(&lane[a]) } else { lane[a].total_cmp(&lane[b]) });
        places.iter_mut().zip(order).for_each(|(place, found)| *place = found);
    }
    places
}

/// The greatest numbers along an axis, with their gradient, and their places, without one.
pub(crate) fn top<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let axis = cx.axis(cx.int("axis", -1)?, shape.len())?;
    let count = match cx.maybe_known(1, "k")? {
        Some(known) => known.to_ints().first().copied().unwrap_or(0),
        None => cx.int("k", 0)?,
    };
    let count = usize::try_from(count).ok().filter(|&count| count > 0 && count <= shape[axis]);
    let count = count.ok_or_else(|| cx.wrong(format!("it takes more than the {} that there are", shape[axis])))?;
    let largest = cx.flag("largest", true)?;
    let mut kept = shape;
    kept[axis] = count;
    let place = move |own: &[usize], at: usize| {
        let mut place = own.to_vec();
        place[axis] = at;
        place
    };
    let values = HostStep::with_back(
        kept.clone(),
        move |x| {
            let places = best(&x[0], axis, count, largest);
            let at = |(own, &at): (ndarray::IxDyn, &usize)| x[0][&place(ndarray::Dimension::slice(&own), at)[..]];
            let numbers = places.indexed_iter().map(at).collect();
            ArrayD::from_shape_vec(places.raw_dim(), numbers).unwrap_or_else(|_| ArrayD::zeros(places.raw_dim()))
        },
        move |x, v| {
            let mut back = ArrayD::zeros(x[0].raw_dim());
            for (own, &at) in best(&x[0], axis, count, largest).indexed_iter() {
                let own = ndarray::Dimension::slice(&own);
                back[&place(own, at)[..]] += v[own];
            }
            vec![Some(back)]
        },
    );
    #[allow(clippy::cast_precision_loss)]
    let places = HostStep::forward_only(kept, "it is a place, a whole number", move |x| {
        best(&x[0], axis, count, largest).mapv(|at| at as f64)
    });
    let (values, places) = (cx.tape.host(values, &[x])?, cx.tape.host(places, &[x])?);
    Ok(vec![Operand::Var(values, cx.element(0)?), Operand::Var(places, ElementType::I64)])
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
pub(crate) fn one_hot<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let depth = cx.known(1, "depth")?.to_ints().first().copied().unwrap_or(0);
    let depth = usize::try_from(depth).map_err(|_| cx.wrong(format!("its depth is {depth}")))?;
    let values = cx.known(2, "values")?;
    let (element, numbers) = (values.element, values.numbers());
    let &[off, on] = numbers.as_slice().unwrap_or_default() else {
        return Err(cx.wrong("it needs two values, off and on"));
    };
    let axis = cx.axis(cx.int("axis", -1)?, shape.len() + 1)?;
    let mut wider = shape;
    wider.insert(axis, depth);
    let ids = cx.x(0)?;
    let step = HostStep::forward_only(wider.clone(), "it is made of whole numbers", move |x| {
        let mut y = ArrayD::from_elem(&wider[..], off);
        for (own, &id) in x[0].indexed_iter() {
            let at = if id < 0.0 { id + depth as f64 } else { id };
            let mut place = ndarray::Dimension::slice(&own).to_vec();
            if let Ok(at) = usize::try_from(at as i64) {
                place.insert(axis, at);
                if let Some(n) = y.get_mut(&place[..]) {
                    *n = on;
                }
            }
        }
        y
    });
    let y = cx.tape.host(step, &[ids])?;
    Ok(vec![Operand::Var(y, element)])
}

/// How many there are depends on the numbers, which have to be known.
pub(crate) fn non_zero<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    if let Operand::Var(..) = cx.held(0)? {
        return Err(refuse("how many numbers it finds depends on the data: no shape follows from it"));
    }
    let numbers = cx.known(0, "input")?.numbers();
    let shape = (numbers.ndim(), numbers.iter().filter(|n| **n != 0.0).count());
    cx.tape.room("a list of places", &[shape.0, shape.1])?;
    let mut places = ndarray::Array2::zeros(shape);
    let found = numbers.indexed_iter().filter(|(_, n)| **n != 0.0);
    for ((place, _), mut column) in found.zip(places.columns_mut()) {
        #[allow(clippy::cast_precision_loss)]
        column.iter_mut().zip(ndarray::Dimension::slice(&place)).for_each(|(n, &at)| *n = at as f64);
    }
    Ok(vec![Operand::Known(Known::array(ElementType::I64, places.into_dyn()))])
}

/// The entries of an axis, or of all numbers in a row, for which a condition says yes.
pub(crate) fn compress<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    if let Operand::Var(..) = cx.held(1)? {
        return Err(refuse("how many numbers it keeps depends on the data: no shape follows from it"));
    }
    let kept = cx.known(1, "condition")?.numbers();
    let kept: Vec<usize> = kept.iter().enumerate().filter(|(_, yes)| **yes != 0.0).map(|(i, _)| i).collect();
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let (x, axis) = match cx.has("axis") {
        true => (x, cx.axis(cx.int("axis", 0)?, shape.len())?),
        false => (cx.tape.reshape(x, &[shape.iter().product()])?, 0),
    };
    let mut shape = cx.tape.shape(x).to_vec();
    if kept.last().is_some_and(|&last| last >= shape[axis]) {
        return Err(cx.wrong(format!("its condition is longer than the {} numbers", shape[axis])));
    }
    if kept.is_empty() {
        shape[axis] = 0;
        return Ok(vec![Operand::Known(Known::array(cx.element(0)?, ArrayD::zeros(shape)))]);
    }
    let y = cx.tape.select(x, axis, &kept)?;
    cx.out(y)
}
