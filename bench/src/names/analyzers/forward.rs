//! Forward passes alone.

use super::super::analyzer::{Asked, Entry, Family, Method, Work};
use super::settings::of_n;

/// What is no pass may take so much.
const ASKED: &[Asked] = &[
    Asked { of: "xai-libtorch", over: "bare-libtorch", most: 1.03 },
    Asked { of: "xai-candle", over: "bare-candle", most: 1.03 },
];

/// Windows of 16 × 16, side by side, on 224 × 224.
const WINDOWS: usize = 14 * 14;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("occlusion", "Occlusion by 14 × 14 windows", Family::Forward, Method::Windows([16, 16]))
        .work(Work::Copies(WINDOWS))
        .by(&["xai-libtorch", "xai-candle", "captum", "bare-libtorch", "bare-candle"])
        .like("captum")
        .asked(ASKED),
    Entry::new("rise", "RISE with 200 masks", Family::Forward, Method::Named("rise", of_n))
        .work(Work::Copies(200))
        .by(&["xai-libtorch", "xai-candle", "bare-libtorch", "bare-candle"])
        .like("xai-libtorch")
        .asked(ASKED),
];
