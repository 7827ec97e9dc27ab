//! The float types, and the vectors of them that the machine has.

use std::cell::Cell;

use pulp::Simd;
use pulp::bytemuck::{self, Pod};
use xai_core::Element;

/// A float that the kernels run on: `f32` or `f64`.
pub trait Real: Element + Pod + Lanes {}

impl Real for f32 {}
impl Real for f64 {}

/// The vectors of a float type on one instruction set.
pub trait Lanes: Sized {
    /// A register of floats.
    type Vector<S: Simd>: Pod;

    /// How many floats a register holds.
    fn lanes<S: Simd>() -> usize;
    /// A register full of one value.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// a·b + c.
    fn multiply_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// Takes this thread's scratch buffer; what it holds is left over from earlier.
    fn take_scratch() -> Vec<Self>;
    /// Gives the scratch buffer back.
    fn give_scratch(scratch: Vec<Self>);
}

/// Reads a register from the front of a slice that is long enough.
#[inline(always)]
pub(super) fn load<T: Real, S: Simd>(slice: &[T]) -> T::Vector<S> {
    bytemuck::pod_read_unaligned(bytemuck::cast_slice(&slice[..T::lanes::<S>()]))
}

/// The floats of a register.
#[inline(always)]
pub(super) fn floats<T: Real, S: Simd>(vector: &T::Vector<S>) -> &[T] {
    bytemuck::cast_slice(std::slice::from_ref(vector))
}

macro_rules! lanes {
    ($float:ty, $vector:ident, $lanes:ident, $splat:ident, $mul_add:ident) => {
        impl Lanes for $float {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }

            #[inline(always)]
            fn multiply_add<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }

            fn take_scratch() -> Vec<Self> {
                SCRATCH.try_with(|scratch| scratch.$vector.take()).unwrap_or_default()
            }

            fn give_scratch(buffer: Vec<Self>) {
                // A thread that is being torn down has no use for the buffer any more.
                let _ = SCRATCH.try_with(|scratch| scratch.$vector.set(buffer));
            }
        }
    };
}

lanes!(f32, f32s, F32_LANES, splat_f32s, mul_add_e_f32s);
lanes!(f64, f64s, F64_LANES, splat_f64s, mul_add_e_f64s);

/// One thread's buffers, reused from call to call.
#[derive(Default)]
struct Scratch {
    f32s: Cell<Vec<f32>>,
    f64s: Cell<Vec<f64>>,
}

thread_local! {
    static SCRATCH: Scratch = Scratch::default();
}
