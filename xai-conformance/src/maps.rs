//! Class activation maps with other numbers of spatial axes than images have.

use xai_core::nn::{Activation, Conv1d, Conv3d, Linear};
use xai_core::{
    AblationCam, Backend, CamScores, Differentiable, EigenCam, EigenGradCam, Element, ElementWiseCam, Fem, Fusion,
    GradCam, GradCamPlusPlus, HiResCam, Layer, LayerCam, NdArray, RandomCam, Result, ScoreCam, SegXResCam, ShapleyCam,
    Tensor, Var, XGradCam,
};

use crate::explained::{Boxed, explain, one_by_one, same};
use crate::{Outcome, Suite, values};

/// Maps at `maps`, and at `fewer` their first places along each spatial axis; classes of the means of both.
struct Mapped<B: Backend> {
    maps: Box<dyn Layer<B> + Send + Sync>,
    classes: Linear<B>,
}

impl<B: Backend> Differentiable for Mapped<B> {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let x = Var::only(inputs)?;
        let maps = x.within("maps", || Ok(x.layer("layer", &self.maps)?.op(Activation::Gelu)))?;
        let shape = maps.shape()?;
        let spatial: Vec<usize> = (2..shape.len()).collect();
        let part = |maps: Var<'m, B>, &axis: &usize| {
            let length = shape.get(axis).copied().unwrap_or(1);
            maps.narrow(axis, 0, length.div_ceil(2))
        };
        let fewer = x.within("fewer", || Ok(spatial.iter().fold(maps.clone(), part).op(Activation::Silu)))?;
        let means = fewer.mean(&spatial) + maps.mean(&spatial);
        means.reshape(shape.get(..2).unwrap_or_default()).layer("classes", &self.classes)
    }
}

/// The network for inputs (B, 2, spatial axes...) of 0, 1 or 3 spatial axes.
fn mapped<B: Backend>(axes: usize, placement: &B::Placement) -> Result<Mapped<B>> {
    let weight = |shape: &[usize], seed: u64| {
        Tensor::<B>::upload(values(shape, seed).mapv(|v| B::Elem::of(v * 0.5)).view(), placement)
    };
    let maps: Box<dyn Layer<B> + Send + Sync> = match axes {
        0 => Box::new(Linear::new(weight(&[4, 2], 600)?, weight(&[4], 601)?)?),
        1 => Box::new(Conv1d::new(weight(&[4, 2, 3], 602)?, weight(&[4], 603)?)?.padding(1)),
        _ => Box::new(Conv3d::new(weight(&[4, 2, 2, 3, 2], 604)?, weight(&[4], 605)?)?),
    };
    Ok(Mapped { maps, classes: Linear::new(weight(&[5, 4], 606)?, weight(&[5], 607)?)? })
}

/// Every rule, and what can be set.
fn all<'a, M: Differentiable + 'a>() -> Vec<Boxed<'a, M>> {
    let place = "maps";
    macro_rules! at {
        ($($rule:ident),+) => { vec![$(Box::new($rule::at(place)) as Boxed<'a, M>),+] };
    }
    let mut all = at![
        GradCam,
        GradCamPlusPlus,
        HiResCam,
        LayerCam,
        XGradCam,
        ElementWiseCam,
        EigenCam,
        EigenGradCam,
        Fem,
        RandomCam,
        AblationCam,
        ScoreCam,
        ShapleyCam,
        SegXResCam
    ];
    let both = || LayerCam::at_all([place, "fewer"]).allow_bypass();
    all.push(Box::new(ScoreCam::at(place).scores(CamScores::Raw).signed()));
    all.push(Box::new(HiResCam::at(place).eigen_smooth()));
    all.push(Box::new(both()));
    all.push(Box::new(both().fusion(Fusion::Max)));
    all
}

/// Each rule gives what it gives on f64 arrays, and a batch gives what its samples give.
fn maps_of<B: Backend>(suite: &Suite<B>, spatial: &[usize], seed: u64) -> Outcome {
    let axes = spatial.len();
    let (model, truth) = (mapped::<B>(axes, suite.placement())?, mapped::<NdArray<f64>>(axes, &())?);
    let x = values(&[&[3, 2], spatial].concat(), seed);
    for (analyzer, reference) in all().iter().zip(&all()) {
        let found = explain(&**analyzer, &model, &x)?;
        same(suite, &found, &explain(&**reference, &truth, &x)?)?;
        one_by_one(suite, &found, &x, |sample| explain(&**analyzer, &model, sample))?;
    }
    Ok(())
}

/// Maps of sequences, (B, K, L).
pub fn lines<B: Backend>(suite: &Suite<B>) -> Outcome {
    maps_of(suite, &[9], 610)
}

/// Maps of volumes, (B, K, D, H, W).
pub fn volumes<B: Backend>(suite: &Suite<B>) -> Outcome {
    maps_of(suite, &[4, 5, 4], 611)
}

/// Channels without places, (B, K).
pub fn rows<B: Backend>(suite: &Suite<B>) -> Outcome {
    maps_of(suite, &[], 612)
}
