use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(framework = Candle)]
struct Net {
    #[explainable(feature)]
    stem: Activation,
    #[explainable(adaptation, name = "head")]
    head: Activation,
}

fn main() {}
