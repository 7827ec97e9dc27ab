//! The suite of all backends, on candle.
#![allow(clippy::unwrap_used)]

use candle_core::DType;
use xai_candle::Candle;
use xai_candle_tests::device;

xai_conformance::suite!(single, Candle, device().into(), 1e-5);
xai_conformance::suite!(double, Candle<f64>, (device(), DType::F64).into(), 1e-12);

/// Half types: everything but whole analyses, whose many rounded passes are no longer close to `f64`.
mod half_types {
    use candle_core::DType;
    use xai_candle::Candle;
    use xai_candle_tests::device;
    use xai_conformance::{Outcome, Suite, choices, layers, refusals, tensors};

    fn each(check: fn(&Suite<Candle>) -> Outcome) -> Outcome {
        check(&Suite::new((device(), DType::F16).into(), 5e-3))?;
        check(&Suite::new((device(), DType::BF16).into(), 5e-2))
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
        tensors: round_trip, arithmetic, broadcasting, reductions, shapes, parts, matrices, one_hot, widening;
        layers: forward_passes, pullbacks, pullbacks_twice, segments, placements;
        choices: one_of_two, entries_by_ids, comparisons;
        refusals: tensors_refuse, layers_refuse, analyzers_refuse;
    }
}

/// A half type cannot show that a gradient is wrong; the check must not say so.
#[test]
fn a_half_type_is_too_coarse_to_judge() {
    use xai_core::{Element as _, Verdict, check_gradient};
    for dtype in [DType::F16, DType::BF16] {
        let model = xai_conformance::networks::small_network::<Candle>(&(device(), dtype).into()).unwrap();
        let x = xai_conformance::values(&xai_conformance::networks::images(1), 305).mapv(f32::of);
        // Numbers that a half type does not hold.
        let report = check_gradient(&model, &x.mapv(|v| v * 1.1)).unwrap();
        assert!(matches!(report.verdict, Verdict::Trusted | Verdict::Noise | Verdict::Still), "{report}");
    }
}
