//! Every analyzer and nesting.

use ndarray::Axis;
use xai_core::rules::{Composite, LrpRule, Unknown};
use xai_core::tensor::count_transfers;
use xai_core::{
    Analyzer, AnalyzerInfo, Backend, Crp, Deconvolution, DeepLift, DeepLiftShap, Differentiable, Element,
    ExcitationBackprop, FeatureAblation, Features, FullGrad, GradCam, Gradient, GradientCheck, GuidedBackprop, Index,
    InputTimesGradient, IntegratedGradients, LayerSplit, Lrp, NdArray, Needs, NoiseAugmentation, Quadrature, Reference,
    Rise, Settings, ShapleySampling, SmoothGrad,
};

use crate::explained::{Boxed, explain, one_by_one, same};
use crate::networks::{Opaque, images, small_network};
use crate::wrappers::nested;
use crate::{Failure, Outcome, Suite, values};

/// All of the registry, but for those that need more of a model.
fn registered<'a, M: LayerSplit + 'a>(model: &M, most: Needs, chunk: usize) -> Result<Vec<Boxed<'a, M>>, Failure> {
    let settings = Settings::marked(model).n(6).seed(3).chunk(chunk).features(Features::grid([2, 2]));
    // The network's activations are not rectifiers alone; numbers may be of single precision.
    let settings = settings.unknown(Unknown::Gradient).stabilizer(0.25).channels([1, 3]).low(-2.0).high(2.0);
    let able = |info: &&AnalyzerInfo| match info.needs {
        Needs::Attention => false,
        Needs::Operations => most == Needs::Operations,
        _ => true,
    };
    let built = AnalyzerInfo::all().iter().filter(able).map(|info| {
        let analyzer = info.build::<M>(&settings).map_err(|error| Failure::new(error.to_string()))?;
        Ok(analyzer as Boxed<'a, M>)
    });
    built.collect()
}

fn plain<'a, M: LayerSplit + 'a>(model: &M, chunk: usize) -> Result<Vec<Boxed<'a, M>>, Failure> {
    let mut all = registered(model, Needs::Operations, chunk)?;
    all.extend(variants(&Quadrature::ALL, chunk));
    Ok(all)
}

/// What can be set on them.
fn variants<'a, M: LayerSplit + 'a>(rules: &[Quadrature], chunk: usize) -> Vec<Boxed<'a, M>> {
    let mut all: Vec<Boxed<'a, M>> = vec![
        Box::new(GradCam),
        Box::new(SmoothGrad::new().n(4).relative_std(0.1).chunk(chunk)),
        Box::new(SmoothGrad::new().n(5).antithetic(true).chunk(chunk)),
        Box::new(IntegratedGradients::new().tolerance(0.05).max_n(60).chunk(chunk)),
    ];
    for &rule in rules {
        let path = IntegratedGradients::new().n(7).quadrature(rule).chunk(chunk);
        all.push(Box::new(path.clone()));
        all.push(Box::new(path.reference(Reference::Constant(-0.5))));
    }
    all
}

fn against_truth<B: Backend>(suite: &Suite<B>, nestings: bool) -> Outcome {
    let model = small_network::<B>(suite.placement())?;
    let truth = small_network::<NdArray<f64>>(&())?;
    let x = values(&images(3), 300);
    let (here, there) = if nestings { (nested(4), nested(4)) } else { (plain(&model, 4)?, plain(&truth, 4)?) };
    for (analyzer, reference) in here.iter().zip(&there) {
        same(suite, &explain(&**analyzer, &model, &x)?, &explain(&**reference, &truth, &x)?)?;
    }
    Ok(())
}

/// Each analyzer gives what it gives on f64 arrays.
pub fn every_analyzer<B: Backend>(suite: &Suite<B>) -> Outcome {
    against_truth(suite, false)
}

/// Ways back other than the gradient, by rules that are stabilised enough for any number type.
fn by_rules<'a, M: LayerSplit + 'a>() -> Vec<Boxed<'a, M>> {
    let lrp = |composite: Composite| Box::new(Lrp::new(composite).stabilizer(0.25));
    let all = |rule: LrpRule| Composite::new().all(rule);
    let references = values(&[3, 3, 9, 8], 310);
    vec![
        Box::new(GuidedBackprop::new().unknown(Unknown::Gradient)),
        Box::new(Deconvolution::new().unknown(Unknown::Gradient)),
        Box::new(NoiseAugmentation::new(GuidedBackprop::new().unknown(Unknown::Gradient), 3).std(0.1)),
        Box::new(DeepLift::new().reference(Reference::Constant(-0.5))),
        Box::new(DeepLiftShap::new(&references).chunk(4)),
        lrp(Composite::new()),
        lrp(all(LrpRule::Epsilon(0.25))),
        lrp(all(LrpRule::Gamma(0.5))),
        lrp(all(LrpRule::AlphaBeta(2.0, 1.0))),
        lrp(Composite::epsilon_plus_flat().dense(LrpRule::Epsilon(0.25))),
        lrp(all(LrpRule::ZPlus).first(LrpRule::WSquare)),
        lrp(Composite::epsilon_gamma_box(-2.0, 2.0).dense(LrpRule::Epsilon(0.25)).activation(LrpRule::Pass)),
        Box::new(Crp::new(all(LrpRule::ZPlus)).stabilizer(0.25).condition("features", &[1, 3])),
        Box::new(ExcitationBackprop::new().stabilizer(0.25)),
        Box::new(FullGrad::new()),
    ]
}

/// So do ways back by rules, and a batch is its samples.
pub fn relevance<B: Backend>(suite: &Suite<B>) -> Outcome {
    let model = small_network::<B>(suite.placement())?;
    let truth = small_network::<NdArray<f64>>(&())?;
    let x = values(&images(3), 309);
    for (analyzer, reference) in by_rules().iter().zip(&by_rules()) {
        let all = explain(&**analyzer, &model, &x)?;
        same(suite, &all, &explain(&**reference, &truth, &x)?)?;
        let last = explain(&**analyzer, &model, &x.select(Axis(0), &[2]))?.values.mapv(Element::as_f64);
        suite.close(&format!("batch of {}", all.analyzer), &all.values.select(Axis(0), &[2]), &last)?;
    }
    Ok(())
}

/// So do wrappers in wrappers.
pub fn nestings<B: Backend>(suite: &Suite<B>) -> Outcome {
    against_truth(suite, true)
}

/// What is saved where a model says what it is made of changes nothing beyond rounding.
pub fn shortcuts<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (known, opaque) = (small_network::<B>(suite.placement())?, Opaque(small_network::<B>(suite.placement())?));
    let x = values(&images(3), 308);
    // Secants are there where the layers are known, and only there.
    let rules: Vec<_> = Quadrature::ALL.into_iter().filter(|&rule| rule != Quadrature::Secant).collect();
    let here = registered(&known, Needs::Gradient, 4)?.into_iter().chain(variants(&rules, 4)).chain(nested(4));
    let there = registered(&opaque, Needs::Gradient, 4)?.into_iter().chain(variants(&rules, 4)).chain(nested(4));
    for (analyzer, reference) in here.zip(there) {
        same(suite, &explain(&*analyzer, &known, &x)?, &explain(&*reference, &opaque, &x)?)?;
    }
    Ok(())
}

/// A batch gives what its samples give one by one.
pub fn batches<B: Backend>(suite: &Suite<B>) -> Outcome {
    let model = small_network::<B>(suite.placement())?;
    let x = values(&images(4), 301);
    for analyzer in plain(&model, 8)?.into_iter().chain(nested(8)) {
        let all = explain(&*analyzer, &model, &x)?;
        one_by_one(suite, &all, &x, |sample| explain(&*analyzer, &model, sample))?;
    }
    Ok(())
}

/// The chunk size changes nothing beyond rounding.
pub fn chunks<B: Backend>(suite: &Suite<B>) -> Outcome {
    let model = small_network::<B>(suite.placement())?;
    let x = values(&images(3), 302);
    let whole: Vec<_> = plain(&model, 1000)?.into_iter().chain(nested(1000)).collect();
    for chunk in [1, 2, 5] {
        for (analyzer, reference) in plain(&model, chunk)?.into_iter().chain(nested(chunk)).zip(&whole) {
            same(suite, &explain(&*analyzer, &model, &x)?, &explain(&**reference, &model, &x)?)?;
        }
    }
    Ok(())
}

/// The same seed gives the same bits.
pub fn seeds<B: Backend>(suite: &Suite<B>) -> Outcome {
    let model = small_network::<B>(suite.placement())?;
    let x = values(&images(2), 303);
    let run = |seed| explain(&SmoothGrad::new().n(5).seed(seed), &model, &x);
    let (first, second, other) = (run(1)?, run(1)?, run(2)?);
    if first.values != second.values {
        return Err(Failure::new("the same seed gave other bits"));
    }
    if first.values == other.values {
        return Err(Failure::new("another seed gave the same bits"));
    }
    Ok(())
}

/// Any analyzer runs at the layer between features and adaptation.
pub fn split_parts<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (model, truth) = (small_network::<B>(suite.placement())?, small_network::<NdArray<f64>>(&())?);
    let x = values(&images(2), 304);
    let graph = truth.graph(&[images(2)])?;
    let (start, _) = graph.split(graph.place(truth.split_at())?)?;
    let maps = start.forward(&[xai_core::Tensor::new(x.into_shared())])?.download()?;
    drop((graph, start));
    let analyzer = IntegratedGradients::new().n(5);
    let (model, truth) = (model.into_parts().1, truth.into_parts().1);
    let got = analyzer.analyze(&model, &maps.mapv(B::Elem::of), Index(2))?;
    let expected = analyzer.analyze(&truth, &maps, Index(2))?;
    same(suite, &got, &expected)
}

/// The model's gradient agrees with finite differences on the backend itself, as far as its numbers can tell.
pub fn checked_gradient<B: Backend>(suite: &Suite<B>) -> Outcome {
    let model = small_network::<B>(suite.placement())?;
    let x = values(&images(1), 305).mapv(B::Elem::of);
    let report = GradientCheck::new().tolerance(0.02).run(&model, &x)?;
    match report.verdict {
        xai_core::Verdict::Trusted | xai_core::Verdict::Noise => Ok(()),
        _ => Err(Failure::new(report.to_string())),
    }
}

/// The input goes up once and the values come down once; beside them only what is as small as the outputs travels.
/// Noise is made on the host: it goes up once for all samples of a batch. So do the masks of what takes forward passes
/// alone, for all channels too, and what is found of features, as values. Everything else stays where the model lives.
pub fn transfers<B: Backend>(suite: &Suite<B>) -> Outcome {
    let model = small_network::<B>(suite.placement())?;
    let x = values(&images(2), 306);
    // The largest of what is small: a map of 4 by 3 for each sample, where one image has 216 numbers.
    let small = 24;
    let input = images(2);
    // Chunks of 4 take two copies of both samples: of 5 copies one, two and two.
    let noise: Vec<Vec<usize>> = [1, 2, 2].map(|steps| [&[1, steps][..], &images(1)[1..]].concat()).to_vec();
    let from_array = Reference::array(&values(&images(2), 307));
    let path = || IntegratedGradients::new().chunk(4);

    let mut expected: Vec<(Boxed<'_, _>, Vec<Vec<usize>>, bool)> = vec![
        (Box::new(Gradient), vec![], true),
        (Box::new(InputTimesGradient), vec![], true),
        (Box::new(GradCam), vec![], false),
        (Box::new(SmoothGrad::new().n(5).chunk(4)), noise.clone(), true),
        (Box::new(SmoothGrad::new().n(5).chunk(4).relative_std(0.1)), noise.clone(), true),
        (Box::new(NoiseAugmentation::new(GradCam, 5).chunk(4)), noise.clone(), false),
        (Box::new(NoiseAugmentation::new(path().n(3), 5).chunk(4)), noise, true),
        (Box::new(path().n(7).reference(Reference::Constant(0.5))), vec![], true),
        (Box::new(path().n(7).reference(from_array)), vec![input.clone()], true),
    ];
    // Two masks of both samples in a pass; of five the last is alone.
    let masks = |passes: &[usize]| -> Vec<Vec<usize>> {
        let of_pass = |&masks: &usize| vec![1, masks, 1, 9, 8];
        passes.iter().map(of_pass).chain([input.clone()]).collect()
    };
    let filled = Reference::Constant(0.5);
    let ablation = FeatureAblation::new().features(Features::grid([2, 2])).fill(filled.clone()).chunk(4);
    let shapley = ShapleySampling::new().n(1).features(Features::grid([2, 2])).fill(filled).chunk(4);
    expected.push((Box::new(ablation), masks(&[2, 2]), true));
    // Nothing, and three masks on each of two ways to everything.
    expected.push((Box::new(shapley), masks(&[1, 2, 2, 2]), true));
    expected.push((Box::new(Rise::new([3, 3]).n(5).chunk(4)), masks(&[2, 2, 1]), true));
    for rule in Quadrature::ALL {
        for n in [2, 20] {
            expected.push((Box::new(path().n(n).quadrature(rule)), vec![], true));
        }
    }
    for (analyzer, beside_the_input, comes_down) in expected {
        let (found, transfers) = count_transfers(|| explain(&*analyzer, &model, &x));
        let found = found?;
        let large = |shapes: &[Vec<usize>]| -> Vec<Vec<usize>> {
            shapes.iter().filter(|shape| shape.iter().product::<usize>() > small).cloned().collect()
        };
        let name = &found.analyzer;
        let mut uploads = vec![input.clone()];
        uploads.extend(beside_the_input);
        let downloads = if comes_down { vec![input.clone()] } else { vec![] };
        for (what, got, wanted) in
            [("uploads", large(&transfers.uploads), uploads), ("downloads", large(&transfers.downloads), downloads)]
        {
            if got != wanted {
                return Err(Failure::new(format!("{what} of {name}: {got:?} instead of {wanted:?}")));
            }
        }
        let values = transfers.downloads.iter().filter(|shape| shape[..] == *found.values.shape()).count();
        if values != 1 {
            return Err(Failure::new(format!("the values of {name} came down {values} times")));
        }
    }
    Ok(())
}
