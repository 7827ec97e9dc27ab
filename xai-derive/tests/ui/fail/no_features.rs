use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
struct Net {
    stem: Activation,
    #[explainable(adaptation)]
    head: Activation,
}

fn main() {}
