use xai::nn;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(backend = String)]
struct Net {
    #[explainable(features)]
    relu: nn::Activation,
    #[explainable(adaptation)]
    flatten: nn::Flatten,
}

fn main() {}
