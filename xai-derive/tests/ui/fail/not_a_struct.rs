use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
enum Net {
    Small(Activation),
    Large(Activation, Activation),
}

#[derive(Explainable)]
union Bits {
    small: u8,
    large: u32,
}

fn main() {}
