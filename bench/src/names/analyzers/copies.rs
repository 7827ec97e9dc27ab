//! Models of candle-transformers, with the one line that makes them explainable.

use super::super::analyzer::{Asked, Entry, Family, Method, On, Work};
use super::settings::plain;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("copy-gradient", "The gradient of a copied model", Family::Copies, Method::Named("gradient", plain))
        .work(Work::Forward)
        .on(On::Copies)
        .by(&[
            "xai-candle",
            "xai-candle-unguarded",
            "xai-candle-1-thread",
            "pytorch",
            "pytorch-1-thread",
            "bare-candle",
        ])
        .like("pytorch")
        .asked(&[
            Asked { of: "xai-candle", over: "bare-candle", most: 3.0 },
            Asked { of: "xai-candle", over: "pytorch", most: 1.5 },
            // Two threads are to be 1.8 times as fast.
            Asked { of: "xai-candle", over: "xai-candle-1-thread", most: 1.0 / 1.8 },
        ]),
    Entry::new("copy-output", "The output of a copied model", Family::Copies, Method::Output)
        .work(Work::Forward)
        .on(On::Copies)
        .by(&["xai-candle", "xai-candle-1-thread", "pytorch", "pytorch-1-thread", "bare-candle"])
        .like("pytorch"),
];
