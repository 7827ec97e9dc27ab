//! Elementwise maps, spread over threads.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
use xai_core::{Error, Result};

use super::{Real, SERIAL_WORK, check_length, check_positive};

/// What one task maps: enough to be worth a thread, and small enough for the caches.
pub(super) const CHUNK: usize = SERIAL_WORK / 2;

/// What is computed at once, in registers as wide as the machine has.
const BLOCK: usize = 64;

/// The blocks of a task, at the least.
const BLOCKS: usize = CHUNK / BLOCK;

/// f of each element.
pub fn map<T: Real>(x: &[T], f: impl Fn(T) -> T + Sync) -> Vec<T> {
    let (arch, (blocks, rest)) = (Arch::new(), x.as_chunks::<BLOCK>());
    let block = |x: &[T; BLOCK]| arch.dispatch(|| std::array::from_fn(|i| f(x[i])));
    let whole = blocks.par_iter().with_min_len(BLOCKS).map(block);
    written(whole, rest.iter().map(|&x| f(x)))
}

/// A function of two numbers: a closure, or a type whose `of` is `#[inline(always)]`. A long closure becomes a function
/// of its own, which knows nothing of the wide registers of the loop that calls it.
pub trait OfTwo<T>: Sync {
    /// The function's value.
    fn of(&self, a: T, b: T) -> T;
}

impl<T, F: Fn(T, T) -> T + Sync> OfTwo<T> for F {
    #[inline(always)]
    fn of(&self, a: T, b: T) -> T {
        self(a, b)
    }
}

/// f of each pair of elements: an activation's vjp from (x, dy), for one.
///
/// # Errors
/// If the slices have different lengths.
pub fn zip_map<T: Real>(a: &[T], b: &[T], f: impl OfTwo<T>) -> Result<Vec<T>> {
    Error::check_shape("second operand of an elementwise map", &[a.len()], &[b.len()])?;
    let (arch, (a, a_rest), (b, b_rest)) = (Arch::new(), a.as_chunks::<BLOCK>(), b.as_chunks::<BLOCK>());
    let whole = a.par_iter().zip(b).with_min_len(BLOCKS).map(|(a, b)| arch.dispatch(Pairs { a, b, f: &f }));
    Ok(written(whole, a_rest.iter().zip(b_rest).map(|(&a, &b)| f.of(a, b))))
}

/// A block of pairs.
struct Pairs<'a, T, F> {
    a: &'a [T; BLOCK],
    b: &'a [T; BLOCK],
    f: &'a F,
}

impl<T: Real, F: OfTwo<T>> NullaryFnOnce for Pairs<'_, T, F> {
    type Output = [T; BLOCK];

    #[inline(always)]
    fn call(self) -> [T; BLOCK] {
        let mut found = [T::zero(); BLOCK];
        for (found, (&a, &b)) in found.iter_mut().zip(self.a.iter().zip(self.b)) {
            *found = self.f.of(a, b);
        }
        found
    }
}

/// f of the elements of three slices: an activation's mean slope from both ends, and a cotangent, for one.
///
/// # Errors
/// If the slices have different lengths.
pub fn zip3_map<T: Real>([a, b, c]: [&[T]; 3], f: impl Fn([T; 3]) -> T + Sync) -> Result<Vec<T>> {
    for other in [b, c] {
        Error::check_shape("operand of an elementwise map", &[a.len()], &[other.len()])?;
    }
    let [(a, a_rest), (b, b_rest), (c, c_rest)] = [a, b, c].map(<[T]>::as_chunks::<BLOCK>);
    let (arch, whole) = (Arch::new(), a.par_iter().zip(b).zip(c).with_min_len(BLOCKS));
    let whole = whole.map(|((a, b), c)| arch.dispatch(|| std::array::from_fn(|i| f([a[i], b[i], c[i]]))));
    Ok(written(whole, a_rest.iter().zip(b_rest).zip(c_rest).map(|((&a, &b), &c)| f([a, b, c]))))
}

/// Both numbers that f makes of the elements of four slices.
///
/// # Errors
/// If the slices have different lengths.
pub fn zip4_to_pair<T: Real>([a, b, c, d]: [&[T]; 4], f: impl Fn([T; 4]) -> (T, T) + Sync) -> Result<(Vec<T>, Vec<T>)> {
    for other in [b, c, d] {
        Error::check_shape("operand of an elementwise map", &[a.len()], &[other.len()])?;
    }
    let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] = [a, b, c, d].map(<[T]>::as_chunks::<BLOCK>);
    let arch = Arch::new();
    let block = |(((a, b), c), d): (((&[T; BLOCK], &[T; BLOCK]), &[T; BLOCK]), &[T; BLOCK])| {
        arch.dispatch(|| {
            let mut both = ([T::zero(); BLOCK], [T::zero(); BLOCK]);
            for i in 0..BLOCK {
                (both.0[i], both.1[i]) = f([a[i], b[i], c[i], d[i]]);
            }
            both
        })
    };
    // With room for the rest, or all of it would move.
    let [mut left, mut right] = [(); 2].map(|()| Vec::with_capacity(a.len() + 1));
    let whole = a.par_iter().zip(b).zip(c).zip(d).with_min_len(BLOCKS).map(block);
    whole.unzip_into_vecs(&mut left, &mut right);
    let mut both = (left.into_flattened(), right.into_flattened());
    both.extend(a_rest.iter().zip(b_rest).zip(c_rest).zip(d_rest).map(|(((&a, &b), &c), &d)| f([a, b, c, d])));
    Ok(both)
}

/// Blocks that are found in parallel, and the rest behind them, as one vector: memory is written once, by the thread
/// that finds a block, and not zeroed before.
fn written<T: Send>(blocks: impl IndexedParallelIterator<Item = [T; BLOCK]>, rest: impl Iterator<Item = T>) -> Vec<T> {
    // With room for the rest, or all of it would move.
    let mut out = Vec::with_capacity(blocks.len() + 1);
    blocks.collect_into_vec(&mut out);
    let mut out = out.into_flattened();
    out.extend(rest);
    out
}

/// f of each element and its channel's number, for `x` of shape (.., channels, `plane`).
///
/// # Errors
/// If `x` is not whole samples of the channels.
pub fn zip_channels<T: Real>(x: &[T], each: &[T], plane: usize, f: impl Fn(T, T) -> T + Sync) -> Result<Vec<T>> {
    if x.is_empty() {
        return Ok(Vec::new());
    }
    check_positive("plane", plane)?;
    check_positive("channels", each.len())?;
    let sample = each.len().checked_mul(plane);
    check_length("input of a map by channels", x, &[sample.map_or(0, |len| x.len() / len), each.len(), plane])?;
    if plane.is_multiple_of(BLOCK) {
        let blocks = x.as_chunks::<BLOCK>().0.par_iter().enumerate().with_min_len(BLOCKS);
        let of_channel = |(index, x): (usize, &[T; BLOCK])| {
            let each = each[index * BLOCK / plane % each.len()];
            std::array::from_fn(|i| f(x[i], each))
        };
        return Ok(written(blocks.map(of_channel), std::iter::empty()));
    }
    let mut out = vec![T::zero(); x.len()];
    if plane == 1 {
        let at_once = (CHUNK / each.len()).max(1);
        out.par_chunks_mut(each.len()).zip(x.par_chunks(each.len())).with_min_len(at_once).for_each(|(out, x)| {
            for ((out, &x), &each) in out.iter_mut().zip(x).zip(each) {
                *out = f(x, each);
            }
        });
        return Ok(out);
    }
    let at_once = (CHUNK / plane).max(1);
    out.par_chunks_mut(plane).zip(x.par_chunks(plane)).enumerate().with_min_len(at_once).for_each(
        |(index, (out, x))| {
            let each = each[index % each.len()];
            for (out, &x) in out.iter_mut().zip(x) {
                *out = f(x, each);
            }
        },
    );
    Ok(out)
}

/// Where f of an element is true. What it compares should be joined by `&`, which takes no branch: where a clamp cuts
/// is as good as random.
pub fn mask<T: Real>(x: &[T], f: impl Fn(T) -> bool + Sync) -> Vec<bool> {
    let (blocks, rest) = x.as_chunks::<BLOCK>();
    let whole = blocks.par_iter().with_min_len(BLOCKS).map(|x| std::array::from_fn(|i| f(x[i])));
    written(whole, rest.iter().map(|&x| f(x)))
}

/// scale\[c\] · x + shift\[c\] for `x` of shape (batch, `channels`, `plane`): a batch norm in evaluation mode, say.
///
/// # Errors
/// If a slice does not have the length that `channels` and `plane` ask for.
pub fn channel_affine<T: Real>(x: &[T], scale: &[T], shift: &[T], channels: usize, plane: usize) -> Result<Vec<T>> {
    check_length("scale of a channel affine map", scale, &[channels])?;
    check_length("shift of a channel affine map", shift, &[channels])?;
    let mut out = vec![T::zero(); x.len()];
    if x.is_empty() {
        return Ok(out);
    }
    check_positive("channels", channels)?;
    check_positive("plane", plane)?;
    let sample = channels.checked_mul(plane);
    check_length("input of a channel affine map", x, &[sample.map_or(0, |len| x.len() / len), channels, plane])?;
    let at_once = (CHUNK / plane).max(1);
    out.par_chunks_mut(plane).zip(x.par_chunks(plane)).enumerate().with_min_len(at_once).for_each(
        |(index, (out, x))| {
            let (scale, shift) = (scale[index % channels], shift[index % channels]);
            for (out, &x) in out.iter_mut().zip(x) {
                *out = scale * x + shift;
            }
        },
    );
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(len: usize) -> Vec<f32> {
        (0..len).map(|i| i as f32 - 7.0).collect()
    }

    #[test]
    fn maps_reach_every_element() {
        for len in [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 5] {
            let x = ramp(len);
            assert!(mask(&x, |v| v > 3.0).iter().zip(&x).all(|(y, x)| *y == (*x > 3.0)));
            assert!(map(&x, |v| 2.0 * v).iter().zip(&x).all(|(y, x)| *y == 2.0 * x));
            let y = zip_map(&x, &x, |a, b| a * b).unwrap();
            assert!(y.len() == len && y.iter().zip(&x).all(|(y, x)| *y == x * x));
            let y = zip3_map([&x, &x, &y], |[a, b, c]| a - b + 2.0 * c).unwrap();
            assert!(y.len() == len && y.iter().zip(&x).all(|(y, x)| *y == 2.0 * x * x));
            let (sum, rest) = zip4_to_pair([&x, &x, &x, &y], |[a, b, c, d]| (a + b + c, d - c)).unwrap();
            assert!(sum.len() == len && sum.iter().zip(&x).all(|(sum, x)| *sum == x + x + x));
            assert!(rest.len() == len && rest.iter().zip(&x).all(|(rest, x)| *rest == 2.0 * x * x - x));
        }
        assert!(zip_map(&ramp(3), &ramp(4), |a, _| a).is_err());
        assert!(zip3_map([&ramp(3), &ramp(3), &ramp(4)], |[a, ..]| a).is_err());
        assert!(zip4_to_pair([&ramp(3), &ramp(3), &ramp(3), &ramp(4)], |[a, b, ..]| (a, b)).is_err());
    }

    #[test]
    fn each_channel_has_its_own_scale_and_shift() {
        let (scale, shift) = ([1.0, -2.0, 0.5], [0.0, 10.0, -1.0]);
        for plane in [1, 5, CHUNK + 3] {
            let x = ramp(2 * 3 * plane);
            let y = channel_affine(&x, &scale, &shift, 3, plane).unwrap();
            for (i, y) in y.into_iter().enumerate() {
                let c = i / plane % 3;
                assert_eq!(y, scale[c] * x[i] + shift[c]);
            }
        }
        assert!(channel_affine::<f32>(&[], &[], &[], 0, 4).unwrap().is_empty());
        assert!(channel_affine(&ramp(7), &scale, &shift, 3, 2).is_err());
        assert!(channel_affine(&ramp(6), &scale[1..], &shift, 3, 2).is_err());
        assert!(channel_affine(&ramp(6), &scale, &shift, 3, 0).is_err());
        assert!(channel_affine(&ramp(6), &scale, &shift, 3, usize::MAX).is_err());
    }
}
