//! tch's own layers, and the user's own modules.

use ndarray::{ArrayD, IxDyn};
use tch::nn::{self, ModuleT};
use tch::{Device, Kind, Tensor as Torch};
use xai_core::{Chain, Error, Layer, LayerModel};
use xai_tch::{Placement, module, module_t};

use crate::differences::{DOUBLE, Torch64, check, numbers, upload};

/// Layers whose weights live in one store, in double precision.
fn build<L>(make: impl Fn(&nn::Path<'_>) -> L) -> (L, nn::VarStore) {
    let mut store = nn::VarStore::new(Device::Cpu);
    let layer = make(&store.root());
    store.double();
    (layer, store)
}

fn check_layer<L: Layer<Torch64>>(name: &str, layer: L, shape: &[usize], affine: bool, placed: bool) {
    assert_eq!(layer.is_affine(), affine, "{name}");
    assert_eq!(layer.placement(), placed.then_some(DOUBLE), "{name}");
    check(name, &LayerModel::new(layer), &numbers(shape, 70));
}

#[test]
fn convolutions() {
    let config = nn::ConvConfig { stride: 2, padding: 1, ..Default::default() };
    check_layer("Conv1D", build(|p| nn::conv1d(p, 2, 3, 3, config)).0, &[2, 2, 5], true, true);
    check_layer("Conv2D", build(|p| nn::conv2d(p, 2, 3, 3, config)).0, &[2, 2, 5, 4], true, true);
    check_layer("Conv3D", build(|p| nn::conv3d(p, 2, 3, 3, config)).0, &[1, 2, 3, 4, 3], true, true);
    let reflect = nn::ConvConfig { padding: 1, padding_mode: nn::PaddingMode::Reflect, ..Default::default() };
    check_layer("Conv2D, reflected", build(|p| nn::conv2d(p, 2, 3, 3, reflect)).0, &[1, 2, 5, 4], true, true);
    let config = nn::ConvTransposeConfig { stride: 2, padding: 1, ..Default::default() };
    check_layer("ConvTranspose1D", build(|p| nn::conv_transpose1d(p, 2, 3, 3, config)).0, &[2, 2, 4], true, true);
    check_layer("ConvTranspose2D", build(|p| nn::conv_transpose2d(p, 2, 3, 3, config)).0, &[2, 2, 4, 3], true, true);
    check_layer("ConvTranspose3D", build(|p| nn::conv_transpose3d(p, 2, 3, 3, config)).0, &[1, 2, 2, 3, 2], true, true);
}

#[test]
fn linear_and_norms() {
    check_layer("Linear", build(|p| nn::linear(p, 3, 4, Default::default())).0, &[2, 3], true, true);
    let layer_norm = build(|p| nn::layer_norm(p, vec![3, 4], Default::default())).0;
    check_layer("LayerNorm", layer_norm, &[2, 3, 4], false, true);
    check_layer("GroupNorm", build(|p| nn::group_norm(p, 2, 4, Default::default())).0, &[2, 4, 3], false, true);
    let bare = nn::GroupNormConfig { affine: false, ..Default::default() };
    check_layer("GroupNorm without weights", build(|p| nn::group_norm(p, 2, 4, bare)).0, &[2, 4, 3], false, false);
}

#[test]
fn batch_norm_runs_on_its_running_statistics_and_leaves_them() {
    let (norm, _store) = build(|p| nn::batch_norm2d(p, 3, Default::default()));
    // Training moves the statistics away from 0 and 1.
    let _ = norm.forward_t(&(upload(&numbers(&[4, 3, 2, 2], 71)).into_inner() * 3.0 + 1.0), true);
    let (mean, var) = (norm.running_mean.copy(), norm.running_var.copy());
    assert!(!mean.equal(&mean.zeros_like()));
    check_layer("BatchNorm", norm, &[2, 3, 4, 3], true, true);
    let (norm, _store) = build(|p| nn::batch_norm2d(p, 3, Default::default()));
    let (mut own_mean, mut own_var) = (norm.running_mean.shallow_clone(), norm.running_var.shallow_clone());
    own_mean.copy_(&mean);
    own_var.copy_(&var);
    let x = numbers(&[2, 3, 4, 3], 72);
    let y = Layer::<Torch64>::forward(&norm, &upload(&x)).unwrap();
    let expected = norm.forward_t(upload(&x).inner(), false);
    assert!(y.inner().equal(&expected.detach()));
    assert!(norm.running_mean.equal(&mean) && norm.running_var.equal(&var));
}

#[test]
fn sequences_and_functions() {
    let (net, _store) = build(|p| {
        nn::seq()
            .add(nn::conv2d(p / "c", 1, 2, 3, Default::default()))
            .add_fn(|x| x.relu().flat_view())
            .add(nn::linear(p / "l", 2 * 3 * 2, 3, Default::default()))
    });
    check_layer("Sequential", net, &[2, 1, 5, 4], false, false);
    let (net, _store) = build(|p| {
        nn::seq_t()
            .add(nn::conv2d(p / "c", 1, 2, 3, Default::default()))
            .add(nn::batch_norm2d(p / "b", 2, Default::default()))
            .add_fn_t(|x, train| x.dropout(0.5, train).gelu("none"))
    });
    check_layer("SequentialT", net, &[2, 1, 5, 4], false, false);
    check_layer("Func", nn::func(|x| x.sin()), &[2, 3], false, false);
    check_layer("FuncT", nn::func_t(|x, train| if train { x.zeros_like() } else { x.sin() }), &[2, 3], false, false);
}

/// A block with a skip connection, as users write it.
#[derive(Debug)]
struct Block {
    inner: nn::Linear,
}

impl nn::Module for Block {
    fn forward(&self, x: &Torch) -> Torch {
        x + x.apply(&self.inner).tanh()
    }
}

/// One that runs otherwise in training.
#[derive(Debug)]
struct Noisy;

impl ModuleT for Noisy {
    fn forward_t(&self, x: &Torch, train: bool) -> Torch {
        if train { panic!("run in training mode") } else { x.cos() }
    }
}

#[test]
fn the_users_own_modules() {
    let (block, _store) = build(|p| Block { inner: nn::linear(p, 3, 3, Default::default()) });
    check_layer("&Module", module(&block), &[2, 3], false, false);
    check_layer("Box<Module>", module(Box::new(block)), &[2, 3], false, false);
    let dynamic: Box<dyn nn::Module> = Box::new(nn::func(|x| x.exp()));
    check_layer("Box<dyn Module>", module(dynamic), &[2, 3], false, false);
    check_layer("&ModuleT", module_t(&Noisy), &[2, 3], false, false);
}

#[test]
fn a_chain_of_layers() {
    let (conv, _store) = build(|p| nn::conv2d(p, 1, 2, 3, Default::default()));
    let activation = |x: &Torch| x.silu();
    let linear = nn::Linear { ws: upload(&numbers(&[3, 12], 73)).into_inner(), bs: None };
    let flatten = nn::func(|x| x.flat_view());
    let chain = Chain::<Torch64>::new()
        .layer("conv", &conv)
        .layer("activation", &activation)
        .layer("flatten", &flatten)
        .layer("linear", &linear);
    check("Chain", &chain, &numbers(&[2, 1, 5, 4], 74));
    // The layer that failed is named.
    let error = xai_core::Differentiable::forward(&chain, &upload(&ArrayD::zeros(IxDyn(&[1, 1, 9, 9])))).unwrap_err();
    assert!(matches!(&error, Error::Layer { layer, .. } if layer == "linear"), "{error}");
}

#[test]
fn placements_from_a_device_and_a_kind() {
    assert_eq!(Placement::from(Device::Cuda(1)), Placement { device: Device::Cuda(1), kind: Kind::Float });
    assert_eq!(Placement::default(), Placement { device: Device::Cpu, kind: Kind::Float });
}
