use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(features = "Self::backbone", adaptation = "Self::head")]
struct Net {
    #[explainable(features)]
    stem: Activation,
    #[explainable(adaptation)]
    head: Activation,
}

fn main() {}
