//! A branch that candle's tape cuts in silence is an error.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_nn::LayerNorm;
use ndarray::{Array2, array};
use xai_candle::{Candle, ops, without_guard};
use xai_core::{Analyzer, Differentiable, Error, Given, Gradient, Index, Net, Opaque, SmoothGrad, Var, check_gradient};

fn numbers(shape: &[usize], seed: f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let numbers: Vec<f64> = (0..count).map(|i| ((i as f64 + 1.0) * (seed + 1.618)).sin()).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap()
}

fn input(rows: usize, columns: usize, seed: f64) -> Array2<f32> {
    let numbers = numbers(&[rows, columns], seed).flatten_all().unwrap().to_vec1().unwrap();
    Array2::from_shape_vec((rows, columns), numbers).unwrap()
}

#[test]
fn a_skip_around_what_cuts_is_refused() {
    let norm = LayerNorm::new(numbers(&[6], 0.2), numbers(&[6], 0.5), 1e-5);
    let weight = numbers(&[6, 6], 0.9);
    let cuts: [(&str, Box<dyn Fn(&Tensor) -> Result<Tensor>>); 3] = [
        ("layer norm", Box::new(|x| x + Module::forward(&norm, x)?.matmul(&weight)?)),
        ("softmax", Box::new(|x| x + candle_nn::ops::softmax_last_dim(x)?.affine(6.0, 0.0)?)),
        ("detach", Box::new(|x| x + x.detach().sqr()?)),
    ];
    for (name, cut) in &cuts {
        let model = Net::<Candle, _>::new(cut);
        for x in [input(1, 6, 0.0), input(5, 6, 0.3)] {
            for error in [
                Gradient.analyze(&model, &x, Index(1)).unwrap_err(),
                SmoothGrad::new().n(6).analyze(&model, &x, Index(1)).unwrap_err(),
            ] {
                assert!(matches!(error.root(), Error::WrongGradient { .. }), "{name}: {error}");
                for part in
                    ["LayerNorm", "use xai::candle::nn as candle_nn", "xai patch-candle", "docs/candle-models.md"]
                {
                    assert!(error.to_string().contains(part), "{name}, {part}: {error}");
                }
            }
            // The word that turns it off: the skip's gradient alone.
            let silent = without_guard(|| Gradient.analyze(&model, &x, Index(1))).unwrap().values;
            assert_eq!(silent.row(0), array![0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
            Gradient.analyze(&model, &x, Index(1)).unwrap_err();
        }
        assert!(!check_gradient(&model, &input(1, 6, 0.0)).unwrap().is_trusted(), "{name}");
    }
    let right = Net::<Candle, _>::new(|x: &Tensor| x + ops::layer(&norm, x)?.matmul(&weight)?);
    Gradient.analyze(&right, &input(1, 6, 0.0), Index(1)).unwrap();
}

/// a / 100 + b / 2 + tanh(b): the last way is cut where it is said.
struct Two {
    cut: bool,
}

impl Differentiable for Two {
    type Backend = Candle;
    fn trace<'m>(&'m self, x: &[Var<'m, Candle>]) -> xai_core::Result<Var<'m, Candle>> {
        let code = move |x: &[&Tensor]| {
            let way = if self.cut { x[1].detach() } else { x[1].clone() };
            (x[0].affine(0.01, 0.0)? + x[1].affine(0.5, 0.0)?)? + way.tanh()?
        };
        let code = Opaque::recorded(move |x: &[&Tensor]| code(x).map_err(|error| Error::backend("candle", error)));
        Ok(x[0].opaque_with(code, &[&x[1]]))
    }
}

#[test]
fn of_several_inputs_each_is_compared() {
    for rows in [1, 3] {
        // Of other sizes, and of one that is not explained.
        let (a, b) = (input(rows, 6, 0.0).mapv(|a| 100.0 * a), input(rows, 6, 0.3));
        let (right, cut) = (Two { cut: false }, Two { cut: true });
        let why = Gradient.analyze(&right, (&a, &b), Index(1)).unwrap();
        assert!(why.values.1[[0, 1]] > 0.5);
        let refused = |found: xai_core::Result<()>| {
            let error = found.unwrap_err();
            assert!(matches!(error.root(), Error::WrongGradient { .. }), "{rows}: {error}");
        };
        refused(Gradient.analyze(&cut, (&a, &b), Index(1)).map(drop));
        refused(Gradient.analyze(&cut, (Given(&a), &b), Index(1)).map(drop));
        // Ids are not moved: no gradient comes to them.
        let ids = Array2::from_shape_fn((rows, 6), |(row, i)| (row + i) as f32);
        Gradient.analyze(&Chosen, (&a, Given(&ids)), Index(1)).unwrap();
    }
}

/// a · (1 + the whole part of b), which no change of b moves but where it jumps.
struct Chosen;

impl Differentiable for Chosen {
    type Backend = Candle;
    fn trace<'m>(&'m self, x: &[Var<'m, Candle>]) -> xai_core::Result<Var<'m, Candle>> {
        let code = |x: &[&Tensor]| x[0] * (x[1].floor()? + 1.0)?;
        let code = Opaque::recorded(move |x: &[&Tensor]| code(x).map_err(|error| Error::backend("candle", error)));
        Ok(x[0].opaque_with(code, &[&x[1]]))
    }
}

/// x + f(x), the second way cut where it is said, counting how often it is run.
struct Skip<F> {
    f: F,
    cut: AtomicBool,
    runs: AtomicUsize,
}

impl<F: Fn(&Tensor) -> Result<Tensor>> Skip<F> {
    fn new(f: F) -> Self {
        Skip { f, cut: AtomicBool::new(false), runs: AtomicUsize::new(0) }
    }
    /// How many passes a gradient of this input takes.
    fn passes(&self, explain: impl FnOnce()) -> usize {
        let before = self.runs.load(Relaxed);
        explain();
        self.runs.load(Relaxed) - before
    }
}

impl<F: Fn(&Tensor) -> Result<Tensor>> Module for Skip<F> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.runs.fetch_add(1, Relaxed);
        let way = (self.f)(x)?;
        x + if self.cut.load(Relaxed) { way.detach() } else { way }
    }
}

#[test]
fn a_model_that_was_found_right_is_still_compared() {
    let weight = numbers(&[6, 6], 0.9);
    let skip = Skip::new(|x: &Tensor| (x.matmul(&weight)? * 0.5)?.tanh());
    let net = xai_candle::model(&skip);
    let gradient = |rows| drop(Gradient.analyze(&net, &input(rows, 6, 0.0), Index(1)).unwrap());
    // The recorded pass, and the directions.
    assert_eq!(skip.passes(|| gradient(1)), 3);
    assert_eq!(skip.passes(|| gradient(1)), 2);
    assert_eq!(skip.passes(|| gradient(2)), 3, "another shape");
    assert_eq!(skip.passes(|| gradient(2)), 2);
    let unnamed = Net::<Candle, _>::new(|x: &Tensor| skip.forward(x));
    for _ in 0..2 {
        assert_eq!(skip.passes(|| drop(Gradient.analyze(&unnamed, &input(1, 6, 0.0), Index(1)).unwrap())), 3);
    }
    skip.cut.store(true, Relaxed);
    let is_refused = |seed: &u32| match Gradient.analyze(&net, &input(1, 6, f64::from(*seed)), Index(1)) {
        Ok(_) => false,
        Err(error) => matches!(error.root(), Error::WrongGradient { .. }),
    };
    // One direction sees it but for some times in tens.
    let refused = (0..20).filter(is_refused).count();
    assert!(refused >= 17, "{refused}");
}

#[test]
fn code_that_bends_everywhere_takes_a_dozen_passes_once() {
    let weight = numbers(&[64, 64], 0.7);
    // A step of the differences is some third of a wave.
    let skip = Skip::new(|x: &Tensor| x.affine(3000.0, 0.0)?.sin()?.affine(0.01, 0.0)?.matmul(&weight));
    let net = xai_candle::model(&skip);
    let gradient = || drop(Gradient.analyze(&net, &input(1, 64, 0.0), Index(1)).unwrap());
    let first = skip.passes(gradient);
    assert!((14..=15).contains(&first), "{first}");
    assert_eq!(skip.passes(gradient), 2);
}

/// Around these inputs the waves are odd: there and back agree with each other, and not with the gradient.
#[test]
fn what_a_long_comparison_finds_right_is_asked_once() {
    let weight = numbers(&[64, 64], 0.7);
    let skip = Skip::new(|x: &Tensor| x.affine(3000.0, 0.0)?.sin()?.affine(0.01, 0.0)?.matmul(&weight));
    let net = xai_candle::model(&skip);
    let x = Array2::from_shape_fn((1, 64), |(_, j)| (std::f64::consts::TAU * (100 + 17 * j) as f64 / 3000.0) as f32);
    let gradient = || drop(Gradient.analyze(&net, &x, Index(1)).unwrap());
    let first = skip.passes(gradient);
    assert!(first > 15, "{first}");
    assert_eq!(skip.passes(gradient), 2);
}

/// One of many kinds of right code, at inputs of several sizes.
fn right(kind: usize, seed: f64) -> Box<dyn Fn(&Tensor) -> Result<Tensor>> {
    let (first, second) = (numbers(&[8, 16], seed), numbers(&[16, 4], seed + 0.4));
    let kernel = numbers(&[3, 1, 3], seed + 0.7);
    Box::new(move |x| match kind {
        0 => x.matmul(&first)?.tanh()?.matmul(&second),
        1 => x.matmul(&first)?.relu()?.matmul(&second),
        2 => ops::softmax(&x.matmul(&first)?.relu()?.matmul(&second)?, -1),
        3 => x.matmul(&first)?.gelu_erf()?.matmul(&second)? + x.narrow(1, 0, 4)?.sqr()?,
        4 => x.unsqueeze(1)?.conv1d(&kernel, 1, 1, 1, 1)?.relu()?.flatten_from(1),
        5 => x.matmul(&first)?.sin()?.matmul(&second)?.exp()?.affine(1e-3, 0.0),
        6 => x.matmul(&first)?.affine(30.0, 0.0)?.tanh()?.matmul(&second),
        7 => x.broadcast_div(&x.sqr()?.sum_keepdim(1)?.affine(1.0, 1e-3)?.sqrt()?),
        8 => x.matmul(&first)?.relu()?.matmul(&first.t()?)?.relu()?.matmul(&first)?.relu()?.matmul(&second),
        _ => candle_nn::ops::sigmoid(&x.matmul(&first)?.affine(20.0, 0.0)?)?.matmul(&second),
    })
}

fn alarms(models: usize) -> Vec<String> {
    let mut alarms = Vec::new();
    for model in 0..models {
        let seed = model as f64 * 0.37;
        let size = [1.0, 0.01, 255.0][model / 10 % 3];
        let x = input([1, 3][model / 30 % 2], 8, seed + 0.11).mapv(|v| v * size);
        let net = Net::<Candle, _>::new(right(model % 10, seed));
        if let Err(error) = Gradient.analyze(&net, &x, Index(model % 4)) {
            alarms.push(format!("{model}: {error}"));
        }
    }
    alarms
}

#[test]
fn right_code_is_never_refused() {
    assert_eq!(alarms(1000), Vec::<String>::new());
}
