//! An encoder of words: embedded inputs with a mask, and ids.

use ndarray::{Array2, Array3, ArrayD, Axis, Ix3, array, concatenate};
use xai_core::nn::{Embedding, LayerNorm, Linear};
use xai_core::{
    Analyzer, Differentiable, Error, Given, GradCam, Gradient, Ids, Index, IntegratedGradients, NoiseAugmentation,
    Quadrature, Result, SmoothGrad, Var, Weight,
};

use crate::forward_code::attention::{Block, block, layer_norm};
use crate::models::B;
use crate::models::differences::{differences, linear, noise, output, relative_error, weight};

const WIDTH: usize = 4;
const WORDS: usize = 5;

struct Encoder {
    positions: Weight<B>,
    norm: LayerNorm<B>,
    layers: Vec<Block>,
    pooler: Linear<B>,
    classes: Linear<B>,
}

fn encoder() -> Encoder {
    Encoder {
        positions: weight(1, &[WORDS, WIDTH]).into(),
        norm: layer_norm(2, WIDTH),
        layers: vec![block(10, WIDTH, 2), block(30, WIDTH, 2)],
        pooler: linear(50, WIDTH, WIDTH),
        classes: linear(51, 2, WIDTH),
    }
}

impl Encoder {
    /// Words (B, T, WIDTH), and a mask (B, T) of ones where there are any.
    fn of<'m>(&'m self, words: &Var<'m, B>, mask: &Var<'m, B>) -> Result<Var<'m, B>> {
        let shape = words.shape()?;
        let hidden = (mask.reshape(&[shape[0], 1, 1, shape[1]]) - 1.0) * 1e4;
        let mut x = (words + words.constant(self.positions.clone())).layer("norm", &self.norm)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = x.within(format!("layer{i}"), || layer.masked(&x, Some(&hidden)))?;
        }
        x.narrow(1, 0, 1).flatten(1, -1).layer("pooler", &self.pooler)?.tanh().layer("classes", &self.classes)
    }
}

impl Differentiable for Encoder {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        self.of(&x[0], &x[1])
    }
}

/// Ids (B, T), embedded, with what is added to them, and the mask.
struct OfIds {
    words: Embedding<B>,
    encoder: Encoder,
}

impl Differentiable for OfIds {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let embedded = x[0].layer("words", &self.words)? + &x[1];
        x[0].within("encoder", || self.encoder.of(&embedded, &x[2]))
    }
}

fn words(batch: usize) -> Array3<f64> {
    noise(60, &[batch, WORDS, WIDTH]).into_dimensionality::<Ix3>().unwrap()
}

fn mask(batch: usize) -> Array2<f64> {
    let all = array![[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0, 0.0]];
    all.select(Axis(0), &(0..batch).collect::<Vec<_>>())
}

fn class_1(y: &ArrayD<f64>) -> f64 {
    y.index_axis(Axis(1), 1).sum()
}

#[test]
fn the_gradient_by_differences_and_nothing_of_what_is_masked() {
    let model = encoder();
    for batch in [1, 3] {
        let (x, mask) = (words(batch), mask(batch));
        let inputs = [x.clone().into_dyn(), mask.clone().into_dyn()];
        let expected = differences(|x| class_1(&output(&model, x)), &inputs, 0);
        let (got, ()) = Gradient.analyze(&model, (&x, Given(&mask)), Index(1)).unwrap().values;
        let error = relative_error(&got.clone().into_dyn(), &expected);
        assert!(error < 1e-6, "{error}");
        for ((sample, word), open) in mask.indexed_iter() {
            let some = got.slice(ndarray::s![sample, word, ..]).iter().any(|&v| v != 0.0);
            assert_eq!(some, *open == 1.0, "word {word} of sample {sample}");
        }
    }
}

#[test]
fn a_batch_equals_its_samples() {
    let (model, x, mask) = (encoder(), words(3), mask(3));
    let analyzers = |chunk: usize| -> Vec<Box<dyn Analyzer<Encoder>>> {
        let path = |rule| IntegratedGradients::new().n(4).quadrature(rule).chunk(chunk);
        vec![
            Box::new(Gradient),
            Box::new(SmoothGrad::new().n(5).std(0.2).chunk(chunk)),
            Box::new(path(Quadrature::EndpointMean)),
            Box::new(path(Quadrature::Secant)),
            Box::new(NoiseAugmentation::new(path(Quadrature::Secant), 2).std(0.1).chunk(chunk)),
            Box::new(NoiseAugmentation::new(GradCam::at("layer1"), 3).std(0.1).chunk(chunk)),
        ]
    };
    for which in 0..analyzers(1).len() {
        let row = |i: usize| (x.select(Axis(0), &[i]), mask.select(Axis(0), &[i]));
        let alone = [0, 1, 2].map(|i| {
            let (x, mask) = row(i);
            analyzers(8)[which].analyze(&model, (&x, Given(&mask)), Index(1)).unwrap().values.0
        });
        let alone = concatenate(Axis(0), &alone.each_ref().map(|a| a.view())).unwrap();
        for chunk in [1, 2, 5, 64] {
            let all = analyzers(chunk)[which].analyze(&model, (&x, Given(&mask)), Index(1)).unwrap();
            let error = relative_error(&all.values.0.into_dyn(), &alone.clone().into_dyn());
            assert!(error < 1e-10, "{} in chunks of {chunk}: {error}", all.analyzer);
        }
    }
}

#[test]
fn paths_are_complete() {
    let (model, x, mask) = (encoder(), words(3), mask(3));
    for rule in Quadrature::ALL {
        let gap = |n| {
            let path = IntegratedGradients::new().n(n).quadrature(rule);
            let gaps = path.analyze(&model, (&x, Given(&mask)), Index(1)).unwrap().extras.completeness_gap.unwrap();
            gaps.iter().fold(0.0, |most: f64, gap| most.max(gap.abs()))
        };
        assert!(gap(1000) < 2e-3 && gap(1000) < gap(5), "{rule}: {} {}", gap(5), gap(1000));
    }
}

#[test]
fn it_is_cut_behind_the_last_use_of_the_mask() {
    let (model, x, mask) = (encoder(), words(2), mask(2));
    let cam = |place: &str| GradCam::at(place).analyze(&model, (&x, Given(&mask)), Index(1));
    assert_eq!(cam("layer1").unwrap().values.0.dim(), (2, 1, WIDTH));
    // The mask goes around all that comes before.
    for place in ["layer0", "norm", "layer1.attention"] {
        let error = cam(place).unwrap_err();
        assert!(matches!(&error, Error::BypassedPlace { known, .. } if known.contains(&"layer1".into())), "{error}");
    }
    let error = cam("layer2").unwrap_err();
    assert!(matches!(&error, Error::UnknownPlace { known, .. } if known.contains(&"layer1".into())), "{error}");
}

#[test]
fn ids_and_what_is_added_to_them() {
    let model = OfIds { words: Embedding::new(weight(70, &[9, WIDTH])).unwrap(), encoder: encoder() };
    let tokens = array![[1_i64, 8, 0, 3, 3], [2, 2, 7, 0, 0], [5, 4, 0, 0, 0]];
    let (zeros, mask) = (Array3::<f64>::zeros((3, WORDS, WIDTH)), mask(3));
    let inputs = (Ids(&tokens), &zeros, Given(&mask));
    let why = Gradient.analyze(&model, inputs, Index(1)).unwrap();
    let ((), got, ()) = why.values;
    let given = [tokens.mapv(|id| id as f64).into_dyn(), zeros.clone().into_dyn(), mask.clone().into_dyn()];
    let expected = differences(|x| class_1(&output(&model, x)), &given, 1);
    assert!(relative_error(&got.clone().into_dyn(), &expected) < 1e-6);
    // The same as the encoder alone, at what the ids are embedded as.
    let table = noise(70, &[9, WIDTH]) * (3.0 / WIDTH as f64).sqrt();
    let embedded = Array3::from_shape_fn((3, WORDS, WIDTH), |(b, t, d)| table[[tokens[[b, t]] as usize, d]]);
    let alone = Gradient.analyze(&model.encoder, (&embedded, Given(&mask)), Index(1)).unwrap();
    assert!(relative_error(&why.output, &alone.output) < 1e-12);
    assert!(relative_error(&got.into_dyn(), &alone.values.0.into_dyn()) < 1e-12);
    // A path from words that are not there: minus what they are embedded as.
    let reference = embedded.mapv(|v| -v);
    for rule in Quadrature::ALL {
        let path = IntegratedGradients::new().n(6).quadrature(rule).chunk(5);
        let from = path.clone().reference(&reference);
        let ((), shift, ()) = from.analyze(&model, (Ids(&tokens), &zeros, Given(&mask)), Index(1)).unwrap().values;
        let (whole, ()) = path.analyze(&model.encoder, (&embedded, Given(&mask)), Index(1)).unwrap().values;
        assert!(relative_error(&shift.into_dyn(), &whole.into_dyn()) < 1e-10, "{rule}");
    }
}
