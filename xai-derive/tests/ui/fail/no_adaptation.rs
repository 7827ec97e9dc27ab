use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
struct Net(#[explainable(features)] Activation, Activation);

fn main() {}
