//! One thread against two: the same analyses in processes of their own, in turn.

use std::collections::BTreeMap;
use std::process::Command;

use xai::nn::NnBackend;

use crate::command_line::{Outcome, failure};
use crate::folder::images_per_second;
use crate::jobs::list;
use crate::subject::{Analysis, batch, network};
use crate::{Args, for_each_backend, head, photos, row};

const ANALYSES: [Analysis; 4] =
    [Analysis::Gradient, Analysis::GradCam, Analysis::SmoothGrad(16), Analysis::IntegratedGradients(18)];

/// How many photos a folder has here.
const PHOTOS: usize = 60;

/// Prints a table.
pub(crate) fn report(args: &Args) -> Outcome<()> {
    let mut fastest: BTreeMap<(usize, String), [f64; 2]> = BTreeMap::new();
    for _ in 0..args.rounds {
        for (place, threads) in ["1", "2"].into_iter().enumerate() {
            for (number, line) in run(args, threads)?.lines().enumerate() {
                let (title, seconds) = line.split_once('\t').ok_or_else(|| failure(format!("no timing: {line}")))?;
                let best = fastest.entry((number, title.to_owned())).or_insert([f64::INFINITY; 2]);
                best[place] = best[place].min(seconds.parse()?);
            }
        }
    }
    println!("\n{}", head(&["", "one thread", "two threads", "times as fast"].map(str::to_owned)));
    for ((_, title), [one, two]) in fastest {
        println!("{}", row([title, format!("{one:.3} s"), format!("{two:.3} s"), format!("{:.2}", one / two)]));
    }
    Ok(())
}

/// This program again, with so many threads for the frameworks.
fn run(args: &Args, threads: &str) -> Outcome<String> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--child").env("RAYON_NUM_THREADS", threads).env("OMP_NUM_THREADS", threads);
    for backend in args.backends() {
        command.arg("--backend").arg(format!("{backend:?}").to_lowercase());
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(failure(String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Times everything once, and prints a line for each: its name, a tab, seconds.
pub(crate) fn child(args: &Args) -> Outcome<()> {
    for_each_backend!(args, B => {
        analyses::<B>()?;
        folders::<B>()
    })
}

fn analyses<B: NnBackend<Elem = f32>>() -> Outcome<()> {
    let (network, input) = (network::<B>()?, batch(1, 224)?);
    for analysis in ANALYSES {
        analysis.run(&network, &input)?; // warms up
        println!("{}, {}\t{}", analysis.title(), B::NAME, analysis.seconds(&network, &input)?);
    }
    Ok(())
}

/// A photo of a folder: one at a time, and overlapped.
fn folders<B: NnBackend<Elem = f32>>() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    photos::make(folder.path(), PHOTOS)?;
    let out = folder.path().join("out");
    let jobs = list(folder.path(), &out)?;
    for (title, batch) in [("one at a time", None), ("overlapped", Some(2))] {
        let seconds = 1.0 / images_per_second::<B>(&jobs, batch, 1, &out)?;
        println!("A photo of a folder, {title}, {}\t{seconds}", B::NAME);
    }
    Ok(())
}
