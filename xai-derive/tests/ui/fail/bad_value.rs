use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(features = 3, adaptation = "not a path", backend, crate = 7)]
#[explainable(placement = Self::place())]
struct Net {
    #[explainable("features")]
    stem: Activation,
    #[explainable(adaptation with = module)]
    head: Activation,
}

fn main() {}
