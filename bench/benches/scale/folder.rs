//! A folder of photos through one process: the runner of the example `folder` against one photo at a time.

use std::fs;
use std::path::Path;
use std::time::Instant;

use measured::photos;
use measured::subject::network;
use xai::{Backend, GradCam};
use xai_zoo::command_line::{Outcome, failure};
use xai_zoo::crop::trained;
use xai_zoo::runner::{OfModel, Runner};

use crate::args::{Args, for_each_backend};
use crate::rows::{head, row};

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
    let titles = ["Grad-CAM", "photos", "images per second", "peak memory"].map(str::to_owned);
    println!("\n{}", head(&titles));
    for_each_backend!(args, B => rows::<B>(&photos, args.photos, &out))
}

fn rows<B: Backend<Elem = f32>>(photos: &Path, count: usize, out: &Path) -> Outcome<()> {
    // The memory of a tenth is that of all.
    let few = count.div_ceil(10);
    print::<B>("one at a time", photos, few, None, out)?;
    print::<B>("one at a time", photos, count, None, out)?;
    for batch in BATCHES {
        print::<B>(&format!("overlapped, batch {batch}"), photos, few, Some(batch), out)?;
        print::<B>(&format!("overlapped, batch {batch}"), photos, count, Some(batch), out)?;
    }
    Ok(())
}

fn print<B: Backend<Elem = f32>>(
    title: &str,
    photos: &Path,
    count: usize,
    batch: Option<usize>,
    out: &Path,
) -> Outcome<()> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let forgotten = fs::write("/proc/self/clear_refs", "5").is_ok();
    let rate = images_per_second::<B>(photos, count, batch, threads, out)?;
    let peak = match peak_megabytes().filter(|_| forgotten) {
        Some(peak) => format!("{peak:.0} MB"),
        None => "unknown".into(),
    };
    println!("{}", row([format!("{title}, {}", B::NAME), count.to_string(), format!("{rate:.1}"), peak]));
    Ok(())
}

/// Explains the first photos of a folder: one at a time without a batch.
pub(crate) fn images_per_second<B: Backend<Elem = f32>>(
    photos: &Path,
    count: usize,
    batch: Option<usize>,
    threads: usize,
    out: &Path,
) -> Outcome<f64> {
    let network = network::<B>()?;
    let explains = OfModel::new(&network, &GradCam, trained()).softmax();
    let runner = Runner::new(photos, out)?.first(count).batch(batch.unwrap_or(1)).queue(QUEUE).threads(threads);
    let runner = runner.one_by_one(batch.is_none());
    let start = Instant::now();
    let done = runner.run(&explains)?;
    let seconds = start.elapsed().as_secs_f64();
    fs::remove_dir_all(out)?;
    #[allow(clippy::cast_precision_loss)] // fewer than 2⁵³
    match done.failed {
        0 => Ok(done.explained as f64 / seconds),
        failed => Err(failure(format!("{failed} photos could not be explained"))),
    }
}

/// The most that was resident since it was last forgotten, on Linux.
fn peak_megabytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?;
    Some(kib.parse::<f64>().ok()? / 1024.0)
}
