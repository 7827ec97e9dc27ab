//! What biases contribute to an output: [`BiasGradients`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Unknown;
use crate::graph::{Rules, Site, Step};
use crate::op::{Activation, Binary, Pad2d, Scale, Where};
use crate::{Backend, Error, Op, Pullback, Result, Tensor, Weight};

/// The gradient, which on its way tells what each step adds to the output beside what it makes of its inputs: its
/// bias gradient b · ∂y/∂z.
///
/// A step is taken to be J x + b at its inputs: of an affine one b is its bias, or what constants give; of any other
/// that leaves each number at its place, y - J x number by number; of a product of two values -y. Rectifiers and maxima
/// have none. So all of them and x · ∂y/∂x add up to y.
///
/// What goes back is the gradient; the biases' parts are read by [`FullGrad::decompose`](crate::FullGrad::decompose).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Linear;
/// use xai::rules::{BiasGradients, Unknown};
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// let tensor = |a: ndarray::ArrayD<f64>| Tensor::<NdArray<f64>>::upload(a.view(), &());
/// let linear = Linear::new(tensor(array![[2.0, -1.0]].into_dyn())?, tensor(array![0.5].into_dyn())?)?;
/// let net = Net::<NdArray<f64>, _>::new(linear);
/// let rules = BiasGradients::new(Unknown::Refuse);
/// let x = tensor(array![[1.0, 1.0]].into_dyn())?;
/// let (y, pullback) = net.graph(&[vec![1, 2]])?.vjp(&[x], &[true], Some(&rules))?;
/// assert_eq!(y.download()?, array![[1.5]].into_dyn());
/// assert_eq!(pullback.pull(&tensor(array![[1.0]].into_dyn())?)?.download()?, array![[2.0, -1.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug)]
pub struct BiasGradients<B: Backend> {
    unknown: Unknown,
    found: Found<B>,
}

/// For each node that was passed, its bias gradients.
type Found<B> = Rc<RefCell<BTreeMap<usize, Tensor<B>>>>;

/// How a step's b is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bias {
    /// There is none.
    None,
    /// It is a weight of the operation, or a number.
    Own,
    /// It is what the step gives for zeros.
    AtZero,
    /// It is y - J x.
    Rest,
    /// It is -y.
    Product,
    /// Nobody can tell.
    Unknown,
}

impl<B: Backend> BiasGradients<B> {
    /// None found yet.
    pub fn new(unknown: Unknown) -> Self {
        BiasGradients { unknown, found: Rc::default() }
    }

    /// What has been found since it was asked last, by the numbers of the nodes.
    pub(crate) fn take(&self) -> BTreeMap<usize, Tensor<B>> {
        self.found.take()
    }
}

fn bias<B: Backend>(site: &Site<'_, '_, B>) -> Bias {
    let given = |has: bool| if has { Bias::Own } else { Bias::None };
    let both = site.wanted().iter().filter(|&&wanted| wanted).count() > 1;
    let constants = site.wanted().contains(&false);
    match site.node().step() {
        Step::Op(op) => match op {
            Op::Conv2d(op) => given(op.bias.is_some()),
            Op::ConvTranspose2d(op) => given(op.bias.is_some()),
            Op::Linear(op) => given(op.bias.is_some()),
            Op::ChannelAffine(_) => Bias::Own,
            Op::Scale(Scale { shift, .. }) => given(*shift != 0.0),
            Op::Activation(Activation::Relu | Activation::LeakyRelu { .. } | Activation::Abs) => Bias::None,
            Op::MaxPool2d(_) | Op::AdaptiveMaxPool2d(_) | Op::Reduce(_) | Op::Embedding(_) => Bias::None,
            Op::Binary(Binary::Mul) | Op::MatMul(_) if both => Bias::Product,
            _ if !site.is_affine() => rest(site),
            Op::AvgPool2d(_)
            | Op::AdaptiveAvgPool2d(_)
            | Op::Upsample2d(_)
            | Op::Reshape(_)
            | Op::Flatten(_)
            | Op::Permute(_)
            | Op::Narrow(_)
            | Op::IndexSelect(_)
            | Op::Gather(_)
            | Op::MatMul(_)
            | Op::Binary(Binary::Mul | Binary::Div) => Bias::None,
            Op::Pad2d(Pad2d { value: 0.0, .. }) => Bias::None,
            Op::Binary(_) | Op::Concatenate(_) if !constants => Bias::None,
            // What an affine step adds, it gives for zeros.
            _ => Bias::AtZero,
        },
        Step::Opaque(_) if site.is_affine() => Bias::AtZero,
        Step::Opaque(_) => rest(site),
        Step::Input | Step::Constant(_) => Bias::None,
    }
}

/// Of a step that leaves each number at its place.
fn rest<B: Backend>(site: &Site<'_, '_, B>) -> Bias {
    let same = site.wanted() == [true] && site.node().shape().is_some() && site.node().shape() == site.input_shape(0);
    if same { Bias::Rest } else { Bias::Unknown }
}

/// The step whose own bias is told at this one's output: itself, or the one in front of a rectifier, so that both stay
/// together in what a backend computes.
fn told_here<'a, 'm, B: Backend>(site: &Site<'a, 'm, B>) -> Option<Site<'a, 'm, B>> {
    let is_relu = |site: &Site<'_, '_, B>| matches!(site.op(), Some(Op::Activation(Activation::Relu)));
    if bias(site) == Bias::Own {
        return site.next().is_none_or(|next| !is_relu(&next)).then(|| site.clone());
    }
    let front = site.before(0).filter(|_| is_relu(site))?;
    (bias(&front) == Bias::Own && front.next().is_some_and(|next| next.id() == site.id())).then_some(front)
}

/// a · v, and 0 where v is 0, even if a is infinite: what a mask hides adds nothing.
fn times<B: Backend>(a: &Tensor<B>, v: &Tensor<B>) -> Result<Tensor<B>> {
    B::forward(&Where.into(), &[v, a, v])?.mul(v)
}

/// A step's own bias, broadcast to its output.
fn own<B: Backend>(site: &Site<'_, '_, B>, y: &Tensor<B>) -> Result<Tensor<B>> {
    let along_channels = |bias: &Weight<B>| {
        let mut shape = vec![1; y.shape().len()];
        shape[1] = bias.shape()[0];
        bias.tensor().reshape(&shape)
    };
    match site.op() {
        Some(Op::Conv2d(crate::op::Conv2d { bias: Some(bias), .. })) => along_channels(bias),
        Some(Op::ConvTranspose2d(crate::op::ConvTranspose2d { bias: Some(bias), .. })) => along_channels(bias),
        Some(Op::ChannelAffine(affine)) => along_channels(&affine.shift),
        Some(Op::Linear(crate::op::Linear { bias: Some(bias), .. })) => Ok(bias.tensor()),
        Some(Op::Scale(scale)) => y.affine(0.0, scale.shift),
        _ => Err(Error::backend(B::NAME, "the step has no bias of its own")),
    }
}

impl<B: Backend> Rules<B> for BiasGradients<B> {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        match bias(site) {
            Bias::None | Bias::Own => false,
            Bias::AtZero | Bias::Rest | Bias::Product => true,
            Bias::Unknown => self.unknown == Unknown::Refuse,
        }
    }

    fn check(&self, site: &Site<'_, '_, B>) -> Result<()> {
        match (bias(site), site.node().step()) {
            (Bias::Unknown, step) => Err(Error::NoRule {
                rules: "FullGrad".into(),
                what: match step {
                    Step::Op(op) => op.name().into(),
                    _ => "code that nobody can look into".into(),
                },
                reason: "what it adds to the output is at no place of its own; by `.unknown(Unknown::Gradient)` it is \
                         left out, and the completeness gap tells how much it was"
                    .into(),
            }),
            (_, Step::Opaque(code)) if code.vjp.is_none() => Err(code.without()),
            _ => Ok(()),
        }
    }

    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        self.check(site)?;
        let (y, pull) = site.vjp(inputs)?;
        let (id, found, bias) = (site.id(), Rc::clone(&self.found), bias(site));
        let (at, x) = match bias {
            Bias::AtZero => {
                // No product with 0, which would be NaN for what is infinite.
                let zero = |(x, &wanted): (&Tensor<B>, &bool)| match wanted {
                    true => B::one_hot(&x.shape(), &[], &x.placement()).map(Tensor::new),
                    false => Ok(x.clone()),
                };
                let zeros = inputs.iter().zip(site.wanted()).map(zero).collect::<Result<Vec<_>>>()?;
                (site.forward(&zeros)?, None)
            }
            Bias::Product => (y.scale(-1.0)?, None),
            _ => (y.clone(), inputs.first().cloned()),
        };
        let pull = move |v: &Tensor<B>| {
            let parts = pull.pull_all(v)?;
            let mut bias = times(&at, v)?;
            if let (Some(x), Some(Some(part))) = (&x, parts.first()) {
                bias = bias.sub(&times(x, part)?)?;
            }
            found.borrow_mut().insert(id, bias);
            Ok(parts)
        };
        Ok((y, Pullback::of_all(pull)))
    }

    fn touches(&self, site: &Site<'_, '_, B>) -> bool {
        told_here(site).is_some()
    }

    fn touch<'m>(&self, site: &Site<'_, 'm, B>, y: &Tensor<B>) -> Result<Pullback<'m, B>> {
        let Some(source) = told_here(site) else { return Ok(Pullback::new(|v| Ok(v.clone()))) };
        let (bias, id, found) = (own(&source, y)?, source.id(), Rc::clone(&self.found));
        let rectifier = match source.id() == site.id() {
            true => None,
            // Of max(0, z), what passes is seen in the output too.
            false => Some(B::vjp(&Op::Activation(Activation::Relu), &[y], &[true])?.1),
        };
        Ok(Pullback::new(move |v: &Tensor<B>| {
            let at_bias = rectifier.as_ref().map_or_else(|| Ok(v.clone()), |rectifier| rectifier.pull(v))?;
            found.borrow_mut().insert(id, at_bias.mul(&bias)?);
            Ok(v.clone())
        }))
    }
}
