//! A gradient on candle's tape against finite differences, and what it costs.

use std::time::Instant;

use candle_core::{DType, Result, Tensor, Var};
use serde_json::{Value, json};

use crate::entry::Entry;
use crate::weights::{Weights, uniform};

/// What came of a gradient.
pub enum Outcome {
    /// The greatest error along the directions, over the greatest derivative.
    Compared(f64),
    /// Nothing arrived at the input.
    Cut,
    Failed(String),
}

/// Everything about one model, as a line of JSON.
pub fn measure(entry: &Entry) -> Value {
    let weights = Weights::default();
    let (outcome, dtype, single) = match compare(entry, &weights, DType::F64) {
        // The model, or candle's fused form of a layer, takes no double precision: as coarse as single precision is.
        Err(why) => (compare(entry, &weights, DType::F32), DType::F32, Some(first_line(&why.to_string()))),
        found => (found, DType::F64, None),
    };
    let outcome = outcome.unwrap_or_else(|error| Outcome::Failed(first_line(&error.to_string())));
    let times = times(entry, &weights).ok();
    let rows = entry.at(2, DType::F32).and_then(|x| entry.run(&weights, &x)).is_ok();
    let bound = if dtype == DType::F64 { 1e-3 } else { 5e-2 };
    let (what, error) = match &outcome {
        Outcome::Compared(error) => (if *error < bound { "right" } else { "wrong" }.to_owned(), Some(*error)),
        Outcome::Cut => ("cut".to_owned(), None),
        Outcome::Failed(message) => (message.clone(), None),
    };
    json!({
        "kind": entry.kind, "name": entry.name, "dtype": format!("{dtype:?}"), "outcome": what, "error": error,
        "rows": rows, "forward_ms": times.map(|t| t.0), "gradient_ms": times.map(|t| t.1), "single": single,
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(90).collect()
}

/// One number of all outputs.
fn scalar(entry: &Entry, weights: &Weights, x: &Tensor) -> Result<Tensor> {
    let y = entry.run(weights, x)?.flatten_all()?;
    let mix = uniform("mix", y.shape())?.to_dtype(y.dtype())?;
    (y * mix)?.sum_all()? / (mix_len(x) as f64).sqrt()
}

fn mix_len(x: &Tensor) -> usize {
    x.elem_count().max(1)
}

fn number(t: &Tensor) -> Result<f64> {
    t.to_dtype(DType::F64)?.to_scalar()
}

fn gradient(entry: &Entry, weights: &Weights, x: &Tensor) -> Result<Option<Tensor>> {
    let x = Var::from_tensor(x)?;
    let y = scalar(entry, weights, &x)?;
    if !y.track_op() {
        return Ok(None);
    }
    Ok(y.backward()?.remove(&x))
}

/// The forward passes are recorded too: candle's fused layers take no double precision, its slow ones do.
fn value(entry: &Entry, weights: &Weights, x: &Tensor) -> Result<f64> {
    number(&scalar(entry, weights, Var::from_tensor(x)?.as_tensor())?)
}

fn compare(entry: &Entry, weights: &Weights, dtype: DType) -> Result<Outcome> {
    let x = entry.at(1, dtype)?;
    let Some(gradient) = gradient(entry, weights, &x)? else { return Ok(Outcome::Cut) };
    let mut directions: Vec<Tensor> = Vec::new();
    for name in ["first", "second", "third"] {
        directions.push(uniform(name, x.shape())?.to_dtype(dtype)?);
    }
    let length = number(&gradient.sqr()?.mean_all()?)?.sqrt();
    if length > 0.0 {
        directions.push((&gradient / (2.0 * length))?);
    }
    // Kinks want a small step. Where a model rounds to single precision on its way, rounding wants a large one.
    let steps: &[f64] = if dtype == DType::F64 { &[1e-6, 1e-3] } else { &[1e-3, 1e-2] };
    let mut best = f64::INFINITY;
    for step in steps {
        let (mut worst, mut greatest) = (0f64, 0f64);
        for direction in &directions {
            let said = number(&(&gradient * direction)?.sum_all()?)?;
            let at = |by: f64| value(entry, weights, &(&x + (direction * by)?)?);
            let found = (at(*step)? - at(-step)?) / (2.0 * step);
            worst = if (said - found).is_finite() { worst.max((said - found).abs()) } else { f64::INFINITY };
            greatest = greatest.max(found.abs());
        }
        best = best.min(worst / greatest.max(f64::MIN_POSITIVE));
        if best < 1e-5 {
            break;
        }
    }
    Ok(Outcome::Compared(best))
}

/// A forward pass and a gradient in single precision, in milliseconds: the fastest of three, or a slow first.
fn times(entry: &Entry, weights: &Weights) -> Result<(f64, f64)> {
    let x = entry.at(1, DType::F32)?;
    let fastest = |run: &dyn Fn() -> Result<()>| -> Result<f64> {
        let mut best = f64::INFINITY;
        for _ in 0..3 {
            let start = Instant::now();
            run()?;
            best = best.min(start.elapsed().as_secs_f64() * 1e3);
            if best > 500.0 {
                break;
            }
        }
        Ok(best)
    };
    let forward = fastest(&|| entry.run(weights, &x).map(drop))?;
    let backward = fastest(&|| gradient(entry, weights, &x).map(drop))?;
    Ok((forward, backward))
}
