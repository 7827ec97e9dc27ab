//! A small U-Net: down by max pooling, up by nearest neighbours, and what was on the way down beside it.

use xai::nn::{Conv2d, MaxPool2d, Upsample2d, Weights};
use xai::{Backend, Differentiable, Layer, Result, Var};

use crate::seeded::{drawn, layer};

/// Two convolutions that keep the size, with a relu behind each.
#[derive(Debug)]
struct Double<B: Backend> {
    first: Conv2d<B>,
    second: Conv2d<B>,
}

impl<B: Backend> Double<B> {
    fn load(w: &Weights<B>) -> Result<Self> {
        let part = |name| Conv2d::load(&w.at(name)).map(|conv| conv.padding(1));
        Ok(Double { first: part("first")?, second: part("second")? })
    }
}

impl<B: Backend> Layer<B> for Double<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x.layer("first", &self.first)?.relu().layer("second", &self.second)?.relu())
    }
}

/// Images (B, 2, H, W) to two classes of each pixel, written as forward code.
#[derive(Debug)]
pub struct UNet<B: Backend> {
    down: [Double<B>; 2],
    middle: Double<B>,
    up: [Double<B>; 2],
    classes: Conv2d<B>,
}

impl<B: Backend> UNet<B> {
    /// The network of these weights.
    ///
    /// # Errors
    /// Weights that are missing or do not fit.
    pub fn load(w: &Weights<B>) -> Result<Self> {
        let double = |name| Double::load(&w.at(name));
        Ok(UNet {
            down: [double("down1")?, double("down2")?],
            middle: double("middle")?,
            up: [double("up2")?, double("up1")?],
            classes: Conv2d::load(&w.at("classes"))?,
        })
    }
}

impl<B: Backend> Differentiable for UNet<B> {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let pool = |x: &Var<'m, B>| x.op(MaxPool2d::new(2));
        let first = Var::only(x)?.layer("down1", &self.down[0])?;
        let second = pool(&first).layer("down2", &self.down[1])?;
        let mut y = pool(&second).layer("middle", &self.middle)?;
        for (i, (skip, up)) in [second, first].iter().zip(&self.up).enumerate() {
            let shape = skip.shape()?;
            y = y.op(Upsample2d::nearest([shape[2], shape[3]])).concat(&[skip], 1).layer(format!("up{}", 2 - i), up)?;
        }
        y.layer("classes", &self.classes)
    }
}

/// Random weights for [`UNet`], the same numbers on every backend.
///
/// # Errors
/// The backend's own.
pub fn seeded_unet<B: Backend>(seed: u64) -> Result<Weights<B>> {
    let mut tensors = Vec::new();
    for (name, inputs, outputs) in [("down1", 2, 3), ("down2", 3, 4), ("middle", 4, 5), ("up2", 9, 4), ("up1", 7, 3)] {
        layer(&mut tensors, &format!("{name}.first"), &[outputs, inputs, 3, 3]);
        layer(&mut tensors, &format!("{name}.second"), &[outputs, outputs, 3, 3]);
    }
    layer(&mut tensors, "classes", &[2, 3, 1, 1]);
    drawn(tensors, seed)
}
