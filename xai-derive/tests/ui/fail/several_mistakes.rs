use xai::nn::Activation;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(colour = "red")]
struct Net {
    #[explainable(adaptation)]
    head: Activation,
    #[explainable(features, adaptation)]
    stem: Activation,
    #[explainable]
    rest: Activation,
}

// One message for each mistake, and none for what follows from them.
fn explain(net: &Net) -> xai::Result<()> {
    use xai::Analyzer;
    xai::GradCam.analyze(net, &ndarray::Array4::zeros([1, 3, 2, 2]), xai::MaxActivation)?;
    Ok(())
}

fn main() {}
