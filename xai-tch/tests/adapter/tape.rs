//! The tape: what it must not touch, and what it must say.

use std::cell::Cell;

use ndarray::{ArrayD, Axis, IxDyn, array};
use tch::{Device, Tensor as Torch, nn};
use xai_core::nn::{Activation, Conv2d, Sequential};
use xai_core::{
    Analyzer, Autograd, Differentiable, Error, Gradient, Graph, Index, IntegratedGradients, MaxActivation, Net, Note,
    Tensor,
};
use xai_tch::LibTorch;

use crate::differences::{Torch64, check, numbers, upload};

fn recorded<F: Fn(&Torch) -> Torch>(forward: F) -> Net<Torch64, F> {
    Net::new(forward)
}

fn grad_mode_is_on() -> bool {
    Torch::from_slice(&[1.0]).set_requires_grad(true).exp().requires_grad()
}

#[test]
fn closures() {
    check("closure", &recorded(|x| (x * x).sin() + x.exp()), &numbers(&[2, 3], 50));
    check("identity", &recorded(Torch::shallow_clone), &numbers(&[2, 3], 51));
    let fallible = Net::<Torch64, _>::new(|x: &Torch| x.f_mul(x)?.f_tanh());
    check("fallible closure", &fallible, &numbers(&[2, 3], 52));
    check("closure as a layer", &Net::new(|x: &Torch| x.atan()), &numbers(&[2, 3], 53));
}

#[test]
fn scalars_and_empty_tensors() {
    check("scalar output", &recorded(|x| (x * x).sum(tch::Kind::Double)), &numbers(&[2, 3], 64));
    check("scalar input", &recorded(|x| x.exp()), &numbers(&[], 65));
    let exp = recorded(|x| x.exp());
    let (y, pullback) = exp.vjp(&upload(&numbers(&[0, 3], 66))).unwrap();
    assert_eq!(pullback.pull(&y).unwrap().shape(), [0, 3]);
    let transposed = Tensor::<Torch64>::new(upload(&numbers(&[2, 3], 67)).into_inner().transpose(0, 1));
    let transpose = recorded(|x| x.transpose(0, 1));
    let (y, pullback) = transpose.vjp(&transposed).unwrap();
    assert_eq!(pullback.pull(&y).unwrap().download().unwrap(), transposed.download().unwrap());
}

/// A convolution and its rectifier, on no tape of libtorch's.
fn rectified() -> Sequential<Torch64> {
    let conv = Conv2d::new(upload(&numbers(&[3, 2, 3, 3], 70)), None).unwrap().padding(1);
    Sequential::new().push(conv).push(Activation::Relu)
}

#[test]
fn what_the_way_back_needs_may_not_be_written_to() {
    let (net, x) = (rectified(), upload(&numbers(&[1, 2, 4, 4], 71)));
    let (y, pullback) = Differentiable::vjp(&net, &x).unwrap();
    let v = y.affine(0.0, 1.0).unwrap();
    pullback.pull(&v).unwrap();
    let _ = y.into_inner().neg_();
    let error = pullback.pull(&v).unwrap_err().to_string();
    assert!(error.contains("in place"), "{error}");
}

#[test]
fn cotangents_of_another_kind_are_cast() {
    let (net, x) = (rectified(), upload(&numbers(&[1, 2, 4, 4], 72)));
    let (y, pullback) = Differentiable::vjp(&net, &x).unwrap();
    let single = Tensor::<Torch64>::new(y.inner().ones_like().to_kind(tch::Kind::Float));
    let expected = pullback.pull(&y.affine(0.0, 1.0).unwrap()).unwrap();
    assert_eq!(pullback.pull(&single).unwrap().download().unwrap(), expected.download().unwrap());
}

#[test]
fn behind_what_is_chosen_by_whole_numbers_everything_else_goes_back() {
    let table = Tensor::<Torch64>::upload(array![[10.0, 20.0, 30.0]].view().into_dyn(), &Default::default()).unwrap();
    let graph = Graph::trace(&[vec![1, 3]], |x| Ok(&x[0] + x[0].constant(table.clone()).gather(1, &x[0]))).unwrap();
    let x = Tensor::upload(array![[2.0, 0.0, 1.0]].view().into_dyn(), &table.placement()).unwrap();
    let (y, pullback) = graph.vjp(&[x], &[true], None).unwrap();
    assert_eq!(y.download().unwrap(), array![[32.0, 10.0, 21.0]].into_dyn());
    assert_eq!(pullback.pull(&y).unwrap().download().unwrap(), y.download().unwrap());
}

#[test]
fn sums_of_two_number_types_give_back_each_its_own() {
    let of_kind = |t: &Torch, kind| Tensor::<Torch64>::new(t.to_kind(kind));
    let (w, b) = (Torch::from_slice2(&[[1.0, -2.0], [0.5, 4.0]]), Torch::from_slice2(&[[0.25, 0.5]]));
    let (w, b) = (of_kind(&w, tch::Kind::Float), of_kind(&b, tch::Kind::Double));
    let graph = Graph::trace(&[vec![1, 2]], |x| {
        let (w, b) = (x[0].constant(w.clone()), x[0].constant(b.clone()));
        Ok(x[0].matmul(&w) + b)
    });
    let graph = graph.unwrap();
    let x = of_kind(&Torch::from_slice2(&[[3.0, 1.0]]), tch::Kind::Float);
    let (y, pullback) = graph.vjp(&[x], &[true], None).unwrap();
    let ones = Tensor::new(y.inner().ones_like());
    let back = pullback.pull(&ones).unwrap();
    assert_eq!(back.inner().kind(), tch::Kind::Float);
    assert_eq!(back.download().unwrap(), array![[-1.0, 4.5]].into_dyn());
}

#[test]
fn parameters_are_left_as_they_were() {
    let store = nn::VarStore::new(Device::Cpu);
    let mut store_double = store;
    let layer = nn::linear(store_double.root(), 3, 2, Default::default());
    store_double.double();
    let weight = layer.ws.shallow_clone();
    let (before, frozen) = (weight.copy(), layer.bs.as_ref().unwrap().shallow_clone());
    let _ = frozen.set_requires_grad(false);
    // A gradient of the user's own training.
    (&weight * 2.0).sum(tch::Kind::Double).backward();

    let model = Net::<Torch64, _>::new(layer);
    Gradient.analyze(&model, &numbers(&[4, 3], 54), MaxActivation).unwrap();
    assert!(weight.requires_grad() && !frozen.requires_grad());
    assert!(weight.is_leaf() && weight.equal(&before));
    assert!(weight.grad().equal(&Torch::full_like(&before, 2.0)), "the user's gradient was changed");
    assert!(!frozen.grad().defined());
}

#[test]
fn a_no_grad_scope_outside_does_no_harm_and_comes_back() {
    let model = recorded(|x| x * x);
    let x = numbers(&[1, 3], 55);
    tch::no_grad(|| {
        let (y, pullback) = model.vjp(&upload(&x)).unwrap();
        assert!(!grad_mode_is_on());
        let ones = y.affine(0.0, 1.0).unwrap();
        let gradient = pullback.pull(&ones).unwrap().download().unwrap();
        assert!(!grad_mode_is_on());
        assert_eq!(gradient, &x * 2.0);
    });
    assert!(grad_mode_is_on());
    // And the other way round: no tape outlives an evaluation, and the mode stays on.
    let y = model.forward(&Tensor::new(upload(&x).into_inner().set_requires_grad(true))).unwrap();
    assert!(!y.inner().requires_grad() && grad_mode_is_on());
}

#[test]
fn a_panic_of_the_forward_code_is_an_error() {
    let own = recorded(|_| panic!("my own words"));
    // tch's own methods panic: a wrong shape.
    let tchs = recorded(|x| x.matmul(&Torch::zeros([7, 7], (tch::Kind::Double, Device::Cpu))));
    // A panic inside the user's own no_grad scope, which tch does not close by itself.
    let in_scope = recorded(|x| tch::no_grad(|| if x.size().len() == 2 { panic!("in scope") } else { x.relu() }));
    let x = upload(&numbers(&[1, 3], 56));
    for (model, words) in [
        (&own as &dyn Differentiable<Backend = Torch64>, "panicked: my own words"),
        (&tchs, "mat1 and mat2 shapes cannot be multiplied"),
        (&in_scope, "in scope"),
    ] {
        for result in [model.forward(&x), model.vjp(&x).map(|(y, _)| y)] {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Backend { .. }));
            let text = error.to_string();
            assert!(text.contains(words) && !text.contains("Exception raised"), "{text}");
            assert!(grad_mode_is_on());
        }
        tch::no_grad(|| {
            assert!(model.vjp(&x).is_err());
            assert!(!grad_mode_is_on());
        });
    }
}

#[test]
fn an_error_of_the_forward_code_is_kept_as_the_source() {
    let model = Net::<Torch64, _>::new(|x: &Torch| x.f_narrow(1, 5, 5));
    let error = model.vjp(&upload(&numbers(&[1, 3], 57))).unwrap_err();
    let Error::Backend { backend: "libtorch", source } = &error else { panic!("{error}") };
    assert!(source.downcast_ref::<tch::TchError>().is_some());
}

#[test]
fn a_cut_path_is_an_error_at_the_pullback() {
    let parameter = Torch::from_slice(&[2.0, 3.0]).set_requires_grad(true);
    let of_parameter = parameter.shallow_clone();
    let x = upload(&numbers(&[2, 2], 58));
    type Forward = Box<dyn Fn(&Torch) -> Torch>;
    let cases: [(&str, Forward); 5] = [
        ("detached", Box::new(|x| x.detach().exp())),
        ("no_grad", Box::new(|x| tch::no_grad(|| x.exp()))),
        ("constant", Box::new(|x| x.zeros_like())),
        ("integers", Box::new(|x| x.argmax(1, false))),
        ("parameter", Box::new(move |x| of_parameter.expand_as(x) * 2.0)),
    ];
    for (name, forward) in cases {
        let (y, pullback) = Torch64::record(|x| Ok(forward(x[0])), std::slice::from_ref(&x)).unwrap();
        let of_function = pullback.pull(&y).unwrap_err();
        // In a network it is said as soon as it is seen, with the layer's name.
        let model = Net::<Torch64, _>::new(&forward);
        let of_model = model.vjp(&x).and_then(|(y, pullback)| pullback.pull(&y)).unwrap_err();
        for error in [of_function, of_model] {
            assert!(matches!(&error, Error::Detached { .. }), "{name}: {error}");
            assert!(error.to_string().contains("detach"), "{error}");
        }
    }
    assert!(!parameter.grad().defined());
}

#[test]
fn a_cotangent_of_another_shape_is_refused() {
    let model = recorded(|x| x * 2.0);
    let (_, pullback) = model.vjp(&upload(&numbers(&[2, 3], 59))).unwrap();
    // It would broadcast.
    let error = pullback.pull(&upload(&numbers(&[1, 3], 60))).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

#[test]
fn a_pullback_may_be_called_again() {
    let model = recorded(|x| x * x * x);
    let x = numbers(&[1, 2], 61);
    let (_, pullback) = model.vjp(&upload(&x)).unwrap();
    for factor in [1.0, -2.0, 0.5] {
        let v = ArrayD::from_elem(IxDyn(&[1, 2]), factor);
        let expected = x.mapv(|x| 3.0 * x * x * factor);
        let got = pullback.pull(&upload(&v)).unwrap().download().unwrap();
        assert!((&got - &expected).iter().all(|d| d.abs() < 1e-12));
    }
}

#[test]
fn each_input_gets_its_part_and_only_those_that_reach_the_output() {
    let [a, b, unused] = [numbers(&[2, 3], 96), numbers(&[2, 3], 97), numbers(&[2, 3], 98)];
    let inputs = [&a, &b, &unused].map(upload);
    let (y, pullback) = Torch64::record(|x| Ok(x[0] * x[1].exp()), &inputs).unwrap();
    let v = numbers(&[2, 3], 99);
    let parts = pullback.pull_all(&upload(&v)).unwrap();
    let close = |got: &Option<Tensor<Torch64>>, expected: ArrayD<f64>| {
        let gap = got.as_ref().unwrap().download().unwrap() - expected;
        assert!(gap.iter().all(|gap| gap.abs() < 1e-12));
    };
    close(&parts[0], &v * &b.mapv(f64::exp));
    close(&parts[1], &v * &y.download().unwrap());
    assert!(parts[2].is_none());
}

#[test]
fn in_place_code_does_not_reach_the_input() {
    let model = recorded(|x| x.shallow_clone().relu_());
    let x = array![[-1.0, 2.0]].into_dyn();
    let uploaded = upload(&x);
    assert_eq!(model.forward(&uploaded).unwrap().download().unwrap(), array![[0.0, 2.0]].into_dyn());
    let (y, pullback) = model.vjp(&uploaded).unwrap();
    assert_eq!(pullback.pull(&y).unwrap().download().unwrap(), array![[0.0, 2.0]].into_dyn());
    assert_eq!(uploaded.download().unwrap(), x);
}

#[test]
fn an_output_that_the_user_keeps_is_the_users() {
    let kept = Cell::new(None);
    let model = recorded(|x| {
        let y = x.exp();
        kept.set(Some(y.shallow_clone()));
        y
    });
    let x = numbers(&[1, 3], 62);
    let (y, pullback) = model.vjp(&upload(&x)).unwrap();
    pullback.pull(&y).unwrap();
    let kept = Tensor::<Torch64>::new(kept.take().unwrap());
    assert!((&kept.download().unwrap() - &x.mapv(f64::exp)).iter().all(|d| d.abs() < 1e-12));
}

#[test]
fn an_undefined_tensor_is_an_error_on_both_ends() {
    let error = recorded(|_| Torch::new()).vjp(&upload(&numbers(&[1], 63))).unwrap_err();
    assert!(error.to_string().contains("undefined"), "{error}");
    let nothing = Tensor::<Torch64>::new(Torch::new());
    assert!(recorded(|x| x.exp()).vjp(&nothing).is_err());
    assert!(LibTorch::evaluate(|x| Ok(x[0].exp()), &[nothing]).is_err());
}

#[test]
fn the_tape_is_the_threads_own() {
    let gradients: Vec<f32> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|i| {
                scope.spawn(move || {
                    let _guard = (i % 2 == 0).then(tch::no_grad_guard);
                    let model = Net::<LibTorch, _>::new(move |x: &Torch| x * f64::from(i));
                    Gradient.analyze(&model, &array![[1.0_f32]], MaxActivation).unwrap().values[[0, 0]]
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(gradients, [0.0, 1.0, 2.0, 3.0]);
}

/// (1, 3, 2) to (1, 2): with a class token that is not repeated for a batch. Writes into its input first, as in-place
/// activations do.
fn one_sample(x: &Torch) -> Result<Torch, tch::TchError> {
    let mut x = x.shallow_clone();
    let x = x.f_sin_()?;
    let class = Torch::ones([1, 1, 2], (x.f_kind()?, Device::Cpu));
    Torch::f_cat(&[&class, &x], 1)?.f_square()?.f_sum_dim_intlist(Some([1i64].as_slice()), false, None)
}

#[test]
fn rows_of_code_for_one_sample_are_run_one_by_one_with_a_note() {
    let net = Net::<Torch64, _>::new(one_sample);
    check("one sample", &net, &numbers(&[1, 3, 2], 70));
    check("rows one by one", &net, &numbers(&[3, 3, 2], 71));
    let x = numbers(&[2, 3, 2], 72);
    let all = IntegratedGradients::new().n(20).analyze(&net, &x, Index(1)).unwrap();
    assert!(matches!(&all.extras.notes[..], [Note::OneByOne { error }] if error.contains("Sizes of tensors")));
    for (i, sample) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
        let alone = Gradient.analyze(&net, &sample.to_owned(), Index(1)).unwrap();
        assert!(alone.extras.notes.is_empty());
        let alone = IntegratedGradients::new().n(20).analyze(&net, &sample.to_owned(), Index(1)).unwrap();
        let gap = (&all.values.index_axis(Axis(0), i) - &alone.values.index_axis(Axis(0), 0)).mapv(f64::abs).sum();
        assert!(gap < 1e-12, "{gap}");
    }
    // Panics of tch's own code are errors too.
    let panics = recorded(|x| Torch::cat(&[&Torch::ones([1, 1, 2], (tch::Kind::Double, Device::Cpu)), x], 1).sin());
    check("rows of code that panics", &panics, &numbers(&[2, 3, 2], 73));
    // An error of one row too is the code's own, and a captured batch is one that has to be given.
    let broken = Net::<Torch64, _>::new(|x: &Torch| x.f_reshape([17, 17]));
    let error = Gradient.analyze(&broken, &x, Index(0)).unwrap_err().to_string();
    assert!(!error.contains("captured"), "{error}");
    let second = Torch::ones([3, 3, 2], (tch::Kind::Double, Device::Cpu));
    let captured = Net::<Torch64, _>::new(move |x: &Torch| x.f_mul(&second));
    let error = Gradient.analyze(&captured, &x, Index([0, 0])).unwrap_err().to_string();
    assert!(error.contains("captured") && error.contains("[3, 3, 2]"), "{error}");
}
