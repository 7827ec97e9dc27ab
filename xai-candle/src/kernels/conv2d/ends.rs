//! What is done to the numbers on their way into a convolution and out of it, so that no pass over a map of its own is
//! needed for it.

use xai_core::Result;

use crate::kernels::{Real, check_length};

/// What a convolution reads: zero where the mask is false, and elsewhere the value times its channel's scale.
///
/// This is how a batch norm and a clamp behind a convolution are pulled back through: the scale is the norm's, the mask
/// is true where the clamp let the value pass.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a, T> {
    /// The values, (B, channels, rows, columns).
    pub values: &'a [T],
    /// One number for each channel; 1 if there is none.
    pub scale: Option<&'a [T]>,
    /// One for each value; true if there is none.
    pub mask: Option<&'a [bool]>,
}

/// What becomes of a convolution's sums: clamp(scale · sum + shift + add), where what is not given does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Finish<'a, T> {
    /// One number for each output channel.
    pub scale: Option<&'a [T]>,
    /// One number for each output channel.
    pub shift: Option<&'a [T]>,
    /// One number for each output.
    pub add: Option<&'a [T]>,
    /// The least and the greatest output; a NaN stays one.
    pub clamp: Option<[T; 2]>,
}

impl<'a, T> From<&'a [T]> for Source<'a, T> {
    fn from(values: &'a [T]) -> Self {
        Source { values, scale: None, mask: None }
    }
}

impl<'a, T: Real> Source<'a, T> {
    /// Checks that every slice has the length that the shape (B, channels, rows, columns) asks for.
    pub(super) fn check(&self, shape: [usize; 4]) -> Result<()> {
        check_length("values that a convolution reads", self.values, &shape)?;
        self.scale.map_or(Ok(()), |scale| check_length("scale of a convolution's source", scale, &shape[1..2]))?;
        self.mask.map_or(Ok(()), |mask| check_length("mask of a convolution's source", mask, &shape))
    }

    /// The plane of a channel of a sample.
    #[inline(always)]
    pub(super) fn plane(&self, sample: usize, channel: usize, channels: usize, len: usize) -> Plane<'a, T> {
        let start = (sample * channels + channel) * len;
        Plane {
            values: &self.values[start..start + len],
            scale: self.scale.map(|scale| scale[channel]),
            mask: self.mask.map(|mask| &mask[start..start + len]),
        }
    }
}

/// One channel of one sample of a source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane<'a, T> {
    values: &'a [T],
    scale: Option<T>,
    mask: Option<&'a [bool]>,
}

impl<T: Real> Plane<'_, T> {
    /// Reads the values from place `start` on.
    #[inline(always)]
    pub(super) fn read(&self, start: usize, to: &mut [T]) {
        let values = &self.values[start..start + to.len()];
        let Some(mask) = self.mask else {
            to.copy_from_slice(values);
            if let Some(scale) = self.scale {
                for to in to {
                    *to *= scale;
                }
            }
            return;
        };
        let (mask, scale) = (&mask[start..start + to.len()], self.scale.unwrap_or(T::one()));
        for ((to, &value), &passes) in to.iter_mut().zip(values).zip(mask) {
            *to = if passes { value * scale } else { T::zero() };
        }
    }

    /// Reads every `step`-th value from place `start` on.
    #[inline(always)]
    pub(super) fn read_strided(&self, start: usize, step: usize, to: &mut [T]) {
        let values = &self.values[start..];
        if step == 2 {
            let (pairs, rest) = values.as_chunks::<2>();
            let (paired, last) = to.split_at_mut(pairs.len().min(to.len()));
            for (to, from) in paired.iter_mut().zip(pairs) {
                *to = from[0];
            }
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
        } else {
            for (to, from) in to.iter_mut().zip(values.iter().step_by(step)) {
                *to = *from;
            }
        }
        if let Some(scale) = self.scale {
            for to in &mut *to {
                *to *= scale;
            }
        }
        if let Some(mask) = self.mask {
            for (to, &passes) in to.iter_mut().zip(mask[start..].iter().step_by(step)) {
                *to = if passes { *to } else { T::zero() };
            }
        }
    }
}

impl<'a, T: Real> Finish<'a, T> {
    /// Checks that every slice has the length that the shape (B, channels, rows, columns) asks for.
    pub(super) fn check(&self, shape: [usize; 4]) -> Result<()> {
        for (what, slice, shape) in [
            ("scale of a convolution", self.scale, &shape[1..2]),
            ("bias of a convolution", self.shift, &shape[1..2]),
            ("value added to a convolution", self.add, &shape[..]),
        ] {
            slice.map_or(Ok(()), |slice| check_length(what, slice, shape))?;
        }
        Ok(())
    }

    /// What is done in the plane of a channel of a sample.
    #[inline(always)]
    pub(super) fn plane(&self, sample: usize, channel: usize, channels: usize, len: usize) -> Last<'a, T> {
        let start = (sample * channels + channel) * len;
        Last {
            scale: self.scale.map_or(T::one(), |scale| scale[channel]),
            shift: self.shift.map_or(T::zero(), |shift| shift[channel]),
            add: self.add.map(|add| &add[start..start + len]),
            clamp: self.clamp.unwrap_or([-T::infinity(), T::infinity()]),
            nothing: self.scale.is_none() && self.shift.is_none() && self.add.is_none() && self.clamp.is_none(),
        }
    }
}

/// The finish of one plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last<'a, T> {
    scale: T,
    shift: T,
    add: Option<&'a [T]>,
    clamp: [T; 2],
    nothing: bool,
}

impl<T: Real> Last<'_, T> {
    /// Finishes the sums from place `start` of the plane on.
    #[inline(always)]
    pub(super) fn finish(&self, start: usize, sums: &mut [T]) {
        if self.nothing {
            return;
        }
        let Last { scale, shift, clamp: [low, high], .. } = *self;
        let clamped = |value: T| {
            let value = if value < low { low } else { value };
            if value > high { high } else { value }
        };
        match self.add {
            None => {
                for sum in sums {
                    *sum = clamped(scale * *sum + shift);
                }
            }
            Some(add) => {
                let add = &add[start..start + sums.len()];
                for (sum, &add) in sums.iter_mut().zip(add) {
                    *sum = clamped(scale * *sum + shift + add);
                }
            }
        }
    }
}
