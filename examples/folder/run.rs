//! From the command line to the pictures.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{fs, thread};

use indicatif::{ProgressBar, ProgressStyle};
use xai::disk::{Draft, check_apart};
use xai::{AnalyzerInfo, Backend, Settings, files};
use xai_zoo::backend::Program;
use xai_zoo::command_line::{Outcome, failure, print};
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::folder::{Explainer, Pictures, Room, list, one_by_one, overlapped, unread};

use crate::args::Args;

impl Program for Args {
    fn run<B: Backend<Elem = f32>>(&self, placement: B::Placement) -> Outcome<()> {
        explain::<B>(self, placement)
    }
}

/// Explains the folder on one backend.
fn explain<B: Backend<Elem = f32>>(args: &Args, placement: B::Placement) -> Outcome<()> {
    let jobs = list(&args.photos, &args.out)?;
    let unread = unread(&args.photos)?;
    let batch = if args.one_by_one { 1 } else { args.batch.min(jobs.len()) };
    let network = EfficientNetLite0::<B>::load(&files::decode_weights(TRAINED, placement)?)?;
    let settings = Settings::marked(&network).n(args.n);
    let mut explainer = Explainer::new(network, AnalyzerInfo::find(&args.analyzer)?.build(&settings)?, batch)?;
    check_apart(jobs.iter().map(|job| &job.photo), jobs.iter().map(|job| &job.picture))?;
    // Finds out before the long work whether its results can be kept.
    fs::create_dir_all(&args.out).map_err(|e| failure(format!("cannot make {}: {e}", args.out.display())))?;
    if let Some(job) = jobs.first() {
        drop(Draft::write(&job.picture, &[])?);
    }

    for name in &unread {
        eprintln!("folder: {} is not read: a photo must be a PNG or a JPEG", name.display());
    }
    let bar = progress_bar(jobs.len());
    let failures = AtomicUsize::new(0);
    let ended = |result: Result<(), String>| {
        if let Err(why) = result {
            failures.fetch_add(1, Ordering::Relaxed);
            bar.suspend(|| eprintln!("folder: {why}"));
        }
        bar.inc(1);
    };
    let work = Pictures { jobs: &jobs, ended };
    let start = Instant::now();
    if args.one_by_one {
        one_by_one(&work, jobs.len(), |photos| explainer.explain(photos))?;
    } else {
        // The model computes on all cores: readers and writers with as many threads again would be in its way.
        let threads = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        let room = Room { batch, queue: args.queue, threads };
        overlapped(&work, jobs.len(), room, |photos| explainer.explain(photos))?;
    }
    let seconds = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let failures = failures.into_inner();
    let written = jobs.len() - failures;
    #[allow(clippy::cast_precision_loss)] // fewer than 2⁵³
    let rate = written as f64 / seconds;
    let out = args.out.display();
    print(format!("{written} photos in {seconds:.1} s, {rate:.1} images per second: pictures in {out}\n"))?;
    match failures + unread.len() {
        0 => Ok(()),
        failures => {
            Err(failure(format!("{failures} of {} photos have no picture: see above", jobs.len() + unread.len())))
        }
    }
}

/// A bar on stderr, hidden when that is no terminal.
fn progress_bar(photos: usize) -> ProgressBar {
    let bar = ProgressBar::new(photos as u64);
    match ProgressStyle::with_template("[{bar:30}] {pos}/{len} photos  {per_sec}  {elapsed} (still {eta})") {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
