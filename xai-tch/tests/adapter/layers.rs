//! tch's own layers, and the user's own modules.

use std::cell::RefCell;

use ndarray::{ArrayD, IxDyn};
use tch::nn::{self, ModuleT};
use tch::{Device, Kind, Tensor as Torch};
use xai_core::nn::Activation;
use xai_core::{
    Analyzer, Differentiable, Error, GradCam, Graph, Index, IntegratedGradients, Layer, Net, Pullback, Quadrature,
    Result, Rules, Site, Step, Tensor, Var,
};
use xai_tch::{Placement, module, module_t};

use crate::differences::{DOUBLE, Torch64, check, numbers, upload};

/// Layers whose weights live in one store, in double precision.
fn build<L>(make: impl Fn(&nn::Path<'_>) -> L) -> (L, nn::VarStore) {
    let mut store = nn::VarStore::new(Device::Cpu);
    let layer = make(&store.root());
    store.double();
    (layer, store)
}

/// Looks at the nodes of a pass, and takes none.
#[derive(Default)]
struct Affine(RefCell<Vec<bool>>);

impl Rules<Torch64> for Affine {
    fn takes(&self, site: &Site<'_, '_, Torch64>) -> bool {
        self.0.borrow_mut().push(site.is_affine());
        false
    }
    fn vjp<'m>(
        &self,
        site: &Site<'_, 'm, Torch64>,
        inputs: &[Tensor<Torch64>],
    ) -> Result<(Tensor<Torch64>, Pullback<'m, Torch64>)> {
        site.vjp(inputs)
    }
}

fn is_affine(graph: &Graph<'_, Torch64>) -> bool {
    let affine = Affine::default();
    graph.check(Some(&affine), &[true]).unwrap();
    affine.0.into_inner().into_iter().all(|affine| affine)
}

/// What the nodes behind the input are.
fn steps(graph: &Graph<'_, Torch64>) -> Vec<&'static str> {
    let name = |step: &Step<'_, Torch64>| match step {
        Step::Op(op) => op.name(),
        Step::Opaque(_) => "code",
        _ => "other",
    };
    graph.nodes().iter().skip(graph.inputs()).map(|node| name(node.step())).collect()
}

fn check_layer<L: Layer<Torch64>>(name: &str, layer: L, shape: &[usize], affine: bool, placed: bool, is: &[&str]) {
    let model = Net::<Torch64, _>::new(layer);
    let graph = model.graph(&[shape.to_vec()]).unwrap();
    assert_eq!(is_affine(&graph), affine, "{name}");
    assert_eq!(graph.placement(), placed.then_some(DOUBLE), "{name}");
    assert_eq!(steps(&graph), is, "{name}");
    check(name, &model, &numbers(shape, 70));
}

#[test]
fn convolutions() {
    let config = nn::ConvConfig { stride: 2, padding: 1, ..Default::default() };
    check_layer(
        "Conv1D",
        build(|p| nn::conv1d(p, 2, 3, 3, config)).0,
        &[2, 2, 5],
        true,
        true,
        &["Reshape", "Conv2d", "Reshape"],
    );
    check_layer("Conv2D", build(|p| nn::conv2d(p, 2, 3, 3, config)).0, &[2, 2, 5, 4], true, true, &["Conv2d"]);
    let volume = ["Reshape", "Pad2d", "IndexSelect", "Reshape", "Permute", "Reshape", "Conv2d", "Reshape", "Permute"];
    check_layer("Conv3D", build(|p| nn::conv3d(p, 2, 3, 3, config)).0, &[1, 2, 3, 4, 3], true, true, &volume);
    let reflect = nn::ConvConfig { padding: 1, padding_mode: nn::PaddingMode::Reflect, ..Default::default() };
    check_layer(
        "Conv2D, reflected",
        build(|p| nn::conv2d(p, 2, 3, 3, reflect)).0,
        &[1, 2, 5, 4],
        true,
        true,
        &["code"],
    );
    let config = nn::ConvTransposeConfig { stride: 2, padding: 1, ..Default::default() };
    check_layer(
        "ConvTranspose1D",
        build(|p| nn::conv_transpose1d(p, 2, 3, 3, config)).0,
        &[2, 2, 4],
        true,
        true,
        &["Reshape", "ConvTranspose2d", "Reshape"],
    );
    check_layer(
        "ConvTranspose2D",
        build(|p| nn::conv_transpose2d(p, 2, 3, 3, config)).0,
        &[2, 2, 4, 3],
        true,
        true,
        &["ConvTranspose2d"],
    );
    let grouped = nn::ConvTransposeConfig { stride: 3, padding: 2, output_padding: 1, groups: 2, ..Default::default() };
    let (up, _store) = build(|p| nn::conv_transpose2d(p, 4, 4, 3, grouped));
    let shape = {
        let graph = Graph::<Torch64>::trace(&[vec![1, 4, 2, 3]], |x| up.trace(x[0].clone())).unwrap();
        graph.output_shape().map(<[usize]>::to_vec)
    };
    assert_eq!(shape, Some(vec![1, 4, 3, 6]));
    check_layer("ConvTranspose2D in groups", up, &[1, 4, 2, 3], true, true, &["ConvTranspose2d"]);
    check_layer(
        "ConvTranspose3D",
        build(|p| nn::conv_transpose3d(p, 2, 3, 3, config)).0,
        &[1, 2, 2, 3, 2],
        true,
        true,
        &["code"],
    );
}

#[test]
fn linear_and_norms() {
    check_layer("Linear", build(|p| nn::linear(p, 3, 4, Default::default())).0, &[2, 3], true, true, &["Linear"]);
    let layer_norm = build(|p| nn::layer_norm(p, vec![3, 4], Default::default())).0;
    check_layer("LayerNorm", layer_norm, &[2, 3, 4], false, true, &["LayerNorm"]);
    check_layer(
        "GroupNorm",
        build(|p| nn::group_norm(p, 2, 4, Default::default())).0,
        &[2, 4, 3],
        false,
        true,
        &["GroupNorm"],
    );
    let bare = nn::GroupNormConfig { affine: false, ..Default::default() };
    check_layer(
        "GroupNorm without weights",
        build(|p| nn::group_norm(p, 2, 4, bare)).0,
        &[2, 4, 3],
        false,
        false,
        &["GroupNorm"],
    );
}

#[test]
fn batch_norm_runs_on_its_running_statistics_and_leaves_them() {
    let (norm, _store) = build(|p| nn::batch_norm2d(p, 3, Default::default()));
    // Training moves the statistics away from 0 and 1.
    let _ = norm.forward_t(&(upload(&numbers(&[4, 3, 2, 2], 71)).into_inner() * 3.0 + 1.0), true);
    let (mean, var) = (norm.running_mean.copy(), norm.running_var.copy());
    assert!(!mean.equal(&mean.zeros_like()));
    check_layer("BatchNorm", norm, &[2, 3, 4, 3], true, true, &["ChannelAffine"]);
    let (norm, _store) = build(|p| nn::batch_norm2d(p, 3, Default::default()));
    let (mut own_mean, mut own_var) = (norm.running_mean.shallow_clone(), norm.running_var.shallow_clone());
    own_mean.copy_(&mean);
    own_var.copy_(&var);
    let x = numbers(&[2, 3, 4, 3], 72);
    let expected = norm.forward_t(upload(&x).inner(), false);
    let norm = Net::<Torch64, _>::new(norm);
    let y = norm.forward(&upload(&x)).unwrap();
    assert!(y.inner().equal(&expected.detach()));
    let norm = norm.into_inner();
    assert!(norm.running_mean.equal(&mean) && norm.running_var.equal(&var));
    // It computes on for images alone, as tch's own does.
    let error = Net::<Torch64, _>::new(norm).forward(&upload(&numbers(&[2, 3], 72))).unwrap_err();
    assert!(error.to_string().contains("BatchNorm"), "{error}");
}

#[test]
fn sequences_and_functions() {
    let (net, _store) = build(|p| {
        nn::seq()
            .add(nn::conv2d(p / "c", 1, 2, 3, Default::default()))
            .add_fn(|x| x.relu().flat_view())
            .add(nn::linear(p / "l", 2 * 3 * 2, 3, Default::default()))
    });
    check_layer("Sequential", net, &[2, 1, 5, 4], false, false, &["code"]);
    let (net, _store) = build(|p| {
        nn::seq_t()
            .add(nn::conv2d(p / "c", 1, 2, 3, Default::default()))
            .add(nn::batch_norm2d(p / "b", 2, Default::default()))
            .add_fn_t(|x, train| x.dropout(0.5, train).gelu("none"))
    });
    check_layer("SequentialT", net, &[2, 1, 5, 4], false, false, &["code"]);
    check_layer("Func", nn::func(|x| x.sin()), &[2, 3], false, false, &["code"]);
    check_layer(
        "FuncT",
        nn::func_t(|x, train| if train { x.zeros_like() } else { x.sin() }),
        &[2, 3],
        false,
        false,
        &["code"],
    );
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
    check_layer("&Module", module(&block), &[2, 3], false, false, &["code"]);
    check_layer("Box<Module>", module(Box::new(block)), &[2, 3], false, false, &["code"]);
    let dynamic: Box<dyn nn::Module> = Box::new(nn::func(|x| x.exp()));
    check_layer("Box<dyn Module>", module(dynamic), &[2, 3], false, false, &["code"]);
    check_layer("&ModuleT", module_t(&Noisy), &[2, 3], false, false, &["code"]);
}

/// Layers of all kinds, one after another.
pub(crate) struct Chain<'a>(pub(crate) Vec<(&'static str, Box<dyn Layer<Torch64> + 'a>)>);

impl Layer<Torch64> for Chain<'_> {
    fn trace<'m>(&'m self, x: Var<'m, Torch64>) -> Result<Var<'m, Torch64>> {
        self.0.iter().try_fold(x, |x, (name, layer)| x.layer(name, layer))
    }
}

#[test]
fn a_chain_of_layers() {
    let (conv, _store) = build(|p| nn::conv2d(p, 1, 2, 3, Default::default()));
    let activation = |x: &Torch| x.silu();
    let linear = nn::Linear { ws: upload(&numbers(&[3, 12], 73)).into_inner(), bs: None };
    let flatten = nn::func(|x| x.flat_view());
    let layers: Vec<(_, Box<dyn Layer<Torch64>>)> = vec![
        ("conv", Box::new(conv)),
        ("activation", Box::new(activation)),
        ("flatten", Box::new(flatten)),
        ("linear", Box::new(linear)),
    ];
    let chain = Net::new(Chain(layers));
    check("Chain", &chain, &numbers(&[2, 1, 5, 4], 74));
    // The layer that failed is named.
    let error = chain.forward(&upload(&ArrayD::zeros(IxDyn(&[1, 1, 9, 9])))).unwrap_err();
    assert!(matches!(&error, Error::Layer { layer, .. } if layer == "linear"), "{error}");
    // Every layer is a place to look at.
    let map = GradCam::at("conv").analyze(&chain, &numbers(&[1, 1, 5, 4], 75), Index(2)).unwrap();
    assert_eq!(map.values.shape(), [1, 1, 3, 2]);
}

/// Layers of tch's own show what they are: with a rectifier between them, secants are complete from two points, where
/// the trapezoid is not.
#[test]
fn secants_go_through_layers_of_tchs_own() {
    let (conv, _store) = build(|p| nn::conv1d(p, 2, 3, 3, Default::default()));
    let (up, _up_store) = build(|p| nn::conv_transpose1d(p, 3, 2, 2, Default::default()));
    let (head, _head_store) = build(|p| nn::linear(p, 6, 2, Default::default()));
    let x = numbers(&[3, 2, 7], 80) * 3.0;
    let layers: [(_, Box<dyn Layer<Torch64>>); 4] = [
        ("conv", Box::new(conv)),
        ("relu", Box::new(Activation::Relu)),
        ("up", Box::new(up)),
        ("head", Box::new(head)),
    ];
    let mut net = Net::new(Chain(layers.into()));
    let gap = |net: &Net<Torch64, Chain<'_>>, quadrature| {
        let ig = IntegratedGradients::new().n(2).quadrature(quadrature);
        ig.analyze(net, &x, Index([0, 1])).map(|why| {
            let gaps = why.extras.completeness_gap.unwrap();
            gaps.iter().fold(0.0_f64, |worst, gap| worst.max(gap.abs()))
        })
    };
    let (secants, trapezoid) = (gap(&net, Quadrature::Secant).unwrap(), gap(&net, Quadrature::Trapezoid).unwrap());
    assert!(secants < 1e-12 && trapezoid > 1e-3, "{secants:e}, {trapezoid:e}");
    let mut layers = net.into_inner().0;
    layers[1] = ("relu", Box::new(nn::func(|x| x.relu())));
    net = Net::new(Chain(layers));
    // From code nobody learns what bends.
    assert!(gap(&net, Quadrature::Secant).unwrap() > 1e-3);
}

#[test]
fn what_comes_from_other_code_goes_through_a_row_as_well() {
    let (conv, _store) = build(|p| nn::conv1d(p, 2, 3, 3, Default::default()));
    let layers: Vec<(_, Box<dyn Layer<Torch64>>)> =
        vec![("code", Box::new(nn::func(|x| x.tanh()))), ("conv", Box::new(conv))];
    let chain = Net::new(Chain(layers));
    assert_eq!(steps(&chain.graph(&[vec![2, 2, 5]]).unwrap()), ["code", "code"]);
    check("Conv1D behind code", &chain, &numbers(&[2, 2, 5], 76));
}

#[test]
fn the_settings_of_the_layers_are_kept() {
    let x = numbers(&[2, 4, 7, 6], 78);
    let config = nn::ConvConfigND { stride: [2, 1], padding: [1, 2], dilation: [1, 2], ..Default::default() };
    let config = nn::ConvConfigND { groups: 2, bias: false, ..config };
    let (conv, _store) = build(|p| nn::conv(p, 4, 6, [3, 2], config));
    let expected = nn::Module::forward(&conv, upload(&x).inner()).detach();
    assert_eq!(Net::<Torch64, _>::new(conv).forward(&upload(&x)).unwrap().inner(), &expected);
    let (norm, _store) = build(|p| nn::group_norm(p, 2, 4, nn::GroupNormConfig { eps: 0.3, ..Default::default() }));
    let expected = nn::Module::forward(&norm, upload(&x).inner()).detach();
    assert_eq!(Net::<Torch64, _>::new(norm).forward(&upload(&x)).unwrap().inner(), &expected);
    let bare = nn::LayerNormConfig { eps: 0.3, elementwise_affine: false, ..Default::default() };
    let (norm, _store) = build(|p| nn::layer_norm(p, vec![7, 6], bare));
    let expected = nn::Module::forward(&norm, upload(&x).inner()).detach();
    let norm = Net::<Torch64, _>::new(norm);
    assert_eq!(norm.forward(&upload(&x)).unwrap().inner(), &expected);
    // Without a weight, that would tell.
    assert!(norm.forward(&upload(&numbers(&[2, 4, 6, 7], 79))).is_err());
}

#[test]
fn placements_from_a_device_and_a_kind() {
    assert_eq!(Placement::from(Device::Cuda(1)), Placement { device: Device::Cuda(1), kind: Kind::Float });
    assert_eq!(Placement::default(), Placement { device: Device::Cpu, kind: Kind::Float });
}
