//! TorchScript files, whole and in two parts.

use std::path::PathBuf;

use ndarray::{Array4, ArrayD};
use tch::{CModule, Device, IValue, Kind, Tensor as Torch};
use xai_core::{Analyzer, Differentiable, Error, GradCam, Gradient, Index, MaxActivation, Net, Split};
use xai_tch::{LibTorch, TorchScript};

use crate::differences::{Torch64, check, numbers, upload};

fn seeded(shape: &[usize], seed: u64) -> Torch {
    upload(&numbers(shape, seed)).into_inner()
}

/// A small network in two parts. Its weights are made before a trace: what is written into a tensor is not traced.
struct Parts {
    conv: Torch,
    linear: Torch,
}

impl Parts {
    fn new(kind: Kind) -> Self {
        Parts { conv: seeded(&[3, 1, 3, 3], 80).to_kind(kind), linear: seeded(&[4, 3], 81).to_kind(kind) }
    }

    fn features(&self, x: &Torch) -> Torch {
        x.conv2d(&self.conv, None::<Torch>, [1, 1], [1, 1], [1, 1], 1)
    }

    /// Starts in place, as the second halves of torchvision's networks do.
    fn adaptation(&self, x: &Torch) -> Torch {
        let maps = x.shallow_clone().tanh_();
        maps.mean_dim([2_i64, 3].as_slice(), false, None).linear(&self.linear, None::<Torch>)
    }

    fn whole(&self, x: &Torch) -> Torch {
        self.adaptation(&self.features(x))
    }
}

fn traced(method: &str, example: Torch, forward: impl Fn(&Torch) -> Torch) -> CModule {
    let mut closure = |inputs: &[Torch]| vec![forward(&inputs[0])];
    CModule::create_by_tracing("traced", method, &[example], &mut closure).unwrap()
}

fn features_only(method: &str) -> CModule {
    let net = Parts::new(Kind::Double);
    traced(method, example(), |x| net.features(x))
}

/// A `.pt` file of its own for each test, gone with it.
struct File(PathBuf);

impl File {
    fn of(name: &str, module: &CModule) -> Self {
        let path = std::env::temp_dir().join(format!("xai-tch-{}-{name}.pt", std::process::id()));
        module.save(&path).unwrap();
        File(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // Nothing to do about a temporary file that is gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn example() -> Torch {
    seeded(&[1, 1, 5, 4], 82)
}

#[test]
fn a_whole_file() {
    let net = Parts::new(Kind::Double);
    let file = File::of("whole", &traced("forward", example(), |x| net.whole(x)));
    let model = TorchScript::<f64>::load(&file.0).unwrap().at((Device::Cpu, Kind::Double));
    let x = numbers(&[2, 1, 5, 4], 83);
    // The first runs of a script differ from the later ones inside libtorch, which profiles and then optimises.
    for _ in 0..4 {
        check("TorchScript", &model, &x);
    }
    let own = Net::<Torch64, _>::new(|x: &Torch| net.whole(x)).at((Device::Cpu, Kind::Double));
    let why = Gradient.analyze(&model, &x, MaxActivation).unwrap();
    assert_eq!(why, Gradient.analyze(&own, &x, MaxActivation).unwrap());
}

#[test]
fn a_pair_of_files() {
    let net = Parts::new(Kind::Double);
    let maps = net.features(&example());
    let first = File::of("features", &traced("forward", example(), |x| net.features(x)));
    let second = File::of("adaptation", &traced("forward", maps, |x| net.adaptation(x)));
    let place = (Device::Cpu, Kind::Double);
    let model = TorchScript::<f64>::load_split(&first.0, &second.0).unwrap().at(place);
    let x = numbers(&[2, 1, 5, 4], 84);
    check("both parts", &model, &x);
    let (_, adaptation) = TorchScript::<f64>::load_split(&first.0, &second.0).unwrap().into_parts();
    check("adaptation", &adaptation, &numbers(&[2, 3, 5, 4], 85));

    let own = Split::new(
        Net::<Torch64, _>::new(|x: &Torch| net.features(x)),
        Net::<Torch64, _>::new(|x: &Torch| net.adaptation(x)),
    );
    let own = own.at(place);
    let map = GradCam.analyze(&model, &x, Index(2)).unwrap();
    assert_eq!(map.values.shape(), [2, 1, 5, 4]);
    assert!(map.values.iter().any(|v| *v > 0.0));
    assert_eq!(map, GradCam.analyze(&own, &x, Index(2)).unwrap());
}

#[test]
fn single_precision_is_the_default() {
    let net = Parts::new(Kind::Float);
    let file = File::of("single", &traced("forward", example().to_kind(Kind::Float), |x| net.whole(x)));
    let model = TorchScript::load(&file.0).unwrap();
    let x = Array4::from_elem((1, 1, 5, 4), 0.5_f32);
    let why = Gradient.analyze(&model, &x, MaxActivation).unwrap();
    assert_eq!(why.values.dim(), (1, 1, 5, 4));
    assert_eq!(model.placement(), Some(xai_tch::Placement::default()));
}

#[test]
fn a_method_by_its_name() {
    let module = features_only("features");
    let model = TorchScript::<f64>::new(module, Device::Cpu).unwrap();
    check("method", &model.method("features").at((Device::Cpu, Kind::Double)), &numbers(&[1, 1, 4, 4], 86));
    let error = model.method("nothing").forward(&upload(&numbers(&[1, 1, 4, 4], 86))).unwrap_err();
    assert!(matches!(error, Error::Backend { .. }) && error.to_string().contains("nothing"), "{error}");
}

#[test]
fn a_module_as_a_layer_and_in_a_closure() {
    let module = features_only("forward");
    let x = numbers(&[1, 1, 4, 4], 87);
    let through_ivalues = |x: &Torch| match module.forward_is(&[IValue::Tensor(x.shallow_clone())])? {
        IValue::Tensor(y) => Ok(y),
        other => Err(tch::TchError::Kind(format!("{other:?}"))),
    };
    check("closure over a module", &Net::<Torch64, _>::new(through_ivalues), &x);
    check("CModule", &Net::<Torch64, _>::new(module), &x);
}

#[test]
fn a_script_of_two_inputs() {
    let mut closure = |inputs: &[Torch]| vec![(&inputs[0] * &inputs[1]).tanh() + &inputs[1]];
    let examples = [seeded(&[2, 3], 88), seeded(&[2, 3], 89)];
    let module = CModule::create_by_tracing("two", "forward", &examples, &mut closure).unwrap();
    let model = TorchScript::<f64>::new(module, Device::Cpu).unwrap().at((Device::Cpu, Kind::Double));
    let (a, b) = (numbers(&[2, 3], 88), numbers(&[2, 3], 89));
    let why = Gradient.analyze(&model, (&a, &b), Index(1)).unwrap();
    let slope = |i: usize| 1.0 - (a[[i, 1]] * b[[i, 1]]).tanh().powi(2);
    for i in 0..2 {
        assert!((why.values.0[[i, 1]] - slope(i) * b[[i, 1]]).abs() < 1e-12);
        assert!((why.values.1[[i, 1]] - slope(i) * a[[i, 1]] - 1.0).abs() < 1e-12);
    }
}

#[test]
fn what_cannot_be_loaded_is_an_error_with_its_path() {
    let error = TorchScript::<f32>::load("/nowhere/model.pt").unwrap_err().to_string();
    assert!(error.contains("/nowhere/model.pt") && !error.contains("frame #"), "{error}");
    let path = std::env::temp_dir().join(format!("xai-tch-{}-text.pt", std::process::id()));
    std::fs::write(&path, "not a script").unwrap();
    let file = File(path);
    assert!(TorchScript::<f32>::load(&file.0).is_err());
    let error = TorchScript::<f32>::load(std::env::temp_dir()).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    assert!(TorchScript::<f32>::load_split(&file.0, &file.0).is_err());
}

#[test]
fn a_wrong_input_is_an_error() {
    let model = TorchScript::<f32>::new(features_only("forward"), Device::Cpu).unwrap();
    let error = Gradient.analyze(&model, &ArrayD::<f32>::zeros(vec![1, 2, 4, 4]), MaxActivation).unwrap_err();
    assert!(matches!(error, Error::Backend { .. }), "{error}");
}

#[test]
fn a_model_can_be_shared_between_threads() {
    fn assert<T: Send + Sync>() {}
    assert::<TorchScript<f32>>();
    assert::<LibTorch>();
}
