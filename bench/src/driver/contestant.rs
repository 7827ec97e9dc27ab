//! A contestant's process, and the talk with it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use measured::names::Runs;
use serde_json::{Map, Value};
use xai_zoo::command_line::Outcome;

use super::root::ROOT;
use crate::args::{Args, Job};

/// Before each run: until then the threads of the one before have given up to wait by spinning.
const REST: Duration = Duration::from_millis(100);

/// Milliseconds.
const SHORT: f64 = 500.0;

/// What all contestants of a run share.
pub(super) struct Setting<'a> {
    pub(super) args: &'a Args,
    /// The folder with weights and photo.
    pub(super) data: PathBuf,
}

/// A process that has loaded its network and waits for orders.
pub(super) struct Contestant {
    pub(super) job: Job,
    /// The packages that it uses and their versions, as far as it is Python.
    pub(super) versions: Map<String, Value>,
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What one run took and gave.
pub(super) struct Lap {
    pub(super) milliseconds: f64,
    /// ‖values‖₂
    pub(super) norm: f64,
}

/// What the process needed.
pub(super) struct Memory {
    pub(super) own_mb: f64,
    pub(super) peak_mb: f64,
    /// False where the peak holds the loading too.
    pub(super) peak_without_loading: bool,
}

impl Contestant {
    pub(super) fn start(args: &Args, job: &Job) -> Outcome<Self> {
        let mut command = if job.who.runs == Runs::Python {
            let mut command = Command::new(&args.python);
            command.arg(PathBuf::from_iter([ROOT, "bench", "python", "worker.py"]));
            command
        } else {
            let another = args.before.clone().filter(|_| job.who.of_another_build().is_some());
            let mut command = Command::new(another.map_or_else(std::env::current_exe, Ok)?);
            command.arg("worker");
            command
        };
        command.args(["--network", &job.network.to_string()]);
        command.args(["--analyzer", &job.analyzer.to_string()]);
        command.args(["--who", job.who.of_another_build().unwrap_or(job.who.name)]);
        command.arg("--data").arg(&job.data);
        command.args(["--target", &job.target.to_string(), "--chunk", &job.chunk.to_string()]);
        let threads = job.who.threads.unwrap_or(job.threads).to_string();
        command.args(["--threads", &threads, "--device", &job.device.to_string()]);
        for pool in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
            command.env(pool, &threads);
        }
        if !job.network.has_layers() {
            // As docs/candle-models.md advises.
            command.env("CANDLE_BARRIER_POOL_SPIN_LIMIT", "100");
        }
        if job.who.open_mp {
            // Otherwise both threads spin on one core now and then, when anything else is awake. Not for candle: the
            // threads of rayon would all inherit the core of the first.
            command.env("OMP_PROC_BIND", "true");
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().ok_or("a contestant without output")?);
        let mut started = Contestant { job: job.clone(), versions: Map::new(), process, orders, answers };
        let ready = started.answer()?;
        if let Some(versions) = ready.get("versions").and_then(Value::as_object) {
            started.versions.clone_from(versions);
        }
        Ok(started)
    }

    /// One analysis, with so many copies for a mean. A short one is timed when it runs again, for all but the first of
    /// many have threads that are awake.
    pub(super) fn run(&mut self, n: usize) -> Outcome<Lap> {
        thread::sleep(REST);
        let first = self.lap(n)?;
        if first.milliseconds < SHORT { self.lap(n) } else { Ok(first) }
    }

    fn lap(&mut self, n: usize) -> Outcome<Lap> {
        let lap = self.ask(&format!("run {n}"))?;
        Ok(Lap { milliseconds: number(&lap, "ms")?, norm: number(&lap, "norm")? })
    }

    /// The numbers that have one right answer; nothing from what explains nothing.
    pub(super) fn check(&mut self, points: usize) -> Outcome<Option<Vec<f64>>> {
        let path = self.job.data.join(format!("{}.f32", self.job.who));
        let reply = self.ask(&format!("check {points} {}", path.display()))?;
        if reply.get("written") != Some(&Value::Bool(true)) {
            return Ok(None);
        }
        let numbers = read_numbers(&path)?;
        fs::remove_file(&path)?;
        Ok(Some(numbers))
    }

    /// How many masked copies go through the network at once, where it chooses by itself.
    pub(super) fn chunk(&mut self) -> Outcome<usize> {
        let found = self.ask("chunk")?.get("chunk").and_then(Value::as_u64);
        Ok(usize::try_from(found.ok_or_else(|| format!("{} chose no chunk", self.job.who))?)?)
    }

    pub(super) fn memory(&mut self) -> Outcome<Memory> {
        let found = self.ask("memory")?;
        let peak_without_loading = found.get("peak_without_loading") == Some(&Value::Bool(true));
        Ok(Memory { own_mb: number(&found, "own_mb")?, peak_mb: number(&found, "peak_mb")?, peak_without_loading })
    }

    /// The seconds of processor time that it has used so far.
    pub(super) fn processor_seconds(&self) -> Outcome<f64> {
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The program's name, in parentheses, may hold spaces; user and system time are 12 fields behind.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
    }

    fn ask(&mut self, order: &str) -> Outcome<Value> {
        let orders = self.orders.as_mut().ok_or("a contestant without input")?;
        writeln!(orders, "{order}")?;
        orders.flush()?;
        self.answer()
    }

    fn answer(&mut self) -> Outcome<Value> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            let Job { network, analyzer, who, .. } = &self.job;
            return Err(format!("{who} ended in the middle of {network}, {analyzer} (its words are above)").into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Contestant {
    /// Without orders it ends by itself.
    fn drop(&mut self) {
        self.orders = None;
        // Nothing is left to be told about one that does not end well here: its answers were all read.
        let _ = self.process.wait();
    }
}

fn number(reply: &Value, name: &str) -> Outcome<f64> {
    reply.get(name).and_then(Value::as_f64).ok_or_else(|| format!("no number `{name}` in {reply}").into())
}

fn read_numbers(path: &Path) -> Outcome<Vec<f64>> {
    let bytes = fs::read(path)?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("{} is no list of f32", path.display()).into());
    }
    Ok(numbers.iter().map(|&bytes| f32::from_le_bytes(bytes).into()).collect())
}
