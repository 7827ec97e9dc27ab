//! What a graph gives a backend to compute together when it runs forward.

use std::cell::RefCell;

use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn, array};
use xai_core::nn::Activation;
use xai_core::{Arithmetic, Backend, FusedResult, Graph, NdArray, Op, Residual, Result, Tensor, Var};

type N = NdArray<f64>;
type Numbers = ArcArray<f64, IxDyn>;

/// Plain arrays that compute relus together, and remember what they were given: how many operations, and whether their
/// input was added.
#[derive(Debug, Clone)]
struct Fusing;

thread_local! {
    static GIVEN: RefCell<Vec<Vec<(usize, bool)>>> = const { RefCell::new(Vec::new()) };
}

impl Arithmetic for Fusing {
    type Elem = f64;
    type Tensor = Numbers;
    type Shared = Numbers;
    type Placement = ();
    const NAME: &'static str = "fusing";

    fn upload(values: ArrayViewD<'_, f64>, at: &()) -> Result<Numbers> {
        N::upload(values, at)
    }
    fn download(t: &Numbers) -> Result<ArrayD<f64>> {
        N::download(t)
    }
    fn placement(_: &Numbers) {}
    fn shape(t: &Numbers) -> Vec<usize> {
        N::shape(t)
    }
    fn share(t: &Numbers) -> Numbers {
        N::share(t)
    }
    fn into_shared(t: Numbers) -> Numbers {
        t
    }
    fn of_shared(t: &Numbers) -> Numbers {
        t.clone()
    }
    fn add(a: &Numbers, b: &Numbers) -> Result<Numbers> {
        N::add(a, b)
    }
    fn sub(a: &Numbers, b: &Numbers) -> Result<Numbers> {
        N::sub(a, b)
    }
    fn mul(a: &Numbers, b: &Numbers) -> Result<Numbers> {
        N::mul(a, b)
    }
    fn affine(t: &Numbers, scale: f64, shift: f64) -> Result<Numbers> {
        N::affine(t, scale, shift)
    }
    fn relu(t: &Numbers) -> Result<Numbers> {
        N::relu(t)
    }
    fn sum(t: &Numbers, axes: &[usize]) -> Result<Numbers> {
        N::sum(t, axes)
    }
    fn max(t: &Numbers, axes: &[usize]) -> Result<Numbers> {
        N::max(t, axes)
    }
    fn reshape(t: &Numbers, shape: &[usize]) -> Result<Numbers> {
        N::reshape(t, shape)
    }
    fn narrow(t: &Numbers, axis: usize, start: usize, len: usize) -> Result<Numbers> {
        N::narrow(t, axis, start, len)
    }
    fn concat(parts: &[&Numbers], axis: usize) -> Result<Numbers> {
        N::concat(parts, axis)
    }
    fn broadcast_to(t: &Numbers, shape: &[usize]) -> Result<Numbers> {
        N::broadcast_to(t, shape)
    }
}

impl Backend for Fusing {
    fn fuses(ops: &[&Op<Self>], _: &Tensor<Self>) -> usize {
        ops.iter().take_while(|op| matches!(op, Op::Activation(Activation::Relu))).count()
    }

    fn forward_residual(parts: &[Residual<'_, Self>], x: &Tensor<Self>) -> FusedResult<Tensor<Self>> {
        let given = parts.iter().map(|part| (part.ops.len(), part.plus_input)).collect();
        GIVEN.with_borrow_mut(|all| all.push(given));
        parts.iter().try_fold(x.clone(), |x, part| {
            let y = Self::forward_fused(&part.ops, &x)?;
            if part.plus_input { x.add(&y).map_err(|error| (part.ops.len(), error)) } else { Ok(y) }
        })
    }
}

/// Networks of relus and sums, with a place `a`.
fn net<B: Backend>(which: &str, x: &Var<'static, B>) -> Result<Var<'static, B>> {
    let a = x.within("a", || Ok(x.relu()))?;
    Ok(match which {
        "chain" => a.relu().relu(),
        "block" => (a.relu().relu() + &a).relu(),
        "blocks" => {
            let b = &a + a.relu();
            b.relu() + b
        }
        "of the input" => x.relu() + x,
        "read beside" => (a.relu() + &a) * a,
        "scaled" => a.relu() * 3.0 + a,
        "of another" => a.relu() + x,
        "twice" => {
            let b = a.relu();
            &b + &b
        }
        _ => a,
    })
}

#[test]
fn residual_blocks_are_given_together() {
    const LAST: (usize, bool) = (1, false);
    let cases: [(&str, &[&[(usize, bool)]]); 8] = [
        ("chain", &[&[(3, false)]]),
        ("block", &[&[LAST, (2, true), LAST]]),
        ("blocks", &[&[LAST, (1, true), (1, true)]]),
        ("of the input", &[&[(1, true)]]),
        ("read beside", &[&[LAST], &[(1, true)]]),
        ("scaled", &[&[LAST], &[LAST]]),
        ("of another", &[&[(2, true)]]),
        ("twice", &[&[(2, false)]]),
    ];
    let x = array![[-2.0, 3.0], [1.0, -0.5]].into_dyn();
    for (which, want) in cases {
        let graph = Graph::<Fusing>::trace(&[vec![2, 2]], |x| net(which, &x[0])).unwrap();
        let exact = Graph::<N>::trace(&[vec![2, 2]], |x| net(which, &x[0])).unwrap();
        let input = Tensor::<Fusing>::upload(x.view(), &()).unwrap();
        let exact_input = Tensor::<N>::upload(x.view(), &()).unwrap();
        let y = graph.forward(std::slice::from_ref(&input)).unwrap().download().unwrap();
        assert_eq!(GIVEN.take(), want, "{which}");
        assert_eq!(y, exact.forward(std::slice::from_ref(&exact_input)).unwrap().download().unwrap(), "{which}");
        // What is wanted in between is not passed over.
        let kept = graph.keeping(&[graph.place("a").unwrap()]).forward_kept(&[input]).unwrap();
        let exact = exact.keeping(&[exact.place("a").unwrap()]).forward_kept(&[exact_input]).unwrap();
        assert_eq!(kept.output.download().unwrap(), y, "{which}");
        assert_eq!(kept.values[0].download().unwrap(), exact.values[0].download().unwrap(), "{which}");
        GIVEN.take();
    }
}

#[test]
fn an_error_is_of_the_operation_that_it_came_from() {
    let relu: Op<N> = Activation::Relu.into();
    let wrong: Op<N> = xai_core::nn::Narrow { axis: 1, start: 2, len: 9 }.into();
    let part = |op, plus_input| Residual { ops: vec![&relu, op], plus_input };
    let x = Tensor::<N>::upload(array![[1.0, 2.0]].view().into_dyn(), &()).unwrap();
    let parts = [part(&relu, true), part(&relu, false), part(&wrong, true)];
    assert!(matches!(N::forward_residual(&parts, &x), Err((6, _))));
}
