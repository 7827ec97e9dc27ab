//! Places where the rows are not the samples', and there happen to be as many.

use ndarray::{Array3, Axis};
use xai_core::nn::{Activation, Linear};
use xai_core::{
    Analyzer, AtLayer, Crp, DeepLift, Differentiable, EigenCam, Error, GradCam, Gradient, HiResCam, Index,
    InputTimesGradient, IntegratedGradients, InternalInfluence, LayerConductance, Lrp, NoiseAugmentation,
    OverReferences, Result, SmoothGrad, UpTo, Var,
};

use crate::models::differences::{linear, noise};
use crate::models::{B, Hidden};

/// Tokens (B, T, E), the tokens first inside: `inside` is (T, B, E), `joined` is (T, B · E), and `behind` has the
/// samples first again.
struct Turned {
    first: Linear<B>,
    last: Linear<B>,
    /// Refuses other batches than this one.
    only: Option<usize>,
}

fn turned() -> Turned {
    Turned { first: linear(1, 5, 4), last: linear(2, 3, 5), only: None }
}

impl Differentiable for Turned {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let x = Var::only(x)?;
        let (samples, tokens) = (x.shape()?[0], x.shape()?[1]);
        if self.only.is_some_and(|only| only != samples) {
            return Err(Error::Unsupported { analyzer: "Turned".into(), reason: "it takes one size".into() });
        }
        let inside = x.permute(&[1, 0, 2]).layer("embed", &self.first)?.layer("inside", &Activation::Gelu)?;
        let joined = inside.within("joined", || Ok(inside.reshape(&[tokens, samples * 5])))?.tanh();
        let turned = joined.reshape(&[tokens, samples, 5]).permute(&[1, 0, 2]);
        let behind = turned.layer("behind", &Activation::Tanh)?;
        behind.mean(&[1]).flatten(1, -1).layer("classes", &self.last)
    }
}

fn words(samples: usize) -> Array3<f64> {
    noise(4, &[samples, 3, 4]).into_dimensionality().unwrap()
}

fn analyzers<M: Differentiable<Backend = B>>(place: &str) -> Vec<Box<dyn Analyzer<M>>> {
    vec![
        Box::new(AtLayer::new(Gradient, place)),
        Box::new(AtLayer::new(IntegratedGradients::new().n(4), place)),
        Box::new(AtLayer::new(DeepLift::new(), place)),
        Box::new(AtLayer::new(Lrp::default(), place)),
        Box::new(AtLayer::new(SmoothGrad::new().n(2), place)),
        Box::new(OverReferences::new(AtLayer::new(DeepLift::new(), place), &words(1))),
        Box::new(NoiseAugmentation::new(AtLayer::new(Gradient, place), 3).std(0.1)),
        Box::new(LayerConductance::at(place).n(3)),
        Box::new(InternalInfluence::at(place).n(3)),
        Box::new(GradCam::at(place)),
        Box::new(HiResCam::at(place)),
        Box::new(EigenCam::at(place)),
    ]
}

#[test]
fn rows_of_tokens_are_refused_however_many_there_are() {
    for samples in [1, 2, 3, 4] {
        for place in ["inside", "joined"] {
            let (model, x) = (turned(), words(samples).into_dyn());
            for analyzer in analyzers::<Turned>(place) {
                let shapes = [x.shape().to_vec()];
                let before = analyzer.check(&model, &xai_core::Inputs { shapes: &shapes, explained: &[true] });
                let error = analyzer.analyze(&model, &x, Index(1)).unwrap_err().to_string();
                assert!(error.contains(&format!("a row for each of {samples} samples, batch axis first")), "{error}");
                assert!(error.contains(place) && error.contains("name a place before or behind that"), "{error}");
                assert_eq!(before.unwrap_err().to_string(), error, "{}", analyzer.name());
            }
        }
    }
}

#[test]
fn where_the_samples_are_first_again_each_has_its_own() {
    let (model, x) = (turned(), words(3));
    for analyzer in analyzers::<Turned>("behind") {
        let all = analyzer.analyze(&model, &x, Index(1)).unwrap().values;
        for sample in 0..3 {
            let alone = analyzer.analyze(&model, &x.select(Axis(0), &[sample]), Index(1)).unwrap().values;
            let gap = all.select(Axis(0), &[sample]) - alone;
            assert!(gap.iter().all(|gap| gap.abs() < 1e-12), "{}", analyzer.name());
        }
    }
}

#[test]
fn what_cannot_be_told_goes_on() {
    // Of code nothing is known, and of a network of one size no other is asked.
    let (model, x) = (turned(), words(3));
    assert!(GradCam::at("inside").analyze(&Turned { only: Some(3), ..turned() }, &x, Index(1)).is_ok());
    let gradient = Gradient.analyze(&Hidden(&model), &x, Index(1)).unwrap().values;
    assert_eq!(gradient.shape(), [3, 3, 4]);
    // Of one sample and one token there is one row, and of copies there are several.
    let one = noise(4, &[1, 1, 4]).into_dimensionality::<ndarray::Ix3>().unwrap();
    let layer = AtLayer::new(InputTimesGradient, "inside").analyze(&model, &one, Index(1)).unwrap();
    assert_eq!(layer.values.shape(), [1, 1, 5]);
    let copies = AtLayer::new(IntegratedGradients::new().n(4), "inside").analyze(&model, &one, Index(1)).unwrap_err();
    assert!(copies.to_string().contains("a row for each of"), "{copies}");
}

#[test]
fn channels_are_not_counted_along_the_samples() {
    let model = turned();
    for samples in [1, 3] {
        let x = words(samples);
        for crp in [Crp::default().condition("inside", &[0]), Crp::default().condition("joined", &[0])] {
            let error = crp.analyze(&model, &x, Index(1)).unwrap_err().to_string();
            assert!(error.starts_with("axis = 1 is not possible: it is that of the samples at"), "{error}");
        }
        // Each sample has its own relevance, and the channels all of it.
        let along = |channels: &[usize]| {
            let crp = Crp::default().condition_along(2, "inside", channels);
            crp.analyze(&model, &x, Index(1)).unwrap().values
        };
        let all = Lrp::default().analyze(&model, &x, Index(1)).unwrap().values;
        let gap = along(&[0, 2]) + along(&[1, 3, 4]) - all;
        assert!(gap.iter().all(|gap| gap.abs() < 1e-9));
    }
}

#[test]
fn an_output_with_other_rows_in_front_is_refused() {
    let model = turned();
    let inside = UpTo::new(&model, "inside");
    // Of 3 samples and 3 tokens, row 1 is what is at token 1 of all samples.
    assert_eq!(inside.predict(words(3).view().into_dyn()).unwrap().shape(), [3, 3, 5]);
    for samples in [2, 3, 4] {
        let error = Gradient.analyze(&inside, &words(samples), Index([1, 2])).unwrap_err().to_string();
        assert!(error.contains("model output") && error.contains("batch axis first"), "{error}");
    }
    assert!(Gradient.analyze(&UpTo::new(&model, "behind"), &words(3), Index([1, 2])).is_ok());
}
