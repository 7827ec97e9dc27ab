//! A backend that differentiates forward code by itself, and whose tensors live somewhere.
//!
//! The numbers are ndarray's. The derivative is a central difference with a step that is a power of two: exact for
//! polynomials up to degree two of small integers, which is what the tests are made of.

use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn};
use xai::{Arithmetic, Autograd, Backend, ForwardOutput, NdArray, Pullback, Result, Tensor};

type N = NdArray<f64>;

#[derive(Debug, Clone)]
pub(crate) struct Probe;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) u8);

/// Where a model says it lives, in its own words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Card(pub(crate) u8);

impl From<Card> for Place {
    fn from(card: Card) -> Place {
        Place(card.0)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    pub(crate) array: ArcArray<f64, IxDyn>,
    pub(crate) place: Place,
}

impl Numbers {
    fn with(&self, array: ArcArray<f64, IxDyn>) -> Numbers {
        Numbers { array, place: self.place }
    }
}

impl ForwardOutput<Probe> for Numbers {
    fn into_tensor(self) -> Result<Numbers> {
        Ok(self)
    }
}

macro_rules! elementwise {
    ($($name:ident($($rest:ident: $ty:ty),*)),* $(,)?) => {$(
        fn $name(t: &Numbers, $($rest: $ty),*) -> Result<Numbers> {
            Ok(t.with(N::$name(&t.array, $($rest),*)?))
        }
    )*};
}

impl Arithmetic for Probe {
    type Elem = f64;
    type Tensor = Numbers;
    type Shared = Numbers;
    type Placement = Place;
    const NAME: &'static str = "probe";

    fn upload(values: ArrayViewD<'_, f64>, at: &Place) -> Result<Numbers> {
        Ok(Numbers { array: N::upload(values, &())?, place: *at })
    }
    fn download(t: &Numbers) -> Result<ArrayD<f64>> {
        N::download(&t.array)
    }
    fn placement(t: &Numbers) -> Place {
        t.place
    }
    fn shape(t: &Numbers) -> Vec<usize> {
        N::shape(&t.array)
    }
    fn share(t: &Numbers) -> Numbers {
        t.clone()
    }
    fn into_shared(t: Numbers) -> Numbers {
        t
    }
    fn of_shared(t: &Numbers) -> Numbers {
        t.clone()
    }
    fn add(a: &Numbers, b: &Numbers) -> Result<Numbers> {
        Ok(a.with(N::add(&a.array, &b.array)?))
    }
    fn sub(a: &Numbers, b: &Numbers) -> Result<Numbers> {
        Ok(a.with(N::sub(&a.array, &b.array)?))
    }
    fn mul(a: &Numbers, b: &Numbers) -> Result<Numbers> {
        Ok(a.with(N::mul(&a.array, &b.array)?))
    }
    elementwise! {
        affine(scale: f64, shift: f64),
        relu(),
        sum(axes: &[usize]),
        max(axes: &[usize]),
        reshape(shape: &[usize]),
        narrow(axis: usize, start: usize, len: usize),
        broadcast_to(shape: &[usize]),
    }
    fn concat(parts: &[&Numbers], axis: usize) -> Result<Numbers> {
        let arrays: Vec<_> = parts.iter().map(|part| &part.array).collect();
        Ok(parts[0].with(N::concat(&arrays, axis)?))
    }
}

/// Every operation by way of the host.
impl Backend for Probe {}

impl Autograd for Probe {
    fn evaluate(f: impl Fn(&[&Numbers]) -> Result<Numbers>, x: &[Tensor<Probe>]) -> Result<Tensor<Probe>> {
        f(&x.iter().map(Tensor::inner).collect::<Vec<_>>()).map(Tensor::new)
    }

    fn record<'a>(
        f: impl Fn(&[&Numbers]) -> Result<Numbers> + 'a,
        x: &[Tensor<Probe>],
    ) -> Result<(Tensor<Probe>, Pullback<'a, Probe>)> {
        let y = Self::evaluate(&f, x)?;
        let x: Vec<Numbers> = x.iter().map(|x| x.inner().clone()).collect();
        let pull = move |v: &Tensor<Probe>| {
            let step = 1.0 / 1024.0;
            let to_input = |input: usize| {
                let mut gradient = ArrayD::zeros(x[input].array.raw_dim());
                for (place, slope) in gradient.indexed_iter_mut() {
                    let moved = |by: f64| {
                        let mut moved = x.clone();
                        moved[input].array[&place] += by;
                        f(&moved.iter().collect::<Vec<_>>())
                    };
                    let difference = &moved(step)?.array - &moved(-step)?.array;
                    *slope = (&difference * &v.inner().array).sum() / (2.0 * step);
                }
                Ok(Some(Tensor::new(x[input].with(gradient.into_shared()))))
            };
            (0..x.len()).map(to_input).collect()
        };
        Ok((y, Pullback::of_all(pull)))
    }
}
