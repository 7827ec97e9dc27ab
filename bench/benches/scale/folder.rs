//! A folder of photos through one process: the pipeline of the example `folder` against one photo at a time.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use measured::photos;
use measured::subject::network;
use xai::{Backend, GradCam};
use xai_zoo::command_line::{Outcome, failure};
use xai_zoo::folder::{Explainer, Job, Pictures, Room, list, one_by_one, overlapped};

use crate::{Args, for_each_backend, head, row};

/// The bound of the queues: the example's default.
const QUEUE: usize = 8;

/// How many photos go through the network at once, where they overlap.
const BATCHES: [usize; 3] = [1, 2, 8];

/// Prints a table.
pub(crate) fn report(args: &Args) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let (photos, out) = (folder.path().join("photos"), folder.path().join("out"));
    fs::create_dir(&photos)?;
    photos::make(&photos, args.photos)?;
    let jobs = list(&photos, &out)?;
    let titles = ["Grad-CAM", "photos", "images per second", "peak memory"].map(str::to_owned);
    println!("\n{}", head(&titles));
    for_each_backend!(args, B => rows::<B>(&jobs, &out))
}

fn rows<B: Backend<Elem = f32>>(jobs: &[Job], out: &Path) -> Outcome<()> {
    // The memory of a tenth is that of all.
    let few = &jobs[..jobs.len().div_ceil(10)];
    print::<B>("one at a time", few, None, out)?;
    print::<B>("one at a time", jobs, None, out)?;
    for batch in BATCHES {
        print::<B>(&format!("overlapped, batch {batch}"), few, Some(batch), out)?;
        print::<B>(&format!("overlapped, batch {batch}"), jobs, Some(batch), out)?;
    }
    Ok(())
}

fn print<B: Backend<Elem = f32>>(title: &str, jobs: &[Job], batch: Option<usize>, out: &Path) -> Outcome<()> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let forgotten = fs::write("/proc/self/clear_refs", "5").is_ok();
    let rate = images_per_second::<B>(jobs, batch, threads, out)?;
    let peak = match peak_megabytes().filter(|_| forgotten) {
        Some(peak) => format!("{peak:.0} MB"),
        None => "unknown".into(),
    };
    println!("{}", row([format!("{title}, {}", B::NAME), jobs.len().to_string(), format!("{rate:.1}"), peak]));
    Ok(())
}

/// Explains all photos: one at a time without a batch.
pub(crate) fn images_per_second<B: Backend<Elem = f32>>(
    jobs: &[Job],
    batch: Option<usize>,
    threads: usize,
    out: &Path,
) -> Outcome<f64> {
    fs::create_dir_all(out)?;
    let mut explainer = Explainer::new(network::<B>()?, Box::new(GradCam), batch.unwrap_or(1))?;
    let failures = AtomicUsize::new(0);
    let ended = |result: Result<(), String>| {
        if result.is_err() {
            failures.fetch_add(1, Ordering::Relaxed);
        }
    };
    let work = Pictures { jobs, ended };
    let start = Instant::now();
    match batch {
        None => one_by_one(&work, jobs.len(), |photos| explainer.explain(photos))?,
        Some(batch) => {
            let room = Room { batch, queue: QUEUE, threads };
            overlapped(&work, jobs.len(), room, |photos| explainer.explain(photos))?;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    fs::remove_dir_all(out)?;
    #[allow(clippy::cast_precision_loss)] // fewer than 2⁵³
    match failures.into_inner() {
        0 => Ok(jobs.len() as f64 / seconds),
        failures => Err(failure(format!("{failures} photos could not be explained"))),
    }
}

/// The most that was resident since it was last forgotten, on Linux.
fn peak_megabytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?;
    Some(kib.parse::<f64>().ok()? / 1024.0)
}
