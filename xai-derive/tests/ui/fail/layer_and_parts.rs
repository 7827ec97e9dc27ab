use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
struct Net {
    #[explainable(features)]
    stem: Activation,
    #[explainable(layer)]
    head: Activation,
}

#[derive(Explainable)]
#[explainable(forward = "Self::run", features = "Self::run")]
struct Both {
    #[explainable(layer)]
    stem: Activation,
}

fn main() {}
