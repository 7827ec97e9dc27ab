//! Attention as one operator.

use ndarray::Array4;
use xai_core::Backend;
use xai_core::nn::Activation;

use crate::tape::{Id, Written, refuse};
use crate::value::{ElementType, Known};
use crate::write::{Cx, Operand};

/// softmax(scale · Q Kᵀ + mask) V, for each head.
pub(crate) fn attention<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    const READ: [&str; 9] = [
        "is_causal",
        "kv_num_heads",
        "left_window_size",
        "q_num_heads",
        "qk_matmul_output_mode",
        "right_window_size",
        "scale",
        "softcap",
        "softmax_precision",
    ];
    if let Some(name) = cx.node.attributes.keys().find(|name| !READ.contains(&name.as_str())) {
        return Err(refuse(format!("its attribute `{name}` is not supported")));
    }
    let lengths = cx.maybe_known(6, "nonpad_kv_seqlen")?.map(Known::to_ints);
    let flat = cx.shape(0)?.len() == 3;
    let heads = |cx: &Cx<'_, B>, name: &str| cx.int(name, 0).map(|heads| usize::try_from(heads).unwrap_or(0));
    let (of_q, of_kv) = (heads(cx, "q_num_heads")?, heads(cx, "kv_num_heads")?);
    let q = in_heads(cx, 0, of_q)?;
    let (mut k, mut v) = (in_heads(cx, 1, of_kv)?, in_heads(cx, 2, of_kv)?);
    let mut past = 0;
    for (i, new) in [(4, &mut k), (5, &mut v)] {
        if cx.has_input(i) {
            let before = cx.x(i)?;
            let &[_, _, steps, _] = cx.tape.shape(before) else {
                return Err(cx.shape_error(cx.tape.shape(before), "keys and values of before need 4 axes"));
            };
            past = steps;
            *new = cx.tape.concat(&[before, *new], 2)?;
        }
    }
    let (present_k, present_v) = (k, v);
    let shapes = [q, k, v].map(|id| cx.tape.shape(id).to_vec());
    let &[batch, heads, queries, width] = &shapes[0][..] else { return Err(cx.wrong("it needs 4 axes")) };
    let (kv_heads, keys) = (shapes[1][1], shapes[1][2]);
    if kv_heads == 0 || heads % kv_heads != 0 {
        return Err(cx.wrong(format!("it has {heads} heads of queries and {kv_heads} of keys")));
    }
    if heads != kv_heads {
        // Each head of the keys belongs to several of the queries'.
        let places: Vec<usize> = (0..heads).map(|head| head / (heads / kv_heads)).collect();
        (k, v) = (cx.tape.select(k, 1, &places)?, cx.tape.select(v, 1, &places)?);
    }
    #[allow(clippy::cast_precision_loss)]
    let scale = cx.float("scale", 1.0 / (width as f64).sqrt())?;
    let k = cx.tape.permute(k, &[0, 1, 3, 2])?;
    let scores = cx.tape.matmul(q, k)?;
    let plain = cx.tape.affine(scores, scale, 0.0)?;
    let capped = softcap(cx, plain)?;
    if let Some(lengths) = lengths.as_ref().filter(|lengths| past > 0 || lengths.len() != batch) {
        return Err(cx.wrong(format!("it has the lengths {lengths:?} for {batch} samples, and {past} keys before")));
    }
    let masks = masks(cx, [queries, keys], past, lengths.as_deref())?;
    let hidden = cx.array(&ndarray::arr0(f64::NEG_INFINITY).into_dyn())?;
    let mut masked = capped;
    for mask in &masks {
        masked = match *mask {
            Mask::Seen(seen) => cx.tape.choose(seen, masked, hidden)?,
            Mask::Added(more) => cx.tape.add(masked, more)?,
        };
    }
    let mut shares = cx.tape.softmax(masked, 3)?;
    // Where all is hidden there are no shares: zeros.
    let zero = cx.array(&ndarray::arr0(0.0).into_dyn())?;
    for mask in &masks {
        if let Mask::Seen(seen) = *mask {
            shares = cx.tape.choose(seen, shares, zero)?;
        }
    }
    let mut y = cx.tape.matmul(shares, v)?;
    if flat {
        let out = cx.tape.shape(y)[3];
        y = cx.tape.permute(y, &[0, 2, 1, 3])?;
        y = cx.tape.reshape(y, &[batch, queries, heads * out])?;
    }
    let shown = match cx.int("qk_matmul_output_mode", 0)? {
        0 => plain,
        1 => capped,
        2 => masked,
        _ => shares,
    };
    let element = cx.element(0)?;
    Ok([y, present_k, present_v, shown].map(|id| Operand::Var(id, element)).to_vec())
}

/// (B, S, H·D) or (B, H, S, D), as the latter.
fn in_heads<B: Backend>(cx: &mut Cx<'_, B>, i: usize, heads: usize) -> Written<Id> {
    let x = cx.x(i)?;
    let shape = cx.tape.shape(x).to_vec();
    match shape[..] {
        [_, _, _, _] => Ok(x),
        [batch, steps, width] if heads > 0 && width % heads == 0 => {
            let split = cx.tape.reshape(x, &[batch, steps, heads, width / heads])?;
            cx.tape.permute(split, &[0, 2, 1, 3])
        }
        _ => Err(cx.shape_error(&shape, format!("it is not of {heads} heads"))),
    }
}

/// cap · tanh(x / cap)
fn softcap<B: Backend>(cx: &mut Cx<'_, B>, x: Id) -> Written<Id> {
    let cap = cx.float("softcap", 0.0)?;
    if cap <= 0.0 {
        return Ok(x);
    }
    let y = cx.tape.affine(x, 1.0 / cap, 0.0)?;
    let y = cx.tape.act(y, Activation::Tanh)?;
    cx.tape.affine(y, cap, 0.0)
}

#[derive(Clone, Copy)]
enum Mask {
    /// 1 where a key is seen.
    Seen(Id),
    /// Added to the scores.
    Added(Id),
}

fn masks<B: Backend>(
    cx: &mut Cx<'_, B>,
    [queries, keys]: [usize; 2],
    past: usize,
    lengths: Option<&[i64]>,
) -> Written<Vec<Mask>> {
    let mut masks = Vec::new();
    if cx.has_input(3) {
        let logical = cx.element(3)? == ElementType::Bool;
        let hides = match cx.held(3)? {
            // Also -inf hides.
            Operand::Known(_) if !logical => {
                Some(cx.known(3, "mask")?.numbers().mapv(|n| f64::from(u8::from(n > f64::NEG_INFINITY))))
            }
            _ => None,
        };
        let mask = cx.x(3)?;
        let mask = lengthened(cx, mask, keys, if logical { 0.0 } else { f64::NEG_INFINITY })?;
        if let Some(seen) = hides.filter(|seen| seen.iter().any(|&n| n == 0.0)) {
            let seen = cx.array(&seen)?;
            let seen = lengthened(cx, seen, keys, 0.0)?;
            masks.push(Mask::Seen(seen));
            // Past -inf, which the choice has made already.
            let zero = cx.array(&ndarray::arr0(0.0).into_dyn())?;
            masks.push(Mask::Added(cx.tape.choose(seen, mask, zero)?));
        } else {
            masks.push(if logical { Mask::Seen(mask) } else { Mask::Added(mask) });
        }
    }
    // How far a query sees to both sides of itself, if not all.
    let side = |name: &str| cx.int(name, -1).map(|size| usize::try_from(size).ok());
    let (left, right) = (side("left_window_size")?, side("right_window_size")?);
    let right = if cx.flag("is_causal", false)? { Some(0) } else { right };
    if left.is_some() || right.is_some() || lengths.is_some() {
        let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let sees = |(sample, _, i, j): (usize, usize, usize, usize)| {
            let length = lengths.and_then(|lengths| lengths.get(sample)).copied();
            // Of keys of different lengths the queries are the last ones.
            let before = length.map_or(whole(past), |length| length.saturating_sub(whole(queries)));
            let (at, key) = (before.saturating_add(whole(i)), whole(j));
            let near = |size: Option<usize>, distance: i64| size.is_none_or(|size| distance <= whole(size));
            let there = length.is_none_or(|length| key < length);
            f64::from(u8::from(there && near(left, at.saturating_sub(key)) && near(right, key.saturating_sub(at))))
        };
        let shape = (lengths.map_or(1, <[i64]>::len), 1, queries, keys);
        cx.tape.room("a mask", &[shape.0, queries, keys])?;
        masks.push(Mask::Seen(cx.array(&Array4::from_shape_fn(shape, sees).into_dyn())?));
    }
    Ok(masks)
}

/// A mask may be shorter than the keys: what it does not speak of is hidden.
fn lengthened<B: Backend>(cx: &mut Cx<'_, B>, mask: Id, keys: usize, border: f64) -> Written<Id> {
    let shape = cx.tape.shape(mask).to_vec();
    match shape.last() {
        Some(&length) if length != 1 && length < keys => {
            let width = i64::try_from(keys - length).unwrap_or(i64::MAX);
            super::pad::constant(cx.tape, mask, shape.len() - 1, (0, width), border)
        }
        _ => Ok(mask),
    }
}
