use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(features = Self::backbone)]
struct OnlyFeatures(Activation);

#[derive(Explainable)]
#[explainable(adaptation = "Self::head")]
struct OnlyAdaptation(Activation);

fn main() {}
