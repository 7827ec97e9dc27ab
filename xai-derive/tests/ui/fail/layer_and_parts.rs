use xai_core::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(crate = xai_core)]
struct Net {
    #[explainable(features)]
    stem: Activation,
    #[explainable(layer)]
    head: Activation,
}

#[derive(Explainable)]
#[explainable(crate = xai_core, forward = "Self::run", features = "Self::run")]
struct Both {
    #[explainable(layer)]
    stem: Activation,
}

fn main() {}
