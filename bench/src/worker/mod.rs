//! A contestant: it loads a network once, and then does what the driver orders on its standard input.
//!
//! `check POINTS FILE` analyses something that has one right answer and writes its numbers, `run N` analyses once with
//! so many copies and tells the time, `memory` tells what the process needed. Each answer is one line of JSON.

mod memory;
mod ours;
mod photo;
mod subject;

use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;

use measured::names::Who;
use ndarray::ArrayD;
use serde_json::{Value, json};
use xai::candle::Candle;
use xai_tch::LibTorch;
use xai_tch::tch;
use xai_zoo::command_line::Outcome;

use self::memory::Memory;
use self::ours::Ours;
pub(crate) use self::photo::Photo;
pub(crate) use self::subject::{Subject, Timed};
use crate::args::Job;
use crate::bare::{Bare, CandlePasses, TorchPasses};

/// Answers until the driver closes the pipe.
pub(crate) fn serve(job: &Job) -> Outcome<()> {
    tch::set_num_threads(i32::try_from(job.threads)?);
    let photo = Photo::read(&job.data)?;
    let subject = subject(job, photo)?;
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
            (Some("memory"), None, None) => memory.report()?,
            _ => return Err(format!("no such order: {line}").into()),
        };
        answer(&reply)?;
    }
    Ok(())
}

fn subject(job: &Job, photo: Photo) -> Outcome<Box<dyn Subject>> {
    Ok(match job.who {
        Who::XaiLibtorch => Box::new(Ours::<LibTorch>::load(job, photo, tch::Device::Cpu.into())?),
        Who::XaiCandle => Box::new(Ours::<Candle>::load(job, photo, candle_core::Device::Cpu.into())?),
        Who::BareLibtorch => Box::new(Bare::<TorchPasses>::load(job, &photo)?),
        Who::BareCandle => Box::new(Bare::<CandlePasses>::load(job, &photo)?),
        Who::Captum | Who::PytorchGradCam => return Err(format!("{} runs in Python", job.who).into()),
        Who::BeforeLibtorch | Who::BeforeCandle => return Err(format!("{} is another program", job.who).into()),
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
