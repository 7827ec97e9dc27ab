use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
struct Net {
    #[explainable(with = module)]
    stem: Activation,
    #[explainable(skip, with = module)]
    middle: Activation,
    #[explainable(features)]
    body: Activation,
    #[explainable(adaptation)]
    head: Activation,
}

fn main() {}
