use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(crate = "xai", crate = "xai")]
#[explainable(backend = xai::DefaultBackend)]
#[explainable(backend = "xai::DefaultBackend")]
struct Net {
    #[explainable(features, features)]
    stem: Activation,
    #[explainable(adaptation, with = module, with = module)]
    head: Activation,
}

fn main() {}
