//! What the process keeps in memory, as Linux counts it.

use std::fs;

use serde_json::{Value, json};
use xai_zoo::command_line::Outcome;

use super::Subject;

const STATUS: &str = "/proc/self/status";

/// What the network needs by itself: what is resident once it is loaded and has run forward.
pub(super) struct Memory {
    own_mb: f64,
    /// False where the system does not let the peak begin anew: then it holds the loading too.
    forgot_loading: bool,
}

impl Memory {
    /// Loading may take more for a moment, so the peak begins anew behind it.
    pub(super) fn after_loading(subject: &dyn Subject) -> Outcome<Self> {
        subject.forward()?;
        let forgot_loading = fs::write("/proc/self/clear_refs", "5").is_ok();
        Ok(Memory { own_mb: megabytes("VmRSS:")?, forgot_loading })
    }

    pub(super) fn report(&self) -> Outcome<Value> {
        let peak_mb = megabytes("VmHWM:")?;
        Ok(json!({ "own_mb": self.own_mb, "peak_mb": peak_mb, "peak_without_loading": self.forgot_loading }))
    }
}

/// A line of the process's status, which is in KiB.
fn megabytes(name: &str) -> Outcome<f64> {
    let status = fs::read_to_string(STATUS)?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<f64>().ok());
    Ok(kib.ok_or_else(|| format!("{STATUS} has no {name} line: memory is measured on Linux only"))? / 1024.0)
}
