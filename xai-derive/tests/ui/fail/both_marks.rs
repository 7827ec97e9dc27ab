use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
struct Net {
    #[explainable(features)]
    #[explainable(adaptation)]
    stem: Activation,
    #[explainable(skip, adaptation)]
    middle: Activation,
    #[explainable(adaptation)]
    head: Activation,
}

fn main() {}
