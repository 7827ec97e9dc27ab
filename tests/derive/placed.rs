//! Where inputs go: what the layers know, or what the model says.

use ndarray::array;
use xai::{
    Analyzer, Differentiable, Explainable, Gradient, Layer, LayerSplit, MaxActivation, Pullback, Result, Tensor,
};

use crate::layers::Scale;
use crate::probe::{Card, Place, Probe};

/// The identity, with weights somewhere: it refuses inputs from elsewhere.
struct At(u8);

impl Layer<Probe> for At {
    fn forward(&self, x: &Tensor<Probe>) -> Result<Tensor<Probe>> {
        assert_eq!(x.placement(), Place(self.0));
        Ok(x.clone())
    }
    fn vjp(&self, x: &Tensor<Probe>) -> Result<(Tensor<Probe>, Pullback<'_, Probe>)> {
        Ok((self.forward(x)?, Pullback::new(|v| Ok(v.clone()))))
    }
    fn placement(&self) -> Option<Place> {
        Some(Place(self.0))
    }
}

#[derive(Explainable)]
#[explainable(backend = Probe)]
struct Known<L>(#[explainable(features)] Scale, #[explainable(adaptation)] L);

#[test]
fn a_part_that_does_not_know_takes_what_the_other_knows() {
    let net = Known(Scale(2.0), At(5));
    assert_eq!(Differentiable::placement(&net), Place(5));
    assert_eq!(net.features().placement(), Place(5));
    assert_eq!(net.adaptation().placement(), Place(5));
    let why = Gradient.analyze(&net, &array![[1.0, 3.0]], MaxActivation).unwrap();
    assert_eq!(why.values, array![[0.0, 2.0]]);
}

#[test]
fn a_layer_that_does_not_know_says_so() {
    let unknown = Known(Scale(2.0), Scale(3.0));
    assert_eq!(Layer::placement(&unknown), None);
    assert_eq!(Differentiable::placement(&unknown), Place(0));
    // So a model that it is a field of asks its next layer.
    let outer = Known(Scale(1.0), Known(Scale(1.0), At(7)));
    assert_eq!(Layer::placement(&outer), Some(Place(7)));
}

#[test]
fn parts_that_know_keep_their_own() {
    #[derive(Explainable)]
    #[explainable(backend = Probe)]
    struct Spread(#[explainable(features)] At, #[explainable(adaptation)] At);

    let net = Spread(At(1), At(2));
    assert_eq!(net.features().placement(), Place(1));
    assert_eq!(net.adaptation().placement(), Place(2));
    assert_eq!(Differentiable::placement(&net), Place(1));
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
    assert_eq!(Differentiable::placement(&net), Place(9));
    assert_eq!(net.features().placement(), Place(9));
    assert_eq!(net.adaptation().placement(), Place(9));
    assert_eq!(Layer::placement(&net), Some(Place(9)));
    let why = Gradient.analyze(&net, &array![[1.0, 3.0]], MaxActivation).unwrap();
    assert_eq!(why.values, array![[0.0, 6.0]]);
}
