//! candle_nn's layers: forward as candle's own, pullbacks against finite differences, weights untouched.

use candle_core::{DType, Module, ModuleT, Result, Tensor, Var};
use candle_nn::{
    Activation, BatchNorm, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d, ConvTranspose1dConfig,
    ConvTranspose2d, ConvTranspose2dConfig, Dropout, Embedding, GroupNorm, LayerNorm, Linear, PReLU, RNN, RmsNorm,
    VarBuilder, VarMap,
};
use xai_candle::{Candle, Host};
use xai_candle_tests::device;
use xai_core::nn::Sequential;
use xai_core::{Error, Graph, Layer};

use crate::finite_differences::{assert_close, numbers};

type Wrapped = xai_core::Tensor<Candle<f64>>;

/// The layer, written down for an input of this shape.
fn graph<'m, E: Host>(layer: &'m dyn Layer<Candle<E>>, shape: &[usize]) -> Graph<'m, Candle<E>> {
    Graph::trace(&[shape.to_vec()], |x| layer.trace(x[0].clone())).unwrap()
}

/// Compares the layer with candle's own forward pass, and its pullback with finite differences of that.
fn check(what: &str, layer: &dyn Layer<Candle<f64>>, forward: impl Fn(&Tensor) -> Result<Tensor>, shape: &[usize]) {
    let x = numbers(shape, 11);
    let expected = forward(&x).unwrap();
    let flat = expected.flatten_all().unwrap().to_vec1::<f64>().unwrap();
    let graph = graph(layer, shape);
    if let Some(shape) = graph.output_shape() {
        assert_eq!(shape, expected.dims(), "{what}");
    }
    let input = [Wrapped::new(x.clone())];
    let y = graph.forward(&input).unwrap();
    assert_eq!(y.shape(), expected.dims(), "{what}");
    // candle_nn's own norms and activations compute some constants in f32.
    assert_close(what, y.inner(), &flat, 1e-7);
    assert!(!y.inner().track_op(), "{what} left a tape");

    let (y, pull) = graph.vjp(&input, &[true], None).unwrap();
    assert_close(what, y.inner(), &flat, 1e-7);
    let v = numbers(expected.dims(), 12);
    let dx = pull.pull(&Wrapped::new(v.clone())).unwrap();
    assert_close(what, dx.inner(), &crate::finite_differences::gradient(&forward, &x, &v), 1e-6);
    assert!(!dx.inner().track_op(), "{what} left a tape");
    assert!(pull.pull(&Wrapped::new(numbers(&[1, 1, 1, 1, 1], 1))).is_err(), "{what} took any cotangent");
}

/// A weight that is a variable, as a `VarMap` has it.
fn weight(shape: &[usize], seed: u64) -> Tensor {
    Var::from_tensor(&numbers(shape, seed)).unwrap().as_tensor().clone()
}

#[test]
fn convolutions() {
    for (i, (padding, stride, dilation, groups)) in
        [(0, 1, 1, 1), (1, 2, 1, 2), (2, 1, 2, 1), (1, 3, 1, 4), (0, 2, 2, 4)].into_iter().enumerate()
    {
        let config = Conv2dConfig { padding, stride, dilation, groups, ..Conv2dConfig::default() };
        let bias = (i % 2 == 0).then(|| weight(&[8], 2));
        let conv = Conv2d::new(weight(&[8, 4 / groups, 3, 3], 1), bias.clone(), config);
        check(&format!("{config:?}"), &conv, |x| Module::forward(&conv, x), &[2, 4, 7, 6]);
        let graph = graph::<f64>(&conv, &[2, 4, 7, 6]);
        assert!(graph.nodes()[1].op().unwrap().is_affine(&[true]));
        assert_eq!(graph.placement().map(|p| p.dtype), Some(DType::F64));

        let config = Conv1dConfig { padding, stride, dilation, groups, ..Conv1dConfig::default() };
        let conv = Conv1d::new(weight(&[8, 4 / groups, 3], 3), bias, config);
        check(&format!("{config:?}"), &conv, |x| Module::forward(&conv, x), &[2, 4, 8]);
    }
}

#[test]
fn transposed_convolutions() {
    for (padding, output_padding, stride, dilation) in [(0, 0, 1, 1), (1, 1, 2, 1), (2, 0, 1, 2), (1, 2, 3, 2)] {
        let config = ConvTranspose2dConfig { padding, output_padding, stride, dilation };
        let conv = ConvTranspose2d::new(weight(&[3, 2, 3, 3], 1), Some(weight(&[2], 2)), config);
        check(&format!("{config:?}"), &conv, |x| Module::forward(&conv, x), &[2, 3, 4, 5]);
        for groups in [1, 2] {
            let config = ConvTranspose1dConfig { padding, output_padding, stride, dilation, groups };
            let conv = ConvTranspose1d::new(weight(&[4, 3, 3], 1), Some(weight(&[3 * groups], 2)), config);
            // candle itself mixes up the samples of a batch where there is neither padding nor dilation.
            let one_by_one = |x: &Tensor| {
                let samples: Vec<_> =
                    x.chunk(2, 0)?.iter().map(|x| Module::forward(&conv, x)).collect::<Result<_>>()?;
                Tensor::cat(&samples, 0)
            };
            check(&format!("{config:?}"), &conv, one_by_one, &[2, 4, 5]);
        }
    }
}

#[test]
fn linear_and_norms() {
    let linear = Linear::new(weight(&[4, 5], 1), Some(weight(&[4], 2)));
    check("linear", &linear, |x| Module::forward(&linear, x), &[2, 3, 5]);
    check("linear", &linear, |x| Module::forward(&linear, x), &[3, 5]);
    // candle's fast forms of these take no f64.
    let (w, b) = (weight(&[5], 1), weight(&[5], 2));
    let norm = LayerNorm::new(w.clone(), b.clone(), 1e-5);
    check("layer norm", &norm, |x| candle_nn::ops::layer_norm_slow(x, &w, &b, 1e-5), &[2, 3, 5]);
    let norm = LayerNorm::new_no_bias(weight(&[5], 1), 1e-3);
    check("layer norm without bias", &norm, |x| Module::forward(&norm, x), &[2, 3, 5]);
    let norm = LayerNorm::rms_norm(weight(&[5], 1), 1e-3);
    check("layer norm without mean", &norm, |x| Module::forward(&norm, x), &[2, 5]);
    let norm = RmsNorm::new(w.clone(), 1e-5);
    check("rms norm", &norm, |x| norm.forward_diff(x), &[2, 3, 5]);
    let norm = GroupNorm::new(weight(&[6], 1), weight(&[6], 2), 6, 3, 1e-5).unwrap();
    check("group norm", &norm, |x| Module::forward(&norm, x), &[2, 6, 3, 2]);
    let variance = numbers(&[3], 3).sqr().unwrap();
    let norm = BatchNorm::new(3, numbers(&[3], 4), variance.clone(), weight(&[3], 1), weight(&[3], 2), 1e-3).unwrap();
    check("batch norm", &norm, |x| norm.forward_t(x, false), &[2, 3, 4, 2]);
    let norm = BatchNorm::new_no_bias(3, numbers(&[3], 4), variance, 1e-3).unwrap();
    check("plain batch norm", &norm, |x| norm.forward_t(x, false), &[2, 3, 4]);
    check("dropout", &Dropout::new(0.5), |x| Ok(x.clone()), &[2, 3]);
}

#[test]
fn activations() {
    for f in [
        Activation::Gelu,
        Activation::NewGelu,
        Activation::GeluPytorchTanh,
        Activation::Relu,
        Activation::Relu2,
        Activation::Relu6,
        Activation::Silu,
        Activation::Swish,
        Activation::Sigmoid,
        Activation::HardSigmoid,
        Activation::HardSwish,
        Activation::Swiglu,
        Activation::Mish,
        Activation::Elu(0.7),
        Activation::LeakyRelu(0.1),
    ] {
        check(&format!("{f:?}"), &f, |x| Module::forward(&f, x), &[2, 3, 6]);
    }
    for (weight, scalar, shape) in [
        (weight(&[1], 1), true, vec![2, 3]),
        (weight(&[3], 1), false, vec![2, 3, 4]),
        (weight(&[2, 3], 1), false, vec![2, 3]),
    ] {
        let prelu = PReLU::new(weight, scalar);
        check("prelu", &prelu, |x| Module::forward(&prelu, x), &shape);
    }
    let zeros = Wrapped::new(Tensor::zeros(3, DType::F64, &device()).unwrap());
    for (f, slope) in [(Activation::Relu, 0.0), (Activation::Relu2, 0.0), (Activation::LeakyRelu(0.1), 0.1)] {
        let (_, pull) = graph(&f, &[3]).vjp(std::slice::from_ref(&zeros), &[true], None).unwrap();
        let ones = Wrapped::new(zeros.inner().ones_like().unwrap());
        assert_close("slope at 0", pull.pull(&ones).unwrap().inner(), &[slope; 3], 0.0);
    }
}

#[test]
fn recurrent_and_composed_layers() {
    let map = VarMap::new();
    let build = VarBuilder::from_varmap(&map, DType::F64, &device());
    let lstm = candle_nn::lstm(3, 4, candle_nn::LSTMConfig::default(), build.pp("lstm")).unwrap();
    check("lstm", &lstm, |x| lstm.states_to_tensor(&lstm.seq(x)?), &[2, 3, 3]);
    let gru = candle_nn::gru(3, 4, candle_nn::GRUConfig::default(), build.pp("gru")).unwrap();
    check("gru", &gru, |x| gru.states_to_tensor(&gru.seq(x)?), &[2, 3, 3]);
    let net = candle_nn::seq().add(Linear::new(weight(&[4, 3], 1), None)).add(Activation::Silu).add_fn(|x| x.sqr());
    check("sequential", &net, |x| Module::forward(&net, x), &[2, 3]);
    let func = candle_nn::func(|x| x.tanh()? * x);
    check("func", &func, |x| Module::forward(&func, x), &[2, 3]);
    let func = candle_nn::func_t(|x, train| if train { candle_core::bail!("training") } else { x.exp() });
    check("func_t", &func, |x| func.forward_t(x, false), &[2, 3]);
    check("closure", &|x: &Tensor| x.sqr(), |x| x.sqr(), &[2, 3]);
}

#[test]
fn an_embedding_runs_forward_and_is_explained_behind() {
    let table = weight(&[4, 3], 1);
    let embedding = Embedding::new(table.clone(), 3);
    let ids = |ids: &[f64]| [Wrapped::new(Tensor::new(ids, &device()).unwrap().reshape((1, ids.len())).unwrap())];
    let y = graph(&embedding, &[1, 2]).forward(&ids(&[3.0, 0.0])).unwrap();
    assert_eq!(y.shape(), [1, 2, 3]);
    let expected = Tensor::cat(&[table.get(3).unwrap(), table.get(0).unwrap()], 0).unwrap().to_vec1::<f64>().unwrap();
    assert_close("embedding", y.inner(), &expected, 0.0);
    for wrong in [4.0, -1.0, 0.5, f64::NAN] {
        let error = graph(&embedding, &[1, 1]).forward(&ids(&[wrong])).unwrap_err();
        assert!(matches!(error, Error::InvalidParameter { name: "id", .. }), "{error}");
    }
    // Nothing flows back to the choice, which is said and not taken for zeros.
    let (y, pull) = graph(&embedding, &[1, 2]).vjp(&ids(&[1.0, 2.0]), &[true], None).unwrap();
    let error = pull.pull(&y).unwrap_err();
    assert!(matches!(&error, Error::Detached { .. }) && error.to_string().contains("whole numbers"), "{error}");
    // What comes after it is a model of what it gave.
    let tanh = xai_core::nn::Activation::Tanh;
    let net = Sequential::<Candle<f64>>::new().push_named("embedding", embedding.clone()).push_named("tanh", tanh);
    let whole = graph(&net, &[1, 2]);
    let (choice, rest) = whole.split(whole.place("embedding").unwrap()).unwrap();
    let rows = choice.forward(&ids(&[1.0, 2.0])).unwrap();
    let (y, pull) = rest.vjp(std::slice::from_ref(&rows), &[true], None).unwrap();
    let flat = |t: &Wrapped| t.inner().flatten_all().unwrap().to_vec1::<f64>().unwrap();
    let expected: Vec<f64> = flat(&rows).iter().map(|row| (1.0 - row.tanh().powi(2)) * row.tanh()).collect();
    assert_close("behind an embedding", pull.pull(&y).unwrap().inner(), &expected, 1e-12);
}

#[test]
fn variables_are_neither_changed_nor_recorded() {
    let map = VarMap::new();
    let build = VarBuilder::from_varmap(&map, DType::F64, &device());
    let conv = candle_nn::conv2d(2, 3, 3, Conv2dConfig::default(), build.pp("conv")).unwrap();
    let norm = candle_nn::batch_norm(3, 1e-3, build.pp("norm")).unwrap();
    let net = candle_nn::seq().add(candle_nn::linear(4, 2, build.pp("linear")).unwrap());
    let snapshot = || {
        let vars = map.all_vars();
        let mut all: Vec<Vec<f64>> = vars.iter().map(|v| v.flatten_all().unwrap().to_vec1().unwrap()).collect();
        all.push(norm.running_mean().to_vec1().unwrap());
        all.push(norm.running_var().to_vec1().unwrap());
        all
    };
    let before = snapshot();
    let layers: [&dyn Layer<Candle<f64>>; 3] = [&conv, &norm, &net];
    let inputs = [[1, 2, 5, 5], [1, 3, 3, 3], [1, 1, 3, 4]].map(|shape| Wrapped::new(numbers(&shape, 5)));
    for (layer, x) in layers.into_iter().zip(inputs) {
        let (graph, x) = (graph(layer, &x.shape()), [x]);
        let (y, pull) = graph.vjp(&x, &[true], None).unwrap();
        assert!(!y.inner().track_op());
        assert!(!pull.pull(&y).unwrap().inner().track_op());
        assert!(!graph.forward(&x).unwrap().inner().track_op());
    }
    assert_eq!(before, snapshot());
}

#[test]
fn half_types_pass_through() {
    for dtype in [DType::F16, DType::BF16] {
        let w = numbers(&[4, 3, 3, 3], 1).to_dtype(dtype).unwrap();
        let conv = Conv2d::new(w, None, Conv2dConfig { padding: 1, ..Conv2dConfig::default() });
        let graph = graph::<f32>(&conv, &[1, 3, 4, 4]);
        assert_eq!(graph.placement().unwrap().dtype, dtype);
        let x = [xai_core::Tensor::<Candle>::new(numbers(&[1, 3, 4, 4], 2).to_dtype(dtype).unwrap())];
        let (y, pull) = graph.vjp(&x, &[true], None).unwrap();
        assert_eq!((y.inner().dtype(), y.shape()), (dtype, vec![1, 4, 4, 4]));
        let dx = pull.pull(&y).unwrap();
        assert_eq!((dx.inner().dtype(), dx.shape()), (dtype, vec![1, 3, 4, 4]));
        assert!(dx.download().unwrap().iter().all(|v| v.is_finite()));
    }
}
