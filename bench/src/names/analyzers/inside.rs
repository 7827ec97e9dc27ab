//! What looks inside: secants, rectifiers, relevance, class activation maps.

use xai::Settings;

use super::super::analyzer::{Apart, Asked, Entry, Family, Method, On, Work};
use super::super::network::Network;
use super::settings::{at_maps, plain};

const BESIDE_CAPTUM: &[&str] = &["xai-libtorch", "xai-candle", "captum"];
const BESIDE_ZENNIT: &[&str] = &["xai-libtorch", "xai-candle", "zennit"];
const BESIDE_GRAD_CAM: &[&str] = &["xai-libtorch", "xai-candle", "pytorch-grad-cam"];

/// Those that Captum's relevance and zennit's canonisers know the layers of.
const RECTIFIERS: On = On::These(&["resnet18", "vgg16"]);

/// The bounds of a photo behind its normalisation, (byte - 127) / 128.
fn boxed(_: Network, _: usize) -> Settings {
    Settings::new().low(-127.0 / 128.0).high(1.0)
}

/// On the same framework, not to be slower than a peer.
macro_rules! no_slower_than {
    ($peer:literal) => {
        &[Asked { of: "xai-libtorch", over: $peer, most: 1.0 }]
    };
}

const fn beside_captum(name: &'static str, words: &'static str) -> Entry {
    let entry = Entry::new(name, words, Family::Inside, Method::Named(name, plain));
    entry.by(BESIDE_CAPTUM).like("captum").asked(no_slower_than!("captum"))
}

const fn beside_zennit(name: &'static str, words: &'static str, method: Method) -> Entry {
    let entry = Entry::new(name, words, Family::Inside, method).on(RECTIFIERS);
    entry.by(BESIDE_ZENNIT).like("zennit").asked(no_slower_than!("zennit"))
}

const fn cam(name: &'static str, words: &'static str) -> Entry {
    let entry = Entry::new(name, words, Family::Inside, Method::Named(name, at_maps)).work(Work::Forward);
    entry.by(BESIDE_GRAD_CAM).like("pytorch-grad-cam").asked(no_slower_than!("pytorch-grad-cam"))
}

const TINY_GRADIENTS: &[Apart] = &[Apart {
    who: "pytorch-grad-cam",
    network: None,
    why: "it adds 1e-6 to the denominator, whose squares of gradients are not large beside that",
}];

const FREE_SIGN: &[Apart] = &[Apart {
    who: "pytorch-grad-cam",
    network: None,
    why: "it takes the sign of the principal component that the decomposition happens to give",
}];

const SCALED: &[Apart] = &[Apart {
    who: "pytorch-grad-cam",
    network: None,
    why: "it scales the map of each layer to [0, 1] before it adds them up",
}];

/// Captum's hooks are on `ReLU`, of which `ReLU6` is none.
const RELU6: &[Apart] = &[Apart {
    who: "captum",
    network: Some("efficientnet-lite0"),
    why: "it does not know ReLU6 and takes its gradient without a word",
}];

/// Zeros are the reference: all numbers of a window of a pool are one there.
const TIES: Apart = Apart {
    who: "captum",
    network: Some("vgg16"),
    why: "its max pools hand the difference to one of several that tie at a constant reference, by rounding, and its \
          rule at pools is another one",
};

const DEEP_LIFT: &[Apart] = &[RELU6[0], TIES];

const KINKS: &[Apart] = &[Apart {
    who: "pytorch-grad-cam",
    network: Some("vgg16"),
    why: "the dense layers behind its maps have kinks, which second derivatives do not see, and differences of \
          gradients take for curvature",
}];

const SHARE: &[Apart] = &[Apart {
    who: "pytorch-grad-cam",
    network: None,
    why: "it divides what is lost by the output, which turns the sign where that is negative",
}];

const TWICE: &[Apart] = &[Apart {
    who: "captum",
    network: Some("resnet18"),
    why: "it hands all relevance of a residual sum to each of the two branches, so that it grows from block to block",
}];

pub(super) const ENTRIES: &[Entry] = &[
    beside_captum("deep-lift", "DeepLIFT").apart(DEEP_LIFT),
    beside_captum("guided-backprop", "Guided backpropagation").apart(RELU6),
    beside_captum("lrp-epsilon", "LRP-ε").on(RECTIFIERS).apart(TWICE),
    beside_zennit("lrp-epsilon-plus", "LRP ε, z⁺", Method::Named("lrp-epsilon-plus", plain)),
    beside_zennit("lrp-epsilon-gamma-box", "LRP ε, γ, box", Method::Named("lrp-epsilon-gamma-box", boxed)),
    cam("grad-cam-plus-plus", "Grad-CAM++").apart(TINY_GRADIENTS),
    cam("hi-res-cam", "HiResCAM"),
    cam("layer-cam", "LayerCAM"),
    cam("x-grad-cam", "XGrad-CAM"),
    cam("element-wise-cam", "Element-wise CAM"),
    cam("eigen-cam", "Eigen-CAM"),
    cam("eigen-grad-cam", "EigenGrad-CAM").apart(FREE_SIGN),
    cam("fem", "FEM"),
    cam("shapley-cam", "ShapleyCAM").apart(KINKS),
    cam("score-cam", "Score-CAM").work(Work::Channels),
    cam("ablation-cam", "Ablation-CAM").work(Work::Channels).apart(SHARE),
    Entry::new("full-grad", "FullGrad", Family::Inside, Method::Named("full-grad", plain))
        .by(BESIDE_GRAD_CAM)
        .like("xai-libtorch")
        .apart(SCALED)
        .asked(no_slower_than!("pytorch-grad-cam")),
];
