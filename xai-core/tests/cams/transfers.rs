//! What each map costs: passes, and numbers that travel.

use std::cell::Cell;

use ndarray::{ArrayD, Axis};
use xai_core::tensor::count_transfers;
use xai_core::{
    Analyzer, Differentiable, EigenCam, ElementWiseCam, Error, Fem, ForwardOnly, Function, GradCam, GradCamPlusPlus,
    HiResCam, Index, LayerCam, Net, Opaque, RandomCam, Result, Var, XGradCam,
};

use crate::models::differences::noise;
use crate::models::{B, T};

/// Three steps, `first`, `second` and `last`, which count how often they run, forward and back.
#[derive(Default)]
struct Counting {
    forward: [Cell<usize>; 3],
    back: [Cell<usize>; 3],
}

fn one_more(cell: &Cell<usize>) {
    cell.set(cell.get() + 1);
}

impl Counting {
    fn step<'m>(&'m self, which: usize, x: &Var<'m, B>) -> Result<Var<'m, B>> {
        let squared = move |x: &[xai_core::Tensor<B>]| x[0].mul(&x[0]);
        x.within(["first", "second", "last"][which], || {
            Ok(x.opaque(Opaque::with_vjp(
                move |x| {
                    one_more(&self.forward[which]);
                    squared(x)
                },
                move |x| {
                    one_more(&self.forward[which]);
                    let slope = x[0].scale(2.0)?;
                    let pull = move |v: &xai_core::Tensor<B>| {
                        one_more(&self.back[which]);
                        v.mul(&slope)
                    };
                    Ok((squared(x)?, xai_core::Pullback::new(pull)))
                },
            )))
        })
    }

    fn taken(&self) -> ([usize; 3], [usize; 3]) {
        (self.forward.each_ref().map(|n| n.replace(0)), self.back.each_ref().map(|n| n.replace(0)))
    }
}

impl Differentiable for Counting {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let first = self.step(0, &x[0])?;
        self.step(2, &self.step(1, &first)?)
    }
}

type Analyzers = Vec<Box<dyn Analyzer<Counting>>>;

fn by_gradient(place: &str) -> Analyzers {
    vec![
        Box::new(GradCam::at(place)),
        Box::new(GradCamPlusPlus::at(place)),
        Box::new(HiResCam::at(place)),
        Box::new(LayerCam::at(place)),
        Box::new(XGradCam::at(place)),
        Box::new(ElementWiseCam::at(place)),
    ]
}

#[test]
fn one_forward_pass_and_one_way_back_through_the_head() {
    let (model, x) = (Counting::default(), noise(100, &[2, 3, 4, 2]));
    for (place, back) in [("first", [0, 1, 1]), ("second", [0, 0, 1])] {
        let mut travels = Vec::new();
        for analyzer in by_gradient(place) {
            let (found, transfers) = count_transfers(|| analyzer.analyze(&model, &x, Index([0, 1, 1])));
            found.unwrap();
            assert_eq!(model.taken(), ([1, 1, 1], back), "{} at {place}", analyzer.name());
            travels.push((transfers.uploads, transfers.downloads));
        }
        // The input, the choice; the map, the output once to choose and once to tell. (Quotients are the host's here.)
        assert_eq!(travels[0].0, [vec![2, 3, 4, 2], vec![2, 3, 4, 2]]);
        assert!([0, 2, 3, 5].iter().all(|&i| travels[i] == travels[0]), "{travels:?}");
    }
}

#[test]
fn several_places_cost_no_more_than_the_first() {
    let (model, x) = (Counting::default(), noise(100, &[2, 3, 4, 2]));
    HiResCam::at_all(["second", "first"]).analyze(&model, &x, Index([0, 1, 1])).unwrap();
    assert_eq!(model.taken(), ([1, 1, 1], [0, 1, 1]));
    Fem::at_all(["second", "first"]).analyze(&model, &x, Index([0, 1, 1])).unwrap();
    assert_eq!(model.taken(), ([1, 1, 1], [0, 0, 0]));
}

/// What needs no gradient runs forward, also where there is none.
#[test]
fn without_a_gradient_forward_only() {
    let model = Net::<B, _>::new(
        xai_core::nn::Sequential::new()
            .push_named("maps", ForwardOnly::<B, _>::new(|x: &T| x.mapv(f64::abs)))
            .push_named("head", ForwardOnly::<B, _>::new(|x: &T| x.sum_axis(Axis(2)))),
    );
    let x: ArrayD<f64> = noise(101, &[2, 3, 5]);
    let all: [&dyn Analyzer<_>; 3] = [&EigenCam::at("maps"), &Fem::at("maps"), &RandomCam::at("maps")];
    for analyzer in all {
        assert_eq!(Analyzer::analyze(&analyzer, &model, &x, Index(0)).unwrap().values.shape(), [2, 1, 5]);
    }
    let error = GradCam::at("maps").analyze(&model, &x, Index(0)).unwrap_err();
    assert!(matches!(error.root(), Error::NotDifferentiable { .. }), "{error}");
    assert!(error.to_string().contains("head"), "{error}");
    // A head with a gradient behind features without one is enough.
    let head = Function::<B, _, _>::new(
        |x: &T| x.sum_axis(Axis(2)),
        |x: &T, v: &T| v.clone().insert_axis(Axis(2)).broadcast(x.raw_dim()).unwrap().to_owned(),
    );
    let model = xai_core::Split::new(ForwardOnly::<B, _>::new(|x: &T| x.mapv(f64::abs)), head);
    GradCam.analyze(&model, &x, Index(0)).unwrap();
}
