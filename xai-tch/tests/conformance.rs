//! The suite that every backend passes, in each number type: on the CPU, or where `XAI_TEST_DEVICE` says, as `cuda:0`.

use xai_tch::LibTorch;
use xai_tch::tch::{Device, Kind};

xai_conformance::suite!(float, LibTorch, (device(), Kind::Float).into(), 2e-5);
xai_conformance::suite!(double, LibTorch<f64>, (device(), Kind::Double).into(), 1e-12);
xai_conformance::suite!(float_inside_double_outside, LibTorch<f64>, (device(), Kind::Float).into(), 2e-5);

/// # Panics
///
/// On a device of another name, for a test fails by panicking.
fn device() -> Device {
    match std::env::var("XAI_TEST_DEVICE").as_deref() {
        Err(_) => Device::Cpu,
        Ok(name) => match name.strip_prefix("cuda:").map(str::parse) {
            Some(Ok(card)) => Device::Cuda(card),
            _ => panic!("XAI_TEST_DEVICE is `{name}`: it is cuda:N"),
        },
    }
}
