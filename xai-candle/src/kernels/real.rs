//! The float types, and the vectors of them that the machine has.

use std::cell::Cell;
use std::marker::PhantomData;

use pulp::bytemuck::{self, Pod};
use pulp::{Arch, Simd, WithSimd};
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
    /// a + b.
    fn sum_of<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a - b.
    fn difference<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a · b.
    fn product<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Of a stream of fours, the first of each, the second of each and so on, in an order of the machine's own.
    fn split_fours<S: Simd>(simd: S, stream: [Self::Vector<S>; 4]) -> [Self::Vector<S>; 4];
    /// Undoes [`split_fours`](Lanes::split_fours).
    fn join_fours<S: Simd>(simd: S, fours: [Self::Vector<S>; 4]) -> [Self::Vector<S>; 4];
    /// Takes one of this thread's scratch buffers; what it holds is left over from earlier.
    fn take_scratch(of: Scratch) -> Vec<Self>;
    /// Gives a scratch buffer back.
    fn give_scratch(of: Scratch, scratch: Vec<Self>);
}

/// Whose scratch buffer.
#[derive(Debug, Clone, Copy)]
pub enum Scratch {
    /// One task's.
    Task,
    /// That of a call whose tasks share it.
    Call,
    /// A map between two layers, which go from one to the other of two buffers.
    Map,
    /// The other one.
    OtherMap,
}

/// Reads a register from the front of a slice that is long enough.
#[inline(always)]
pub(super) fn load<T: Real, S: Simd>(slice: &[T]) -> T::Vector<S> {
    bytemuck::pod_read_unaligned(bytemuck::cast_slice(&slice[..T::lanes::<S>()]))
}

/// Writes a register to the front of a slice that is long enough.
#[inline(always)]
pub(super) fn store<T: Real, S: Simd>(slice: &mut [T], vector: T::Vector<S>) {
    slice[..T::lanes::<S>()].copy_from_slice(floats::<T, S>(&vector));
}

/// The floats of a register.
#[inline(always)]
pub(super) fn floats<T: Real, S: Simd>(vector: &T::Vector<S>) -> &[T] {
    bytemuck::cast_slice(std::slice::from_ref(vector))
}

macro_rules! lanes {
    (
        $float:ty, $vector:ident, $lanes:ident, $splat:ident, $mul_add:ident, $add:ident, $sub:ident,
        $mul:ident, $split:ident, $join:ident
    ) => {
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

            #[inline(always)]
            fn sum_of<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn difference<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn product<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn split_fours<S: Simd>(simd: S, stream: [S::$vector; 4]) -> [S::$vector; 4] {
                simd.$split(stream)
            }

            #[inline(always)]
            fn join_fours<S: Simd>(simd: S, fours: [S::$vector; 4]) -> [S::$vector; 4] {
                simd.$join(fours)
            }

            fn take_scratch(of: Scratch) -> Vec<Self> {
                BUFFERS.try_with(|buffers| buffers.$vector[of as usize].take()).unwrap_or_default()
            }

            fn give_scratch(of: Scratch, buffer: Vec<Self>) {
                // A thread that is being torn down has no use for the buffer any more.
                let _ = BUFFERS.try_with(|buffers| buffers.$vector[of as usize].set(buffer));
            }
        }
    };
}

lanes!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_e_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    deinterleave_shfl_f32s,
    interleave_shfl_f32s
);
lanes!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_e_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    deinterleave_shfl_f64s,
    interleave_shfl_f64s
);

/// How many lanes a register has.
pub(crate) fn lanes<T: Real>(arch: Arch) -> usize {
    arch.dispatch(CountLanes::<T>(PhantomData))
}

/// Asks how many lanes a register has.
struct CountLanes<T>(PhantomData<T>);

impl<T: Real> WithSimd for CountLanes<T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        T::lanes::<S>()
    }
}

/// One thread's buffers, reused from call to call.
#[derive(Default)]
struct Buffers {
    f32s: [Cell<Vec<f32>>; 4],
    f64s: [Cell<Vec<f64>>; 4],
}

thread_local! {
    static BUFFERS: Buffers = Buffers::default();
}
