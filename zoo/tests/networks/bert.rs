//! The encoder of words.

use ndarray::{ArrayD, Axis, s};
use xai::{Analyzer, Error, Given, GradCam, Gradient, Index, IntegratedGradients, Quadrature, Tensor};
use xai_zoo::networks::{Encoder, seeded_bert};

use crate::cases::{Truth, build, class, distance, explain, inputs, of_class, output, tensors};
use crate::checks::is_that_of_differences;

fn encoder() -> Encoder<Truth> {
    Encoder::load(&seeded_bert(0).unwrap().at("encoder")).unwrap()
}

/// What the ids are embedded as, moved as they are.
fn words(inputs: &[ArrayD<f64>]) -> ArrayD<f64> {
    let weights = seeded_bert::<Truth>(0).unwrap();
    let table = weights.array("words.weight").unwrap();
    let mut words = inputs[1].clone();
    for ((sample, word), &id) in inputs[0].view().into_dimensionality::<ndarray::Ix2>().unwrap().indexed_iter() {
        let mut moved = words.slice_mut(s![sample, word, ..]);
        moved += &table.index_axis(Axis(0), id as usize);
    }
    words
}

#[test]
fn nothing_comes_back_to_what_is_masked() {
    let (model, inputs) = (build::<Truth>("bert", || ()), inputs("bert", 3));
    let gradient = explain("bert", &model, &Gradient, &inputs).values;
    for ((sample, word), open) in inputs[2].view().into_dimensionality::<ndarray::Ix2>().unwrap().indexed_iter() {
        let some = gradient.slice(s![sample, word, ..]).iter().any(|&v| v != 0.0);
        assert_eq!(some, *open == 1.0, "word {word} of sample {sample}");
    }
}

/// The embedding is a place that the mask goes around: its gradient is that of what is added to it, and that of the
/// encoder alone, at what the ids are embedded as.
#[test]
fn the_gradient_at_the_embedding() {
    let (model, inputs) = (build::<Truth>("bert", || ()), inputs("bert", 3));
    let (found, words) = (explain("bert", &model, &Gradient, &inputs), words(&inputs));
    let graph = model.graph(&inputs.iter().map(|input| input.shape().to_vec()).collect::<Vec<_>>()).unwrap();
    let (kept, pull) = graph.keeping(&[graph.place("words").unwrap()]).vjp_kept(&tensors(&inputs)).unwrap();
    assert!(distance(&(kept.values[0].download().unwrap() + &inputs[1]), &words) < 1e-15);
    let mut one = ArrayD::zeros(kept.output.shape());
    one.index_axis_mut(Axis(1), class("bert")[0]).fill(1.0);
    let there = pull.pull_all(&Tensor::new(one.into_shared())).unwrap()[0].as_ref().unwrap().download().unwrap();
    assert!(distance(&there, &found.values) < 1e-14);
    let alone = Gradient.analyze(&encoder(), (&words, Given(&inputs[2])), Index(class("bert"))).unwrap();
    assert!(distance(&found.output, &alone.output) < 1e-14);
    assert!(distance(&found.values, &alone.values.0) < 1e-14);
    is_that_of_differences("the encoder alone", &alone.values.0, &words, |words| {
        let model: xai::BoxModel<'static, Truth> = Box::new(encoder());
        of_class("bert", &output(&model, &[words.clone(), inputs[2].clone()])).iter().sum()
    });
}

#[test]
fn paths_are_complete() {
    let (model, inputs) = (build::<Truth>("bert", || ()), inputs("bert", 3));
    for rule in Quadrature::ALL {
        let gap = |n| {
            let gaps = explain("bert", &model, &IntegratedGradients::new().n(n).quadrature(rule), &inputs).gaps;
            gaps.unwrap().iter().fold(0.0, |most: f64, gap| most.max(gap.abs()))
        };
        assert!(gap(1000) < 2e-3 && gap(1000) < gap(5), "{rule}: {} {}", gap(5), gap(1000));
    }
}

/// A path from words that are not there: what is added to them begins at minus what they are embedded as.
#[test]
fn a_path_from_no_words_is_that_of_the_encoder_alone() {
    let (model, mut inputs) = (build::<Truth>("bert", || ()), inputs("bert", 3));
    inputs[1].fill(0.0);
    let words = words(&inputs);
    for rule in Quadrature::ALL {
        let path = IntegratedGradients::new().n(6).quadrature(rule).chunk(5);
        let shift = explain("bert", &model, &path.clone().reference(&words.mapv(|v| -v)), &inputs).values;
        let alone = path.analyze(&encoder(), (&words, Given(&inputs[2])), Index(class("bert"))).unwrap();
        assert!(distance(&shift, &alone.values.0) < 1e-12, "{rule}");
    }
}

#[test]
fn it_is_cut_behind_the_last_use_of_the_mask() {
    let (model, inputs) = (encoder(), inputs("bert", 2));
    let cam = |place: &str| GradCam::at(place).analyze(&model, (&inputs[1], Given(&inputs[2])), Index(1));
    assert_eq!(cam("layer1").unwrap().values.0.shape(), [2, 1, 4]);
    // The mask goes around all that comes before.
    for place in ["layer0", "norm", "layer1.attention"] {
        let error = cam(place).unwrap_err();
        assert!(matches!(&error, Error::BypassedPlace { known, .. } if known.contains(&"layer1".into())), "{error}");
    }
    let error = cam("layer2").unwrap_err();
    assert!(matches!(&error, Error::UnknownPlace { known, .. } if known.contains(&"layer1".into())), "{error}");
}
