//! One thread against two, and against two processes of one thread each, which share nothing and so show what the
//! machine's second core can give: the same analyses in processes of their own, in turn.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

use measured::photos;
use measured::subject::{Analysis, batch, network};
use xai::Backend;
use xai_zoo::command_line::{Outcome, failure};

use crate::args::{Args, for_each_backend};
use crate::folder::images_per_second;
use crate::rows::{head, row};

const ANALYSES: [Analysis; 4] = [
    Analysis::of("gradient"),
    Analysis::of("grad-cam"),
    Analysis::of("smooth-grad").n(16),
    Analysis::of("integrated-gradients").n(18),
];

/// How many photos a folder has here.
const PHOTOS: usize = 60;

/// Seconds, the fastest of all rounds.
struct Fastest {
    one: f64,
    two: f64,
    /// Two processes side by side: as if they were one, which does half of the work in the mean.
    apart: f64,
}

/// Prints a table.
pub(crate) fn report(args: &Args) -> Outcome<()> {
    let mut fastest: BTreeMap<(usize, String), Fastest> = BTreeMap::new();
    for _ in 0..args.rounds {
        let one = timings(start(args, "1")?)?;
        let two = timings(start(args, "2")?)?;
        let (left, right) = (start(args, "1")?, start(args, "1")?);
        let (left, right) = (timings(left)?, timings(right)?);
        for (number, (title, seconds)) in one.into_iter().enumerate() {
            let of = |times: &[(String, f64)]| times.get(number).map_or(f64::INFINITY, |(_, seconds)| *seconds);
            let best = fastest.entry((number, title)).or_insert(Fastest {
                one: f64::INFINITY,
                two: f64::INFINITY,
                apart: f64::INFINITY,
            });
            best.one = best.one.min(seconds);
            best.two = best.two.min(of(&two));
            best.apart = best.apart.min(1.0 / (1.0 / of(&left) + 1.0 / of(&right)));
        }
    }
    let titles = ["", "one thread", "two threads", "times as fast", "two processes: times as fast"];
    println!("\n{}", head(&titles.map(str::to_owned)));
    for ((_, title), Fastest { one, two, apart }) in fastest {
        let times = [one / two, one / apart].map(|times| format!("{times:.2}"));
        println!("{}", row([title, format!("{one:.3} s"), format!("{two:.3} s")].into_iter().chain(times)));
    }
    Ok(())
}

/// This program again, with so many threads for the frameworks.
fn start(args: &Args, threads: &str) -> Outcome<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--child").env("RAYON_NUM_THREADS", threads).env("OMP_NUM_THREADS", threads);
    for backend in args.backends() {
        command.arg("--backend").arg(format!("{backend:?}").to_lowercase());
    }
    Ok(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
}

/// What the process says: titles and seconds.
fn timings(process: Child) -> Outcome<Vec<(String, f64)>> {
    let output = process.wait_with_output()?;
    if !output.status.success() {
        return Err(failure(String::from_utf8_lossy(&output.stderr)));
    }
    let line = |line: &str| {
        let (title, seconds) = line.split_once('\t').ok_or_else(|| failure(format!("no timing: {line}")))?;
        Ok((title.to_owned(), seconds.parse()?))
    };
    String::from_utf8(output.stdout)?.lines().map(line).collect()
}

/// Times everything once, and prints a line for each: its name, a tab, seconds.
pub(crate) fn child(args: &Args) -> Outcome<()> {
    for_each_backend!(args, B => {
        analyses::<B>()?;
        folders::<B>()
    })
}

fn analyses<B: Backend<Elem = f32>>() -> Outcome<()> {
    let (network, input) = (network::<B>()?, batch(1, 224)?);
    for analysis in ANALYSES {
        analysis.run(&network, &input)?; // warms up
        println!("{}, {}\t{}", analysis.title()?, B::NAME, analysis.seconds(&network, &input)?);
    }
    Ok(())
}

/// A photo of a folder: one at a time, and overlapped.
fn folders<B: Backend<Elem = f32>>() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    photos::make(folder.path(), PHOTOS)?;
    let out = folder.path().join("out");
    for (title, batch) in [("one at a time", None), ("overlapped", Some(2))] {
        let seconds = 1.0 / images_per_second::<B>(folder.path(), PHOTOS, batch, 1, &out)?;
        println!("A photo of a folder, {title}, {}\t{seconds}", B::NAME);
    }
    Ok(())
}
