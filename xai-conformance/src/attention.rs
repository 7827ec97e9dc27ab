//! Analyzers that look at attention matrices.

use xai_core::nn::{Flatten, Linear, MultiHeadAttention, Sequential};
use xai_core::{AnalyzerInfo, Backend, Element, Heads, NdArray, Needs, Result, Settings, Tensor};

use crate::explained::{Boxed, explain, one_by_one, same};
use crate::{Failure, Outcome, Suite, values};

/// Tokens, and numbers of each.
const TOKENS: [usize; 2] = [3, 4];

/// Two layers of attention in two heads, and a linear layer of all tokens.
fn encoder<B: Backend>(placement: &B::Placement) -> Result<Sequential<B>> {
    let weight = |shape: &[usize], seed: u64| {
        Tensor::<B>::upload(values(shape, seed).mapv(|v| B::Elem::of(v * 0.5)).view(), placement)
    };
    let linear = |seed: u64| Linear::new(weight(&[4, 4], seed)?, weight(&[4], seed + 1)?);
    let layer =
        |seed: u64| MultiHeadAttention::new(2, linear(seed)?, linear(seed + 2)?, linear(seed + 4)?, linear(seed + 6)?);
    let classes = Linear::new(weight(&[5, 12], 540)?, None)?;
    Ok(Sequential::new().push(layer(520)?).push(layer(530)?).push(Flatten::default()).push(classes))
}

/// All of the registry that look at attention matrices, as they are and with what can be set.
fn registered<B: Backend>() -> Result<Vec<Boxed<'static, Sequential<B>>>> {
    let every = [Settings::new(), Settings::new().token(1).heads(Heads::Max), Settings::new().places([named(1)])];
    let mut all: Vec<Boxed<'static, Sequential<B>>> = Vec::new();
    for info in AnalyzerInfo::all().iter().filter(|info| info.needs == Needs::Attention) {
        for settings in &every {
            all.push(info.build(settings)?);
        }
    }
    Ok(all)
}

/// The matrix of a layer.
fn named(layer: usize) -> String {
    format!("{layer}.weights")
}

/// Each gives what it gives on f64 arrays, and a batch gives what its samples give one by one.
pub fn attention_matrices<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (model, truth) = (encoder::<B>(suite.placement())?, encoder::<NdArray<f64>>(&())?);
    let x = values(&[&[2], &TOKENS[..]].concat(), 550);
    let (here, there) = (registered::<B>()?, registered::<NdArray<f64>>()?);
    if here.is_empty() {
        return Err(Failure::new("no analyzer looks at attention matrices"));
    }
    for (analyzer, reference) in here.iter().zip(&there) {
        let all = explain(&**analyzer, &model, &x)?;
        same(suite, &all, &explain(&**reference, &truth, &x)?)?;
        one_by_one(suite, &all, &x, |sample| explain(&**analyzer, &model, sample))?;
    }
    Ok(())
}
