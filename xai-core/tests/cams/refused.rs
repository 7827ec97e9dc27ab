//! What cannot be done is said before any pass.

use ndarray::ArrayD;
use xai_core::{
    Analyzer, Backend, Cam, CamRule, CamSite, Differentiable, Error, GradCam, HiResCam, Index, Result, Tensor, Var,
};

use crate::cams::heads::{curved, pooled};
use crate::models::B;
use crate::models::differences::noise;

fn refused<M: Differentiable<Backend = B>>(analyzer: &dyn Analyzer<M>, model: &M, x: &ArrayD<f64>) -> Error {
    let shapes = [x.shape().to_vec()];
    let error = analyzer.check(model, &xai_core::Inputs { shapes: &shapes, explained: &[true] }).unwrap_err();
    let again = Analyzer::analyze(&analyzer, model, x, Index(0)).unwrap_err();
    assert_eq!(error.to_string(), again.to_string());
    error
}

#[test]
fn places_and_words_that_do_not_fit() {
    let (model, x) = (curved(), noise(110, &[1, 2, 8, 6]));
    let none: [&str; 0] = [];
    let error = refused(&GradCam::at_all(none), &model, &x);
    assert!(error.to_string().contains("at least one must be named"), "{error}");
    let error = refused(&HiResCam::at_all(["a", "b"]).signed(), &model, &x);
    assert!(error.to_string().contains("numbers from 0 to 1"), "{error}");
    let error = refused(&GradCam::at_all(["a", "d"]), &model, &x);
    assert!(matches!(&error, Error::UnknownPlace { place, .. } if place == "d"), "{error}");
    let error = refused(&GradCam::at_all(["a", "classes"]), &model, &x);
    assert!(error.to_string().contains("the first place has 2 spatial axes"), "{error}");
}

#[test]
fn maps_need_channels() {
    struct Flat;
    impl Differentiable for Flat {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let flat = x[0].within("flat", || Ok(x[0].reshape(&[2])))?;
            Ok(flat.reshape(&[2, 1]))
        }
    }
    let error = refused(&HiResCam::at("flat"), &Flat, &noise(111, &[2, 1]));
    assert!(error.to_string().contains("HiResCam needs (batch, channels"), "{error}");
}

/// Rules of a user's own that break their word.
struct Wrong(bool);

impl<B: Backend> CamRule<B> for Wrong {
    fn name(&self) -> String {
        "Wrong".into()
    }
    fn reads_gradient(&self) -> bool {
        false
    }
    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        if self.0 { Ok(site.gradient()?.clone()) } else { site.maps().sum(&[2]) }
    }
}

#[test]
fn a_rule_must_keep_its_word() {
    let (model, x) = (pooled(3), noise(112, &[1, 3, 4, 2]));
    let error = Cam::new(Wrong(true)).at("maps").analyze(&model, &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("`CamRule::reads_gradient` must say so"), "{error}");
    let error = Cam::new(Wrong(false)).at("maps").analyze(&model, &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("contributions of Wrong"), "{error}");
}
