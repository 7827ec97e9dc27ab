//! The examples of xai, and the tests of all of it, one crate for each subject.
