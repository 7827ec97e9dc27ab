//! The tests of xai-candle, each in a file of its own.
