//! What maps by variants tell on the way, and how they are stopped.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use approx::assert_abs_diff_eq;
use xai_core::{
    AblationCam, Analyzer, Backend, Cam, CamRule, CamScores, CamSite, Error, Index, Progress, Result, ScoreCam, Tensor,
};

use crate::cams::heads::{Curved, curved};
use crate::models::differences::noise;

/// What an analyzer tells: (done, total).
fn told(with: impl Fn(Box<dyn Fn(Progress) + Send + Sync>) -> Box<dyn Analyzer<Curved>>) -> Vec<(usize, usize)> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let analyzer = with(Box::new(move |progress| log.lock().unwrap().push((progress.done, progress.total))));
    analyzer.analyze(&curved(), &noise(140, &[3, 2, 8, 6]), Index(1)).unwrap();
    let seen = seen.lock().unwrap();
    seen.clone()
}

/// `a` has four channels, `b` five: a variant of each, of each of three samples.
#[test]
fn every_variant_of_every_sample_counts() {
    let ablation = told(|report| Box::new(AblationCam::at("b").chunk(6).on_progress(report)));
    assert_eq!(ablation, [(3, 15), (9, 15), (15, 15)]);
    let score = told(|report| Box::new(ScoreCam::at("a").chunk(100).on_progress(report)));
    assert_eq!(score, [(12, 12)]);
    // With the output of nothing.
    let raw = told(|report| Box::new(ScoreCam::at("a").scores(CamScores::Raw).chunk(6).on_progress(report)));
    assert_eq!(raw, [(6, 15), (12, 15), (15, 15)]);
    // In blocks of fewer samples than there are.
    let blocks = told(|report| Box::new(AblationCam::at_all(["a", "b"]).chunk(2).on_progress(report)));
    assert!(blocks.iter().all(|&(_, total)| total == 27) && blocks.len() == 18, "{blocks:?}");
    assert_eq!(blocks.last(), Some(&(27, 27)));
}

#[test]
fn a_callback_stops_it() {
    let x = noise(141, &[2, 2, 8, 6]);
    let stop = |progress: Progress| if progress.done >= 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let analyzers: [Box<dyn Analyzer<Curved>>; 2] = [
        Box::new(AblationCam::at("b").chunk(2).on_progress(stop)),
        Box::new(ScoreCam::at("b").chunk(2).on_progress(stop)),
    ];
    for analyzer in analyzers {
        let error = analyzer.analyze(&curved(), &x, Index(0)).unwrap_err();
        assert!(matches!(error, Error::Cancelled { done: 4, total: 10 }), "{error}");
    }
}

#[test]
fn blocks_of_samples_change_nothing() {
    let x = noise(142, &[3, 2, 8, 6]);
    for place in ["a", "b"] {
        let ablation = |chunk| AblationCam::at(place).chunk(chunk).analyze(&curved(), &x, Index(2)).unwrap().values;
        let score = |chunk| {
            let cam = ScoreCam::at(place).scores(CamScores::Raw).chunk(chunk);
            cam.analyze(&curved(), &x, Index(2)).unwrap().values
        };
        for chunk in [1, 2] {
            assert_abs_diff_eq!(ablation(chunk), ablation(64), epsilon = 1e-12);
            assert_abs_diff_eq!(score(chunk), score(64), epsilon = 1e-12);
        }
    }
}

/// A rule of one's own that says nothing of its variants: the total grows when they are asked for.
struct Halved;

impl<B: Backend> CamRule<B> for Halved {
    fn name(&self) -> String {
        "Halved".into()
    }
    fn reads_gradient(&self) -> bool {
        false
    }
    fn runs_head(&self) -> bool {
        true
    }
    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let shape = site.maps().shape();
        let apart = [&[shape[0], 1], &shape[1..]].concat();
        let half = site.head(1, None, |_, _| site.maps().scale(0.5)?.reshape(&apart))?;
        // One inside of another.
        let again = site.head(1, None, |_, _| {
            site.head(1, None, |_, _| site.maps().reshape(&apart))?;
            site.maps().scale(0.5)?.reshape(&apart)
        })?;
        assert_eq!(half, again);
        site.weighted(&half.iter().flat_map(|&y| vec![y; shape[1]]).collect::<Vec<_>>())
    }
}

#[test]
fn rules_of_ones_own_tell_it_too() {
    let seen = told(|report| Box::new(Cam::new(Halved).at("b").on_progress(report)));
    assert_eq!(seen, [(3, 3), (6, 9), (9, 9)]);
}
