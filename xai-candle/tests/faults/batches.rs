//! Samples behind the first one, which candle mixes up in some operations.

use candle_core::{DType, Device, Module, Result, Tensor, Var};
use ndarray::Array3;
use xai_candle::{Candle, TensorExt, model, module, nn};
use xai_core::{Analyzer, Error, Gradient, Index, Net, SmoothGrad};

fn numbers(shape: &[usize], seed: f64, dtype: DType) -> Tensor {
    let count = shape.iter().product::<usize>();
    let numbers: Vec<f64> = (0..count).map(|i| ((i as f64 + 1.0) * (seed + 1.618)).sin()).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
}

fn input(rows: usize) -> Array3<f32> {
    let flat = numbers(&[rows, 3, 7], 0.3, DType::F32).flatten_all().unwrap().to_vec1().unwrap();
    Array3::from_shape_vec((rows, 3, 7), flat).unwrap()
}

type Code = Box<dyn Fn(&Tensor) -> Result<Tensor>>;

/// To the sum over a weight, so that no sample's output is another's.
fn ends(y: &Tensor) -> Result<Tensor> {
    y.flatten_from(1)?.tanh()
}

/// Code that candle gets wrong in a batch, if it differentiates it at all, and the same by this crate's names.
fn pairs() -> [(&'static str, Option<Code>, Code); 3] {
    let kernel = numbers(&[4, 3, 3], 0.1, DType::F32);
    let own = kernel.clone();
    let transposed = numbers(&[3, 4, 3], 0.2, DType::F32);
    let linear = candle_nn::Linear::new(numbers(&[5, 3], 0.4, DType::F32), None);
    let swapped = nn::Linear::from(linear.clone());
    [
        (
            "conv1d",
            Some(Box::new(move |x| ends(&x.conv1d(&own, 0, 1, 1, 1)?))),
            Box::new(move |x| ends(&x.with_gradient().conv1d(&kernel, 0, 1, 1, 1)?)),
        ),
        (
            "conv_transpose1d",
            None,
            Box::new(move |x| ends(&x.with_gradient().conv_transpose1d(&transposed, 0, 0, 1, 1, 1)?)),
        ),
        (
            "linear",
            Some(Box::new(move |x| ends(&linear.forward(&x.transpose(1, 2)?)?))),
            Box::new(move |x| ends(&swapped.forward(&x.transpose(1, 2)?)?)),
        ),
    ]
}

/// The gradients of the samples, each by itself.
fn one_by_one(code: &Code, x: &Array3<f32>) -> Array3<f32> {
    let of = |row: usize| {
        let own = x.slice(ndarray::s![row..=row, .., ..]).to_owned();
        Gradient.analyze(&model(|x: &Tensor| code(x)), &own, Index(1)).unwrap().values
    };
    let rows: Vec<_> = (0..x.dim().0).map(of).collect();
    ndarray::concatenate(ndarray::Axis(0), &rows.iter().map(|row| row.view()).collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_twins_are_right_in_a_batch() {
    for (name, _, twin) in &pairs() {
        for rows in [1, 2, 5] {
            let x = input(rows);
            let found = Gradient.analyze(&model(|x: &Tensor| twin(x)), &x, Index(1)).unwrap().values;
            assert!((&found - &one_by_one(twin, &x)).iter().all(|d| d.abs() < 1e-5), "{name}, {rows} rows");
        }
    }
}

#[test]
fn what_candle_mixes_up_in_a_batch_is_refused() {
    for (name, own, _) in &pairs() {
        let Some(own) = own else { continue };
        let (closure, named) = (Net::<Candle, _>::new(|x: &Tensor| own(x)), model(|x: &Tensor| own(x)));
        Gradient.analyze(&closure, &input(1), Index(1)).unwrap();
        for rows in [2, 5] {
            let x = input(rows);
            for found in [Gradient.analyze(&closure, &x, Index(1)), Gradient.analyze(&named, &x, Index(1))] {
                let error = found.unwrap_err();
                assert!(matches!(error.root(), Error::WrongGradient { .. }), "{name}: {error}");
                let words = error.to_string();
                let says = |part: &str| assert!(words.contains(part), "{name}: no {part} in {words}");
                says(&format!("sample {} of a batch of {rows}", rows - 1));
                let all = ["conv1d", "contiguous()", "one_by_one()", "use xai::candle::nn", "xai patch-candle"];
                all.into_iter().for_each(says);
            }
            // Each sample by itself is right.
            let alone = Net::<Candle, _>::new(module(|x: &Tensor| own(x)).one_by_one());
            let found = Gradient.analyze(&alone, &x, Index(1)).unwrap().values;
            assert!((&found - &one_by_one(own, &x)).iter().all(|d| d.abs() < 1e-6), "{name}, {rows} rows");
        }
        // The copies of one sample are a batch.
        let error = SmoothGrad::new().n(6).analyze(&named, &input(1), Index(1)).unwrap_err();
        assert!(matches!(error.root(), Error::WrongGradient { .. }), "{name}: {error}");
    }
}

/// conv1d's weights, padded and not, in a batch, where candle's own gradient of them is wrong: also weights that were
/// computed.
#[test]
fn weights_of_conv1d_get_the_sum_over_the_samples() {
    for padding in [0, 1] {
        let config = nn::Conv1dConfig { padding, ..Default::default() };
        let of = |x: &Tensor, computed: bool| {
            let weight = Var::from_tensor(&numbers(&[4, 3, 3], 0.1, DType::F64)).unwrap();
            let own = if computed { weight.affine(1.0, 0.0).unwrap() } else { weight.as_tensor().clone() };
            let conv = nn::Conv1d::new(own, None, config);
            let y = conv.forward(x).unwrap().sqr().unwrap().sum_all().unwrap();
            let found = y.backward().unwrap().get(&weight).unwrap().flatten_all().unwrap();
            found.to_vec1::<f64>().unwrap()
        };
        let x = numbers(&[3, 3, 7], 0.3, DType::F64);
        let each: Vec<_> = (0..3).map(|row| of(&x.narrow(0, row, 1).unwrap(), false)).collect();
        for computed in [false, true] {
            for (i, found) in of(&x, computed).into_iter().enumerate() {
                let expected: f64 = each.iter().map(|one| one[i]).sum();
                assert!((found - expected).abs() < 1e-10 * expected.abs().max(1.0), "{padding}: {found}, {expected}");
            }
        }
    }
}
