//! Nothing is left behind by a loop of analyses.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used)]

use ndarray::Array4;
use tch::{CModule, Device, Tensor as Torch, nn};
use xai_core::nn::{Activation, Conv2d};
use xai_core::{Analyzer, Autograd, Backend, GradCam, Gradient, MaxActivation, Net, Op, Split, Tensor};
use xai_tch::{LibTorch, Placement, TorchScript};

fn resident_mb() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096.0 / 1e6
}

/// A leak of one feature map of 8 · 64 · 64 floats per analysis would be 131 MB in a thousand.
#[test]
fn a_thousand_analyses_leave_the_memory_as_it_was() {
    tch::set_num_threads(1);
    let store = nn::VarStore::new(Device::Cpu);
    let root = store.root();
    let config = nn::ConvConfig { padding: 1, ..Default::default() };
    let net = nn::seq_t()
        .add(nn::conv2d(&root / "c", 3, 8, 3, config))
        .add(nn::batch_norm2d(&root / "b", 8, Default::default()))
        .add_fn(|x| x.relu());
    let head = nn::linear(&root / "l", 8, 5, Default::default());
    let adaptation = |x: &Torch| x.mean_dim([2_i64, 3].as_slice(), false, None).apply(&head);
    let model = Split::new(Net::<LibTorch, _>::new(net), Net::<LibTorch, _>::new(adaptation));

    let mut by_tanh = |inputs: &[Torch]| vec![inputs[0].tanh().flat_view()];
    let example = Torch::zeros([1, 3, 64, 64], tch::kind::FLOAT_CPU);
    let script = CModule::create_by_tracing("script", "forward", &[example], &mut by_tanh).unwrap();
    let script = TorchScript::<f32>::new(script, Device::Cpu).unwrap();

    let image = Array4::<f32>::from_shape_fn((1, 3, 64, 64), |(_, c, i, j)| ((c * 7 + i * 3 + j) % 11) as f32 / 11.0);
    let x = Tensor::upload(image.view().into_dyn(), &Placement::default()).unwrap();
    let weight = Tensor::new(Torch::ones([8, 3, 3, 3], tch::kind::FLOAT_CPU));
    let conv = Op::from(Conv2d::new(weight, None).unwrap().padding(1));
    let gelu = Op::from(Activation::Gelu);

    let each = |_: usize| {
        Gradient.analyze(&model, &image, MaxActivation).unwrap();
        GradCam.analyze(&model, &image, MaxActivation).unwrap();
        Gradient.analyze(&script, &image, MaxActivation).unwrap();
        let (y, to_x) = LibTorch::<f32>::vjp(&conv, &[&x], &[true]).unwrap();
        let (z, to_y) = LibTorch::<f32>::vjp(&gelu, &[&y], &[true]).unwrap();
        to_x.pull(&to_y.pull(&z).unwrap()).unwrap();
        let (y, cut) = LibTorch::<f32>::record(|x| Ok(x[0].detach()), std::slice::from_ref(&x)).unwrap();
        cut.pull(&y).unwrap_err();
    };
    // Thread pools, caches and the allocator's arenas grow once.
    (0..100).for_each(each);
    let before = resident_mb();
    (0..1000).for_each(each);
    let after = resident_mb();
    println!("resident before {before:.1} MB, after a thousand analyses {after:.1} MB");
    assert!(after - before < 8.0, "{before:.1} MB grew to {after:.1} MB");
}
