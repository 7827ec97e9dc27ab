//! Gradients, means of gradients, and Grad-CAM.

use xai::{Quadrature, Settings};

use super::super::analyzer::{Check, Entry, Family, Method, Work};
use super::super::network::Network;
use super::settings::{at_maps, of_n, plain};

const ALL: &[&str] = &["xai-libtorch", "xai-candle", "captum", "bare-libtorch", "bare-candle"];
const AND_GRAD_CAM: &[&str] =
    &["xai-libtorch", "xai-candle", "captum", "pytorch-grad-cam", "bare-libtorch", "bare-candle"];
const NOT_BARE: &[&str] = &["xai-libtorch", "xai-candle", "captum"];

/// As it is by default everywhere.
const COPIES: Work = Work::Gradients(50);

/// One of this family.
const fn entry(name: &'static str, words: &'static str, method: Method) -> Entry {
    Entry::new(name, words, Family::Gradients, method).by(ALL).like("captum")
}

/// Two ways to one integral: what both are known to be off at the most (0.13), one across the other.
const TWO_WAYS: f64 = 0.2;

fn secants(network: Network, _: usize) -> Settings {
    Settings::new().n(network.secants()).quadrature(Quadrature::Secant)
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("gradient", "The gradient", Method::Named("gradient", plain)),
    entry("input-times-gradient", "Input times gradient", Method::Named("input-times-gradient", plain)),
    entry("smooth-grad", "SmoothGrad", Method::Named("smooth-grad", of_n)).work(COPIES).check(Check::OnNoise),
    entry("integrated-gradients", "Integrated Gradients", Method::Named("integrated-gradients", of_n))
        .work(COPIES)
        .check(Check::OnNodes),
    entry(
        "integrated-gradients-secant",
        "The same integral to the same error or better: secants beside Captum's default with 50 points",
        Method::Named("integrated-gradients", secants),
    )
    .work(COPIES)
    .by(NOT_BARE)
    .within(TWO_WAYS),
    entry("grad-cam", "Grad-CAM", Method::Named("grad-cam", at_maps)).work(Work::Forward).by(AND_GRAD_CAM),
];
