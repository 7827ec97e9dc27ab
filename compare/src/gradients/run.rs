//! What is compared: a framework in a precision.

/// A framework in a precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Run {
    /// Each noisy copy and each point of a path through the whole network: see
    /// [`CopyByCopy`](super::copy_by_copy::CopyByCopy).
    LibTorchWhole,
    LibTorchSingle,
    CandleSingle,
    LibTorchDouble,
    CandleDouble,
}

impl Run {
    /// All, in the order of the columns.
    pub(super) const ALL: [Run; 5] =
        [Run::LibTorchWhole, Run::LibTorchSingle, Run::CandleSingle, Run::LibTorchDouble, Run::CandleDouble];

    /// What Captum computed in. With the same kernels it rounds as libtorch here. Where a value lies as close to the
    /// corner of a relu as PyTorch's rounding is large, its two precisions take the two sides, and both are right:
    /// candle in 32 bits, which rounds otherwise, is held to the nearer of them.
    pub(super) fn references(self) -> &'static [&'static str] {
        match self {
            Run::LibTorchWhole | Run::LibTorchSingle => &["f32"],
            Run::CandleSingle => &["f32", "f64"],
            Run::LibTorchDouble | Run::CandleDouble => &["f64"],
        }
    }

    /// The column's title.
    pub(super) fn title(self) -> &'static str {
        match self {
            Run::LibTorchWhole => "libtorch f32, copies whole",
            Run::LibTorchSingle => "libtorch f32",
            Run::CandleSingle => "candle f32 to the nearer of Python's",
            Run::LibTorchDouble => "libtorch f64",
            Run::CandleDouble => "candle f64",
        }
    }

    /// The greatest relative difference that is allowed.
    ///
    /// At a kink of a relu a rounding error decides on a gradient. In single precision candle rounds otherwise than
    /// PyTorch does, and so does libtorch on a path that starts behind the affine layers of the network. With the same
    /// kernels on the same numbers there is no such excuse.
    pub(super) fn bound(self, method: &str) -> f64 {
        match self {
            Run::LibTorchWhole => 1e-4,
            Run::LibTorchSingle if !is_on_a_path(method) => 1e-4,
            Run::CandleSingle if method.contains("grad_cam") || method == "output" => 1e-4,
            Run::LibTorchSingle | Run::CandleSingle => 1e-2,
            Run::LibTorchDouble | Run::CandleDouble => DOUBLE_BOUND,
        }
    }

    /// The same framework in 64 bits, for a run in 32.
    pub(super) fn in_double(self) -> Option<Run> {
        match self {
            Run::LibTorchWhole | Run::LibTorchSingle => Some(Run::LibTorchDouble),
            Run::CandleSingle => Some(Run::CandleDouble),
            Run::LibTorchDouble | Run::CandleDouble => None,
        }
    }
}

fn is_on_a_path(method: &str) -> bool {
    method == "saliency_mean" || method.contains("integrated_gradients")
}

/// In 64 bits. Captum's weights of a path, and PyTorch's slope of the hard sigmoid, are rounded to 32.
pub(super) const DOUBLE_BOUND: f64 = 1e-6;
