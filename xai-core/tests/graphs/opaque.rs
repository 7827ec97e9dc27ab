//! Which model can do what: parts without a gradient, parts used twice, models shared by threads.

use std::cell::Cell;
use std::sync::Arc;

use ndarray::{Array2, Array4, ArrayD, Axis, Ix2, Ix4, array};
use xai_core::nn::{Activation, Flatten, Sequential};
use xai_core::{
    Analyzer, Differentiable, Error, ForwardOnly, Function, Given, GradCam, Gradient, Index, InputTimesGradient,
    IntegratedGradients, InterpolationAugmentation, Layer, MaxActivation, Net, NoiseAugmentation, Opaque, Quadrature,
    Result, SmoothGrad, Split, Tensor, Var, check_gradient,
};

use crate::models::differences::{conv, differences, linear, noise, output, relative_error};
use crate::models::{B, Chain, T};

fn images() -> Array4<f64> {
    noise(1, &[2, 1, 4, 4]).into_dimensionality::<Ix4>().unwrap()
}

fn head() -> Sequential<B> {
    Sequential::new()
        .push_named("act", Activation::Tanh)
        .push_named("flat", Flatten::default())
        .push_named("classes", linear(3, 3, 32))
}

/// The squares, without a gradient; it counts its passes.
fn counted(passes: &Cell<usize>) -> ForwardOnly<B, impl Fn(&T) -> T + '_> {
    ForwardOnly::new(|x: &T| {
        passes.set(passes.get() + 1);
        (x * x).into_shared()
    })
}

fn all<'a>() -> Vec<Box<dyn Analyzer<dyn Differentiable<Backend = B> + 'a> + 'a>> {
    let mut all: Vec<Box<dyn Analyzer<dyn Differentiable<Backend = B> + 'a> + 'a>> = vec![
        Box::new(Gradient),
        Box::new(InputTimesGradient),
        Box::new(SmoothGrad::new().n(3)),
        Box::new(IntegratedGradients::new().tolerance(0.1)),
        Box::new(NoiseAugmentation::new(IntegratedGradients::new().n(3), 2)),
        Box::new(InterpolationAugmentation::new(SmoothGrad::new().n(2), 3)),
    ];
    all.extend(Quadrature::ALL.map(|rule| Box::new(IntegratedGradients::new().n(4).quadrature(rule)) as _));
    all
}

#[test]
fn a_part_that_only_runs_forward_is_refused_by_name_before_any_pass() {
    let passes = Cell::new(0);
    let (first, stop, head) = (conv(2, 2, 1, 3), counted(&passes), head());
    let stage = Chain::new().layer("conv", &first).layer("stop", &stop);
    let model = Chain::new().layer("stage", &stage).layer("head", &head);
    let model: &dyn Differentiable<Backend = B> = &model;
    for analyzer in all() {
        let error = analyzer.analyze(model, &images(), Index(0)).unwrap_err();
        assert!(matches!(error.root(), Error::NotDifferentiable { .. }), "{error}");
        assert!(error.to_string().starts_with("in layer `stage`: in layer `stop`: "), "{error}");
        assert!(error.to_string().contains("`Function::new(forward, vjp)`"), "{error}");
    }
    let error = check_gradient(model, &images()).unwrap_err();
    assert!(error.to_string().starts_with("in layer `stage`: in layer `stop`: "), "{error}");
    // Grad-CAM too, where that part is behind the place.
    let before = || GradCam::at("stage.conv");
    let refused = [
        before().analyze(model, &images(), Index(0)).unwrap_err(),
        NoiseAugmentation::new(before(), 2).analyze(model, &images(), Index(0)).unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error.root(), Error::NotDifferentiable { .. }), "{error}");
        assert!(error.to_string().starts_with("in layer `stage`: in layer `stop`: "), "{error}");
    }
    assert_eq!(passes.get(), 0, "refused before any pass");
    // What needs no gradient of that part runs.
    for place in ["stage.stop", "stage", "head.act"] {
        assert_eq!(GradCam::at(place).analyze(model, &images(), Index(0)).unwrap().values.dim(), (2, 1, 4, 4));
    }
    assert_eq!(passes.get(), 3, "features run once");
}

#[test]
fn grad_cam_works_when_only_the_features_run_forward() {
    let passes = Cell::new(0);
    let hidden = Split::new(counted(&passes), head_of(16));
    let square = Function::<B, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    let open = Split::new(square, head_of(16));
    let map = GradCam.analyze(&hidden, &images(), MaxActivation).unwrap();
    assert_eq!(map.values, GradCam.analyze(&open, &images(), MaxActivation).unwrap().values);
    let noise = |model: &dyn xai_core::LayerSplit<Backend = B>| {
        NoiseAugmentation::new(GradCam, 4).std(0.2).analyze(model, &images(), MaxActivation).unwrap().values
    };
    assert_eq!(noise(&hidden), noise(&open));
    let error = Gradient.analyze(&hidden, &images(), Index(0)).unwrap_err();
    assert!(error.to_string().starts_with("in layer `features`: "), "{error}");
}

fn head_of(pixels: usize) -> Sequential<B> {
    Sequential::new().push(Activation::Tanh).push(Flatten::default()).push(linear(3, 3, pixels))
}

#[test]
fn a_part_without_a_gradient_on_a_given_input_is_no_obstacle() {
    /// The floor of what is given, times what is explained.
    struct Floors(ForwardOnly<B, fn(&T) -> T>);
    impl Differentiable for Floors {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            Ok((&x[0] * &x[1].layer("floor", &self.0)?).tanh())
        }
    }
    let model = Floors(ForwardOnly::new(|x: &T| x.mapv(f64::floor).into_shared()));
    let (x, given) = (array![[0.2, -0.4]], array![[1.5, 2.7]]);
    let (got, ()) = Gradient.analyze(&model, (&x, Given(&given)), Index(1)).unwrap().values;
    let slope = 2.0 * (1.0 - (-0.8_f64).tanh().powi(2));
    assert!((got - array![[0.0, slope]]).iter().all(|gap| gap.abs() < 1e-12));
    for rule in Quadrature::ALL {
        let path = IntegratedGradients::new().n(800).quadrature(rule);
        let gaps = path.analyze(&model, (&x, Given(&given)), Index(1)).unwrap().extras.completeness_gap.unwrap();
        assert!(gaps[0].abs() < 1e-3, "{rule}");
    }
    let error = Gradient.analyze(&model, (&x, &given), Index(1)).unwrap_err();
    assert!(error.to_string().starts_with("in layer `floor`: "), "{error}");
}

/// A part that is used twice, of operations or of code: (B, 3) to (B, 3).
struct Twice<L>(L);

impl<L: Layer<B>> Differentiable for Twice<L> {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let first = x[0].layer("first", &self.0)?;
        let second = (&first * 0.5 + &x[0]).layer("second", &self.0)?;
        Ok(second * first.sigmoid())
    }
}

#[test]
fn a_part_that_is_used_twice_is_right() {
    let x = noise(4, &[2, 3]);
    let part = || Sequential::<B>::new().push(linear(5, 3, 3)).push(Activation::Tanh);
    let bend = Function::<B, _, _>::new(|x: &T| x.mapv(f64::sin), |x: &T, v: &T| v * &x.mapv(f64::cos));
    fn check(model: &impl Differentiable<Backend = B>, x: &ArrayD<f64>) {
        let f = |x: &[ArrayD<f64>]| output(model, x).index_axis(Axis(1), 2).sum();
        let expected = differences(f, std::slice::from_ref(x), 0);
        let got = Gradient.analyze(model, x, Index(2)).unwrap().values;
        assert!(relative_error(&got, &expected) < 1e-8);
        assert!(check_gradient(model, x).unwrap().is_trusted());
        for rule in Quadrature::ALL {
            let path = IntegratedGradients::new().n(1000).quadrature(rule).analyze(model, x, Index(2)).unwrap();
            assert!(path.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 2e-3), "{rule}");
        }
        let places: Vec<String> = model.places(&[vec![2, 3]]).unwrap().into_iter().map(|place| place.name).collect();
        assert!(places.contains(&"first".into()) && places.contains(&"second".into()), "{places:?}");
    }
    check(&Twice(part()), &x);
    check(&Twice(Arc::new(part())), &x);
    check(&Twice(bend), &x);
    // One layer in two places of a sequence.
    let shared = Arc::new(part());
    check(&Twice(Sequential::new().push(Arc::clone(&shared)).push(Activation::Gelu).push(shared)), &x);
}

#[test]
fn threads_share_a_model() {
    let model: Arc<Sequential<B>> = Arc::new(
        Sequential::new()
            .push(conv(2, 2, 1, 3))
            .push_named("maps", Activation::Gelu)
            .push(Flatten::default())
            .push(linear(3, 3, 32)),
    );
    let run = |model: &Arc<Sequential<B>>| -> Vec<ArrayD<f64>> {
        let mut analyzers: Vec<Box<dyn Analyzer<Arc<Sequential<B>>>>> = vec![
            Box::new(Gradient),
            Box::new(SmoothGrad::new().n(4)),
            Box::new(GradCam::at("maps")),
            Box::new(NoiseAugmentation::new(GradCam::at("maps"), 3).std(0.1)),
        ];
        analyzers.extend(Quadrature::ALL.map(|rule| Box::new(IntegratedGradients::new().n(5).quadrature(rule)) as _));
        let values = analyzers.iter().map(|by| by.analyze(model, &images(), MaxActivation).unwrap().values.into_dyn());
        values.collect()
    };
    let expected = run(&model);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let model = Arc::clone(&model);
            std::thread::spawn(move || run(&model))
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), expected);
    }
    let alone: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| run(&model))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(alone.iter().all(|values| *values == expected));
}

#[test]
fn code_that_said_its_shape_keeps_to_it() {
    struct Liar;
    impl Layer<B> for Liar {
        fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
            let forward = |x: &[Tensor<B>]| Ok(x[0].clone());
            let vjp = move |x: &[Tensor<B>]| Ok((x[0].clone(), xai_core::Pullback::new(|v| Ok(v.clone()))));
            let y = x.within("liar", || {
                Ok(x.opaque(Opaque::with_vjp(forward, vjp).shaped(|x| Ok(vec![x[0][0], x[0][1] + 1]))))
            })?;
            assert_eq!(y.shape()?, [2, 4]);
            Ok(y)
        }
    }
    let (model, x) = (Net::<B, _>::new(Liar), noise(1, &[2, 3]).into_dimensionality::<Ix2>().unwrap());
    let refused: Vec<Error> = vec![
        Gradient.analyze(&model, &x, Index(0)).unwrap_err(),
        model.forward(&Tensor::new(x.clone().into_dyn().into_shared())).unwrap_err(),
    ];
    for error in refused {
        let words = "in layer `liar`: output of the code: expected shape [2, 4], got [2, 3]";
        assert_eq!(error.to_string(), words);
    }
    let asked: Array2<f64> = x;
    // Code that says nothing has no shape to ask for.
    struct Asks(ForwardOnly<B, fn(&T) -> T>);
    impl Layer<B> for Asks {
        fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
            let y = x.layer("code", &self.0)?;
            let rows = y.shape()?[0];
            Ok(y.reshape(&[rows, 3]))
        }
    }
    let model = Net::<B, _>::new(Asks(ForwardOnly::new(|x: &T| x.clone())));
    let error = Gradient.analyze(&model, &asked, Index(0)).unwrap_err();
    assert!(matches!(error.root(), Error::Opaque { .. }), "{error}");
}
