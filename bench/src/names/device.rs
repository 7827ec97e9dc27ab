//! Where a contestant computes: [`Device`].

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// The CPU, or a graphics card by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// A card that speaks CUDA.
    Cuda(usize),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let card = || text.strip_prefix("cuda:")?.parse().ok().map(Device::Cuda);
        let device = if text == "cpu" { Some(Device::Cpu) } else { card() };
        device.ok_or_else(|| "it is cpu or cuda:N, as cuda:0".into())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(card) => write!(f, "cuda:{card}"),
        }
    }
}

impl Device {
    /// For libtorch.
    pub fn of_torch(self) -> xai_tch::tch::Device {
        match self {
            Device::Cpu => xai_tch::tch::Device::Cpu,
            Device::Cuda(card) => xai_tch::tch::Device::Cuda(card),
        }
    }

    /// For candle.
    ///
    /// # Errors
    ///
    /// Where there is no such card, or candle was built without CUDA.
    pub fn of_candle(self) -> candle_core::Result<candle_core::Device> {
        match self {
            Device::Cpu => Ok(candle_core::Device::Cpu),
            Device::Cuda(card) => {
                // To candle another handle on the same card is another device.
                static HANDLE: Mutex<Option<(usize, candle_core::Device)>> = Mutex::new(None);
                let mut handle = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
                match &*handle {
                    Some((known, device)) if *known == card => Ok(device.clone()),
                    _ => Ok(handle.insert((card, candle_core::Device::new_cuda(card)?)).1.clone()),
                }
            }
        }
    }
}
