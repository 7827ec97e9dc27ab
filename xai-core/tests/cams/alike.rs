//! What all class activation maps have in common.

use approx::assert_abs_diff_eq;
use ndarray::{ArrayD, Axis, concatenate};
use xai_core::nn::{Activation, AdaptiveAvgPool2d, Conv2d, Flatten, Linear, Sequential};
use xai_core::{
    AblationCam, Analyzer, Backend, Cam, CamPlaces, Differentiable, EigenCam, EigenGradCam, Element, ElementWiseCam,
    Fem, Fusion, GradCam, GradCamPlusPlus, HiResCam, Index, Kind, LayerCam, NdArray, NoiseAugmentation, PerSample,
    RandomCam, ScoreCam, ShapleyCam, Tensor, XGradCam,
};

use crate::cams::heads::curved;
use crate::models::differences::noise;

/// Every rule at a place, and what can be set.
fn all<M: Differentiable>(place: &str) -> Vec<Box<dyn Analyzer<M>>> {
    vec![
        Box::new(GradCam::at(place)),
        Box::new(GradCamPlusPlus::at(place)),
        Box::new(HiResCam::at(place)),
        Box::new(LayerCam::at(place)),
        Box::new(XGradCam::at(place)),
        Box::new(ElementWiseCam::at(place)),
        Box::new(EigenCam::at(place)),
        Box::new(EigenGradCam::at(place)),
        Box::new(Fem::at(place)),
        Box::new(RandomCam::at(place).seed(2)),
        Box::new(AblationCam::at(place)),
        Box::new(ScoreCam::at(place)),
        Box::new(ShapleyCam::at(place)),
        Box::new(HiResCam::at(place).signed()),
        Box::new(HiResCam::at(place).eigen_smooth()),
        Box::new(NoiseAugmentation::new(LayerCam::at(place), 3).std(0.1).chunk(2)),
    ]
}

#[test]
fn a_batch_is_its_samples_one_by_one() {
    let (model, x) = (curved(), noise(90, &[3, 2, 8, 6]));
    let mut analyzers = ["a", "b"].map(all).into_iter().flatten().collect::<Vec<_>>();
    analyzers.push(Box::new(LayerCam::at_all(["a", "b"]).fusion(Fusion::Max)));
    analyzers.push(Box::new(EigenCam::at_all(["a", "c"]).allow_bypass()));
    for analyzer in analyzers {
        let classes = [2, 0, 1];
        let together = analyzer.analyze(&model, &x, PerSample(classes.to_vec())).unwrap();
        let one = |i: usize| analyzer.analyze(&model, &x.select(Axis(0), &[i]), Index(classes[i])).unwrap().values;
        let alone: Vec<ArrayD<f64>> = (0..3).map(one).collect();
        let alone = concatenate(Axis(0), &alone.iter().map(|map| map.view()).collect::<Vec<_>>()).unwrap();
        assert_abs_diff_eq!(together.values, alone, epsilon = 1e-10);
        assert!(together.values.iter().any(|v| v.abs() > 1e-6), "{}", together.analyzer);
        assert!(together.kind == Kind::Attribution || together.values.iter().all(|&v| v >= 0.0));
    }
}

/// A convolution, and a head; every weight looks random.
fn network<B: Backend>() -> Sequential<B> {
    let weight = |seed, shape: &[usize]| {
        Tensor::<B>::upload(noise(seed, shape).mapv(B::Elem::of).view(), &B::Placement::default()).unwrap()
    };
    Sequential::new()
        .push_named("conv", Conv2d::new(weight(1, &[5, 2, 3, 3]), None).unwrap())
        .push_named("maps", Activation::Gelu)
        .push(AdaptiveAvgPool2d::global())
        .push(Flatten::default())
        .push(Linear::new(weight(2, &[3, 5]), weight(3, &[3])).unwrap())
}

#[test]
fn single_and_double_precision_agree() {
    let x = noise(91, &[2, 2, 7, 6]);
    let (single, double) = (network::<NdArray<f32>>(), network::<NdArray<f64>>());
    for (a, b) in all("maps").iter().zip(all("maps")) {
        let a = a.analyze(&single, &x.mapv(|v| v as f32), Index(1)).unwrap();
        let b = b.analyze(&double, &x, Index(1)).unwrap();
        let scale = b.values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        let gap = (a.values.mapv(Element::as_f64) - b.values).iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        assert!(gap < 2e-5 * scale.max(1e-3), "{}: {gap} of {scale}", a.analyzer);
    }
}

/// A rule by itself is the rule at the mark.
#[test]
fn at_the_mark() {
    let (model, x) = (crate::models::cam_model(vec![1.0, -0.5, 0.7]), noise(92, &[2, 3, 4]));
    fn at_both<A, P, M>(rule: A, cam: Cam<A, P>, marked: Cam<A, xai_core::AtMark>, model: &M, x: &ArrayD<f64>)
    where
        A: Analyzer<M> + xai_core::CamRule<M::Backend>,
        P: CamPlaces<M>,
        M: xai_core::LayerSplit<Backend = crate::models::B>,
    {
        let found =
            [&rule as &dyn Analyzer<M>, &cam, &marked].map(|a| Analyzer::analyze(&a, model, x, Index(0)).unwrap());
        assert_eq!(found[0].values, found[1].values);
        assert_eq!(found[0].values, found[2].values);
        assert_eq!(found[1].analyzer, format!("{}(features)", found[0].analyzer));
    }
    at_both(GradCam, GradCam::at("features"), GradCam::marked(), &model, &x);
    at_both(LayerCam, LayerCam::at("features"), LayerCam::marked(), &model, &x);
    at_both(EigenCam, EigenCam::at("features"), EigenCam::marked(), &model, &x);
    at_both(RandomCam::default(), RandomCam::at("features"), RandomCam::marked(), &model, &x);
}
