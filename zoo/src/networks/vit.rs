//! A vision transformer: patches, a class token, positions, and blocks of attention.

use xai::nn::{Conv2d, LayerNorm, Linear, Weights};
use xai::{Backend, Differentiable, Result, Var, Weight};

use super::attention::{Block, EPS, block};
use crate::seeded::{drawn, layer};

const WIDTH: usize = 6;

/// The heads of each block.
const HEADS: [usize; 2] = [2, 3];

/// Images to classes, written as forward code: of the seeded weights, (B, 2, 4, 6) to three.
#[derive(Debug)]
pub struct Vit<B: Backend> {
    patches: Patches<B>,
    class: Weight<B>,
    positions: Weight<B>,
    blocks: Vec<Block<B>>,
    norm: LayerNorm<B>,
    classes: Linear<B>,
}

/// How an image becomes patches (B, patches, width): six of the seeded weights.
#[derive(Debug)]
enum Patches<B: Backend> {
    /// By a convolution whose stride is its kernel.
    Conv(Conv2d<B>),
    /// By moving the pixels of each patch side by side, and a linear layer of them.
    Moved(Linear<B>),
}

impl<B: Backend> Patches<B> {
    fn trace<'m>(&'m self, x: &Var<'m, B>) -> Result<Var<'m, B>> {
        let batch = x.shape()?[0];
        match self {
            Patches::Conv(conv) => Ok(x.layer("conv", conv)?.flatten(2, 3).permute(&[0, 2, 1])),
            Patches::Moved(linear) => {
                let parts = x.reshape(&[batch, 2, 2, 2, 3, 2]).permute(&[0, 2, 4, 1, 3, 5]);
                parts.reshape(&[batch, 6, 8]).layer("linear", linear)
            }
        }
    }
}

impl<B: Backend> Vit<B> {
    /// With patches by a convolution whose stride is its kernel.
    ///
    /// # Errors
    /// Weights that are missing or do not fit.
    pub fn of_convolved_patches(w: &Weights<B>) -> Result<Self> {
        Vit::of_heads(w, &HEADS)
    }

    /// The same, of any sizes, which are those of the weights, with so many heads in each block.
    ///
    /// # Errors
    /// Weights that are missing or do not fit.
    pub fn of_heads(w: &Weights<B>, heads: &[usize]) -> Result<Self> {
        let w_patches = w.at("patches");
        let side = w_patches.array("weight")?.shape().last().copied().unwrap_or(1);
        Vit::load(w, Patches::Conv(Conv2d::load(&w_patches)?.stride(side)), heads)
    }

    /// The same network, with patches whose pixels are moved side by side.
    ///
    /// # Errors
    /// Weights that are missing or do not fit.
    pub fn of_moved_patches(w: &Weights<B>) -> Result<Self> {
        let w_patches = w.at("patches");
        // A patch's pixels lie in the linear layer's weight as in the convolution's.
        let weight = w_patches.get("weight")?.reshape(&[WIDTH, 8])?;
        Vit::load(w, Patches::Moved(Linear::new(weight, w_patches.find("bias")?)?), &HEADS)
    }

    fn load(w: &Weights<B>, patches: Patches<B>, heads: &[usize]) -> Result<Self> {
        let blocks = heads.iter().enumerate().map(|(i, &heads)| Block::load(&w.at(format!("block{i}")), heads));
        let width = w.array("norm.weight")?.len();
        let tokens = w.array("positions.weight")?.shape().first().copied().unwrap_or(0);
        Ok(Vit {
            patches,
            class: w.get_shaped("class.weight", &[1, 1, width])?.into(),
            positions: w.get_shaped("positions.weight", &[tokens, width])?.into(),
            blocks: blocks.collect::<Result<_>>()?,
            norm: LayerNorm::load(&w.at("norm"), EPS)?,
            classes: Linear::load(&w.at("classes"))?,
        })
    }
}

impl<B: Backend> Differentiable for Vit<B> {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let x = Var::only(x)?;
        let patches = x.within("patches", || self.patches.trace(&x))?;
        // The class token for each sample of the batch: a concatenation broadcasts nothing.
        let class = patches.narrow(1, 0, 1) * 0.0 + patches.constant(self.class.clone());
        let mut tokens = class.concat(&[&patches], 1) + patches.constant(self.positions.clone());
        for (i, block) in self.blocks.iter().enumerate() {
            tokens = tokens.layer(format!("block{i}"), block)?;
        }
        let tokens = tokens.layer("norm", &self.norm)?;
        tokens.narrow(1, 0, 1).flatten(1, -1).layer("classes", &self.classes)
    }
}

/// Random weights for [`Vit`], the same numbers on every backend.
///
/// # Errors
/// The backend's own.
pub fn seeded_vit<B: Backend>(seed: u64) -> Result<Weights<B>> {
    let mut tensors = Vec::new();
    layer(&mut tensors, "patches", &[WIDTH, 2, 2, 2]);
    tensors.push(("class.weight".into(), vec![1, 1, WIDTH]));
    tensors.push(("positions.weight".into(), vec![7, WIDTH]));
    for i in 0..HEADS.len() {
        block(&mut tensors, &format!("block{i}"), WIDTH);
    }
    layer(&mut tensors, "norm", &[WIDTH]);
    layer(&mut tensors, "classes", &[3, WIDTH]);
    drawn(tensors, seed)
}
