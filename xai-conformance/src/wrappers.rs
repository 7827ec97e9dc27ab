//! Analyzers around analyzers, models up to a place, and outputs beside their neighbours.

use xai_core::{
    AtLayer, Backend, Blur, Differentiable, Element, Finer, FlipsAndScales, GradCam, Gradient, Index,
    InputTimesGradient, IntegratedGradients, InterpolationAugmentation, LayerSplit, MaxActivation, NdArray,
    NoiseAugmentation, OverReferences, PathIntegral, Quadrature, Reference, SmoothGrad, StraightLine, UpTo,
};

use crate::explained::{Boxed, explain_of, one_by_one, same};
use crate::networks::{images, small_network};
use crate::{Outcome, Suite, values};

/// The place that the small network marks.
const MARKED: &str = "features";

/// Wrappers, and wrappers in wrappers.
pub(crate) fn nested<'a, M: LayerSplit + 'a>(chunk: usize) -> Vec<Boxed<'a, M>> {
    let path = || InterpolationAugmentation::new(InputTimesGradient, 4).chunk(chunk);
    let integrated = || IntegratedGradients::new().n(3).chunk(chunk);
    let references = values(&[2, 3, 9, 8], 311);
    let other = Reference::Constant(-0.5);
    vec![
        Box::new(NoiseAugmentation::new(GradCam, 3).std(0.2).chunk(chunk)),
        Box::new(NoiseAugmentation::new(path(), 3).std(0.1).chunk(chunk)),
        Box::new(InterpolationAugmentation::new(SmoothGrad::new().n(2).chunk(chunk), 3).chunk(chunk)),
        Box::new(NoiseAugmentation::new(NoiseAugmentation::new(path(), 2).std(0.1).chunk(chunk), 2).chunk(chunk)),
        Box::new(AtLayer::new(InputTimesGradient, MARKED)),
        Box::new(AtLayer::new(integrated().reference(other.clone()), MARKED)),
        Box::new(NoiseAugmentation::new(AtLayer::new(Gradient, MARKED), 3).std(0.1).chunk(chunk)),
        Box::new(FlipsAndScales::new(GradCam::at(MARKED))),
        Box::new(FlipsAndScales::new(Gradient)),
        Box::new(PathIntegral::along(StraightLine::new(other)).n(5).chunk(chunk)),
        Box::new(PathIntegral::along(Blur::new(2.0)).n(4).quadrature(Quadrature::Midpoint).chunk(chunk)),
        Box::new(OverReferences::new(integrated(), &references).chunk(chunk)),
        Box::new(OverReferences::new(AtLayer::new(integrated(), MARKED), &references).chunk(chunk)),
    ]
}

/// Numbers inside of a model are outputs of the model up to there: the same on f64 arrays, and in a batch.
pub fn parts_of_models<B: Backend>(suite: &Suite<B>) -> Outcome {
    let model = UpTo::new(small_network::<B>(suite.placement())?, MARKED);
    let truth = UpTo::new(small_network::<NdArray<f64>>(&())?, MARKED);
    let x = values(&images(3), 312);
    for at in [[0, 0, 0], [3, 2, 1]] {
        for (here, there) in of_gradients().iter().zip(&of_gradients()) {
            let all = explain_of(&**here, &model, &x, Index(at))?;
            same(suite, &all, &explain_of(&**there, &truth, &x, Index(at))?)?;
            one_by_one(suite, &all, &x, |sample| explain_of(&**here, &model, sample, Index(at)))?;
        }
    }
    Ok(())
}

fn of_gradients<'a, M: Differentiable + 'a>() -> Vec<Boxed<'a, M>> {
    vec![
        Box::new(Gradient),
        Box::new(InputTimesGradient),
        Box::new(IntegratedGradients::new().n(5).quadrature(Quadrature::Secant)),
        Box::new(SmoothGrad::new().n(3)),
    ]
}

/// A class less those that are near to it: their weights, and what is explained by them.
pub fn finer_selections<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (model, truth) = (small_network::<B>(suite.placement())?, small_network::<NdArray<f64>>(&())?);
    let x = values(&images(3), 313);
    let (finer, chosen) = (|| Finer::new(MaxActivation).n(2), || Finer::new(Index(3)).alpha(0.5).n(4));
    let mut here = of_gradients();
    here.push(Box::new(GradCam::at(MARKED)));
    let mut there = of_gradients();
    there.push(Box::new(GradCam::at(MARKED)));
    for (here, there) in here.iter().zip(&there) {
        let all = explain_of(&**here, &model, &x, finer())?;
        finer_is_same(suite, &all, &explain_of(&**there, &truth, &x, finer())?)?;
        one_by_one(suite, &all, &x, |sample| explain_of(&**here, &model, sample, finer()))?;
        let all = explain_of(&**here, &model, &x, chosen())?;
        finer_is_same(suite, &all, &explain_of(&**there, &truth, &x, chosen())?)?;
    }
    Ok(())
}

/// Weights are probabilities, which are as exact as the outputs are.
fn finer_is_same<B: Backend, E: Element>(
    suite: &Suite<B>,
    got: &xai_core::Explanation<B::Elem>,
    expected: &xai_core::Explanation<E>,
) -> Outcome {
    let name = &got.analyzer;
    let missing = || crate::Failure::new(format!("{name}: the selection of `Finer` has no weights"));
    let (weights, truth) = (got.selection.weights_of_sums(), expected.selection.weights_of_sums());
    suite.close(&format!("weights of {name}"), &weights.ok_or_else(missing)?, &truth.ok_or_else(missing)?)?;
    suite.close(&format!("values of {name}"), &got.values, &expected.values.mapv(Element::as_f64))
}
