use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable]
#[explainable()]
struct Net {
    #[explainable = "features"]
    stem: Activation,
    #[explainable]
    head: Activation,
}

fn main() {}
