//! Convolutions, pools, norms of rows and elementwise maps over plain slices on the CPU, with their input vjps.
//!
//! Everything is contiguous and batch, channel, row, column; everything runs on rayon's global pool; every result is
//! the same to the last bit for any number of threads, because no sum is ever split between threads.

pub mod conv2d;
pub mod elementwise;
mod exp;
pub mod linear;
pub mod pool;
mod real;
pub mod reduce;
pub mod rows;

use xai_core::{Error, Result};

pub(crate) use exp::exp;
pub use real::Real;
pub(crate) use real::Scratch;

/// Work of fewer multiplications than this is not worth a second thread.
const SERIAL_WORK: usize = 1 << 15;

/// The number of elements of a shape, or an error that names the value if it does not fit into memory.
fn volume(what: &str, shape: &[usize]) -> Result<usize> {
    shape
        .iter()
        .try_fold(1usize, |total, &side| total.checked_mul(side))
        .filter(|&n| isize::try_from(n).is_ok())
        .ok_or_else(|| Error::InvalidShape {
            what: what.to_owned(),
            got: shape.to_vec(),
            reason: "it has more elements than memory can hold".to_owned(),
        })
}

/// A vector of `len` numbers to be written, in old memory if that is large enough.
fn buffer<T: Real>(mut memory: Vec<T>, len: usize) -> Vec<T> {
    if memory.capacity() < len {
        return vec![T::zero(); len];
    }
    memory.resize(len, T::zero());
    memory
}

/// Checks that a slice holds exactly a value of this shape.
fn check_length<T>(what: &str, slice: &[T], shape: &[usize]) -> Result<()> {
    if volume(what, shape)? == slice.len() {
        return Ok(());
    }
    Err(Error::InvalidShape {
        what: what.to_owned(),
        got: vec![slice.len()],
        reason: format!("the slice must hold the elements of shape {shape:?}"),
    })
}

/// Checks that a parameter is at least one.
fn check_positive(name: &'static str, value: usize) -> Result<()> {
    if value > 0 {
        return Ok(());
    }
    Err(Error::InvalidParameter { name, value: value.to_string(), reason: "it must be at least 1".to_owned() })
}
