//! What is impossible is refused with an error: no panic, no wrong result.

use xai_core::nn::{Conv2d, Linear, MaxPool2d, Softmax};
use xai_core::{
    Analyzer, Backend, Differentiable, Element, Gradient, Index, IntegratedGradients, Net, SmoothGrad, Tensor,
};

use crate::compare::must_fail;
use crate::networks::{images, small_network};
use crate::{Outcome, Suite, values};

/// Tensors of shapes that do not fit, axes that are not there.
pub fn tensors_refuse<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (a, b) = (suite.tensor(&values(&[2, 3], 1))?, suite.tensor(&values(&[2, 4], 2))?);
    must_fail("add of other shapes", a.add(&b))?;
    must_fail("sub of other shapes", a.sub(&b))?;
    must_fail("mul of other shapes", a.mul(&b))?;
    must_fail("reshape to another size", a.reshape(&[7]))?;
    must_fail("narrow past the end", a.narrow(1, 2, 2))?;
    must_fail("narrow far past the end", a.narrow(0, usize::MAX, 2))?;
    must_fail("narrow of no axis", a.narrow(2, 0, 1))?;
    must_fail("sum over no axis", a.sum(&[2]))?;
    must_fail("max over no axis", a.max(&[5]))?;
    must_fail("concat of nothing", Tensor::<B>::concat(&[], 0))?;
    must_fail("concat of other shapes", Tensor::concat(&[&a, &b], 0))?;
    must_fail("concat along no axis", Tensor::concat(&[&a, &a], 2))?;
    must_fail("broadcast to what does not fit", a.broadcast_to(&[2, 5]))?;
    must_fail("broadcast to fewer axes", a.broadcast_to(&[3]))?;
    Ok(())
}

/// Layers whose input does not fit, and cotangents that do not.
pub fn layers_refuse<B: Backend>(suite: &Suite<B>) -> Outcome {
    let conv = Net::<B, _>::new(Conv2d::new(suite.tensor(&values(&[4, 3, 3, 3], 3))?, None)?);
    let linear = Net::<B, _>::new(Linear::new(suite.tensor(&values(&[4, 3], 4))?, None)?);
    let image = suite.tensor(&values(&[1, 2, 5, 5], 5))?;
    let tiny = suite.tensor(&values(&[1, 3, 2, 2], 6))?;
    let flat = suite.tensor(&values(&[2, 4], 7))?;
    must_fail("a convolution of other channels", conv.forward(&image))?;
    must_fail("a convolution of a small image", conv.vjp(&tiny))?;
    must_fail("a convolution of no image", conv.forward(&flat))?;
    must_fail("a linear layer of other length", linear.vjp(&flat))?;
    must_fail("a pool of stride 0", Net::<B, _>::new(MaxPool2d::new(2).stride(0)).forward(&image))?;
    must_fail("softmax over no axis", Net::<B, _>::new(Softmax::new(7)).forward(&flat))?;
    let (_, pull) = linear.vjp(&suite.tensor(&values(&[2, 3], 8))?)?;
    must_fail("a cotangent of another shape", pull.pull(&image))?;
    Ok(())
}

/// Parameters, selections and inputs out of range, end to end.
pub fn analyzers_refuse<B: Backend>(suite: &Suite<B>) -> Outcome {
    let model = small_network::<B>(suite.placement())?;
    let x = values(&images(1), 9).mapv(B::Elem::of);
    must_fail("n = 0", SmoothGrad::new().n(0).analyze(&model, &x, Index(0)))?;
    must_fail("n = 1", IntegratedGradients::new().n(1).analyze(&model, &x, Index(0)))?;
    must_fail("class 5 of 5", Gradient.analyze(&model, &x, Index(5)))?;
    let narrow = values(&[1, 2, 9, 8], 10).mapv(B::Elem::of);
    must_fail("an image of 2 channels", Gradient.analyze(&model, &narrow, Index(0)))?;
    Ok(())
}
