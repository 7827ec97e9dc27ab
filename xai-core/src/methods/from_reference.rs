//! Analyzers that compare the input with a reference: [`FromReference`].

use crate::explain::{Analyzer, Attribution, Call, Inputs};
use crate::passes::Reference;
use crate::{Backend, Differentiable, Error, Result, Tensor};

/// An analyzer that compares the input with a reference, of its own or of the caller's: paths, DeepLIFT, IDGI, what
/// goes through a layer on the way, and any of those around noise ([`NoiseAugmentation`](crate::NoiseAugmentation)) or
/// at a place ([`AtLayer`](crate::AtLayer)).
///
/// With it, [`OverReferences`](crate::OverReferences) takes the mean over a set of references. Every row of a call may
/// have another reference, so that many go through the model in one pass.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, array};
/// use xai::nn::Linear;
/// use xai::{Call, DeepLift, FromReference, Index, NdArray, Net, Target, Tensor};
///
/// let tensor = |rows: Array2<f64>| Tensor::<NdArray<f64>>::upload(rows.view().into_dyn(), &());
/// let net = Net::new(Linear::new(tensor(array![[2.0, -1.0]])?, None)?);
/// let inputs = [tensor(array![[1.0, 1.0], [1.0, 1.0]])?];
/// let call = Call { inputs: &inputs, explained: &[true], target: Target::Choose(&Index(0)), samples: &[0, 0] };
/// // One sample, from two references at once: w · (x - x').
/// let references = [tensor(array![[0.0, 0.0], [0.0, 3.0]])?];
/// let found = DeepLift::new().attribute_from(&net, &call, &references)?;
/// assert_eq!(found.values[0].download()?, array![[2.0, -1.0], [2.0, 2.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub trait FromReference<M: Differentiable + ?Sized>: Analyzer<M> {
    /// As [`attribute`](Analyzer::attribute), with these references in place of the analyzer's own: for each explained
    /// input a tensor of its shape, a reference for each row.
    ///
    /// # Errors
    /// The analyzer's and the model's own.
    fn attribute_from(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        references: &[Tensor<M::Backend>],
    ) -> Result<Attribution<M::Backend>>;
}

macro_rules! through {
    ($($pointer:ty),*) => {$(
        impl<M: Differentiable + ?Sized, A: FromReference<M> + ?Sized> FromReference<M> for $pointer {
            fn attribute_from(
                &self,
                model: &M,
                call: &Call<'_, M::Backend>,
                references: &[Tensor<M::Backend>],
            ) -> Result<Attribution<M::Backend>> {
                (**self).attribute_from(model, call, references)
            }
        }
    )*};
}
through!(&A, Box<A>, std::sync::Arc<A>);

/// For an analyzer whose `explain_from` asks for the references of each block as it comes to it.
macro_rules! block_by_block {
    ($analyzer:ident $(<$inner:ident>)?) => {
        impl<M: Differentiable + ?Sized $(, $inner: Analyzer<M>)?> FromReference<M> for $analyzer $(<$inner>)? {
            fn attribute_from(
                &self,
                model: &M,
                call: &Call<'_, M::Backend>,
                references: &[Tensor<M::Backend>],
            ) -> Result<Attribution<M::Backend>> {
                let mut parts = Parts::new(call, references)?;
                self.explain_from(model, call, |block| parts.next(block))
            }
        }
    };
}
pub(super) use block_by_block;

/// References that are given, block by block.
pub(super) struct Parts<'a, B: Backend> {
    references: &'a [Tensor<B>],
    done: usize,
}

impl<'a, B: Backend> Parts<'a, B> {
    /// A reference for each row of each explained input.
    pub(super) fn new(call: &Call<'_, B>, references: &'a [Tensor<B>]) -> Result<Self> {
        let explained = call.explained_inputs().count();
        if references.len() != explained {
            return Err(Error::InvalidParameter {
                name: "references",
                value: references.len().to_string(),
                reason: format!("{explained} input(s) are explained: each needs one"),
            });
        }
        for (x, reference) in call.explained_inputs().zip(references) {
            Error::check_shape("references", &x.shape(), &reference.shape())?;
        }
        Ok(Parts { references, done: 0 })
    }

    /// Those of the next block: blocks come in order.
    pub(super) fn next(&mut self, block: &Call<'_, B>) -> Result<Vec<Tensor<B>>> {
        let start = self.done;
        self.done += block.rows();
        self.references.iter().map(|reference| reference.narrow(0, start, block.rows())).collect()
    }
}

/// An analyzer's own reference of each explained input, zeros where it has none.
pub(super) fn own_references<B: Backend>(own: &[Reference], call: &Call<'_, B>) -> Result<Vec<Tensor<B>>> {
    let own = own.iter().chain(std::iter::repeat(&Reference::Zeros));
    call.explained_inputs().zip(own).map(|(x, reference)| reference.tensor_like(x, call.samples)).collect()
}

/// Refuses more references than inputs, and those of another shape.
pub(super) fn check_own(analyzer: &str, own: &[Reference], inputs: &Inputs<'_>) -> Result<()> {
    let explained = inputs.explained_shapes().count();
    if own.len() > explained {
        let reason = format!("{} references were given for {explained} explained input(s)", own.len());
        return Err(Error::Unsupported { analyzer: analyzer.into(), reason });
    }
    own.iter().zip(inputs.explained_shapes()).try_for_each(|(reference, shape)| reference.check(shape))
}
