//! The suite on a backend that has the required arithmetic and nothing else: whatever it gets is right then.
#![allow(clippy::unwrap_used)]

mod host;

use std::cell::Cell;
use std::marker::PhantomData;

use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn};
use xai_core::{Arithmetic, Backend, Element, Error, NdArray, Result};

xai_conformance::suite!(single, Required<f32>, Shelf(3), 1e-5);
xai_conformance::suite!(double, Required<f64>, Shelf(3), 1e-13);

/// The required arithmetic, by ndarray's. Nothing that is provided is overridden.
#[derive(Debug, Clone)]
pub(crate) struct Required<F>(PhantomData<F>);

impl<F: Element> Backend for Required<F> {}

/// Where numbers lie. What is brought to the default one by mistake does not fit to the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shelf(pub(crate) u8);

#[derive(Debug, Clone)]
pub(crate) struct Numbers<F> {
    array: ArcArray<F, IxDyn>,
    shelf: Shelf,
}

/// How many tensors came to the host, and how many were brought from there, on this thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Trips {
    pub(crate) down: usize,
    pub(crate) up: usize,
}

thread_local! {
    static TRIPS: Cell<Trips> = const { Cell::new(Trips { down: 0, up: 0 }) };
}

/// What code returns, and the trips that it takes.
pub(crate) fn trips<T>(code: impl FnOnce() -> T) -> (T, Trips) {
    let before = TRIPS.get();
    let found = code();
    let after = TRIPS.get();
    (found, Trips { down: after.down - before.down, up: after.up - before.up })
}

type N<F> = NdArray<F>;

impl<F: Element> Numbers<F> {
    fn with(&self, array: Result<ArcArray<F, IxDyn>>) -> Result<Self> {
        Ok(Numbers { array: array?, shelf: self.shelf })
    }

    /// Two tensors of one shelf.
    fn beside(&self, other: &Self) -> Result<()> {
        if self.shelf == other.shelf {
            return Ok(());
        }
        Err(Error::backend("required", format!("tensors of {:?} and {:?}", self.shelf, other.shelf)))
    }
}

impl<F: Element> Arithmetic for Required<F> {
    type Elem = F;
    type Tensor = Numbers<F>;
    type Shared = Numbers<F>;
    type Placement = Shelf;
    const NAME: &'static str = "required";

    fn upload(values: ArrayViewD<'_, F>, at: &Shelf) -> Result<Numbers<F>> {
        TRIPS.set(Trips { up: TRIPS.get().up + 1, ..TRIPS.get() });
        Ok(Numbers { array: N::<F>::upload(values, &())?, shelf: *at })
    }
    fn download(t: &Numbers<F>) -> Result<ArrayD<F>> {
        TRIPS.set(Trips { down: TRIPS.get().down + 1, ..TRIPS.get() });
        N::<F>::download(&t.array)
    }
    fn placement(t: &Numbers<F>) -> Shelf {
        t.shelf
    }
    fn shape(t: &Numbers<F>) -> Vec<usize> {
        N::<F>::shape(&t.array)
    }
    fn share(t: &Numbers<F>) -> Numbers<F> {
        t.clone()
    }
    fn into_shared(t: Numbers<F>) -> Numbers<F> {
        t
    }
    fn of_shared(t: &Numbers<F>) -> Numbers<F> {
        t.clone()
    }
    fn add(a: &Numbers<F>, b: &Numbers<F>) -> Result<Numbers<F>> {
        a.beside(b)?;
        a.with(N::<F>::add(&a.array, &b.array))
    }
    fn sub(a: &Numbers<F>, b: &Numbers<F>) -> Result<Numbers<F>> {
        a.beside(b)?;
        a.with(N::<F>::sub(&a.array, &b.array))
    }
    fn mul(a: &Numbers<F>, b: &Numbers<F>) -> Result<Numbers<F>> {
        a.beside(b)?;
        a.with(N::<F>::mul(&a.array, &b.array))
    }
    fn affine(t: &Numbers<F>, scale: f64, shift: f64) -> Result<Numbers<F>> {
        t.with(N::<F>::affine(&t.array, scale, shift))
    }
    fn relu(t: &Numbers<F>) -> Result<Numbers<F>> {
        t.with(N::<F>::relu(&t.array))
    }
    fn sum(t: &Numbers<F>, axes: &[usize]) -> Result<Numbers<F>> {
        t.with(N::<F>::sum(&t.array, axes))
    }
    fn max(t: &Numbers<F>, axes: &[usize]) -> Result<Numbers<F>> {
        t.with(N::<F>::max(&t.array, axes))
    }
    fn reshape(t: &Numbers<F>, shape: &[usize]) -> Result<Numbers<F>> {
        t.with(N::<F>::reshape(&t.array, shape))
    }
    fn narrow(t: &Numbers<F>, axis: usize, start: usize, len: usize) -> Result<Numbers<F>> {
        t.with(N::<F>::narrow(&t.array, axis, start, len))
    }
    fn concat(parts: &[&Numbers<F>], axis: usize) -> Result<Numbers<F>> {
        let Some((first, rest)) = parts.split_first() else {
            return Err(Error::backend("required", "nothing to concatenate"));
        };
        rest.iter().try_for_each(|part| first.beside(part))?;
        first.with(N::<F>::concat(&parts.iter().map(|part| &part.array).collect::<Vec<_>>(), axis))
    }
    fn broadcast_to(t: &Numbers<F>, shape: &[usize]) -> Result<Numbers<F>> {
        t.with(N::<F>::broadcast_to(&t.array, shape))
    }
}
