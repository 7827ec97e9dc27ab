//! Rules that change what goes back through rectifiers: guided backpropagation and deconvolution.

use super::Unknown;
use crate::graph::{Rules, Site, Step};
use crate::op::Activation;
use crate::{Backend, Error, Op, Pullback, Result, Tensor};

/// Which of the two a rectifier goes back by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// max(0, v), where the input was positive.
    Guided,
    /// max(0, v), wherever the input was.
    Deconvolution,
}

/// Guided backpropagation or deconvolution: what goes back through a rectifier, and the gradient everywhere else.
///
/// Rectifiers are relu and relu6. Any other elementwise function, and any step that nobody can look into and that is
/// not known to be affine, is refused by the layer's name, or goes back by its gradient: [`Unknown`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::rules::{Rectifiers, Unknown};
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let tensor = |row: [f64; 3]| Tensor::<NdArray<f64>>::upload(array![row].view().into_dyn(), &());
/// for (rules, back) in [
///     (Rectifiers::guided(Unknown::Refuse), [2.0, 0.0, 0.0]),
///     (Rectifiers::deconvolution(Unknown::Refuse), [2.0, 0.0, 2.0]),
/// ] {
///     let (_, pullback) = net.graph(&[vec![1, 3]])?.vjp(&[tensor([1.0, 1.0, -1.0])?], &[true], Some(&rules))?;
///     assert_eq!(pullback.pull(&tensor([2.0, -2.0, 2.0])?)?.download()?, tensor(back)?.download()?);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectifiers {
    kind: Kind,
    unknown: Unknown,
}

impl Rectifiers {
    /// `v ↦ 1[x > 0] · max(0, v)` (Springenberg et al. 2015).
    pub fn guided(unknown: Unknown) -> Self {
        Rectifiers { kind: Kind::Guided, unknown }
    }

    /// v ↦ max(0, v) (Zeiler and Fergus 2014).
    pub fn deconvolution(unknown: Unknown) -> Self {
        Rectifiers { kind: Kind::Deconvolution, unknown }
    }

    fn name(self) -> &'static str {
        match self.kind {
            Kind::Guided => "GuidedBackprop",
            Kind::Deconvolution => "Deconvolution",
        }
    }
}

pub(super) fn is_rectifier<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    matches!(site.op(), Some(Op::Activation(Activation::Relu | Activation::Relu6)))
}

/// Where the rules know no way.
pub(super) fn unknown<B: Backend>(site: &Site<'_, '_, B>) -> Option<String> {
    match site.node().step() {
        Step::Op(Op::Activation(f)) if !is_rectifier(site) => Some(format!("{f:?}")),
        Step::Opaque(_) if !site.is_affine() => Some("code that nobody can look into".into()),
        _ => None,
    }
}

/// That there is a way.
pub(super) fn check_unknown<B: Backend>(rules: &str, done: Unknown, site: &Site<'_, '_, B>) -> Result<()> {
    match unknown(site) {
        Some(what) if done == Unknown::Refuse => Err(Error::NoRule {
            rules: rules.into(),
            what,
            reason: "it is defined for relu and relu6 alone: choose another method, or take the gradient there by \
                     `.unknown(Unknown::Gradient)`"
                .into(),
        }),
        _ => Ok(()),
    }
}

impl<B: Backend> Rules<B> for Rectifiers {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        let refused = self.unknown == Unknown::Refuse && unknown(site).is_some();
        refused || (self.kind == Kind::Deconvolution && is_rectifier(site))
    }

    fn check(&self, site: &Site<'_, '_, B>) -> Result<()> {
        check_unknown(self.name(), self.unknown, site)
    }

    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        self.check(site)?;
        Ok((site.forward(inputs)?, Pullback::new(|v| v.relu())))
    }

    /// `1[x > 0] · max(0, v)`: the gradient of what is positive, so that the rectifier stays part of what a backend
    /// computes together.
    fn touches(&self, site: &Site<'_, '_, B>) -> bool {
        self.kind == Kind::Guided && is_rectifier(site)
    }

    fn touch<'m>(&self, _: &Site<'_, 'm, B>, _: &Tensor<B>) -> Result<Pullback<'m, B>> {
        Ok(Pullback::new(|v| v.relu()))
    }
}
