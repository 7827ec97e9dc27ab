//! Elementwise activations: values and derivatives.

mod curve;
mod secant;
mod tensor_ops;

pub(crate) use self::secant::secant_pull;
use candle_core::{Device, Tensor};
use xai_core::nn::Activation;

use super::{ExecutionPath, Pull, Ruled};
use crate::Host;
use crate::host::{self, with_number_type};
use crate::kernels::elementwise::OfTwo;

/// y = f(x), dx = f'(x) · v.
pub(super) fn activation(way: ExecutionPath, f: Activation, x: &Tensor) -> Ruled {
    let x = x.clone();
    match way {
        ExecutionPath::Kernels => with_number_type!(x.dtype(), T => by_curve::<T>(f, x)),
        ExecutionPath::TensorOps => match tensor_ops::value(f, &x)? {
            Some(y) => {
                let pull: Pull = Box::new(move |v| match tensor_ops::slope(f, &x)? {
                    Some(slope) => v * slope,
                    None => candle_core::bail!("{f:?} has no derivative made of candle's operations"),
                });
                Ok((y, pull))
            }
            None => on_host(f, &x),
        },
    }
}

/// A function that is not made of candle's operations here, by way of the host.
fn on_host(f: Activation, x: &Tensor) -> Ruled {
    let (device, x) = (x.device().clone(), x.to_device(&Device::Cpu)?);
    let (y, pull) = with_number_type!(x.dtype(), T => by_curve::<T>(f, x))?;
    let back: Pull = Box::new(move |v| pull(&v.to_device(&Device::Cpu)?)?.to_device(v.device()));
    Ok((y.to_device(&device)?, back))
}

fn by_curve<T: Host>(f: Activation, x: Tensor) -> Ruled {
    // Those that networks are full of by name, so that the choice is made outside the loop.
    let y = match f {
        Activation::Relu => host::map(&x, |x: T| curve::value(Activation::Relu, x)),
        Activation::Relu6 => host::map(&x, |x: T| curve::value(Activation::Relu6, x)),
        Activation::Gelu => host::map(&x, |x: T| curve::value(Activation::Gelu, x)),
        Activation::LeakyRelu { slope } => host::map(&x, |x: T| curve::value(Activation::LeakyRelu { slope }, x)),
        _ => host::map(&x, |x: T| curve::value(f, x)),
    }?;
    let pull: Pull = Box::new(move |v| match f {
        Activation::Relu => host::zip(&x, v, |x: T, v| curve::slope(Activation::Relu, x) * v),
        Activation::Relu6 => host::zip(&x, v, |x: T, v| curve::slope(Activation::Relu6, x) * v),
        Activation::Gelu => host::zip::<T>(&x, v, GeluPull),
        _ => host::zip(&x, v, |x: T, v| curve::slope(f, x) * v),
    });
    Ok((y, pull))
}

/// The vjp of gelu, whose slope is too long for a closure.
struct GeluPull;

impl<T: Host> OfTwo<T> for GeluPull {
    #[inline(always)]
    fn of(&self, x: T, v: T) -> T {
        curve::slope(Activation::Gelu, x) * v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const ALL: [Activation; 13] = [
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu { slope: 0.1 },
        Activation::Elu { alpha: 0.7 },
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Silu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::HardSwish,
        Activation::HardSigmoid,
        Activation::Softplus,
        Activation::Mish,
    ];

    /// Those that leave the range of numbers.
    pub(super) const UNBOUNDED: [Activation; 9] = [
        Activation::Exp,
        Activation::Abs,
        Activation::Sign,
        Activation::Erf,
        Activation::Sin,
        Activation::Cos,
        Activation::Power { exponent: 0.0 },
        Activation::Power { exponent: 2.0 },
        Activation::Power { exponent: 3.0 },
    ];

    /// Those of numbers above zero.
    pub(super) const ABOVE_ZERO: [Activation; 6] = [
        Activation::Log,
        Activation::Sqrt,
        Activation::Reciprocal,
        Activation::Power { exponent: -0.5 },
        Activation::Power { exponent: -1.0 },
        Activation::Power { exponent: 1.7 },
    ];

    #[test]
    fn tensor_operations_agree_with_the_curves() {
        let x: Vec<f64> = (-40..=40).map(|i| f64::from(i) * 0.25).collect();
        let x = Tensor::new(x, &Device::Cpu).unwrap();
        let above = x.abs().unwrap().affine(1.0, 0.1).unwrap();
        let everywhere = ALL.into_iter().chain(UNBOUNDED).map(|f| (f, &x));
        for (f, x) in everywhere.chain(ABOVE_ZERO.into_iter().map(|f| (f, &above))) {
            let v = x.affine(0.3, 1.0).unwrap();
            let (y, pull) = activation(ExecutionPath::Kernels, f, x).unwrap();
            let (other_y, other_pull) = activation(ExecutionPath::TensorOps, f, x).unwrap();
            for (a, b) in [(y, other_y), (pull(&v).unwrap(), other_pull(&v).unwrap())] {
                let gap = (a - b).unwrap().abs().unwrap().max(0).unwrap().to_scalar::<f64>().unwrap();
                assert!(gap < 1e-6, "{f:?}: {gap}");
            }
        }
    }

    #[test]
    fn the_curves_are_the_cores() {
        let numbers: Vec<f64> = (-40..=40).map(|i| f64::from(i) * 0.25).collect();
        let above: Vec<f64> = numbers.iter().map(|x| x.abs() + 0.1).collect();
        let everywhere = ALL.into_iter().chain(UNBOUNDED).map(|f| (f, &numbers));
        for (f, numbers) in everywhere.chain(ABOVE_ZERO.into_iter().map(|f| (f, &above))) {
            for &x in numbers {
                for (got, expected) in [(curve::value(f, x), f.value(x)), (curve::slope(f, x), f.derivative(x))] {
                    assert!(
                        (got - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                        "{f:?} at {x}: {got} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn in_single_precision_erf_is_rounded_and_nothing_more() {
        for i in -60_000..=60_000 {
            let x = i as f32 * 1e-4;
            let exact = Activation::Erf.value(f64::from(x));
            let got = f64::from(curve::value(Activation::Erf, x));
            assert!((got - exact).abs() <= 1.01e-7 * exact.abs(), "{x}: {got} {exact}");
            let gap = f64::from(curve::value(Activation::Gelu, x)) - Activation::Gelu.value(f64::from(x));
            assert!(gap.abs() <= 1.5e-7 * f64::from(x).abs(), "{x}: {gap}");
        }
        assert!(curve::value(Activation::Erf, f32::NAN).is_nan());
        for far in [-20.0f32, -1000.0, -1e30] {
            assert_eq!([curve::value(Activation::Gelu, far), curve::slope(Activation::Gelu, far)], [0.0, 0.0]);
            assert_eq!([curve::value(Activation::Gelu, -far), curve::slope(Activation::Gelu, -far)], [-far, 1.0]);
        }
    }

    #[test]
    fn the_ends_of_the_number_range_stay_numbers() {
        let x = Tensor::new(&[-1e30f32, -200.0, 0.0, 200.0, 1e30], &Device::Cpu).unwrap();
        for f in ALL {
            let (y, pull) = activation(ExecutionPath::Kernels, f, &x).unwrap();
            let slope = pull(&x.ones_like().unwrap()).unwrap();
            for t in [y, slope] {
                assert!(t.to_vec1::<f32>().unwrap().iter().all(|v| v.is_finite()), "{f:?}: {t}");
            }
        }
    }

    #[test]
    fn a_nan_stays_a_nan() {
        let x = Tensor::new(&[f32::NAN], &Device::Cpu).unwrap();
        let others = UNBOUNDED.into_iter().filter(|&f| f != Activation::Power { exponent: 0.0 });
        for f in ALL.into_iter().chain(others).chain(ABOVE_ZERO) {
            let (y, _) = activation(ExecutionPath::Kernels, f, &x).unwrap();
            assert!(y.to_vec1::<f32>().unwrap()[0].is_nan(), "{f:?}");
        }
    }
}
