use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
struct Net {
    stem: Activation,
    head: Activation,
}

fn main() {}
