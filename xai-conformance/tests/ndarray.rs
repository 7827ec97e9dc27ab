//! The suite on the reference backend itself: in f32 against f64, and in f64 for what does not compare.

use xai_core::NdArray;

xai_conformance::suite!(single, NdArray<f32>, (), 1e-5);
xai_conformance::suite!(double, NdArray<f64>, (), 1e-13);
