//! What a tape holds: the maps that gradients depend on, and no others.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used)]

use tch::Tensor as Torch;
use xai_core::nn::{Activation, ChannelAffine};
use xai_core::{Backend, Op, Pullback, Tensor};
use xai_tch::LibTorch;

type Host = LibTorch<f32>;

fn resident_mb() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096.0 / 1e6
}

/// What the process keeps for the maps of a pass is set aside by the first one, and is taken here by blocks that nobody
/// writes to.
fn take_the_room() -> Vec<Torch> {
    let small = Tensor::<Host>::new(Torch::ones([1, 1], tch::kind::FLOAT_CPU));
    Host::vjp(&Activation::Relu.into(), &[&small], &[true]).unwrap();
    (0..32).map(|_| Torch::empty([31 << 20], (tch::Kind::Uint8, tch::Device::Cpu))).collect()
}

/// One map is 40 MB, which the allocator gives back as soon as nobody holds it, where there is no room that is kept.
#[test]
fn a_chain_holds_a_map_only_where_a_gradient_depends_on_it() {
    let _room = take_the_room();
    let weight = |value: f64| Tensor::new(Torch::full([10], value, tch::kind::FLOAT_CPU));
    let affine = Op::from(ChannelAffine::new(weight(0.5), weight(0.1)).unwrap());
    let x = Tensor::<Host>::new(Torch::ones([1, 10, 1000, 1000], tch::kind::FLOAT_CPU));
    let map = 40.0;
    let chain = |ops: &[Op<Host>]| {
        let before = resident_mb();
        let mut y = x.clone();
        let mut pulls: Vec<Pullback<'_, Host>> = Vec::new();
        for op in ops {
            let (next, pull) = Host::vjp(op, &[&y], &[true]).unwrap();
            pulls.push(pull);
            y = next;
        }
        let held = (resident_mb() - before) / map;
        let gradient = pulls.iter().rev().fold(y.affine(0.0, 1.0).unwrap(), |v, p| p.pull(&v).unwrap());
        (held, gradient.narrow(2, 0, 1).unwrap().narrow(3, 0, 1).unwrap().download().unwrap()[[0, 0, 0, 0]])
    };
    // The last output alone: the derivative of an affine step depends on no map.
    let (held, gradient) = chain(&vec![affine.clone(); 6]);
    println!("six affine steps hold {held:.1} maps");
    assert!(held < 1.5, "{held} maps");
    assert_eq!(gradient, 0.5_f32.powi(6));
    // One of relu's for each pair: its output.
    let pair = [affine, Activation::Relu.into()];
    let (held, gradient) = chain(&[&pair[..]; 3].concat());
    println!("three pairs of affine and relu hold {held:.1} maps");
    assert!(held < 3.5, "{held} maps");
    assert_eq!(gradient, 0.5_f32.powi(3));
}
