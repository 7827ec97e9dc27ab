use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
struct Net {
    #[explainable(adaptation)]
    head: Activation,
    #[explainable(features)]
    stem: Activation,
    #[explainable(features)]
    body: Activation,
}

fn main() {}
