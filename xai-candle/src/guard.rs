//! Whether the tape knows every path: a directional difference of the recorded code.

use std::cell::Cell;

use candle_core::{DType, Device, Tensor};
use xai_core::{Differentiable, Error, GradientCheck, Opaque, Pullback, Result, Var, Verdict};

use crate::error::failed;
use crate::guard_memory::{Found, Known, Memory, whose};
use crate::tape::{CAUSES, on_the_tape};
use crate::{Candle, Host};

thread_local! {
    static OFF: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` without comparing what candle's tape says with differences.
///
/// candle hides its tape, so that a branch that an operation without a gradient cuts cannot be seen where another
/// branch goes around it: `x + f(LayerNorm(x))` gets the gradient of x alone. Therefore each gradient of code with one
/// input is compared, once per recorded pass, with the change of one sample's output along two random directions: two
/// forward passes of that sample. Where the two differ by more than 3 %, twelve more tell whether the code bends or the
/// gradient is wrong; then [`GradientCheck`] decides, and a wrong gradient is [`Error::WrongGradient`].
///
/// A [`model`](crate::model) or [`module`](crate::module) remembers for which shapes of input that was done, and from
/// then on compares along one direction, another one for each gradient; of code of which the twelve passes told that it
/// bends, no twelve follow again for a difference like that. A closure has no name to remember it by, and is compared
/// along two directions each time.
///
/// It can miss what moves the output by less than a few percent, what shows at other inputs only, what is behind an
/// output that does not move, and where the code bends so much that differences do not agree with each other; it asks
/// nothing of code with several inputs, and nothing in half types.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::Tensor;
/// use ndarray::array;
/// use xai::candle::{Candle, without_guard};
/// use xai::{Analyzer, Gradient, Net};
///
/// let net = Net::<Candle, _>::new(|x: &Tensor| x.sqr());
/// let why = without_guard(|| Gradient.analyze(&net, &array![[3f32]], 0))?;
/// assert_eq!(why.values, array![[6.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn without_guard<R>(work: impl FnOnce() -> R) -> R {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            OFF.set(self.0);
        }
    }
    let _before = Before(OFF.replace(true));
    work()
}

/// A recorded pass: x, its output, what was pulled back, and what came back.
pub(crate) struct Pass<'a> {
    pub(crate) x: &'a Tensor,
    pub(crate) y: &'a Tensor,
    pub(crate) v: &'a Tensor,
    pub(crate) dx: &'a Tensor,
}

/// Refuses a gradient that misses a path of the code.
pub(crate) fn check<E: Host>(
    code: &impl Fn(&[&Tensor]) -> Result<Tensor>,
    pass: &Pass<'_>,
    memory: Option<&Memory>,
) -> Result<()> {
    let x = pass.x;
    if OFF.get() || GradientCheck::is_running() || !matches!(x.dtype(), DType::F32 | DType::F64) {
        return Ok(());
    }
    let known = memory.map_or_else(Known::default, |memory| memory.of(x));
    // Passes of the guard's own are nobody's recording.
    let (found, _) = whose(|| compare::<E>(code, pass, known));
    // What cannot be asked of one sample alone, as code that takes one number of them, is not asked.
    let Ok(found) = found else { return Ok(()) };
    if found == Found::Suspicious {
        return whose(|| without_guard(|| decide::<E>(code, x))).0;
    }
    if let Some(memory) = memory {
        memory.add(x, found);
    }
    Ok(())
}

/// Directions, and how long a step is at first and at most, relative to the input.
const DIRECTIONS: u64 = 2;
const LONGEST: f64 = 0.05;
/// The change has to stand out of the rounding by this factor.
const CLEAR: f64 = 300.0;
/// What differs by less than this share of a typical change is let pass.
const SLACK: f64 = 0.03;
/// Directions of the closer look.
const CLOSER: u64 = 6;
/// By which factor a difference has to exceed what two ways differ by, where these differ by more than this share of a
/// typical change: below it, the long comparison finds its way between the kinks.
const AGREE: f64 = 3.0;
const BENT: f64 = 0.3;

fn compare<E: Host>(code: &impl Fn(&[&Tensor]) -> Result<Tensor>, pass: &Pass<'_>, known: Known) -> Result<Found> {
    let sample = |t: &Tensor| t.detach().narrow(0, 0, 1).map_err(failed);
    let (x, y, v, dx) = (sample(pass.x)?, sample(pass.y)?, sample(pass.v)?, sample(pass.dx)?);
    let host = |t: &Tensor| -> Result<Vec<f64>> {
        let flat = t.flatten_all().and_then(|t| t.to_dtype(DType::F64)).map_err(failed)?;
        flat.to_vec1().map_err(failed)
    };
    let (numbers, gradient) = (host(&x)?, host(&dx)?);
    let weights = host(&v)?;
    let value = |y: &Tensor| -> Result<(f64, f64)> {
        let y = host(y)?;
        if y.len() != weights.len() {
            return Err(Error::Shape { what: "output".into(), expected: vec![weights.len()], got: vec![y.len()] });
        }
        let terms = y.iter().zip(&weights).map(|(y, v)| y * v);
        Ok(terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs())))
    };
    #[allow(clippy::cast_precision_loss)]
    let rms = (numbers.iter().map(|x| x * x).sum::<f64>() / numbers.len().max(1) as f64).sqrt();
    let size = if rms > 0.0 && rms.is_finite() { rms } else { 1.0 };
    // The root mean square of the change along a random direction, for a step of 1.
    let typical = size * gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    let epsilon = precision::<E>(x.dtype());
    let (still, terms) = value(&y)?;
    let rounding = 8.0 * epsilon * terms;
    let step = (epsilon.cbrt() * 0.2).max(CLEAR * rounding / typical).min(LONGEST);
    // The change of the output for a step this way, and what the gradient says of it.
    let along = |seed: u64, step: f64| -> Result<(f64, f64)> {
        let direction = normals(numbers.len(), seed);
        let moved: Vec<f64> = numbers.iter().zip(&direction).map(|(x, d)| x + step * size * d).collect();
        let moved = Tensor::from_vec(moved, x.dims(), &Device::Cpu)
            .and_then(|t| t.to_dtype(x.dtype())?.to_device(x.device()))
            .map_err(failed)?;
        let change = value(&code(&[&moved])?.detach())?.0 - still;
        let steps = host(&moved)?;
        let expected = gradient.iter().zip(steps.iter().zip(&numbers)).map(|(g, (to, from))| g * (to - from)).sum();
        Ok((change, expected))
    };
    let unit = step * typical;
    let stands_out = |apart: f64| apart > SLACK * unit && apart > CLEAR * rounding / 10.0;
    // Code that has been compared before is by one direction, another one each time.
    let seeds = if known.times == 0 { 0..DIRECTIONS } else { known.times + 1..known.times + 2 };
    let mut compared = false;
    for seed in seeds {
        let (change, expected) = along(seed, step)?;
        let apart = (change - expected).abs();
        // A number that is not finite says nothing.
        compared |= apart.is_finite();
        if apart.is_finite() && stands_out(apart) && apart > AGREE * known.bend * unit {
            return look_closer(along, step, unit, stands_out);
        }
    }
    Ok(if compared { Found::Same } else { Found::Nothing })
}

/// More directions, both ways: the mean of two ways is free of curvature, and their difference tells how far
/// differences of this code agree with each other at all. Where they do not, as between the many kinks of a deep
/// network of random weights, the long comparison would come to no other end.
fn look_closer(
    along: impl Fn(u64, f64) -> Result<(f64, f64)>,
    step: f64,
    unit: f64,
    stands_out: impl Fn(f64) -> bool,
) -> Result<Found> {
    let (mut count, mut apart, mut bend) = (0.0, 0.0, 0.0);
    for seed in 0..CLOSER {
        let [(there, expected), (back, expected_back)] = [along(seed, step)?, along(seed, -step)?];
        let (middle, turn) = ((there - back) - (expected - expected_back), (there + back) - (expected + expected_back));
        if middle.is_finite() && turn.is_finite() {
            (count, apart, bend) = (count + 1.0, apart + middle.powi(2) / 4.0, bend + turn.powi(2) / 4.0);
        }
    }
    if count == 0.0 {
        return Ok(Found::Nothing);
    }
    let [apart, bend] = [apart, bend].map(|squares: f64| (squares / count).sqrt());
    Ok(match stands_out(apart) {
        false => Found::Same,
        true if apart > AGREE * bend || bend < BENT * unit => Found::Suspicious,
        true => Found::Bends(bend / unit),
    })
}

/// The relative precision of the numbers.
fn precision<E: Host>(dtype: DType) -> f64 {
    if dtype == DType::F64 && E::DTYPE == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) }
}

/// Normal enough: each the sum of twelve uniform numbers, by a generator whose numbers are the same everywhere.
fn normals(count: usize, seed: u64) -> Vec<f64> {
    // Not by what the state grows by: then one seed's numbers would be those of the one before, but for the first.
    let mut state = seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(0x1234_5678);
    let mut uniform = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        #[allow(clippy::cast_precision_loss)]
        let number = ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        number
    };
    (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect()
}

/// The recorded code alone, as a model.
struct Code<'a, F, E> {
    code: &'a F,
    x: &'a Tensor,
    host: std::marker::PhantomData<E>,
}

impl<F: Fn(&[&Tensor]) -> Result<Tensor>, E: Host> Differentiable for Code<'_, F, E> {
    type Backend = Candle<E>;
    fn trace<'m>(&'m self, x: &[Var<'m, Candle<E>>]) -> Result<Var<'m, Candle<E>>> {
        let forward =
            |x: &[xai_core::Tensor<Candle<E>>]| Ok(xai_core::Tensor::new((self.code)(&[x[0].inner()])?.detach()));
        let vjp =
            |x: &[xai_core::Tensor<Candle<E>>]| -> Result<(_, Pullback<'m, Candle<E>>)> { on_the_tape(self.code, x) };
        Ok(x[0].opaque(Opaque::with_vjp(forward, vjp)))
    }
    fn placement(&self) -> Option<crate::Placement> {
        Some((self.x.device(), self.x.dtype()).into())
    }
}

/// Differences that agree with each other to this share are evidence.
const CERTAIN: f64 = 0.05;

/// By many directions and points, whether the gradient is wrong.
fn decide<E: Host>(code: &impl Fn(&[&Tensor]) -> Result<Tensor>, x: &Tensor) -> Result<()> {
    let sample = xai_core::Tensor::<Candle<E>>::new(x.detach().narrow(0, 0, 1).map_err(failed)?).download()?;
    let model = Code::<_, E> { code, x, host: std::marker::PhantomData };
    let Ok(report) = GradientCheck::new().run(&model, &sample) else { return Ok(()) };
    // Differences of code that bends within a step do not agree with each other, and prove nothing.
    if report.noise > CERTAIN {
        return Ok(());
    }
    match report.verdict {
        Verdict::Wrong | Verdict::WrongScale { .. } | Verdict::Cut { .. } => Err(Error::WrongGradient {
            what: "code that candle's tape records".into(),
            reason: format!(
                "{report}. Likely causes: {CAUSES}; max_pool2d, max_keepdim and scatter, which have a wrong gradient \
                 in candle and a twin in `ops`, as `xai::candle::ops::max_pool2d`. `xai_candle::without_guard` goes \
                 on without this comparison"
            ),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::normals;

    #[test]
    fn directions_have_nothing_to_do_with_each_other() {
        let all: Vec<Vec<f64>> = (0..8).map(|seed| normals(10_000, seed)).collect();
        for (k, a) in all.iter().enumerate() {
            for (l, b) in all.iter().enumerate() {
                let together = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / 10_000.0;
                let expected = f64::from(u8::from(k == l));
                assert!((together - expected).abs() < 0.05, "{k}, {l}: {together}");
            }
        }
    }
}
