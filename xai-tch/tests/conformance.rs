//! The suite that every backend passes, on the CPU, in each number type.

use xai_tch::LibTorch;
use xai_tch::tch::{Device, Kind};

xai_conformance::suite!(float, LibTorch, (Device::Cpu, Kind::Float).into(), 2e-5);
xai_conformance::suite!(double, LibTorch<f64>, (Device::Cpu, Kind::Double).into(), 1e-12);
xai_conformance::suite!(float_inside_double_outside, LibTorch<f64>, (Device::Cpu, Kind::Float).into(), 2e-5);
