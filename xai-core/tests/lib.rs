//! The tests of xai-core, one crate for each subject.
