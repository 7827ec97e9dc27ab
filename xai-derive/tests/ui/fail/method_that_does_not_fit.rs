use std::marker::PhantomData;

use xai::Autograd;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(backend = B, features = "Self::backbone", adaptation = "Self::missing")]
struct Net<B: Autograd>(PhantomData<B>);

impl<B: Autograd> Net<B> {
    fn backbone(&self, x: B::Tensor) -> xai::Result<B::Tensor> {
        Ok(x)
    }
}

fn main() {}
