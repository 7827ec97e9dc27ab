//! Attention without a softmax, step by step in time: [`linear_attention`].

use ndarray::ArrayD;
use xai_core::Backend;
use xai_core::nn::Activation;

use crate::tape::{Id, Written, refuse};
use crate::write::{Cx, Operand};

/// More steps are refused: each is written down by itself.
const MOST_STEPS: usize = 4096;

/// A state S (B, heads, d, m), which decays, is corrected and added to in each step, and read by the query:
/// S ← eᵍ S + k ⊗ β (v - Sᵀk), y = scale · Sᵀq.
pub(crate) fn linear_attention<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let heads = |cx: &Cx<'_, B>, name: &str| cx.int(name, 0).map(|heads| usize::try_from(heads).unwrap_or(0));
    let (of_q, of_kv) = (heads(cx, "q_num_heads")?, heads(cx, "kv_num_heads")?);
    if of_kv == 0 || of_q == 0 || of_q % of_kv != 0 {
        return Err(cx.wrong(format!("it has {of_q} heads of queries and {of_kv} of keys")));
    }
    let (decays, corrects) = match cx.text("update_rule")?.as_str() {
        "linear" => (false, false),
        "gated" => (true, false),
        "delta" => (false, true),
        "" | "gated_delta" => (true, true),
        other => return Err(refuse(format!("its update_rule `{other}` is not known"))),
    };
    let (q, k, v) = (in_heads(cx, 0, of_q)?, in_heads(cx, 1, of_kv)?, in_heads(cx, 2, of_kv)?);
    let [keys, values] = [k, v].map(|id| cx.tape.shape(id).to_vec());
    let &[batch, _, steps, width] = &keys[..] else { return Err(cx.wrong("it needs three axes")) };
    let fits = values[..3] == keys[..3] && *cx.tape.shape(q) == [batch, of_q, steps, width];
    if !fits || keys.contains(&0) || steps > MOST_STEPS {
        return Err(cx.shape_error(&keys, format!("its values are {values:?}, and {MOST_STEPS} steps the most")));
    }
    let out = values[3];
    // By heads (B, heads, T, 1), or by numbers (B, heads, T, d).
    let decay = match decays {
        true => {
            let decay = in_heads(cx, 4, of_kv)?;
            Some(cx.tape.act(decay, Activation::Exp)?)
        }
        false => None,
    };
    let beta = match corrects {
        true => {
            let own = cx.shape(5)?.last() == Some(&of_kv);
            Some(in_heads(cx, 5, if own { of_kv } else { 1 })?)
        }
        false => None,
    };
    cx.tape.room("a state", &[batch, of_kv, width, out])?;
    let mut state = match cx.has_input(3) {
        true => cx.x(3)?,
        false => cx.array(&ArrayD::zeros(vec![batch, of_kv, width, out]))?,
    };
    #[allow(clippy::cast_precision_loss)]
    let usual = 1.0 / (width as f64).sqrt();
    let scale = Some(cx.float("scale", 0.0)?).filter(|scale| *scale != 0.0).unwrap_or(usual);
    let spread: Vec<usize> = (0..of_q).map(|head| head / (of_q / of_kv)).collect();
    let mut read = Vec::with_capacity(steps);
    for step in 0..steps {
        let at = |cx: &mut Cx<'_, B>, x: Id| cx.tape.narrow(x, 2, step, 1);
        let (q, k, mut v) = (at(cx, q)?, at(cx, k)?, at(cx, v)?);
        // Columns (.., d, 1), for sums over d.
        let k = cx.tape.permute(k, &[0, 1, 3, 2])?;
        if let Some(decay) = decay {
            let decay = at(cx, decay)?;
            let decay = cx.tape.permute(decay, &[0, 1, 3, 2])?;
            state = cx.tape.mul(state, decay)?;
        }
        if let Some(beta) = beta {
            let (beta, row) = (at(cx, beta)?, cx.tape.permute(k, &[0, 1, 3, 2])?);
            let known = cx.tape.matmul(row, state)?;
            let new = cx.tape.sub(v, known)?;
            v = cx.tape.mul(new, beta)?;
        }
        let written = cx.tape.matmul(k, v)?;
        state = cx.tape.add(state, written)?;
        let seen = if of_q == of_kv { state } else { cx.tape.select(state, 1, &spread)? };
        read.push(cx.tape.matmul(q, seen)?);
    }
    let y = cx.tape.concat(&read, 2)?;
    let y = cx.tape.affine(y, scale, 0.0)?;
    let y = cx.tape.permute(y, &[0, 2, 1, 3])?;
    let y = cx.tape.reshape(y, &[batch, steps, of_q * out])?;
    let element = cx.element(0)?;
    let of_state = if cx.has_input(3) { cx.element(3)? } else { element };
    Ok(vec![Operand::Var(y, element), Operand::Var(state, of_state)])
}

/// (B, T, H·D) as (B, H, T, D).
fn in_heads<B: Backend>(cx: &mut Cx<'_, B>, i: usize, heads: usize) -> Written<Id> {
    let x = cx.x(i)?;
    let shape = cx.tape.shape(x).to_vec();
    let [batch, steps, width] = shape[..] else { return Err(cx.shape_error(&shape, "it needs three axes")) };
    if width % heads != 0 {
        return Err(cx.shape_error(&shape, format!("it is not of {heads} heads")));
    }
    let split = cx.tape.reshape(x, &[batch, steps, heads, width / heads])?;
    cx.tape.permute(split, &[0, 2, 1, 3])
}
