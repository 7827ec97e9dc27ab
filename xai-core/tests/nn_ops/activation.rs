use xai_core::nn::Activation::{self, *};

use crate::nn_ops::jacobian::{assert_jacobian, forward, pulled};
use crate::nn_ops::numbers::{array, noise};

const ALL: [Activation; 13] = [
    Relu,
    Relu6,
    LeakyRelu { slope: 0.1 },
    Elu { alpha: 1.5 },
    Gelu,
    GeluTanh,
    Silu,
    Sigmoid,
    Tanh,
    HardSwish,
    HardSigmoid,
    Softplus,
    Mish,
];

/// Functions of any number, which grow as they like.
const FUNCTIONS: [Activation; 6] = [Exp, Abs, Sign, Erf, Sin, Cos];

/// Functions of what is above 0.
const OF_POSITIVE: [Activation; 6] =
    [Log, Sqrt, Reciprocal, Power { exponent: 2.5 }, Power { exponent: -1.5 }, Power { exponent: 0.0 }];

/// Values worked out in 30 digits from the formulas.
#[test]
fn known_values() {
    for (activation, x, expected) in [
        (Relu, -2.0, 0.0),
        (Relu, 2.0, 2.0),
        (Relu6, 7.0, 6.0),
        (LeakyRelu { slope: 0.1 }, -2.0, -0.2),
        (Elu { alpha: 1.0 }, -1.0, -0.632_120_558_828_557_7),
        (Gelu, 1.0, 0.841_344_746_068_542_9),
        (Gelu, -1.0, -0.158_655_253_931_457_05),
        (Gelu, -6.0, -5.919_525_870_226_189e-9),
        (GeluTanh, 1.0, 0.841_191_990_608_276_7),
        (Silu, 1.0, 0.731_058_578_630_004_9),
        (Sigmoid, -1.0, 0.268_941_421_369_995_1),
        (Tanh, 0.5, 0.462_117_157_260_009_8),
        (HardSwish, 1.0, 2.0 / 3.0),
        (HardSwish, -4.0, 0.0),
        (HardSwish, 5.0, 5.0),
        (HardSigmoid, 1.0, 2.0 / 3.0),
        (Softplus, 1.0, 1.313_261_687_518_222_8),
        (Softplus, 800.0, 800.0),
        (Softplus, -800.0, 0.0),
        (Mish, 1.0, 0.865_098_388_267_310_3),
        (Exp, 1.0, std::f64::consts::E),
        (Log, 2.0, std::f64::consts::LN_2),
        (Sqrt, 2.0, std::f64::consts::SQRT_2),
        (Abs, -2.0, 2.0),
        (Sign, -2.0, -1.0),
        (Sign, 0.0, 0.0),
        (Reciprocal, 4.0, 0.25),
        (Power { exponent: 3.0 }, 2.0, 8.0),
        (Erf, 0.5, 0.520_499_877_813_046_5),
        (Sin, 1.0, 0.841_470_984_807_896_5),
        (Cos, 1.0, 0.540_302_305_868_139_8),
    ] {
        let got: f64 = activation.value(x);
        // Rounding x / √2 costs Φ a share of x² units in the last place, far out.
        let tolerance = 3e-16 * (1.0_f64 + x * x).min(40.0) * f64::abs(expected);
        assert!((got - expected).abs() <= tolerance, "{activation:?} at {x}: {got}, expected {expected}");
    }
}

#[test]
fn derivatives_by_differences() {
    for activation in ALL {
        for scale in [1.0, 4.0, 9.0] {
            assert_jacobian(&activation, &(noise(5, &[2, 3, 4]) * scale));
        }
    }
    for activation in FUNCTIONS {
        assert_jacobian(&activation, &(noise(5, &[2, 3, 4]) * 2.0));
    }
    for activation in OF_POSITIVE {
        assert_jacobian(&activation, &noise(5, &[2, 3, 4]).mapv(|v| 1.5 + v));
    }
}

#[test]
fn kinks_are_pytorchs() {
    for (activation, x, expected) in [
        (Relu, 0.0, 0.0),
        (Relu6, 0.0, 0.0),
        (Relu6, 6.0, 0.0),
        (LeakyRelu { slope: 0.1 }, 0.0, 0.1),
        (Elu { alpha: 1.5 }, 0.0, 1.5),
        (HardSwish, -3.0, 0.0),
        (HardSwish, 3.0, 1.0),
        (HardSigmoid, -3.0, 0.0),
        (HardSigmoid, 3.0, 0.0),
        (Abs, 0.0, 0.0),
        (Sign, 0.0, 0.0),
    ] {
        let (x, one) = (array(&[1], &[x]), array(&[1], &[1.0]));
        assert_eq!(pulled(&activation, &x, &one), array(&[1], &[expected]), "{activation:?} at {x}");
    }
}

#[test]
fn far_from_zero_nothing_overflows() {
    for activation in ALL {
        for x in [-1e4, -800.0, 800.0, 1e4] {
            assert!(activation.value(x).is_finite(), "{activation:?} at {x}");
            assert!(activation.derivative(x).is_finite(), "{activation:?}' at {x}");
        }
    }
}

#[test]
fn a_nan_stays_one() {
    // x⁰ is 1 for any x.
    let defined = OF_POSITIVE.into_iter().filter(|f| *f != Power { exponent: 0.0 });
    for activation in ALL.into_iter().chain(FUNCTIONS).chain(defined) {
        assert!(forward(&activation, &array(&[1], &[f64::NAN]))[[0]].is_nan(), "{activation:?}");
    }
}
