//! Nothing in the user's scope changes the meaning of the expansion, and nothing of it gets into the user's scope.
#![deny(warnings, unused_qualifications, missing_docs, nonstandard_style)]
#![allow(dead_code)]

/// What shadows the prelude, the standard crates and every name of the expansion.
mod shadows {
    #![allow(missing_docs, nonstandard_style)]
    pub struct Result;
    pub struct Option;
    pub struct Box;
    pub struct Vec;
    pub struct String;
    pub struct Into;
    pub struct Some;
    pub struct None;
    pub struct Ok;
    pub struct Err;
    pub struct Backend;
    pub struct Tensor;
    pub struct Arithmetic;
    pub struct Method;
    pub struct Var;
    pub struct Graph;
    pub struct Layer;
    pub struct LayerSplit;
    pub struct Differentiable;
    pub struct Sized;
    pub struct bool;
    pub struct str;
    pub const x: () = ();
    pub const place: () = ();
    pub const chain: () = ();
    pub mod core {}
    pub mod std {}
    pub mod alloc {}
    pub mod xai {}
}

/// Public, so that private types in its interface would be seen.
pub mod model {
    #[allow(unused_macros)]
    macro_rules! vec {
        () => {
            compile_error!("not this one")
        };
    }

    use super::shadows::*;
    use crate::{Count, Same, same};
    use xai_derive::Explainable as Derive;

    /// With parameters named as a backend, an error, a model.
    #[derive(Derive)]
    #[explainable(backend = B)]
    pub struct Net<'x, 'net, B: ::xai::Backend, E, M: ?::core::marker::Sized, const N: usize>
    where
        E: ::core::clone::Clone,
    {
        #[explainable(features)]
        pub(crate) r#type: E,
        #[explainable(features, with = same)]
        pub(crate) x: &'x Count<N>,
        #[explainable(adaptation)]
        pub(crate) head: &'net dyn ::xai::Layer<B>,
        #[explainable(skip)]
        pub(crate) shadows: (Result, Option, ::core::marker::PhantomData<M>),
        pub(crate) unmarked: *const B,
    }

    impl<B, E, M, const N: usize> Net<'_, '_, B, E, M, N>
    where
        B: ::xai::Backend,
        E: ::core::clone::Clone,
        M: ?::core::marker::Sized,
    {
        /// Inherent methods with the names of the traits' methods are left alone.
        pub fn forward(&self) -> usize {
            N
        }
        /// Another one.
        pub fn features(&self) {}
    }

    /// A private type of layer in a public model.
    #[derive(Derive)]
    pub struct Open<T> {
        #[explainable(features)]
        pub(crate) hidden: Hidden<T>,
        #[explainable(adaptation)]
        pub(crate) open: Same,
    }

    pub(crate) struct Hidden<T>(pub(crate) T);

    impl<B: ::xai::Backend, T: ::xai::Layer<B>> ::xai::Layer<B> for Hidden<T> {
        fn trace<'m>(&'m self, input: ::xai::Var<'m, B>) -> ::xai::Result<::xai::Var<'m, B>> {
            self.0.trace(input)
        }
    }

    /// In a tuple, with everything default.
    #[derive(Derive)]
    pub struct Pair(#[explainable(features)] pub(crate) Same, #[explainable(adaptation)] pub(crate) Same);
}

/// No layer.
pub struct Count<const N: usize>;

/// The identity on any backend.
#[derive(Clone)]
pub struct Same;

fn same<'m, T, B: xai::Backend>(_: &'m T, x: xai::Var<'m, B>) -> xai::Result<xai::Var<'m, B>> {
    Ok(x)
}

impl<B: xai::Backend> xai::Layer<B> for Same {
    fn trace<'m>(&'m self, x: xai::Var<'m, B>) -> xai::Result<xai::Var<'m, B>> {
        Ok(x)
    }
}

/// The struct of a macro: the attribute's tokens come from elsewhere than the struct's name.
macro_rules! network {
    ($name:ident, $layer:ty, $backend:ty, $adapt:path) => {
        #[derive(xai_derive::Explainable)]
        #[explainable(backend = $backend)]
        struct $name {
            #[explainable(features)]
            stem: $layer,
            #[explainable(adaptation, with = $adapt)]
            head: $layer,
        }
    };
}
network!(FromMacro, Same, xai::NdArray<f64>, same);

fn main() {
    use xai::Analyzer;

    /// In a function's body.
    #[derive(xai_derive::Explainable)]
    #[explainable(crate = xai)]
    struct Local {
        #[explainable(features)]
        pair: model::Pair,
        #[explainable(adaptation)]
        same: Same,
    }

    let input = ndarray::array![[1.0, 2.0]];
    let local = Local { pair: model::Pair(Same, Same), same: Same };
    let why = xai::Gradient.analyze(&local, &input.mapv(|v| v as f32), xai::MaxActivation).unwrap();
    assert_eq!(why.values, ndarray::array![[0.0, 1.0]]);

    let open = model::Open { hidden: model::Hidden(Same), open: Same };
    let why = xai::Gradient.analyze(&open, &input.mapv(|v| v as f32), xai::MaxActivation).unwrap();
    assert_eq!(why.values, ndarray::array![[0.0, 1.0]]);

    let net = model::Net::<xai::NdArray<f64>, Same, str, 3> {
        r#type: Same,
        x: &Count,
        head: &Same,
        shadows: (shadows::Result, shadows::Option, std::marker::PhantomData),
        unmarked: std::ptr::null(),
    };
    assert_eq!(net.forward(), 3);
    let why = xai::Gradient.analyze(&net, &input, xai::MaxActivation).unwrap();
    assert_eq!(why.values, ndarray::array![[0.0, 1.0]]);

    let why = xai::Gradient.analyze(&FromMacro { stem: Same, head: Same }, &input, xai::MaxActivation).unwrap();
    assert_eq!(why.values, ndarray::array![[0.0, 1.0]]);
}
