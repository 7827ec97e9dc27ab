//! The suite of all backends, on candle.

use candle_core::DType;
use xai_candle::{Candle, Placement};

xai_conformance::suite!(single, Candle, Placement::default(), 1e-5);
xai_conformance::suite!(double, Candle<f64>, DType::F64.into(), 1e-12);

/// Half types: everything but whole analyses, whose many rounded passes are no longer close to `f64`.
mod half_types {
    use candle_core::DType;
    use xai_candle::Candle;
    use xai_conformance::{Outcome, Suite, layers, refusals, tensors};

    fn each(check: fn(&Suite<Candle>) -> Outcome) -> Outcome {
        check(&Suite::new(DType::F16.into(), 5e-3))?;
        check(&Suite::new(DType::BF16.into(), 5e-2))
    }

    macro_rules! cases {
        ($($group:ident: $($case:ident),+;)+) => {$($(
            #[test]
            fn $case() -> Outcome {
                each($group::$case)
            }
        )+)+};
    }

    cases! {
        tensors: round_trip, arithmetic, broadcasting, reductions, shapes, parts, one_hot, widening;
        layers: forward_passes, pullbacks, pullbacks_twice, placements;
        refusals: tensors_refuse, layers_refuse, analyzers_refuse;
    }
}
