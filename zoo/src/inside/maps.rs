//! What the class activation maps of pytorch-grad-cam and torchcam are called here.

use xai::{
    AblationCam, Backend, BoxAnalyzer, BoxModel, Cam, CamRule, CamSite, EigenCam, EigenGradCam, ElementWiseCam, Fem,
    FullGrad, GradCam, GradCamPlusPlus, GuidedBackprop, HiResCam, LayerCam, RandomCam, Result, ScoreCam, ShapleyCam,
    Tensor, XGradCam,
};

/// |Gₖ| · Aₖ, the contributions of pytorch-grad-cam's SegEigenCAM: a rule as users write them.
#[derive(Debug, Clone, Copy)]
struct Absolute;

impl<B: Backend> CamRule<B> for Absolute {
    fn name(&self) -> String {
        "Absolute".into()
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let gradient = site.gradient()?;
        gradient.relu()?.add(&gradient.scale(-1.0)?.relu()?)?.mul(site.maps())
    }
}

/// The counterpart of a map, with what is said of it in particular.
pub(super) fn of_cams<B: Backend>(name: &str, detail: &str, place: &str) -> Option<BoxAnalyzer<BoxModel<'static, B>>> {
    Some(match (name, detail) {
        ("grad_cam", "eigen_smooth") => Box::new(GradCam::at(place).eigen_smooth().signed()),
        ("grad_cam" | "finer_cam" | "cam", _) => Box::new(GradCam::at(place)),
        ("grad_cam_plus_plus", _) => Box::new(GradCamPlusPlus::at(place)),
        ("x_grad_cam", _) => Box::new(XGradCam::at(place)),
        ("hi_res_cam", _) => Box::new(HiResCam::at(place)),
        ("layer_cam", _) => Box::new(LayerCam::at(place)),
        ("element_wise_cam", _) => Box::new(ElementWiseCam::at(place)),
        ("fem", _) => Box::new(Fem::at(place)),
        ("eigen_cam", _) => Box::new(EigenCam::at(place).signed()),
        ("eigen_grad_cam", _) => Box::new(EigenGradCam::at(place).signed()),
        ("seg_eigen_cam", _) => Box::new(Cam::new(Absolute).at(place).eigen_smooth().signed()),
        ("random_cam", _) => Box::new(RandomCam::at(place)),
        ("score_cam", _) => Box::new(ScoreCam::at(place)),
        ("ablation_cam", "by_hand") => Box::new(AblationCam::at(place)),
        ("ablation_cam", _) => Box::new(AblationCam::at(place).normalised()),
        // Its own step is larger: kinks between both ends would be taken for curvature.
        ("shapley_cam", _) => Box::new(ShapleyCam::at(place).step(1e-4)),
        ("full_grad", _) => Box::new(FullGrad::new()),
        ("guided_backprop", _) => Box::new(GuidedBackprop::new()),
        _ => return None,
    })
}
