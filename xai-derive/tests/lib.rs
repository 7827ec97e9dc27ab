//! The tests of xai-derive: what the compiler says.
