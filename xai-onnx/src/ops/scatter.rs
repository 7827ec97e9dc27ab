//! Numbers put at places.

use xai_core::Backend;

use super::gather::{element_places, nd_places};
use crate::tape::{Id, Tape, Written, refuse};
use crate::write::{Cx, Operand};

pub(crate) fn elements<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let data = cx.shape(0)?;
    let indices = cx.known(1, "indices")?.clone();
    let places = element_places(cx, &data, &indices)?;
    put(cx, &data, &places)
}

pub(crate) fn nd<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let data = cx.shape(0)?;
    let indices = cx.known(1, "indices")?.clone();
    let (places, _) = nd_places(cx, &data, &indices, 0)?;
    put(cx, &data, &places)
}

/// The updates at these flat places of the data; a place that comes twice keeps the last.
fn put<B: Backend>(cx: &mut Cx<'_, B>, shape: &[usize], places: &[usize]) -> Written<Vec<Operand>> {
    let reduction = cx.text("reduction")?;
    let reduces = match reduction.as_str() {
        "" | "none" => false,
        "add" | "mul" | "max" | "min" => true,
        other => return Err(refuse(format!("its reduction `{other}` is not known"))),
    };
    let count: usize = shape.iter().product();
    let (x, updates) = (cx.x(0)?, cx.x(2)?);
    let given: usize = cx.tape.shape(updates).iter().product();
    if given != places.len() {
        return Err(cx.wrong(format!("it has {given} updates for {} places", places.len())));
    }
    if places.is_empty() {
        return Ok(vec![cx.held(0)?.clone()]);
    }
    let t = &mut *cx.tape;
    // A round is a list of places, and so is what is made of it.
    t.room_times("what is scattered", shape, 3)?;
    let (mut flat, updates) = (t.reshape(x, &[count])?, t.reshape(updates, &[given])?);
    // Updates of one place stand in rounds, one after another: one round unless places come twice.
    let mut rounds: Vec<Vec<Option<usize>>> = Vec::new();
    for (i, &place) in places.iter().enumerate() {
        let free = rounds.iter().position(|round| round[place].is_none());
        match free.filter(|_| reduces) {
            _ if !reduces => {
                if rounds.is_empty() {
                    rounds.push(vec![None; count]);
                }
                rounds[0][place] = Some(i);
            }
            Some(free) => rounds[free][place] = Some(i),
            None => {
                t.room_times("what is scattered", shape, 2 * rounds.len() + 3)?;
                let mut round = vec![None; count];
                round[place] = Some(i);
                rounds.push(round);
            }
        }
    }
    for round in rounds {
        // What no update is for, keeps its own number.
        let own_or_update = |t: &mut Tape<B>| -> Written<Id> {
            let all = t.concat(&[flat, updates], 0)?;
            let from: Vec<usize> =
                round.iter().enumerate().map(|(i, update)| update.map_or(i, |update| count + update)).collect();
            t.select(all, 0, &from)
        };
        flat = match reduction.as_str() {
            "add" | "mul" => {
                // A number stands behind the updates that changes nothing.
                let first = t.narrow(updates, 0, 0, 1)?;
                let zero = t.sub(first, first)?;
                let none = if reduction == "mul" { t.affine(zero, 1.0, 1.0)? } else { zero };
                let all = t.concat(&[updates, none], 0)?;
                let from: Vec<usize> = round.iter().map(|update| update.unwrap_or(given)).collect();
                let moved = t.select(all, 0, &from)?;
                if reduction == "mul" { t.mul(flat, moved)? } else { t.add(flat, moved)? }
            }
            "max" | "min" => {
                let other = own_or_update(t)?;
                let keeps = if reduction == "max" { t.above(flat, other)? } else { t.above(other, flat)? };
                t.choose(keeps, flat, other)?
            }
            _ => own_or_update(t)?,
        };
    }
    let y = t.reshape(flat, shape)?;
    cx.out(y)
}
