//! Entries of an axis, chosen for each sample by ids that are an input.

use ndarray::{ArrayD, Axis, IxDyn, array};
use xai_core::nn::{Gather, Linear};
use xai_core::{
    Analyzer, Backend, Differentiable, Error, Given, Gradient, Graph, Ids, Index, IntegratedGradients, Op, Quadrature,
    Result, SmoothGrad, Tensor, Var,
};

use crate::models::differences::{differences, linear, noise, output, relative_error};
use crate::nn_ops::numbers::{F64, tensor};

/// y[b, .., i, ..] = x[b, .., ids[b, i], ..], element by element, for one axis of ids.
fn by_loop(x: &ArrayD<f64>, axis: usize, ids: &ArrayD<f64>) -> ArrayD<f64> {
    let mut shape = x.shape().to_vec();
    shape[axis] = ids.shape()[1];
    ArrayD::from_shape_fn(IxDyn(&shape), |at| {
        let mut from = at.clone();
        from[axis] = ids[[at[0], at[axis]]] as usize;
        x[from]
    })
}

#[test]
fn entries_of_each_sample_by_its_own_ids() {
    let ids = array![[2.0, 0.0, 2.0, 2.0], [1.0, 1.0, 0.0, 1.0]].into_dyn();
    for (axis, shape) in [(1, &[2, 3][..]), (1, &[2, 3, 4]), (2, &[2, 2, 3]), (2, &[2, 4, 3, 2]), (3, &[2, 1, 2, 3])] {
        let x = noise(1, shape);
        let shapes = [x.shape().to_vec(), ids.shape().to_vec()];
        let graph = Graph::<F64>::trace(&shapes, |x| Ok(x[0].gather(axis, &x[1]))).unwrap();
        let inputs = [tensor(&x), tensor(&ids)];
        let y = graph.forward(&inputs).unwrap().download().unwrap();
        assert_eq!(y, by_loop(&x, axis, &ids));
        assert_eq!(graph.output_shape(), Some(y.shape()));
        // Linear in x: the way back is the adjoint.
        let v = noise(2, y.shape());
        let back = graph.vjp(&inputs, &[true, false], None).unwrap().1.pull_all(&tensor(&v)).unwrap();
        let [Some(back), None] = &back[..] else { panic!("x alone gets something back") };
        let u = noise(3, shape);
        let (got, expected) = ((&back.download().unwrap() * &u).sum(), (&v * &by_loop(&u, axis, &ids)).sum());
        assert!((got - expected).abs() < 1e-12, "{got} instead of {expected}");
    }
}

#[test]
fn the_ids_axes_stand_where_the_axis_was() {
    let shape = |x: &[usize], axis: usize, ids: &[usize]| Gather { axis }.output_shape(x, ids).unwrap();
    assert_eq!(shape(&[2, 7, 5], 1, &[2]), [2, 5]);
    assert_eq!(shape(&[2, 7, 5], 2, &[2, 3, 4]), [2, 7, 3, 4]);
    let x = noise(4, &[2, 3, 2]);
    let op: Op<F64> = Gather { axis: 1 }.into();
    let one = F64::forward(&op, &[&tensor(&x), &tensor(&array![2.0, 1.0].into_dyn())]).unwrap().download().unwrap();
    let expected = ndarray::stack![Axis(0), x.slice(ndarray::s![0, 2, ..]), x.slice(ndarray::s![1, 1, ..])];
    assert_eq!(one, expected.into_dyn());
}

/// Words (B, T, D) and the end of each sentence (B) to classes (B, C).
struct AtTheEnd(Linear<F64>, Linear<F64>);

impl Differentiable for AtTheEnd {
    type Backend = F64;
    fn trace<'m>(&'m self, x: &[Var<'m, F64>]) -> Result<Var<'m, F64>> {
        let words = x[0].layer("words", &self.0)?.relu();
        (&words + &words.mean(&[1])).gather(1, &x[1]).layer("classes", &self.1)
    }
}

#[test]
fn explained_through_the_choice() {
    let model = AtTheEnd(linear(5, 4, 3), linear(6, 2, 4));
    let x = noise(7, &[2, 5, 3]).into_dimensionality::<ndarray::Ix3>().unwrap();
    let ends = array![4_i64, 1];
    let given = [x.clone().into_dyn(), ends.mapv(|id| id as f64).into_dyn()];
    let f = |x: &[ArrayD<f64>]| output(&model, x).index_axis(Axis(1), 1).sum();
    let (gradient, ()) = Gradient.analyze(&model, (&x, Ids(&ends)), Index(1)).unwrap().values;
    assert!(relative_error(&gradient.clone().into_dyn(), &differences(f, &given, 0)) < 1e-8);
    for sample in 0..2 {
        let row = |a: &ndarray::Array3<f64>| a.select(Axis(0), &[sample]);
        let end = ends.select(Axis(0), &[sample]);
        let alone = Gradient.analyze(&model, (&row(&x), Ids(&end)), Index(1)).unwrap().values.0;
        assert_eq!(alone, row(&gradient));
        for chunk in [1, 3, 50] {
            let smooth = SmoothGrad::new().n(5).std(0.3).chunk(chunk);
            let both = smooth.analyze(&model, (&x, Ids(&ends)), Index(1)).unwrap().values.0;
            let alone = smooth.analyze(&model, (&row(&x), Ids(&end)), Index(1)).unwrap().values.0;
            assert!((&alone - &row(&both)).iter().all(|gap| gap.abs() < 1e-12), "chunks of {chunk}");
        }
    }
    // Relus and affine operations: secants are complete.
    let secants = IntegratedGradients::new().n(3).quadrature(Quadrature::Secant);
    let gaps = secants.analyze(&model, (&x, Ids(&ends)), Index(1)).unwrap().extras.completeness_gap.unwrap();
    assert!(gaps.iter().all(|gap| gap.abs() < 1e-12), "{gaps:?}");
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let says = |error: Error, parts: &[&str]| {
        let message = error.to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    let refused = |axis: usize, x: &[usize], ids: &[usize]| Gather { axis }.output_shape(x, ids).unwrap_err();
    says(refused(0, &[2, 3], &[2, 1]), &["axis = 0", "within each sample", "within 1..2"]);
    says(refused(2, &[2, 3], &[2, 1]), &["axis = 2"]);
    says(refused(1, &[2, 3], &[3, 1]), &["ids of Gather", "[3, 1]", "begin with the batch"]);
    says(refused(1, &[2, 3], &[]), &["ids of Gather", "[]"]);
    says(refused(1, &[2, 0], &[2, 1]), &["no element"]);

    let model = AtTheEnd(linear(5, 4, 3), linear(6, 2, 4));
    let x = noise(7, &[1, 5, 3]).into_dimensionality::<ndarray::Ix3>().unwrap();
    let end = |id: i64| Gradient.analyze(&model, (&x, Ids(&array![id])), Index(1)).unwrap_err();
    says(end(5), &["id = 5", "axis 1, which has the length 5,", "from 0 to 4"]);
    says(end(-1), &["id = -1"]);
    let op: Op<F64> = Gather { axis: 1 }.into();
    for id in [0.5, f64::NAN] {
        let ids: Tensor<F64> = tensor(&array![[id]].into_dyn());
        says(F64::forward(&op, &[&tensor(&noise(8, &[1, 2])), &ids]).unwrap_err(), &["whole numbers"]);
    }
    // Before any pass: the way to ids is none.
    let ids = array![3.0];
    says(Gradient.analyze(&model, (Given(&x), &ids), Index(1)).unwrap_err(), &["input 1", "whole numbers", "`Ids`"]);
    says(Gradient.analyze(&model, (&x, &ids), Index(1)).unwrap_err(), &["input 1", "whole numbers"]);
}
