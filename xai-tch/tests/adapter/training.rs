//! A network is trained by the code that explains it: as by libtorch's own forward code.

use tch::nn::{self, Module};
use tch::{Device, Tensor as Torch};
use xai_core::{Analyzer, Differentiable, Gradient, Index, Result, Var};
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
    let (y, ours) = run(&|image| train_forward(&net, [image, &ids]).unwrap());
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
