use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(features)]
#[explainable(skip, with = module)]
struct Net {
    #[explainable(features = "Self::backbone")]
    stem: Activation,
    #[explainable(adaptation, backend = Candle, crate = "xai_core")]
    head: Activation,
}

fn main() {}
