//! Where it was measured, and with what.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use xai_cli::backend::Device;
use xai_zoo::command_line::Outcome;

const LOCK: &str = include_str!("../../../Cargo.lock");

/// The machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory_gb: f64,
    pub(super) system: String,
    /// The graphics card, where one computes.
    #[serde(default)]
    pub(super) card: Option<String>,
}

impl Machine {
    /// This one, as Linux describes it, and the card as its driver does.
    pub(super) fn this(device: Device) -> Outcome<Self> {
        let memory = field("/proc/meminfo", "MemTotal")?;
        let kib: f64 = memory.trim_end_matches("kB").trim().parse()?;
        Ok(Machine {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|_| std::env::consts::ARCH.into()),
            cores: std::thread::available_parallelism()?.get(),
            memory_gb: kib / 1024.0 / 1024.0,
            system: format!("Linux {}", fs::read_to_string("/proc/sys/kernel/osrelease")?.trim()),
            card: match device {
                Device::Cpu => None,
                Device::Cuda(number) => Some(card(number)?),
            },
        })
    }
}

fn card(number: usize) -> Outcome<String> {
    let asked = ["--query-gpu=name,driver_version", "--format=csv,noheader", "--id"];
    let out = Command::new("nvidia-smi").args(asked).arg(number.to_string()).output();
    let out = out.map_err(|error| format!("nvidia-smi, which knows the card, does not run: {error}"))?;
    let words = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    words.split_once(", ").map_or_else(
        || Err(format!("nvidia-smi knows no card {number}: {words}").into()),
        |(name, driver)| Ok(format!("{name} (driver {driver})")),
    )
}

fn field(path: &str, name: &str) -> Outcome<String> {
    let text = fs::read_to_string(path)?;
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned());
    value.ok_or_else(|| format!("{path} has no {name}").into())
}

/// The versions that this program was built with.
pub(super) fn versions() -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    for (name, package) in [("xai", "xai-explain"), ("candle-core", "candle-core"), ("tch", "tch")] {
        let version = LOCK.split_once(&format!("name = \"{package}\"\nversion = \"")).and_then(|(_, rest)| {
            let (version, _) = rest.split_once('"')?;
            Some(version)
        });
        versions.extend(version.map(|version| (name.to_owned(), version.to_owned())));
    }
    let libtorch = std::env::var_os("LIBTORCH").map(|folder| Path::new(&folder).join("build-version"));
    if let Some(Ok(version)) = libtorch.map(fs::read_to_string) {
        versions.insert("libtorch".into(), version.trim().into());
    }
    versions
}
