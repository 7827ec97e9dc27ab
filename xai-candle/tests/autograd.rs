//! The user's own forward code on candle's tape.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use candle_core::{DType, Module, ModuleT, Result, Tensor, Var};
use candle_nn::{LayerNorm, RmsNorm};
use ndarray::{Array2, array};
use xai_candle::{Candle, model, module, ops};
use xai_candle_tests::device;
use xai_core::nn::{Activation, Concatenate, Flatten, Narrow, Permute, Reduce, Reduction, Reshape, Scale};
use xai_core::{
    Analyzer, Backend, Differentiable, Error, Given, Gradient, Index, IntegratedGradients, MaxActivation, Net, Op,
    Opaque, check_gradient,
};

fn weight(shape: &[usize], from: f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let numbers: Vec<f64> = (0..count).map(|i| (i as f64 * 0.7 + from).sin()).collect();
    Tensor::from_vec(numbers, shape, &device()).unwrap().to_dtype(DType::F32).unwrap()
}

fn gradient_of(f: impl Fn(&Tensor) -> Result<Tensor>) -> xai_core::Result<Array2<f32>> {
    let model = Net::<Candle, _>::new(f).at(device());
    Gradient.analyze(&model, &array![[0.5f32, -1.0, 2.0]], Index(0)).map(|why| why.values)
}

#[test]
fn a_closure_is_differentiated() {
    let gradient = gradient_of(|x| x.sqr()?.sum_keepdim(1)).unwrap();
    assert_eq!(gradient, array![[1.0, -2.0, 4.0]]);
}

#[test]
fn cut_paths_are_errors_with_causes() {
    let norm = LayerNorm::new(weight(&[3], 0.0), weight(&[3], 1.0), 1e-5);
    let rms = RmsNorm::new(weight(&[3], 0.0), 1e-5);
    let fixed = Var::from_tensor(&weight(&[3, 3], 2.0)).unwrap();
    let cuts: [(&str, Box<dyn Fn(&Tensor) -> Result<Tensor>>); 6] = [
        ("layer norm", Box::new(|x| Module::forward(&norm, x))),
        ("rms norm", Box::new(|x| Module::forward(&rms, x))),
        ("softmax_last_dim", Box::new(candle_nn::ops::softmax_last_dim)),
        ("detach", Box::new(|x| x.detach().sqr())),
        // The output is tracked, but by the weight alone.
        ("detach before a variable", Box::new(|x| x.detach().matmul(&fixed))),
        ("numbers", Box::new(|x| Tensor::new(x.to_vec2::<f32>()?, &device()))),
    ];
    for (name, cut) in cuts {
        let error = gradient_of(cut).unwrap_err();
        assert!(matches!(error, Error::Detached { .. }), "{name}: {error}");
        assert!(error.to_string().contains("LayerNorm"), "{name}: {error}");
    }
    let func = Net::<Candle, _>::new(candle_nn::func(|x| Module::forward(&norm, x))).at(device());
    let x = xai_core::Tensor::<Candle>::new(weight(&[1, 3], 4.0));
    let error = func.vjp(&x).unwrap_err();
    assert!(matches!(error, Error::Detached { .. }), "{error}");
    // Forward needs no gradient.
    assert_eq!(func.forward(&x).unwrap().shape(), [1, 3]);
}

#[test]
fn the_twins_of_ops_mend_the_path() {
    let (w, b) = (weight(&[3], 0.3), weight(&[3], 1.0));
    let norm = LayerNorm::new(w.clone(), b.clone(), 1e-5);
    let by_layer = gradient_of(|x| ops::layer(&norm, x)).unwrap();
    let by_hand = gradient_of(|x| ops::layer_norm(x, &w, Some(&b), 1e-5)).unwrap();
    assert_eq!(by_layer, by_hand);
    let mended = Net::<Candle, _>::new(|x: &Tensor| ops::softmax(&ops::layer(&norm, x)?.sqr()?, -1)).at(device());
    assert!(check_gradient(&mended, &array![[0.5f32, -1.0, 2.0]]).unwrap().is_trusted());
}

#[test]
fn errors_of_the_users_code_come_back() {
    let error = gradient_of(|_| candle_core::bail!("out of cheese")).unwrap_err();
    assert!(error.to_string().contains("out of cheese"), "{error}");
    let error = gradient_of(|x| ops::softmax(x, 7)).unwrap_err();
    assert!(error.to_string().contains("axis"), "{error}");
}

struct Tanh {
    weight: Var,
}

impl ModuleT for Tanh {
    fn forward_t(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        if train { candle_core::bail!("not in training") } else { x.matmul(&self.weight)?.tanh() }
    }
}

#[test]
fn a_module_is_a_model_and_its_variables_stay() {
    let net = Tanh { weight: Var::from_tensor(&weight(&[3, 2], 0.0)).unwrap() };
    let before = net.weight.to_vec2::<f32>().unwrap();
    let net = model(net).at(device());
    let input = array![[0.5f32, -1.0, 2.0], [1.0, 0.0, 0.25]];
    let why = IntegratedGradients::new().n(64).analyze(&net, &input, MaxActivation).unwrap();
    let gap = why.extras.completeness_gap.unwrap();
    assert!(gap.iter().all(|g| g.abs() < 0.05), "{gap:?}");
    assert!(check_gradient(&net, &input).unwrap().is_trusted());
    let after = net.into_inner().into_inner().into_inner().weight.to_vec2::<f32>().unwrap();
    assert_eq!(before, after);
}

#[test]
fn a_module_is_a_layer() {
    let linear = candle_nn::Linear::new(weight(&[2, 3], 0.0), None);
    let own = Net::<Candle, _>::new(module(linear.clone()));
    let ours = Net::<Candle, _>::new(linear);
    let input = array![[0.5f32, -1.0, 2.0]];
    let [a, b] = [
        Gradient.analyze(&own, &input, Index(1)).unwrap().values,
        Gradient.analyze(&ours, &input, Index(1)).unwrap().values,
    ];
    assert_eq!(a, b);
}

#[test]
fn placements_are_kept() {
    for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
        let net = model(|x: &Tensor| x.sqr()).at((device(), dtype));
        let seen = Net::<Candle, _>::new(move |x: &Tensor| {
            assert_eq!(x.dtype(), dtype);
            x.sqr()
        })
        .at((device(), dtype));
        let input = array![[0.5f32, -1.0]];
        for why in [Gradient.analyze(&net, &input, Index(0)), Gradient.analyze(&seen, &input, Index(0))] {
            assert_eq!(why.unwrap().values, array![[1.0, 0.0]]);
        }
    }
    let error = Gradient.analyze(&model(|x: &Tensor| x.sqr()).at(DType::U8), &array![[1f32]], Index(0)).unwrap_err();
    assert!(matches!(error, Error::InvalidParameter { name: "dtype", .. }), "{error}");
}

#[test]
fn models_can_be_shared_between_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    check(&model(candle_nn::Linear::new(weight(&[2, 3], 0.0), None)).at(device()));
}

/// y = a · eᵇ, and a third input that it does not read.
struct Gated;

impl Differentiable for Gated {
    type Backend = Candle;
    fn trace<'m>(&'m self, x: &[xai_core::Var<'m, Candle>]) -> xai_core::Result<xai_core::Var<'m, Candle>> {
        let code = Opaque::recorded(|x: &[&Tensor]| {
            x[1].exp().and_then(|gate| x[0] * gate).map_err(|error| Error::backend("candle", error))
        });
        Ok(x[0].opaque_with(code, &[&x[1], &x[2]]))
    }
}

#[test]
fn code_of_several_inputs_is_differentiated_to_each() {
    let [a, b, c] = [array![[2.0f32]], array![[0.5f32]], array![[7.0f32]]];
    let why = Gradient.analyze(&Gated, (&a, &b, Given(&c)), Index(0)).unwrap();
    let gate = 0.5f32.exp();
    for (got, expected) in [(why.values.0[[0, 0]], gate), (why.values.1[[0, 0]], 2.0 * gate)] {
        assert!((got - expected).abs() < 1e-6, "{got} {expected}");
    }
    let graph = Gated.graph(&[vec![1, 1], vec![1, 1], vec![1, 1]]).unwrap();
    let inputs =
        [&a, &b, &c].map(|x| xai_core::Tensor::<Candle>::upload(x.view().into_dyn(), &device().into()).unwrap());
    let (y, pull) = graph.vjp(&inputs, &[true, true, true], None).unwrap();
    // Nothing of the output is the third one's.
    let parts = pull.pull_all(&y).unwrap();
    assert_eq!(parts.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn the_vocabulary_is_right_on_the_tape() {
    let linear = xai_core::nn::Linear::<Candle>::new(xai_core::Tensor::new(weight(&[2, 3], 0.0)), None).unwrap();
    for op in [
        Op::from(Activation::Power { exponent: 2.0 }),
        Reshape { shape: vec![3, 1] }.into(),
        Permute { order: vec![1, 0] }.into(),
        Narrow { axis: 1, start: 1, len: 2 }.into(),
        Flatten { start: 0, end: -1 }.into(),
        Scale { scale: 2.0, shift: -1.0 }.into(),
        Concatenate { axis: 1 }.into(),
        Reduce { of: Reduction::Sum, axes: vec![1] }.into(),
        Reduce { of: Reduction::Mean, axes: vec![0, 1] }.into(),
        Reduce { of: Reduction::Max, axes: vec![1] }.into(),
        linear.into(),
    ] {
        let x = xai_core::Tensor::<Candle>::new(weight(&[1, 3], 0.4));
        let (y, pull) = Candle::vjp(&op, &[&x], &[true]).unwrap();
        let var = Var::from_tensor(x.inner()).unwrap();
        let taped = ops::apply(op.clone(), &var).unwrap();
        let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!((taped.dims(), flat(&taped)), (y.inner().dims(), flat(y.inner())), "{op:?}");
        let found = (&taped * y.inner()).unwrap().sum_all().unwrap().backward().unwrap();
        assert_eq!(flat(found.get(&var).unwrap()), flat(pull.pull(&y).unwrap().inner()), "{op:?}");
    }
}
