//! What seldom happens: rows that are not the samples, unused inputs, wrong pullbacks, axes named twice, sizes that
//! cannot be counted.

use std::cell::{Cell, RefCell};

use ndarray::{Array2, Array3, ArrayD, arr0, array};
use xai_core::nn::{Activation, Concat, Dropout, Flatten, Linear, Sequential};
use xai_core::{
    Analyzer, AtLayer, Attribution, Call, Contrast, Differentiable, Error, Given, GradCam, Gradient, Graph, Index,
    IntegratedGradients, Kind, MaxActivation, Net, NoiseAugmentation, Op, Opaque, OutputSelector, Pullback, Quadrature,
    Result, Rules, Selection, Site, SmoothGrad, Tensor, Var, WayBack,
};

use crate::models::differences::{linear, noise};
use crate::models::{B, Hidden};

/// Tokens (B, T, D) whose first layer sees the batch elsewhere than in front.
struct Tokens {
    first: Linear<B>,
    second: Linear<B>,
    merged: bool,
}

fn tokens(merged: bool) -> Tokens {
    Tokens { first: linear(2, 5, 4), second: linear(3, 2, 5), merged }
}

impl Differentiable for Tokens {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let x = Var::only(x)?;
        let shape = x.shape()?;
        let (samples, tokens) = (shape[0], shape[1]);
        let turned = if self.merged { x.reshape(&[samples * tokens, shape[2]]) } else { x.permute(&[1, 0, 2]) };
        let y = turned.layer("first", &self.first)?.tanh().layer("second", &self.second)?;
        let back = if self.merged { y.reshape(&[samples, tokens, 2]) } else { y.permute(&[1, 0, 2]) };
        Ok(back.mean(&[1]).flatten(1, -1))
    }
}

fn words(samples: usize) -> Array3<f64> {
    noise(1, &[samples, 3, 4]).into_dimensionality().unwrap()
}

#[test]
fn averages_are_right_where_the_affine_start_has_other_rows() {
    for merged in [false, true] {
        for samples in [1, 2, 3] {
            let (model, x) = (tokens(merged), words(samples));
            // Nobody looks into this one, so that it has no affine start.
            let hidden = Hidden(&model);
            let smooth = SmoothGrad::new().n(3);
            let [a, b] = [smooth.analyze(&model, &x, Index(0)), smooth.analyze(&hidden, &x, Index(0))];
            close(&a.unwrap().values, &b.unwrap().values);
            for quadrature in [Quadrature::GaussLegendre, Quadrature::EndpointMean, Quadrature::Trapezoid] {
                let path = IntegratedGradients::new().n(4).quadrature(quadrature);
                let [a, b] = [path.analyze(&model, &x, Index(0)), path.analyze(&hidden, &x, Index(0))];
                close(&a.unwrap().values, &b.unwrap().values);
            }
        }
    }
}

fn close(a: &Array3<f64>, b: &Array3<f64>) {
    assert!((a - b).iter().all(|d| d.abs() < 1e-12), "{a}\n{b}");
}

#[test]
fn a_map_without_the_samples_rows_is_refused() {
    for merged in [false, true] {
        let (model, x) = (tokens(merged), words(2));
        let cam = GradCam::at("first").analyze(&model, &x, Index(0)).unwrap_err();
        let layer = AtLayer::new(Gradient, "first").analyze(&model, &x.clone().into_dyn(), Index(0));
        assert!(cam.to_string().contains("a row for each of 2 samples"), "{cam}");
        assert!(layer.is_err());
    }
}

/// Lets nothing negative back through a linear layer that a tanh reads.
struct BeforeTanh;

impl Rules<B> for BeforeTanh {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        let is_tanh = |site: Site<'_, '_, B>| site.op().and_then(Op::as_activation) == Some(Activation::Tanh);
        matches!(site.op(), Some(Op::Linear(_))) && site.reader().is_some_and(is_tanh)
    }
    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        let (y, pull) = site.vjp(inputs)?;
        Ok((y, Pullback::new(move |v| pull.pull(&v.relu()?))))
    }
}

impl<M: Differentiable<Backend = B> + ?Sized> Analyzer<M> for BeforeTanh {
    fn name(&self) -> String {
        "BeforeTanh".into()
    }
    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }
    fn way_back(&self) -> Option<WayBack<'_, B>> {
        Some(WayBack::Rules(&BeforeTanh))
    }
    fn attribute(&self, model: &M, call: &Call<'_, B>) -> Result<Attribution<B>> {
        call.one_way_back(model, WayBack::Rules(&BeforeTanh))
    }
}

#[test]
fn a_rule_that_asks_the_reader_is_the_same_under_a_wrapper() {
    let net = Sequential::new().push(linear(1, 4, 3)).push(Activation::Tanh).push(linear(2, 2, 4));
    let x = array![[0.3, -0.2, 0.5]];
    let plain = BeforeTanh.analyze(&net, &x, Index(0)).unwrap().values;
    let same = NoiseAugmentation::new(BeforeTanh, 2).std(0.0).analyze(&net, &x, Index(0)).unwrap().values;
    let gradient = Gradient.analyze(&net, &x, Index(0)).unwrap().values;
    assert!((&plain - &same).iter().all(|d| d.abs() < 1e-15), "{plain} {same}");
    assert!((&plain - &gradient).iter().any(|d| d.abs() > 1e-3), "the rule changes something");
}

/// Notes what is said of the only node that reads a relu.
#[derive(Default)]
struct Reader(Cell<Option<(Vec<bool>, bool)>>);

impl Rules<B> for Reader {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        if let Some(reader) = site.reader() {
            self.0.set(Some((reader.wanted().to_vec(), reader.is_affine())));
        }
        false
    }
    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        site.vjp(inputs)
    }
}

#[test]
fn a_reader_is_told_of_as_a_site_of_its_own() {
    struct Scaled(Tensor<B>);
    impl Differentiable for Scaled {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            Ok(x[0].relu() * x[0].constant(self.0.clone()))
        }
    }
    let (x, scale) = (noise(1, &[1, 3]), noise(2, &[1, 3]));
    let model = Scaled(Tensor::upload(scale.view(), &()).unwrap());
    let (graph, reader) = (model.graph(&[vec![1, 3]]).unwrap(), Reader::default());
    graph.vjp(&[Tensor::upload(x.view(), &()).unwrap()], &[true], Some(&reader)).unwrap();
    assert_eq!(reader.0.take(), Some((vec![true, false], true)));
}

#[test]
fn an_input_that_nothing_needs_may_come_behind_the_place() {
    struct First;
    impl Differentiable for First {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            Ok(x[0].layer("dropout", &Dropout { p: 0.1 })?.tanh())
        }
    }
    let (x, unused) = (array![[0.3, -0.2]], array![[1.0, 1.0]]);
    let inputs = (&x, Given(&unused));
    let found = AtLayer::new(Gradient, "dropout").analyze(&First, inputs, Index(0)).unwrap().values;
    let right = 1.0 - 0.3_f64.tanh().powi(2);
    assert!((found.0[[0, 0]] - right).abs() < 1e-15 && found.0[[0, 1]] == 0.0, "{}", found.0);

    let both = AtLayer::new(Gradient, "dropout").analyze(&First, (&x, &unused), Index(0)).unwrap_err();
    assert!(matches!(both, Error::Unsupported { .. }), "{both}");
}

#[test]
fn parts_of_a_pullback_are_checked() {
    /// Code with a pullback of one part too few, or of another shape.
    struct Wrong(bool);
    impl Differentiable for Wrong {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let few = self.0;
            let vjp = move |x: &[Tensor<B>]| {
                let part = move |v: &Tensor<B>| if few { Ok(v.clone()) } else { v.narrow(1, 0, 1) };
                let parts = move |v: &Tensor<B>| Ok(vec![Some(part(v)?); if few { 1 } else { 2 }]);
                Ok((x[0].add(&x[1])?, Pullback::of_all(parts)))
            };
            let sum = Opaque::with_vjp(|x: &[Tensor<B>]| x[0].add(&x[1]), vjp);
            x[0].within("sum", || Ok(x[0].relu().opaque_with(sum, &[&x[0]])))
        }
    }
    let x = array![[0.3, 0.2]];
    let few = Gradient.analyze(&Wrong(true), &x, Index(0)).unwrap_err();
    assert!(few.to_string().contains("one for each") && few.to_string().contains("sum"), "{few}");
    let other = Gradient.analyze(&Wrong(false), &x, Index(0)).unwrap_err();
    assert!(other.to_string().contains("expected shape [1, 2], got [1, 1]"), "{other}");
}

#[test]
fn an_axis_named_twice_is_refused() {
    struct Twice;
    impl Differentiable for Twice {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            Ok(x[0].mean(&[1, 1]))
        }
    }
    let error = Twice.predict(array![[1.0, 2.0, 3.0]].view().into_dyn()).unwrap_err();
    assert!(error.to_string().contains("axis 1 is named twice"), "{error}");
}

#[test]
fn sizes_that_cannot_be_counted_are_refused() {
    let huge = [vec![1, usize::MAX, 2]];
    assert!(Net::<B, _>::new(Flatten::default()).places(&huge).is_err());
    let twice = Concat::<B>::new().push(Activation::Relu).push(Activation::Relu);
    assert!(Net::<B, _>::new(twice).places(&huge).is_err());
}

#[test]
fn an_output_without_a_batch_axis_is_refused() {
    let scalar = arr0(1.0).into_dyn();
    for refused in [
        OutputSelector::<f64>::select(&Contrast(0, 1), scalar.view()),
        OutputSelector::<f64>::select(&MaxActivation, scalar.view()),
    ] {
        assert!(matches!(refused, Err(Error::InvalidShape { .. })), "{refused:?}");
    }
    let one = Selection::weights(&scalar);
    assert_eq!((one.samples(), one.weights_of_sums().unwrap()), (1, ArrayD::ones(vec![1])));
}

#[test]
fn a_value_that_outlives_its_graph_is_refused() {
    let kept = RefCell::new(None);
    Graph::<B>::trace(&[vec![1, 2]], |x| {
        kept.replace(Some(x[0].clone()));
        Ok(x[0].relu())
    })
    .unwrap();
    let kept = kept.take().unwrap();
    assert!(kept.relu().shape().is_err());
}

#[test]
fn a_path_asks_for_no_pass_beside_its_points() {
    /// Counts the rows that it computes.
    #[derive(Default)]
    struct Counted(Cell<usize>);
    impl Differentiable for Counted {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let square = |x: &[Tensor<B>]| {
                self.0.set(self.0.get() + x[0].shape()[0]);
                x[0].mul(&x[0])
            };
            let vjp = move |x: &[Tensor<B>]| {
                let twice = x[0].scale(2.0)?;
                Ok((square(x)?, Pullback::new(move |v: &Tensor<B>| v.mul(&twice))))
            };
            Ok(x[0].opaque(Opaque::with_vjp(square, vjp).shaped(|s| Ok(s[0].to_vec()))).sum(&[1]))
        }
    }
    let (model, x): (Counted, Array2<f64>) = (Counted::default(), noise(1, &[6, 3]).into_dimensionality().unwrap());
    let path = IntegratedGradients::new().n(4).chunk(2);
    NoiseAugmentation::new(path, 2).chunk(6).analyze(&model, &x, Index(0)).unwrap();
    // Two copies of six samples, four points of each, and the six samples themselves, of which one output is chosen.
    assert_eq!(model.0.get(), 2 * 6 * 4 + 6);
}
