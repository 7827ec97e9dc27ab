//! A gradient on candle's tape against finite differences, and what it costs.

use std::time::Instant;

use candle_core::{DType, Result, Tensor, Var};
use serde_json::{Value, json};

use crate::entry::Subject;
use crate::explain;
use crate::weights::uniform;

/// What came of a gradient.
pub enum Outcome {
    /// The greatest error along the directions, over the greatest derivative.
    Compared(f64),
    /// Nothing arrived at the input.
    Cut,
    Failed(String),
}

/// Everything about one model, as a line of JSON.
pub fn measure(subject: &Subject<'_>) -> Value {
    let (outcome, dtype, single) = match compare(subject, DType::F64) {
        // The model, or candle's fused form of a layer, takes no double precision: as coarse as single precision is.
        Err(why) => (compare(subject, DType::F32), DType::F32, Some(first_line(&why.to_string()))),
        found => (found, DType::F64, None),
    };
    let outcome = outcome.unwrap_or_else(|error| Outcome::Failed(first_line(&error.to_string())));
    let times = times(subject).ok();
    let is_quick = times.is_some_and(|(_, gradient)| gradient < SLOW);
    let rows = rows(subject, dtype, is_quick).unwrap_or_else(|_| "no".to_owned());
    let bound = if dtype == DType::F64 { 1e-3 } else { 5e-2 };
    let (what, error) = match &outcome {
        Outcome::Compared(error) => (if *error < bound { "right" } else { "wrong" }.to_owned(), Some(*error)),
        Outcome::Cut => ("cut".to_owned(), None),
        Outcome::Failed(message) => (message.clone(), None),
    };
    let lacking = if what == "right" && is_quick {
        explain::lacking(subject).map_err(|error| eprintln!("  {error}")).ok()
    } else {
        None
    };
    json!({
        "kind": subject.entry.kind, "name": subject.entry.name, "dtype": format!("{dtype:?}"), "outcome": what,
        "error": error, "rows": rows, "forward_ms": times.map(|t| t.0), "gradient_ms": times.map(|t| t.1),
        "lacking": lacking, "single": single,
    })
}

/// In milliseconds: of gradients that take longer, many would take the time of all the other models together.
const SLOW: f64 = 2e3;

/// A pass of two rows beside their own: an error where the model takes none.
fn rows(subject: &Subject<'_>, dtype: DType, is_quick: bool) -> Result<String> {
    let x = subject.at(2, dtype)?;
    let count = x.dim(0)? / subject.at(1, dtype)?.dim(0)?;
    let own = |row: usize| x.chunk(count, 0)?.swap_remove(row).contiguous();
    // Recorded, for the reason that `value` gives.
    let recorded = |x: &Tensor| subject.scores(Var::from_tensor(x)?.as_tensor());
    let (together, mut values, mut gradients) = (recorded(&x)?.detach(), Vec::new(), Vec::new());
    let found = if is_quick { gradient(subject, &x) } else { Ok(None) };
    for row in 0..count {
        values.push(recorded(&own(row)?)?.detach());
        if let Ok(Some(_)) = &found {
            gradients.extend(gradient(subject, &own(row)?)?);
        }
    }
    let apart = other(&together, &values)?;
    if apart.is_nan() || apart >= SAME {
        return Ok(format!("other values, {apart:.0e}"));
    }
    Ok(match found {
        Ok(Some(found)) => match other(&found, &gradients)? {
            apart if apart < SAME => "yes".to_owned(),
            apart => format!("other gradients, {apart:.0e}"),
        },
        _ => "yes, of values".to_owned(),
    })
}

/// Rows together and by themselves differ by less than this, in single precision too.
const SAME: f64 = 1e-3;

/// The greatest difference to these behind each other, over the greatest number.
fn other(together: &Tensor, each: &[Tensor]) -> Result<f64> {
    let each = Tensor::cat(each, 0)?.to_dtype(DType::F64)?;
    let greatest = |t: &Tensor| t.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>();
    let apart = (&together.to_dtype(DType::F64)? - &each)?;
    Ok(greatest(&apart)? / greatest(&each)?.max(f64::MIN_POSITIVE))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(90).collect()
}

fn number(t: &Tensor) -> Result<f64> {
    t.to_dtype(DType::F64)?.flatten_all()?.sum_all()?.to_scalar()
}

fn gradient(subject: &Subject<'_>, x: &Tensor) -> Result<Option<Tensor>> {
    let x = Var::from_tensor(x)?;
    let y = subject.scores(&x)?;
    if !y.track_op() {
        return Ok(None);
    }
    Ok(y.backward()?.remove(&x))
}

/// The forward passes are recorded too: candle's fused layers take no double precision, its slow ones do.
fn value(subject: &Subject<'_>, x: &Tensor) -> Result<f64> {
    number(&subject.scores(Var::from_tensor(x)?.as_tensor())?)
}

fn compare(subject: &Subject<'_>, dtype: DType) -> Result<Outcome> {
    let x = subject.at(1, dtype)?;
    let Some(gradient) = gradient(subject, &x)? else { return Ok(Outcome::Cut) };
    let mut directions: Vec<Tensor> = Vec::new();
    for name in ["first", "second", "third"] {
        directions.push(uniform(name, x.shape())?.to_dtype(dtype)?);
    }
    let length = number(&gradient.sqr()?.mean_all()?)?.sqrt();
    if length > 0.0 {
        directions.push((&gradient / (2.0 * length))?);
    }
    // Kinks want a small step, and a softmax with one winner, which jumps to another, a smaller one. Where a model
    // rounds to single precision on its way, rounding wants a large one.
    let steps: &[f64] = if dtype == DType::F64 { &[1e-6, 1e-3, 1e-8, 1e-9, 1e-10] } else { &[1e-3, 1e-2] };
    let mut best = f64::INFINITY;
    for step in steps {
        let (mut worst, mut greatest) = (0f64, 0f64);
        for direction in &directions {
            let said = number(&(&gradient * direction)?)?;
            let at = |by: f64| value(subject, &(&x + (direction * by)?)?);
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
fn times(subject: &Subject<'_>) -> Result<(f64, f64)> {
    let x = subject.at(1, DType::F32)?;
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
    // The first pass draws the weights.
    subject.run(&x)?;
    let forward = fastest(&|| subject.run(&x).map(drop))?;
    let backward = fastest(&|| gradient(subject, &x).map(drop))?;
    Ok((forward, backward))
}
