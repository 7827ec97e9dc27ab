//! What is drawn at random, with settings that both sides know.
//!
//! Python gets the draws themselves from [`drawn`](super::drawn): a change here is all that a change takes.

use xai::metrics::{Infidelity, MaxSensitivity};
use xai::{Lime, Rise, RiseEstimate, ShapleySampling};

/// Pairs of an order and its reverse.
pub(super) fn orders() -> ShapleySampling {
    ShapleySampling::new().n(3).seed(11)
}

/// Fewer masks than there are subsets of six features.
pub(super) fn lime() -> Lime {
    Lime::new().n(40).seed(12)
}

/// Of six features two, of eight also two, of nine three.
pub(super) fn sets() -> Infidelity {
    Infidelity::new().n(12).share(0.3).seed(13)
}

/// Far enough for what 32 bits round to be little of what changes.
pub(super) fn neighbours() -> MaxSensitivity {
    MaxSensitivity::new().n(3).radius(0.2).seed(14)
}

pub(super) fn rise(estimate: RiseEstimate) -> Rise {
    Rise::new([7, 7]).n(30).seed(15).estimate(estimate)
}
