//! Connects xai to candle.
