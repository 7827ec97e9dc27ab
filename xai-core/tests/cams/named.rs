//! Class activation maps by their names, with what can be set on them; and places whose layout nobody said.

use approx::assert_abs_diff_eq;
use ndarray::ArrayD;
use xai_core::rules::Unknown;
use xai_core::{
    AblationCam, Analyzer, AnalyzerInfo, CamScores, Differentiable, Error, Fusion, GradCam, Index, Inputs, LayerCam,
    Opaque, Pullback, Result, ScoreCam, Settings, Var,
};

use crate::cams::heads::{curved, pooled};
use crate::cams::places::{WIDTH, tokens};
use crate::models::B;
use crate::models::differences::noise;

fn values<M: Differentiable<Backend = B>>(
    info: &AnalyzerInfo,
    settings: Settings,
    model: &M,
    x: &ArrayD<f64>,
) -> ArrayD<f64> {
    let analyzer = info.build::<M>(&settings.unknown(Unknown::Gradient)).unwrap();
    analyzer.analyze(model, x, Index(1)).unwrap_or_else(|error| panic!("{}: {error}", info.name)).values
}

#[test]
fn every_map_by_its_name_takes_tokens_and_channels_last() {
    let (model, mut x) = (tokens(false), noise(83, &[2, WIDTH, 2, 3]));
    // One place stands out, which is what FEM sees.
    x.slice_mut(ndarray::s![.., .., 1, 0]).map_inplace(|number| *number += 20.0);
    let of_maps = |info: &&AnalyzerInfo| info.settings.contains(&"tokens");
    assert_eq!(AnalyzerInfo::all().iter().filter(of_maps).count(), 15);
    for info in AnalyzerInfo::all().iter().filter(of_maps) {
        let at = |settings: Settings| values(info, settings.signed(), &model, &x);
        let image = at(Settings::new().place("image"));
        assert!(image.iter().any(|v| v.abs() > 1e-6), "{}", info.name);
        assert_abs_diff_eq!(at(Settings::new().place("swin").channels_last()), image, epsilon = 1e-8);
        assert_abs_diff_eq!(at(Settings::new().place("tokens").tokens(1, 2, 3)), image, epsilon = 1e-8);
    }
}

#[test]
fn what_is_set_by_name_is_set() {
    let find = |name| AnalyzerInfo::find(name).unwrap();
    let (model, x) = (pooled(3), noise(86, &[2, 3, 4, 2]));
    let maps = || Settings::new().place("maps");
    let by_hand = |cam: &dyn Analyzer<_>| (&cam).analyze(&model, &x, Index(1)).unwrap().values;
    let plain = by_hand(&GradCam::at("maps"));
    for (settings, cam) in
        [(maps().signed(), GradCam::at("maps").signed()), (maps().eigen_smooth(), GradCam::at("maps").eigen_smooth())]
    {
        let expected = by_hand(&cam);
        assert_ne!(expected, plain);
        assert_eq!(values(find("grad-cam"), settings, &model, &x), expected);
    }
    let raw = by_hand(&ScoreCam::at("maps").scores(CamScores::Raw));
    assert_ne!(raw, by_hand(&ScoreCam::at("maps")));
    assert_eq!(values(find("score-cam"), maps().scores(CamScores::Raw), &model, &x), raw);

    let (model, x) = (curved(), noise(70, &[2, 2, 8, 6]));
    let several = Settings::new().place("sum").places(["b".into(), "a".into()]).fusion(Fusion::Max);
    let expected = LayerCam::at_all(["b", "a"]).fusion(Fusion::Max).analyze(&model, &x, Index(1)).unwrap();
    assert_eq!(values(find("layer-cam"), several, &model, &x), expected.values);
}

#[test]
fn tokens_of_an_image_are_not_taken_for_channels() {
    let (model, x) = (tokens(false), noise(87, &[2, WIDTH, 2, 3]));
    let shapes = [x.shape().to_vec()];
    let refused = GradCam::at("tokens").check(&model, &Inputs { shapes: &shapes, explained: &[true] }).unwrap_err();
    let words = refused.to_string();
    assert!(words.contains("1,2,3 fits: 7 = 1 + 2 × 3"), "{words}");
    assert!(words.contains("`.channels_first()`"), "{words}");
    for analyzer in [&GradCam::at("tokens") as &dyn Analyzer<_>, &AblationCam::at("tokens")] {
        let error = (&analyzer).analyze(&model, &x, Index(0)).unwrap_err();
        assert!(matches!(error, Error::InvalidShape { .. }), "{error}");
    }
    let as_channels = GradCam::at("tokens").channels_first().analyze(&model, &x, Index(0)).unwrap();
    assert_eq!(as_channels.values.shape(), [2, 1, WIDTH]);
    // A sequence has one axis behind its channels at every place.
    let sequence = noise(88, &[2, 7, WIDTH]);
    let net = xai_core::nn::Sequential::<B>::new().push_named("maps", xai_core::nn::Activation::Relu);
    assert_eq!(GradCam::at("maps").analyze(&net, &sequence, Index([0, 0])).unwrap().values.shape(), [2, 1, WIDTH]);
}

/// What is known of the shape only once it is there.
#[test]
fn tokens_of_code_that_nobody_can_look_into_are_not_taken_for_channels() {
    struct Hidden;
    impl Differentiable for Hidden {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let folded = Opaque::with_vjp(
                |x| x[0].reshape(&[2, WIDTH, 6]),
                |x| {
                    let shape = x[0].shape();
                    Ok((x[0].reshape(&[2, WIDTH, 6])?, Pullback::new(move |v| v.reshape(&shape))))
                },
            );
            let folded = x[0].within("folded", || Ok(x[0].opaque(folded)))?;
            Ok(folded.affine(2.0, 0.0).reshape(&[2, WIDTH * 6]))
        }
    }
    let x = noise(89, &[2, WIDTH, 2, 3]);
    let error = GradCam::at("folded").analyze(&Hidden, &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("(batch, tokens, channels)"), "{error}");
    let map = GradCam::at("folded").channels_first().analyze(&Hidden, &x, Index(0)).unwrap();
    assert_eq!(map.values.shape(), [2, 1, 6]);
}
