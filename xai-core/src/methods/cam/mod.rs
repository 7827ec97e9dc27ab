//! Class activation maps: [`Cam`], and its rules, a file for each idea.

mod ablation;
mod analysis;
mod by_place;
#[allow(clippy::module_inception)]
mod cam;
mod eigen;
mod fem;
mod fusion;
mod grad_cam;
mod grid;
mod named;
mod places;
mod principal;
mod random;
mod rule;
mod score;
mod shapley;
mod site;
mod weighted;

pub use self::ablation::AblationCam;
pub use self::by_place::{ElementWiseCam, HiResCam, LayerCam};
pub use self::cam::Cam;
pub use self::eigen::{EigenCam, EigenGradCam};
pub use self::fem::Fem;
pub use self::fusion::Fusion;
pub use self::grad_cam::GradCam;
pub use self::places::{AtMark, AtPlaces, CamPlaces};
pub use self::random::RandomCam;
pub use self::rule::CamRule;
pub use self::score::{CamScores, ScoreCam};
pub use self::shapley::ShapleyCam;
pub use self::site::CamSite;
pub use self::weighted::{GradCamPlusPlus, XGradCam};
