//! Models as functions of one of their weights.

use candle_core::{DType, Module, Result, Tensor};
use candle_nn::{Conv2dConfig, VarBuilder, VarMap, conv2d, linear};
use xai_candle::overlay::{look_up, of_weight, overlay};
use xai_candle_tests::device;

use crate::finite_differences::{assert_close, numbers};
use crate::tape::{check_at, flat, seeded};

struct Net {
    conv: candle_nn::Conv2d,
    classes: candle_nn::Linear,
}

impl Net {
    fn load(vb: VarBuilder<'_>) -> Result<Self> {
        let conv = conv2d(2, 3, 3, Conv2dConfig::default(), vb.pp("deep").pp("conv"))?;
        Ok(Net { conv, classes: linear(3, 4, vb.pp("classes"))? })
    }

    fn places(&self, x: &Tensor) -> Result<Tensor> {
        self.conv.forward(x)
    }

    fn rest(&self, places: &Tensor) -> Result<Tensor> {
        places.tanh()?.mean((2, 3))?.apply(&self.classes)
    }
}

#[test]
fn the_gradient_of_a_bias_is_that_of_the_layers_output() {
    let vb = seeded(|vb| drop(Net::load(vb).unwrap()));
    let x = numbers(&[1, 2, 5, 6], 3);
    let bias = vb.get_unchecked("deep.conv.bias").unwrap().detach().unsqueeze(0).unwrap();
    let image = x.clone();
    let net = of_weight(vb.clone(), "deep.conv.bias", Net::load, move |net: &Net| net.rest(&net.places(&image)?));
    check_at("bias", &net, &bias, 1e-8);
    // Several rows are several weights.
    let two = Tensor::cat(&[&bias, &bias.affine(1.0, 0.5).unwrap()], 0).unwrap();
    check_at("two biases", &net, &two, 1e-8);
    let places = candle_core::Var::from_tensor(&Net::load(vb.clone()).unwrap().places(&x).unwrap()).unwrap();
    let rest = Net::load(vb).unwrap().rest(&places).unwrap();
    let at_places = rest.narrow(1, 2, 1).unwrap().sum_all().unwrap().backward().unwrap().remove(&places).unwrap();
    let tracked = candle_core::Var::from_tensor(&bias).unwrap();
    let of_bias = net(&tracked).unwrap().narrow(1, 2, 1).unwrap().sum_all().unwrap();
    let of_bias = of_bias.backward().unwrap().remove(&tracked).unwrap();
    assert_close("Grad-CAM's weights", &of_bias, &flat(&at_places.sum((2, 3)).unwrap()), 1e-12);
}

#[test]
fn only_the_named_weight_is_another() {
    let vb = seeded(|vb| drop(Net::load(vb).unwrap()));
    let bias = numbers(&[3], 9);
    let over = overlay(&vb.pp("deep"), "deep.conv.bias", bias.clone());
    assert_eq!(over.prefix(), "deep");
    let same = |name: &str| over.root().get_unchecked(name).unwrap();
    assert_close("bias", &over.get(3, "conv.bias").unwrap(), &flat(&bias), 0.0);
    let own = vb.get_unchecked("classes.weight").unwrap();
    assert_close("weight", &same("classes.weight"), &flat(&own), 0.0);
    assert!(over.contains_tensor("conv.bias") && !over.contains_tensor("conv.other"));
    // Another first axis is a table of other rows; anything else is an error.
    assert!(over.get(5, "conv.bias").is_ok() && over.get((3, 1), "conv.bias").is_err());
    assert!(over.to_dtype(DType::F32).get(3, "conv.bias").is_err());
    let map = VarMap::new();
    let empty = VarBuilder::from_varmap(&map, DType::F64, &device());
    assert!(look_up(&empty, "none", &Tensor::new(&[[0u32]], &device()).unwrap()).is_err());
    let ids = Tensor::new(&[[9u32]], &device()).unwrap();
    assert!(look_up(&vb, "classes.weight", &ids).is_err());
}
