//! Random models with their inputs.

use ndarray::{ArcArray, ArrayD, Axis, IxDyn};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use xai_core::nn::{Activation, AdaptiveAvgPool2d, Conv2d, Flatten, Linear, MaxPool2d, Sequential, Softmax};
use xai_core::{BoxModel, Function, NdArray, Result, Tensor, Var};

pub(super) type B = NdArray<f32>;
/// A model and its input.
pub(super) type Case = (BoxModel<'static, B>, ArrayD<f32>);

fn normal(shape: &[usize], size: f32, rng: &mut ChaCha8Rng) -> ArrayD<f32> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        let number: f32 = StandardNormal.sample(rng);
        size * number
    })
}

fn weight(shape: &[usize], rng: &mut ChaCha8Rng) -> Result<Tensor<B>> {
    let fan: usize = shape[1..].iter().product();
    #[allow(clippy::cast_precision_loss)]
    let size = (2.0 / fan as f32).sqrt();
    Tensor::upload(normal(shape, size, rng).view(), &())
}

fn linear(outputs: usize, inputs: usize, rng: &mut ChaCha8Rng) -> Result<Linear<B>> {
    let bias = Tensor::upload(normal(&[outputs], 0.1, rng).view(), &())?;
    Linear::new(weight(&[outputs, inputs], rng)?, bias)
}

/// 1 to 3 rows.
fn rows(rng: &mut ChaCha8Rng) -> usize {
    rng.random_range(1..4)
}

pub(super) fn tanh(rng: &mut ChaCha8Rng) -> Result<Case> {
    let net = Sequential::<B>::new().push(linear(12, 8, rng)?).push(Activation::Tanh).push(linear(4, 12, rng)?);
    Ok((Box::new(net), normal(&[rows(rng), 8], 1.0, rng)))
}

pub(super) fn relu_of_millions(rng: &mut ChaCha8Rng) -> Result<Case> {
    let hidden = linear(12, 12, rng)?;
    let net = Sequential::<B>::new().push(linear(12, 8, rng)?).push(Activation::Relu).push(hidden);
    let net = net.push(Activation::Relu).push(linear(4, 12, rng)?);
    Ok((Box::new(net), normal(&[rows(rng), 8], 1e6, rng)))
}

pub(super) fn softmax<const LARGEST: u16>(rng: &mut ChaCha8Rng) -> Result<Case> {
    let net = Sequential::<B>::new().push(Conv2d::new(weight(&[4, 3, 3, 3], rng)?, None)?).push(Activation::Relu);
    let net = net.push(Conv2d::new(weight(&[6, 4, 3, 3], rng)?, None)?).push(Activation::Relu);
    let net = net.push(AdaptiveAvgPool2d::global()).push(Flatten::default());
    let net = net.push(linear(5, 6, rng)?).push(Softmax::new(1));
    let shape = IxDyn(&[1, 3, 8, 8]);
    Ok((Box::new(net), ArrayD::from_shape_simple_fn(shape, || f32::from(rng.random_range(0..=LARGEST * 8)) / 8.0)))
}

/// Σᵢ sin(xᵢ / sᵢ), the sᵢ from 1e-7 to 1e7.
pub(super) fn scales(rng: &mut ChaCha8Rng) -> Result<Case> {
    let sizes: Vec<f32> = (0..8).map(|i| 10f32.powi(2 * i - 7)).collect();
    let rows = rows(rng);
    let sizes = ArcArray::from_shape_vec(IxDyn(&[1, 8]), sizes).map_err(|e| xai_core::Error::backend("ndarray", e))?;
    let x = &normal(&[rows, 8], 1.0, rng) * &sizes;
    let again = sizes.clone();
    type T = ArcArray<f32, IxDyn>;
    let forward = move |x: &T| (x / &sizes).mapv(f32::sin).sum_axis(Axis(1)).insert_axis(Axis(1)).into_shared();
    let vjp = move |x: &T, v: &T| ((x / &again).mapv(f32::cos) / &again * v).into_shared();
    Ok((Box::new(Function::<NdArray<f32>, _, _>::new(forward, vjp)), x))
}

/// Pictures of one to four colours in stripes, as drawings are.
pub(super) fn flat(rng: &mut ChaCha8Rng) -> Result<Case> {
    let net = Sequential::<B>::new().push(MaxPool2d::new(2)).push(Activation::Tanh).push(Flatten::default());
    let colours: Vec<f32> = (0..4).map(|_| f32::from(rng.random_range(0..=8_u8)) / 8.0).collect();
    let width = rng.random_range(2..8);
    let x = ArrayD::from_shape_fn(IxDyn(&[1, 3, 8, 8]), |at| colours[at[3] / width % 4]);
    Ok((Box::new(net.push(linear(4, 48, rng)?)), x))
}

fn with_batch(
    rng: &mut ChaCha8Rng,
    mixed: impl for<'m> Fn(Var<'m, B>) -> Result<Var<'m, B>> + 'static,
) -> Result<Case> {
    struct Mixed<F>(F, Sequential<B>);
    impl<F: for<'m> Fn(Var<'m, B>) -> Result<Var<'m, B>>> xai_core::Differentiable for Mixed<F> {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            xai_core::Layer::trace(&self.1, (self.0)(x[0].clone())?)
        }
    }
    let net = Sequential::new().push(linear(12, 8, rng)?).push(Activation::Tanh).push(linear(4, 12, rng)?);
    Ok((Box::new(Mixed(mixed, net)), normal(&[rows(rng), 8], 1.0, rng)))
}

pub(super) fn centred(rng: &mut ChaCha8Rng) -> Result<Case> {
    with_batch(rng, |x| Ok(&x - &x.mean(&[0])))
}

pub(super) fn batch_norm(rng: &mut ChaCha8Rng) -> Result<Case> {
    with_batch(rng, |x| {
        let centred = &x - &x.mean(&[0]);
        let variance = (&centred * &centred).mean(&[0]);
        Ok(&centred / &variance.affine(1.0, 1e-5).sqrt())
    })
}
