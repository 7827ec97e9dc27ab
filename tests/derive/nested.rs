//! A derived struct as a field of another.

use ndarray::array;
use xai::{Analyzer, Backend, Differentiable, Explainable, GradCam, Gradient, Layer, MaxActivation, NdArray, Tensor};

use crate::layers::{Mix, Scale, Square, SumPixels, image};

/// x ↦ (factor·x)²
#[derive(Explainable)]
#[explainable(backend = B)]
struct Block<B: Backend> {
    #[explainable(features)]
    scale: Scale,
    #[explainable(adaptation)]
    act: Square,
    marker: std::marker::PhantomData<B>,
}

#[derive(Explainable)]
#[explainable(backend = B)]
struct Net<B: Backend, H> {
    #[explainable(features)]
    block: Block<B>,
    #[explainable(features)]
    boxed: Box<dyn Layer<B>>,
    #[explainable(adaptation)]
    head: H,
}

/// A whole head, on the backend it names.
#[derive(Explainable)]
#[explainable(backend = NdArray<f64>)]
struct Head {
    #[explainable(features)]
    pool: SumPixels,
    #[explainable(adaptation)]
    mix: Mix,
}

fn net() -> Net<NdArray<f64>, Head> {
    Net {
        block: Block { scale: Scale(3.0), act: Square, marker: std::marker::PhantomData },
        boxed: Box::new(Scale(2.0)),
        head: Head { pool: SumPixels, mix: Mix(vec![1.0, -2.0]) },
    }
}

#[test]
fn the_numbers_are_those_of_the_flat_network() {
    // A = 18 x², ∂y/∂x = wₖ · 36 x
    let why = Gradient.analyze(&net(), &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[36.0, 72.0]], [[-216.0, 72.0]]]]);
    let why = GradCam.analyze(&net(), &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[0.0, 36.0]]]]);
}

#[test]
fn an_error_names_the_whole_way() {
    let flat = Tensor::new(array![[1.0, 2.0]].into_dyn().into_shared());
    let error = Differentiable::forward(&net(), &flat).unwrap_err().to_string();
    assert!(error.starts_with("in layer `head`: in layer `pool`: "), "{error}");
}

#[test]
fn a_model_is_affine_when_all_its_layers_are() {
    #[derive(Explainable)]
    #[explainable(backend = NdArray<f64>)]
    struct Two<L>(#[explainable(features)] Scale, #[explainable(adaptation)] L);

    fn affine(model: &impl Differentiable<Backend = NdArray<f64>>) -> bool {
        let graph = model.graph(&[vec![1, 2]]).unwrap();
        graph.affine_end() == Some(graph.output())
    }
    assert!(affine(&Two(Scale(1.0), Two(Scale(2.0), Scale(3.0)))));
    assert!(!affine(&Two(Scale(1.0), Two(Scale(2.0), Square))));
}
