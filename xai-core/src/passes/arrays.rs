//! The four array functions of augmentation, for ndarray arrays of any dimension.

use ndarray::{Array, ArrayBase, Axis, Data, RemoveAxis, Zip};
use num_traits::Float;

use crate::{Error, Result};

/// More copies of a sample than anybody waits for, and few enough to list their weights.
pub(crate) const MOST_COPIES: usize = 10_000_000;

/// Repeats every sample n times: s₀ s₀ s₀ s₁ s₁ s₁ for n = 3. Batch axis first, any element that is `Clone`.
///
/// # Errors
/// [`Error::InvalidParameter`] for n < 1, or so large that there is no memory for it, at most 10,000,000,
/// [`Error::InvalidShape`] when there is no batch axis.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// let twice = xai::augment_batch_dim(&array![["a", "b"], ["c", "d"]], 2)?;
/// assert_eq!(twice, array![["a", "b"], ["a", "b"], ["c", "d"], ["c", "d"]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn augment_batch_dim<T, S, D>(samples: &ArrayBase<S, D>, n: usize) -> Result<Array<T, D>>
where
    T: Clone,
    S: Data<Elem = T>,
    D: RemoveAxis,
{
    at_least("n", n, 1)?;
    batch_of("samples", samples.shape())?;
    let mut numbers = room(samples.len(), n)?;
    for sample in samples.outer_iter() {
        for _ in 0..n {
            numbers.extend(sample.iter().cloned());
        }
    }
    let mut shape = samples.raw_dim();
    shape[0] *= n;
    Array::from_shape_vec(shape, numbers).map_err(|error| Error::backend("ndarray", error))
}

/// An empty list with room for n times so many things, unless there is not so much memory.
fn room<T>(things: usize, n: usize) -> Result<Vec<T>> {
    within("n", n, 1, MOST_COPIES)?;
    let mut list = Vec::new();
    let fits = things.checked_mul(n).is_some_and(|count| list.try_reserve_exact(count).is_ok());
    if fits {
        return Ok(list);
    }
    let (value, size) = (n.to_string(), size_of::<T>());
    let reason = format!("there is no memory for so many times {things} things of {size} bytes");
    Err(Error::InvalidParameter { name: "n", value, reason })
}

/// Whether there is memory for so many things of so many bytes.
pub(crate) fn fits_in_memory(things: usize, bytes: usize) -> bool {
    things.checked_mul(bytes).is_some_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok())
}

/// Repeats output indices as [`augment_batch_dim`] repeats samples: (b, i) becomes (b·n, i), ..., (b·n + n - 1, i).
///
/// # Errors
/// [`Error::InvalidParameter`] for n as [`augment_batch_dim`] refuses it, and for a batch index so large that b·n is no
/// `usize`.
///
/// ```
/// # use xai_core as xai;
/// assert_eq!(xai::augment_indices(&[(0, 4), (1, 2)], 2)?, [(0, 4), (1, 4), (2, 2), (3, 2)]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn augment_indices<I: Clone>(indices: &[(usize, I)], n: usize) -> Result<Vec<(usize, I)>> {
    at_least("n", n, 1)?;
    let mut repeated = room(indices.len(), n)?;
    for (sample, index) in indices {
        let Some(first) = sample.checked_mul(n).filter(|first| first.checked_add(n).is_some()) else {
            return Err(Error::InvalidParameter {
                name: "indices",
                value: sample.to_string(),
                reason: format!("{n} times this batch index is more than a usize holds"),
            });
        };
        repeated.extend((first..first + n).map(|row| (row, index.clone())));
    }
    Ok(repeated)
}

/// n points on the straight line from x₀ to x, both ends included, for every sample: x₀ + i / (n - 1) · (x - x₀) for
/// i = 0, ..., n - 1. Sample by sample, as [`augment_batch_dim`] orders them. Any float, `half::f16` included.
///
/// # Errors
/// [`Error::InvalidParameter`] for n < 2, or as [`augment_batch_dim`] refuses it, [`Error::Shape`] when x₀ has another
/// shape than x, and [`Error::InvalidShape`] when there is no batch axis.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// let line = xai::interpolate_batch(&array![[1.0, 2.0]], &array![[0.0, 0.0]], 3)?;
/// assert_eq!(line, array![[0.0, 0.0], [0.5, 1.0], [1.0, 2.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn interpolate_batch<T, S, S0, D>(x: &ArrayBase<S, D>, x0: &ArrayBase<S0, D>, n: usize) -> Result<Array<T, D>>
where
    T: Float,
    S: Data<Elem = T>,
    S0: Data<Elem = T>,
    D: RemoveAxis,
{
    at_least("n", n, 2)?;
    batch_of("x", x.shape())?;
    Error::check_shape("x0", x.shape(), x0.shape())?;
    let mut line = augment_batch_dim(x0, n)?;
    for (row, mut point) in line.outer_iter_mut().enumerate() {
        let (sample, step) = (row / n, row % n);
        #[allow(clippy::cast_precision_loss)]
        let alpha = T::from(step as f64 / (n - 1) as f64).unwrap_or_else(T::one);
        let end = x.index_axis(Axis(0), sample);
        // The weighted form meets both ends exactly.
        Zip::from(&mut point).and(&end).for_each(|p, &x| *p = (T::one() - alpha) * *p + alpha * x);
    }
    Ok(line)
}

/// The mean over each run of n samples: the way back from [`augment_batch_dim`]. Added up in `f64`.
///
/// # Errors
/// [`Error::InvalidParameter`] for n < 1, [`Error::InvalidShape`] when there is no batch axis or its length is no
/// multiple of n.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// let mean = xai::reduce_augmentation(&array![[0.0, 2.0], [2.0, 4.0], [10.0, 10.0], [20.0, 30.0]], 2)?;
/// assert_eq!(mean, array![[1.0, 3.0], [15.0, 20.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn reduce_augmentation<T, S, D>(samples: &ArrayBase<S, D>, n: usize) -> Result<Array<T, D>>
where
    T: Float,
    S: Data<Elem = T>,
    D: RemoveAxis,
{
    at_least("n", n, 1)?;
    let batch = batch_of("samples", samples.shape())?;
    if !batch.is_multiple_of(n) {
        return Err(Error::InvalidShape {
            what: "samples".into(),
            got: samples.shape().to_vec(),
            reason: format!("the batch axis is no multiple of n = {n}"),
        });
    }
    let firsts: Vec<usize> = (0..batch).step_by(n).collect();
    let mut means = samples.select(Axis(0), &firsts);
    #[allow(clippy::cast_precision_loss)]
    let share = 1.0 / n as f64;
    for (sample, mut mean) in means.outer_iter_mut().enumerate() {
        let mut total = mean.mapv(|v| v.to_f64().unwrap_or(f64::NAN));
        for copy in 1..n {
            let copy = samples.index_axis(Axis(0), sample * n + copy);
            Zip::from(&mut total).and(&copy).for_each(|t, &v| *t += v.to_f64().unwrap_or(f64::NAN));
        }
        Zip::from(&mut mean).and(&total).for_each(|m, &t| *m = T::from(t * share).unwrap_or_else(T::nan));
    }
    Ok(means)
}

/// Refuses a count that is too small.
pub(crate) fn at_least(name: &'static str, value: usize, least: usize) -> Result<()> {
    if value >= least {
        return Ok(());
    }
    Err(Error::InvalidParameter { name, value: value.to_string(), reason: format!("it must be at least {least}") })
}

/// As [`at_least`], and at most `most`.
pub(crate) fn within(name: &'static str, value: usize, least: usize, most: usize) -> Result<()> {
    at_least(name, value, least)?;
    if value <= most {
        return Ok(());
    }
    Err(Error::InvalidParameter { name, value: value.to_string(), reason: format!("it must be at most {most}") })
}

fn batch_of(what: &str, shape: &[usize]) -> Result<usize> {
    shape.first().copied().ok_or_else(|| Error::InvalidShape {
        what: what.to_owned(),
        got: vec![],
        reason: "it needs a batch axis, first".into(),
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array4, ArrayD, array};

    use super::*;

    #[test]
    fn known_answers() {
        let repeated = augment_batch_dim(&array![[1, 3], [2, 4]], 3).unwrap();
        assert_eq!(repeated, array![[1, 3], [1, 3], [1, 3], [2, 4], [2, 4], [2, 4]]);
        let indices = augment_indices(&[(0, 4), (1, 2)], 3).unwrap();
        assert_eq!(indices, [(0, 4), (1, 4), (2, 4), (3, 2), (4, 2), (5, 2)]);
        let line = interpolate_batch(&array![[1., 2.], [3., 4.]], &array![[0., 0.], [0., 0.]], 5).unwrap();
        assert_eq!(
            line,
            array![
                [0., 0.],
                [0.25, 0.5],
                [0.5, 1.],
                [0.75, 1.5],
                [1., 2.],
                [0., 0.],
                [0.75, 1.],
                [1.5, 2.],
                [2.25, 3.],
                [3., 4.]
            ]
        );
        let mean = reduce_augmentation(&array![[0., 2.], [2., 4.], [10., 10.], [20., 30.]], 2).unwrap();
        assert_eq!(mean, array![[1., 3.], [15., 20.]]);
    }

    #[test]
    fn reduce_undoes_augment_in_any_dimension_and_layout() {
        let samples = Array4::from_shape_fn((3, 2, 4, 5), |(b, c, h, w)| (b * 100 + c * 31 + h * 7 + w) as f32);
        let reversed = samples.slice(ndarray::s![..;-1, .., ..;2, ..]);
        for n in [1, 2, 5] {
            let there = augment_batch_dim(&reversed, n).unwrap();
            assert_eq!(there.shape(), [3 * n, 2, 2, 5]);
            assert_eq!(reduce_augmentation(&there, n).unwrap(), reversed);
        }
    }

    #[test]
    fn half_precision_interpolates() {
        let f = half::f16::from_f32;
        let line = interpolate_batch(&array![[f(1.0)]], &array![[f(0.0)]], 3).unwrap();
        assert_eq!(line, array![[f(0.0)], [f(0.5)], [f(1.0)]]);
    }

    #[test]
    fn refusals_name_the_value() {
        let samples = array![[1.0], [2.0], [3.0]];
        let words = |e: Error| e.to_string();
        assert_eq!(words(augment_batch_dim(&samples, 0).unwrap_err()), "n = 0 is not possible: it must be at least 1");
        assert!(words(augment_indices(&[(usize::MAX, 0)], 2).unwrap_err()).contains(&usize::MAX.to_string()));
        assert_eq!(
            words(interpolate_batch(&samples, &samples, 1).unwrap_err()),
            "n = 1 is not possible: it must be at least 2"
        );
        assert_eq!(
            words(interpolate_batch(&samples, &array![[1.0]], 3).unwrap_err()),
            "x0: expected shape [3, 1], got [1, 1]"
        );
        assert!(words(reduce_augmentation(&samples, 2).unwrap_err()).contains("no multiple of n = 2"));
        let scalar = ArrayD::from_elem(ndarray::IxDyn(&[]), 1.0);
        assert!(matches!(augment_batch_dim(&scalar, 2), Err(Error::InvalidShape { .. })));
        assert!(matches!(reduce_augmentation(&scalar, 2), Err(Error::InvalidShape { .. })));
    }
}
