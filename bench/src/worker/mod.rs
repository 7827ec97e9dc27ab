//! A contestant: it loads a network once, and then does what the driver orders on its standard input.
//!
//! `check POINTS FILE` analyses something that has one right answer and writes its numbers, `run N` analyses once with
//! so many copies and tells the time, `chunk` tells how many copies go through the network at once, `memory` what the
//! process needed. Each answer is one line of JSON.

mod copies;
mod memory;
mod networks;
mod ours;
mod sample;
mod subject;

use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;

use measured::names::{Framework, Runs, Source};
use ndarray::ArrayD;
use serde_json::{Value, json};
use xai::candle::Candle;
use xai_cli::backend::{candle_device, torch_device};
use xai_tch::LibTorch;
use xai_tch::tch;
use xai_zoo::command_line::Outcome;

use self::memory::Memory;
use self::ours::Ours;
pub(crate) use self::sample::Sample;
pub(crate) use self::subject::{Subject, Timed};
use crate::args::Job;
use crate::bare::{Bare, CandlePasses, TorchPasses};

/// Answers until the driver closes the pipe.
pub(crate) fn serve(job: &Job) -> Outcome<()> {
    tch::set_num_threads(i32::try_from(job.threads)?);
    if !job.network.has_layers() {
        // As docs/candle-models.md advises.
        rayon::ThreadPoolBuilder::new().use_current_thread().build_global()?;
    }
    let sample = Sample::read(&job.data, job.network)?;
    let subject = subject(job, sample)?;
    let memory = Memory::after_loading(subject.as_ref())?;
    answer(&json!({ "ready": true }))?;
    for line in stdin().lock().lines() {
        let line = line?;
        let mut words = line.splitn(3, ' ');
        let reply = match (words.next(), words.next(), words.next()) {
            (Some("check"), Some(points), Some(file)) => check(subject.as_ref(), points.parse()?, Path::new(file))?,
            (Some("run"), Some(n), None) => {
                let Timed { milliseconds, values } = subject.run(n.parse()?)?;
                json!({ "ms": milliseconds, "norm": norm(&values) })
            }
            (Some("chunk"), None, None) => json!({ "chunk": subject.chunk()? }),
            (Some("memory"), None, None) => memory.report()?,
            _ => return Err(format!("no such order: {line}").into()),
        };
        answer(&reply)?;
    }
    Ok(())
}

fn subject(job: &Job, sample: Sample) -> Outcome<Box<dyn Subject>> {
    Ok(match job.who.runs {
        Runs::Ours { on: Framework::LibTorch, source, unguarded } => {
            let model = networks::load::<LibTorch>(job, source, torch_device(job.device)?.into())?;
            Box::new(Ours { model, sample, job: job.clone(), unguarded })
        }
        Runs::Ours { on: Framework::Candle, source, unguarded } => {
            let model = match source {
                Source::Code if !job.network.has_layers() => copies::explained(job)?,
                _ => networks::load::<Candle>(job, source, candle_device(job.device)?.into())?,
            };
            Box::new(Ours { model, sample, job: job.clone(), unguarded })
        }
        Runs::Bare(Framework::Candle) if !job.network.has_layers() => Box::new(copies::Bare::load(job, &sample)?),
        Runs::Bare(Framework::LibTorch) => Box::new(Bare::<TorchPasses>::load(job, &sample)?),
        Runs::Bare(Framework::Candle) => Box::new(Bare::<CandlePasses>::load(job, &sample)?),
        Runs::Python => return Err(format!("{} runs in Python", job.who).into()),
        Runs::Another(_) => return Err(format!("{} is another program", job.who).into()),
    })
}

/// Writes the numbers to a file, for they are many.
fn check(subject: &dyn Subject, points: usize, file: &Path) -> Outcome<Value> {
    let values = subject.check(points)?;
    if let Some(values) = &values {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(file, bytes)?;
    }
    Ok(json!({ "written": values.is_some() }))
}

/// ‖values‖₂: the same after each run, or something is not the same.
fn norm(values: &ArrayD<f32>) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

fn answer(reply: &Value) -> Outcome<()> {
    let mut out = stdout().lock();
    writeln!(out, "{reply}")?;
    Ok(out.flush()?)
}
