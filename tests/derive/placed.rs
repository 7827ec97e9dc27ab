//! Where inputs go: what the layers know, or what the model says.

use ndarray::array;
use xai::{
    Analyzer, Differentiable, Explainable, Gradient, Layer, MaxActivation, Opaque, Pullback, Result, Tensor, Var,
};

use crate::layers::Scale;
use crate::probe::{Card, Place, Probe};

/// The identity, with weights somewhere: it refuses inputs from elsewhere.
struct At(u8);

impl Layer<Probe> for At {
    fn trace<'m>(&'m self, x: Var<'m, Probe>) -> Result<Var<'m, Probe>> {
        let same = |x: &[Tensor<Probe>]| {
            assert_eq!(x[0].placement(), Place(self.0));
            Ok(x[0].clone())
        };
        let code = Opaque::with_vjp(same, move |x| Ok((same(x)?, Pullback::new(|v| Ok(v.clone())))));
        Ok(x.opaque(code.placed(Some(Place(self.0)))))
    }
}

/// Where the inputs of a model go.
fn place(model: &impl Differentiable<Backend = Probe>) -> Option<Place> {
    model.graph(&[vec![1, 2]]).unwrap().placement()
}

#[derive(Explainable)]
#[explainable(backend = Probe)]
struct Known<L>(#[explainable(features)] Scale, #[explainable(adaptation)] L);

#[test]
fn a_layer_that_does_not_know_takes_what_another_knows() {
    let net = Known(Scale(2.0), At(5));
    assert_eq!(place(&net), Some(Place(5)));
    let why = Gradient.analyze(&net, &array![[1.0, 3.0]], MaxActivation).unwrap();
    assert_eq!(why.values, array![[0.0, 2.0]]);
}

#[test]
fn a_model_that_does_not_know_says_so() {
    let unknown = Known(Scale(2.0), Scale(3.0));
    assert_eq!(place(&unknown), None);
    assert_eq!(unknown.placement_for(&[vec![1, 2]]).unwrap(), Place(0));
    // So a model that it is a field of asks its next layer.
    let outer = Known(Scale(1.0), Known(Scale(1.0), At(7)));
    assert_eq!(place(&outer), Some(Place(7)));
}

#[test]
fn the_first_that_knows_says_where() {
    #[derive(Explainable)]
    #[explainable(backend = Probe)]
    struct Spread(#[explainable(features)] At, #[explainable(adaptation)] At);

    assert_eq!(place(&Spread(At(1), At(2))), Some(Place(1)));
}

#[test]
fn a_named_method_overrides_what_the_layers_say() {
    #[derive(Explainable)]
    #[explainable(backend = Probe, placement = Self::card)]
    struct Moved {
        #[explainable(features)]
        stem: Scale,
        #[explainable(adaptation)]
        head: Scale,
        card: Card,
    }
    impl Moved {
        fn card(&self) -> Card {
            self.card
        }
    }

    let net = Moved { stem: Scale(2.0), head: Scale(3.0), card: Card(9) };
    assert_eq!(net.placement(), Some(Place(9)));
    assert_eq!(place(&net), Some(Place(9)));
    let why = Gradient.analyze(&net, &array![[1.0, 3.0]], MaxActivation).unwrap();
    assert_eq!(why.values, array![[0.0, 6.0]]);
    // And it counts inside of another model.
    let outer = Known(Scale(1.0), net);
    assert_eq!(place(&outer), Some(Place(9)));
}
