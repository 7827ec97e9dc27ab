//! A picture for every photo of a folder: reading, explaining and writing overlap, and what is done is not done again.

mod explainer;
mod pictures;
mod results;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use serde_json::json;
use xai::Backend;
use xai::disk::{Draft, check_apart};
use xai_cli::command_line::{Noticed, Outcome, failure, said, shown, tell};
use xai_cli::pipeline::{Job, Room, list, overlapped, unread};

use self::explainer::Explainer;
use self::pictures::Pictures;
use self::results::Results;
use crate::args::FolderArgs;
use crate::classes::Names;
use crate::methods::bar;
use crate::model::{self, Model, Task};

/// Explains every photo of a folder.
pub(crate) fn run(args: &FolderArgs) -> Outcome<()> {
    let names = args.labels.as_deref().map(Names::read).transpose()?;
    model::open(&args.network, &Folder { args, names })
}

struct Folder<'a> {
    args: &'a FolderArgs,
    names: Option<Names>,
}

impl Task for Folder<'_> {
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()> {
        let args = self.args;
        let jobs = list(&args.photos, &args.out)?;
        let unread = unread(&args.photos)?;
        let explainer = Explainer::new(args, model, self.names.as_ref())?;
        let read = args.network.files().chain(args.labels.as_deref()).chain(jobs.iter().map(|job| job.photo.as_path()));
        let table = args.out.join(results::NAME);
        check_apart(read, jobs.iter().map(|job| job.picture.as_path()).chain([table.as_path()]))?;
        // Finds out before the long work whether its results can be kept.
        fs::create_dir_all(&args.out).map_err(|e| failure(format!("cannot make {}: {e}", args.out.display())))?;
        drop(Draft::write(&table, &[])?);
        let results = Results::open(&args.out, &explainer.settings()?, args.again)?;
        let (done, left): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| results.has(job));
        for note in explainer.notes() {
            tell("xai", &format!("note: {note}"));
        }
        for name in &unread {
            tell("xai", &format!("{} is not read: a photo must be a PNG or a JPEG", name.display()));
        }
        let failures = self.explain(&explainer, &results, &left).inspect_err(|_| results.withdraw_empty(&args.out))?;
        let written = left.len() - failures;
        let text = if args.json {
            let (done, failed, unread, results) = (done.len(), failures, unread.len(), shown(&table));
            let found = json!({
                "explained": written, "done_before": done, "failed": failed, "not_read": unread, "results": results,
            });
            format!("{found}\n")
        } else {
            let before = if done.is_empty() { String::new() } else { format!(", {} were done before", done.len()) };
            format!("{written} photos explained{before}: {}\n", table.display())
        };
        said(std::io::stdout().write_all(text.as_bytes()))?;
        match failures + unread.len() {
            0 => Ok(()),
            failures => Err(Noticed(format!("{failures} photos have no picture: see above")).into()),
        }
    }
}

impl Folder<'_> {
    /// Explains those that are left, and counts the failures.
    fn explain<B: Backend<Elem = f32>>(
        &self,
        explainer: &Explainer<'_, B>,
        results: &Results,
        left: &[Job],
    ) -> Outcome<usize> {
        let bar = bar("[{bar:30}] {pos}/{len} photos  {per_sec}  {elapsed} (still {eta})", left.len() as u64);
        bar.tick();
        let failures = AtomicUsize::new(0);
        let ended = |result: Result<(), String>| {
            if let Err(why) = result {
                failures.fetch_add(1, Ordering::Relaxed);
                bar.suspend(|| tell("xai", &why));
            }
            bar.inc(1);
        };
        let work = Pictures { jobs: left, results, preprocess: explainer.preprocess(), ended };
        // The network computes on all cores: readers and writers with as many threads again would be in its way.
        let threads = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        let room = Room { batch: self.args.batch, queue: self.args.queue, threads };
        overlapped(&work, left.len(), room, |photos| explainer.explain(photos))?;
        bar.finish_and_clear();
        Ok(failures.into_inner())
    }
}
