//! Mean gradients over the segments of a path: see [`Secants`].

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::paths::Paths;
use crate::graph::{Rules, Site};
use crate::op::{Activation, Binary, MaxPool2d, Where};
use crate::{Backend, Error, Op, Pullback, Result, Tensor};

/// A pass of rows that follow paths: `nodes` rows for each sample, one sample after another, each joined by a segment
/// to the row before it; the first one to the last row of the pass before.
///
/// The cotangent of row i is pulled back through each step's mean Jacobian between the row before it and row i. For an
/// activation f that is the slope of its secant, (f(zᵢ) - f(zᵢ₋₁)) / (zᵢ - zᵢ₋₁): the mean of f' over the segment where
/// z moves evenly, kinks included. In a window of max pooling, adaptive pooling to windows of one size too, the maximum
/// moves from one number to another where the two are equal, and each gets its part of the way
/// ([`Backend::max_pool_segments`]). An affine step's Jacobian is constant. Any other step takes the mean of its
/// Jacobians at the two rows, which for a product of two values is the mean Jacobian itself. Numbers may be infinite
/// inside of a network whose output is finite, as what a mask hides: slopes and shares are then at their limits.
///
/// What the steps were given at the last row is kept for the [`next`](Secants::next) pass. In a first pass the first
/// rows have no segment: what is pulled back to them are gradients at a point.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::rules::Secants;
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let tensor = |x: f64| Tensor::<NdArray<f64>>::upload(array![[x]].view().into_dyn(), &());
/// // From -1 to 3: relu rises by 3 over 4.
/// let first = Secants::new(1);
/// net.graph(&[vec![1, 1]])?.vjp(&[tensor(-1.0)?], &[true], Some(&first))?;
/// let second = first.next(1);
/// let (_, pullback) = net.graph(&[vec![1, 1]])?.vjp(&[tensor(3.0)?], &[true], Some(&second))?;
/// assert_eq!(pullback.pull(&tensor(1.0)?)?.download()?, array![[0.75]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug)]
pub struct Secants<B: Backend> {
    paths: Paths,
    /// What each node was given at the last row of the pass before; nothing in a first pass.
    before: Option<Kept<B>>,
    /// What each node is given at the last row of this pass.
    last: RefCell<Kept<B>>,
    /// In whose name steps are refused; none is the quadrature's.
    method: Option<&'static str>,
    /// Whether steps alone are taken whose mean Jacobian this is.
    exact: bool,
}

type Kept<B> = BTreeMap<usize, Vec<Tensor<B>>>;

impl<B: Backend> Secants<B> {
    /// A first pass, of one row for each of so many paths.
    #[must_use]
    pub fn new(paths: usize) -> Self {
        let (paths, last) = (Paths { paths, nodes: 1 }, RefCell::default());
        Secants { paths, before: None, last, method: None, exact: false }
    }

    /// The pass that follows this one, through the same network, of so many rows for each path.
    #[must_use]
    pub fn next(self, nodes: usize) -> Self {
        let paths = Paths { nodes, ..self.paths };
        Secants { paths, before: Some(self.last.into_inner()), last: RefCell::default(), ..self }
    }

    /// The same, refusing in the name of a method each step at which Jacobian · (change of the input) need not be the
    /// change of the output: where the mean of both ends would stand for it.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::{Activation, Softmax};
    /// use xai::rules::Secants;
    /// use xai::{Differentiable, NdArray, Net};
    ///
    /// let rules = Secants::<NdArray>::new(1).exact_for("Mine");
    /// let relu = Net::<NdArray, _>::new(Activation::Relu);
    /// assert!(relu.graph(&[vec![1, 2]])?.check(Some(&rules), &[true]).is_ok());
    /// let softmax = Net::<NdArray, _>::new(Softmax::new(1));
    /// let refused = softmax.graph(&[vec![1, 2]])?.check(Some(&rules), &[true]).unwrap_err();
    /// assert!(refused.to_string().starts_with("no rule of Mine goes back through Softmax"));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn exact_for(self, method: &'static str) -> Self {
        Secants { method: Some(method), exact: true, ..self }
    }

    /// The same, refusing steps in the name of a method that has no other way than secants.
    pub(crate) fn only_way_of(self, method: &'static str) -> Self {
        Secants { method: Some(method), ..self }
    }

    /// `len` rows of every path, from its row `start` on.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::rules::Secants;
    /// use xai::{NdArray, Tensor};
    ///
    /// // Two paths of three rows each.
    /// let all = array![[1.0], [2.0], [3.0], [10.0], [20.0], [30.0]];
    /// let t = Tensor::<NdArray<f64>>::upload(all.view().into_dyn(), &())?;
    /// let rows = Secants::new(2).next(3).rows(&t, 1, 2)?;
    /// assert_eq!(rows.download()?, array![[2.0], [3.0], [20.0], [30.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// The framework's own, when a path has no such rows.
    pub fn rows(&self, t: &Tensor<B>, start: usize, len: usize) -> Result<Tensor<B>> {
        self.paths.rows(t, start, len)
    }

    /// What a node was given at the last row of the pass before, if this is no first pass, in exchange for what it is
    /// given now.
    fn before(&self, site: &Site<'_, '_, B>, inputs: &[Tensor<B>]) -> Result<Option<Vec<Tensor<B>>>> {
        let last_of = |(x, has_rows): (&Tensor<B>, bool)| match self.paths.nodes {
            1 => Ok(x.clone()),
            _ if !has_rows => Ok(x.clone()),
            // A copy, so that the other rows are not kept.
            nodes => self.paths.rows(x, nodes - 1, 1)?.scale(1.0),
        };
        let last = inputs.iter().zip(site.has_rows()).map(last_of).collect::<Result<_>>()?;
        self.last.borrow_mut().insert(site.id(), last);
        let Some(before) = &self.before else { return Ok(None) };
        let changed = || Error::backend(B::NAME, "the network is not that of the pass before: does its code change?");
        before.get(&site.id()).cloned().map(Some).ok_or_else(changed)
    }

    /// The slopes of an activation's secants.
    fn activation<'m>(&self, f: Activation, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Stepped<'m, B> {
        let y = site.forward(inputs)?;
        let (z, paths) = (inputs[0].clone(), self.paths);
        let before = self.before(site, inputs)?.and_then(|before| before.into_iter().next());
        let compares = compares(f, site);
        let pull = move |v: &Tensor<B>| {
            Error::check_shape("cotangent", &z.shape(), &v.shape())?;
            let from = before.as_ref().map(|before| paths.moved_on(before, &z)).transpose()?;
            let pulled =
                B::secant_pull(f, from.as_ref().unwrap_or(&z).inner(), z.inner(), v.inner()).map(Tensor::new)?;
            // A choice gives its condition zeros: they stay zeros.
            if compares { B::forward(&Where.into(), &[v, &pulled, v]) } else { Ok(pulled) }
        };
        Ok((y, Pullback::new(pull)))
    }

    /// The shares of the maxima at both ends.
    fn max_pool<'m>(&self, pool: &MaxPool2d, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Stepped<'m, B> {
        let Some(before) = self.before(site, inputs)? else { return site.vjp(inputs) };
        let (paths, longer) = (self.paths, Paths { nodes: self.paths.nodes + 1, ..self.paths });
        let joined = longer.by_entry(&paths.joined(&before[0], &inputs[0])?)?;
        let (y, pullback) = B::max_pool_segments(pool, &joined, longer.nodes)?;
        let pull = move |v: &Tensor<B>| paths.by_node(&pullback.pull(&paths.by_entry(v)?)?);
        Ok((paths.by_node(&y)?, Pullback::new(pull)))
    }

    /// Any step: the mean of the pullbacks at both ends of the segment.
    fn both_ends<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Stepped<'m, B> {
        let Some(before) = self.before(site, inputs)? else { return site.vjp(inputs) };
        // One row more for each path, in front.
        let (paths, longer) = (self.paths, Paths { nodes: self.paths.nodes + 1, ..self.paths });
        let join = |((before, x), has_rows): ((&Tensor<B>, &Tensor<B>), bool)| match has_rows {
            true => paths.joined(before, x),
            false => Ok(x.clone()),
        };
        let joined = before.iter().zip(inputs).zip(site.has_rows()).map(join).collect::<Result<Vec<_>>>()?;
        let (y, pullback) = site.vjp(&joined)?;
        let wanted = site.wanted().to_vec();
        let pull = move |v: &Tensor<B>| {
            let (first, last) = (paths.rows(v, 0, 1)?, paths.rows(v, paths.nodes - 1, 1)?);
            let at_rows = pullback.pull_all(&paths.joined(&first, v)?)?;
            // With one row, both ends were pulled back at once.
            let before_them = match paths.nodes {
                1 => None,
                _ => Some(pullback.pull_all(&paths.extended(v, &last)?)?),
            };
            let there = before_them.as_ref().unwrap_or(&at_rows);
            // Code gives a part for each of its inputs, also for those that no path is of.
            let mean = |((here, there), &wanted): ((&Option<Tensor<B>>, &Option<Tensor<B>>), &bool)| match (here, there)
            {
                (Some(here), Some(there)) if wanted => {
                    let here = longer.rows(here, 1, paths.nodes)?;
                    here.add(&longer.rows(there, 0, paths.nodes)?)?.scale(0.5).map(Some)
                }
                _ => Ok(None),
            };
            at_rows.iter().zip(there).zip(&wanted).map(mean).collect()
        };
        Ok((longer.rows(&y, 1, paths.nodes)?, Pullback::of_all(pull)))
    }
}

/// Whether an activation may be given NaN in a network that is finite: a sign is, and what is made of it, where two
/// numbers that are hidden are compared, as in the maximum of two masked values.
fn compares<B: Backend>(f: Activation, site: &Site<'_, '_, B>) -> bool {
    let is_sign = |site: &Site<'_, '_, B>| matches!(site.op(), Some(Op::Activation(Activation::Sign)));
    f == Activation::Sign || site.before(0).as_ref().is_some_and(is_sign)
}

fn mixes_rows<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    let rank = site.input_shape(0).map(<[usize]>::len);
    site.op().is_some_and(|op| op.mixes_rows(rank))
}

/// The max pooling that a step is.
fn as_max_pool<B: Backend>(site: &Site<'_, '_, B>) -> Option<MaxPool2d> {
    match site.op()? {
        Op::MaxPool2d(pool) => Some(*pool),
        // Windows of one size, side by side.
        Op::AdaptiveMaxPool2d(pool) => {
            let input = site.input_shape(0)?;
            let [_, _, rows, columns] = *input else { return None };
            let [h, w] = pool.size;
            let even = rows % h == 0 && columns % w == 0;
            even.then(|| MaxPool2d::new([rows / h, columns / w]))
        }
        _ => None,
    }
}

/// Whether the mean Jacobian that the secants take leads from the change of the input to that of the output.
fn is_exact<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    let product = matches!(site.op(), Some(Op::Binary(Binary::Mul) | Op::MatMul(_)));
    product || matches!(site.op(), Some(Op::Activation(_))) || as_max_pool(site).is_some()
}

type Stepped<'m, B> = Result<(Tensor<B>, Pullback<'m, B>)>;

impl<B: Backend> Rules<B> for Secants<B> {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        !site.is_affine() || mixes_rows(site)
    }

    fn check(&self, site: &Site<'_, '_, B>) -> Result<()> {
        if mixes_rows(site) {
            let other = match self.method {
                None => "`Quadrature::Graded`",
                Some(_) => "`IntegratedGradients` with `Quadrature::Graded`",
            };
            return Err(Error::NoRule {
                rules: self.method.unwrap_or("`Quadrature::Secant`").into(),
                what: "an operation along the batch axis".into(),
                reason: format!(
                    "the rows of a batch follow paths, and must stay first and in order: write the network with the \
                     batch axis in front, or take {other}"
                ),
            });
        }
        match site.node().step() {
            crate::Step::Opaque(code) if code.vjp.is_none() => Err(code.without()),
            _ if self.exact && !is_exact(site) => Err(Error::NoRule {
                rules: self.method.unwrap_or("`Quadrature::Secant`").into(),
                what: site.op().map_or("code that nobody can look into", Op::name).into(),
                reason: "a difference of its output is not split over its inputs: take `IntegratedGradients` \
                         with `Quadrature::Secant`, or the mean of its gradients at both ends by \
                         `.unknown(Unknown::Gradient)`, which leaves a completeness gap"
                    .into(),
            }),
            _ => Ok(()),
        }
    }

    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Stepped<'m, B> {
        self.check(site)?;
        match (site.op(), as_max_pool(site)) {
            (Some(Op::Activation(f)), _) => self.activation(*f, site, inputs),
            (_, Some(pool)) => self.max_pool(&pool, site, inputs),
            _ => self.both_ends(site, inputs),
        }
    }
}
