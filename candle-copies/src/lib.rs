//! Model files of candle-transformers, as they are in cargo's own sources, with one line more at their top:
//! `use xai::candle::nn as candle_nn;`. `build.rs` makes them.

// The files are not ours: no lint of ours is theirs.
#![allow(warnings, clippy::all)]

// The name that the files call it by.
extern crate candle_core as candle;

pub mod models {
    include!(concat!(env!("OUT_DIR"), "/models.rs"));

    /// The second line that some files need.
    pub mod with_tracing {
        pub use xai_candle::nn::with_tracing::*;
    }
}

/// `vit.rs` as docs/candle-models.md says to write it by hand.
pub mod by_hand {
    include!(concat!(env!("OUT_DIR"), "/by_hand.rs"));
}

include!(concat!(env!("OUT_DIR"), "/others.rs"));
