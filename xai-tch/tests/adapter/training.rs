//! A network is trained by the code that explains it: as by libtorch's own forward code.

use tch::nn::{self, Module};
use tch::{Device, Tensor as Torch};
use xai_core::nn::{Conv1d, Conv3d, Dropout, Lstm, PRelu, RecurrentWeights, Sequential};
use xai_core::{Analyzer, Differentiable, Error, EvaluationMode, Gradient, Index, Net as One, Result, Var};
use xai_tch::train_forward;

use crate::differences::{Torch64, numbers, upload};

struct Net {
    conv: nn::Conv2D,
    norm: nn::BatchNorm,
    row: nn::Conv1D,
    volume: nn::Conv3D,
    table: nn::Embedding,
    tokens: nn::LayerNorm,
    head: nn::Linear,
}

impl Net {
    fn new(p: &nn::Path<'_>) -> Self {
        Net {
            conv: nn::conv2d(p / "conv", 2, 3, 3, Default::default()),
            norm: nn::batch_norm2d(p / "norm", 3, Default::default()),
            row: nn::conv1d(p / "row", 3, 4, 2, Default::default()),
            volume: nn::conv3d(p / "volume", 1, 2, 2, nn::ConvConfig { padding: 1, ..Default::default() }),
            table: nn::embedding(p / "table", 5, 4, Default::default()),
            tokens: nn::layer_norm(p / "tokens", vec![4], Default::default()),
            head: nn::linear(p / "head", 4, 2, Default::default()),
        }
    }

    /// By libtorch alone.
    fn forward(&self, image: &Torch, ids: &Torch) -> Torch {
        let maps = image.apply(&self.conv).apply_t(&self.norm, false).relu();
        let row = maps.flatten(2, -1).apply(&self.row).permute([0, 2, 1]);
        let tokens = self.table.forward(&ids.to_kind(tch::Kind::Int64));
        let weights = row.matmul(&tokens.transpose(1, 2)).softmax(2, None);
        let mixed = weights.matmul(&tokens) + row;
        let volume = mixed.unsqueeze(1).unsqueeze(1).apply(&self.volume).mean_dim([1i64, 2, 3].as_slice(), false, None);
        volume.narrow(1, 0, 4).tanh().apply(&self.tokens).apply(&self.head)
    }
}

impl Differentiable for Net {
    type Backend = Torch64;
    fn trace<'m>(&'m self, x: &[Var<'m, Torch64>]) -> Result<Var<'m, Torch64>> {
        let [image, ids] = x else { panic!("two inputs") };
        let maps = image.layer("conv", &self.conv)?.layer("norm", &self.norm)?.relu();
        let [batch, channels, rows, columns] = <[usize; 4]>::try_from(maps.shape()?).unwrap();
        let row = maps.reshape(&[batch, channels, rows * columns]).layer("row", &self.row)?.permute(&[0, 2, 1]);
        let tokens = ids.layer("table", &self.table)?;
        let weights = row.matmul(&tokens.permute(&[0, 2, 1])).softmax(2);
        let mixed = weights.matmul(&tokens) + row;
        let [batch, length, width] = <[usize; 3]>::try_from(mixed.shape()?).unwrap();
        let volume = mixed.reshape(&[batch, 1, 1, length, width]).layer("volume", &self.volume)?;
        let volume = volume.mean(&[1, 2, 3]);
        let width = volume.shape()?[4];
        let flat = volume.reshape(&[batch, width]).narrow(1, 0, 4).layer("code", &tanh)?;
        flat.layer("tokens", &self.tokens)?.layer("head", &self.head)
    }
}

fn tanh(x: &Torch) -> Torch {
    x.tanh()
}

#[test]
fn weights_and_inputs_get_libtorchs_own_gradient() {
    let mut store = nn::VarStore::new(Device::Cpu);
    let net = Net::new(&store.root());
    store.double();
    let image = upload(&numbers(&[2, 2, 4, 4], 1)).into_inner();
    let ids = Torch::from_slice(&[0.0, 3.0, 1.0, 4.0, 2.0, 2.0]).reshape([2, 3]);
    let run = |forward: &dyn Fn(&Torch) -> Torch| {
        let image = image.detach().set_requires_grad(true);
        let y = forward(&image);
        y.sin().sum(None).backward();
        let mut gradients: Vec<_> = store.variables().into_iter().filter(|(_, t)| t.requires_grad()).collect();
        gradients.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut found: Vec<_> = gradients.into_iter().map(|(name, t)| (name, t.grad().copy())).collect();
        store.variables().into_values().filter(Torch::requires_grad).for_each(|t| {
            let _ = t.grad().zero_();
        });
        found.push(("image".into(), image.grad()));
        (y.detach(), found)
    };
    let (y, ours) = run(&|image| train_forward(&EvaluationMode(&net), [image, &ids]).unwrap());
    let (expected, theirs) = run(&|image| net.forward(image, &ids));
    assert!(y.allclose(&expected, 1e-12, 1e-12, false));
    assert_eq!(ours.len(), 14);
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        assert!(theirs.abs().max().double_value(&[]) > 1e-6, "{name}");
        assert!(ours.allclose(theirs, 1e-10, 1e-12, false), "{name}: {ours} for {theirs}");
    }
    // An analysis afterwards takes weights for constants again.
    let why = Gradient.analyze(&net, (&numbers(&[2, 2, 4, 4], 1), xai_core::Ids(&ids_array())), Index(0)).unwrap();
    assert_eq!(why.values.0.shape(), [2, 2, 4, 4]);
}

fn ids_array() -> ndarray::Array2<i64> {
    ndarray::array![[0, 3, 1], [4, 2, 2]]
}

type Own = xai_core::Tensor<Torch64>;

/// The layers that make their operations' weights of others: the sum's gradient to each weight, as by libtorch.
#[test]
fn layers_of_the_vocabulary_are_trained() {
    let leaf = |shape: &[usize], seed| upload(&numbers(shape, seed)).into_inner().set_requires_grad(true);
    let same = |ours: &Torch, theirs: &Torch, weights: &[&Torch]| {
        let gradients = |y: &Torch| Torch::run_backward(&[y.sin().sum(None)], weights, true, false);
        for (ours, theirs) in gradients(ours).iter().zip(&gradients(theirs)) {
            assert!(theirs.abs().max().double_value(&[]) > 1e-6);
            assert!(ours.allclose(theirs, 1e-10, 1e-12, false), "{ours} for {theirs}");
        }
    };
    let own = |t: &Torch| Own::new(t.shallow_clone());
    let x = upload(&numbers(&[2, 3, 5], 1)).into_inner();
    let (w, b) = (leaf(&[4, 3, 3], 2), leaf(&[4], 3));
    let net = One::<Torch64, _>::new(Conv1d::new(own(&w), own(&b)).unwrap());
    same(&train_forward(&net, [&x]).unwrap(), &x.conv1d(&w, Some(&b), 1, 0, 1, 1), &[&w, &b]);
    let x = upload(&numbers(&[1, 2, 3, 4, 3], 1)).into_inner();
    let (w, b) = (leaf(&[2, 2, 2, 2, 2], 2), leaf(&[2], 3));
    let net = One::<Torch64, _>::new(Conv3d::new(own(&w), own(&b)).unwrap());
    same(&train_forward(&net, [&x]).unwrap(), &x.conv3d(&w, Some(&b), 1, 0, 1, 1), &[&w, &b]);
    let slope = leaf(&[1], 4);
    let net = One::<Torch64, _>::new(PRelu::new(own(&slope)).unwrap());
    same(&train_forward(&net, [&x]).unwrap(), &x.prelu(&slope), &[&slope]);
    let x = upload(&numbers(&[2, 3, 2], 1)).into_inner();
    let weights = [leaf(&[8, 2], 5), leaf(&[8, 2], 6), leaf(&[8], 7), leaf(&[8], 8)];
    let [weight_ih, weight_hh, bias_ih, bias_hh] = weights.each_ref().map(own);
    let weights_of_lstm = RecurrentWeights { weight_ih, weight_hh, bias_ih: Some(bias_ih), bias_hh: Some(bias_hh) };
    let net = One::<Torch64, _>::new(Lstm::new(vec![vec![weights_of_lstm]]).unwrap());
    let zeros = || Torch::zeros([1, 2, 2], (tch::Kind::Double, Device::Cpu));
    let (states, ..) = x.lstm(&[zeros(), zeros()], &weights, true, 1, 0.0, false, false, true);
    same(&train_forward(&net, [&x]).unwrap(), &states, &weights.each_ref());
}

#[test]
fn what_evaluates_otherwise_is_refused_and_so_is_a_model_of_constants() {
    let store = nn::VarStore::new(Device::Cpu);
    let refused = |net: &dyn Differentiable<Backend = Torch64>, x: &Torch| {
        let error = train_forward(net, [x]).unwrap_err();
        assert!(matches!(error.root(), Error::NotTrainable { .. }), "{error}");
        error.to_string()
    };
    let norm = nn::batch_norm2d(store.root(), 3, Default::default());
    let net = One::<Torch64, _>::new(norm);
    let x = upload(&numbers(&[2, 3, 2, 2], 1)).into_inner();
    assert!(refused(&net, &x).contains("BatchNorm cannot be trained"));
    let net = Sequential::<Torch64>::new().push_named("drop", Dropout::new(0.1));
    assert!(refused(&net, &x).contains("`drop`: Dropout cannot be trained"));
    let constants = One::<Torch64, _>::new(PRelu::new(upload(&numbers(&[1], 1))).unwrap());
    assert!(refused(&constants, &x).contains("predict_tensor"));
    assert!(tch::no_grad(|| train_forward(&constants, [&x])).is_ok());
    // What is taken whole runs in training mode.
    let doubled = nn::func_t(|x, train| if train { x * 2.0 } else { x * 1.0 });
    let net = One::<Torch64, _>::new(doubled);
    let x = x.set_requires_grad(true);
    assert!(train_forward(&net, [&x]).unwrap().allclose(&(&x * 2.0), 0.0, 1e-15, false));
    assert!(train_forward(&EvaluationMode(&net), [&x]).unwrap().allclose(&x, 0.0, 1e-15, false));
}
