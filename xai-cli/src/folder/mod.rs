//! A picture for every photo of a folder: reading, explaining and writing overlap, and what is done is not done again.

mod explainer;
mod pictures;
mod results;

use std::{fs, thread};

use serde_json::json;
use xai::Backend;
use xai::disk::{Draft, check_apart};
use xai_cli::command_line::{Noticed, Outcome, failure, shown, tell};
use xai_cli::pipeline::{Job, Room, list, overlapped, unread};

use self::explainer::Explainer;
use self::pictures::Pictures;
use self::results::Results;
use crate::args::FolderArgs;
use crate::failures::Failures;
use crate::labels::Names;
use crate::methods::bar;
use crate::model::{self, Model, Task};
use crate::output::{print_json, print_text};

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
        let failures = self.explain(&explainer, &results, &left, !done.is_empty());
        let failures = failures.inspect_err(|_| results.withdraw_empty(&args.out))?;
        let written = left.len() - failures;
        if args.json {
            let (done, failed, unread, results) = (done.len(), failures, unread.len(), shown(&table));
            print_json(&json!({
                "explained": written, "done_before": done, "failed": failed, "not_read": unread, "results": results,
                "notes": explainer.notes().list(),
            }))?;
        } else {
            let before = if done.is_empty() { String::new() } else { format!(", {} were done before", done.len()) };
            print_text(&format!("{written} photos explained{before}: {}\n", table.display()))?;
        }
        explainer.notes().tell();
        for name in &unread {
            tell("xai", &format!("{} is not read: a photo must be a PNG or a JPEG", name.display()));
        }
        let failed = failures + unread.len();
        let failed = (failed > 0).then(|| format!("{failed} photos have no picture: see above"));
        let noticed: Vec<String> = failed.into_iter().chain(explainer.noticed()).collect();
        if noticed.is_empty() { Ok(()) } else { Err(Noticed(noticed.join("; ")).into()) }
    }
}

impl Folder<'_> {
    /// Explains those that are left, and counts the failures; all of them are a mistake, unless others were `done`
    /// before.
    fn explain<B: Backend<Elem = f32>>(
        &self,
        explainer: &Explainer<'_, B>,
        results: &Results,
        left: &[Job],
        done: bool,
    ) -> Outcome<usize> {
        let bar = bar("[{bar:30}] {pos}/{len} photos  {per_sec}  {elapsed} (still {eta})", left.len() as u64);
        let failures = Failures::new(bar, done);
        let ended = |result: Result<(), String>| failures.ended(result);
        let failed = |job: usize, why: String| ended(Err(format!("{}: {why}", left[job].photo.display())));
        let work = Pictures { jobs: left, results, preprocess: explainer.preprocess(), ended };
        // The network computes on all cores: readers and writers with as many threads again would be in its way.
        let threads = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        let room = Room { batch: self.args.batch, queue: self.args.queue, threads };
        overlapped(&work, left.len(), room, |photos| Ok(explainer.explain(photos, &failed)))?;
        failures.counted().map_err(failure)
    }
}
