//! A picture for every file of a folder, by the [runner](xai_cli::runner).

mod explainer;
mod files;

use serde_json::json;
use xai::Backend;
use xai_cli::command_line::{Noticed, Outcome, counted, plain, shown};
use xai_cli::labels::Names;
use xai_cli::runner::Runner;

use self::explainer::Explainer;
use crate::args::FolderArgs;
use crate::input;
use crate::model::{self, Model, Task};
use crate::output::{print_json, print_text};

/// Explains every file of a folder.
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
        let sort = input::sort(&model.input, &args.folder)?;
        let runner = Runner::of(&args.folder, &args.out, sort)?
            .reads(args.network.files().chain(args.labels.as_deref()))
            .raw(args.raw)
            .again(args.again)
            .queue(args.queue);
        let explainer = Explainer::new(args, model, self.names.as_ref(), sort, &runner)?;
        let done = runner.batch(explainer.batch).run(&explainer)?;
        if args.json {
            print_json(&json!({
                "explained": done.explained, "done_before": done.done_before, "failed": done.failed,
                "not_read": done.unread.len(), "results": shown(&done.table), "notes": explainer.notes().list(),
            }))?;
        } else {
            let before = match done.done_before {
                0 => String::new(),
                1 => ", 1 was done before".to_owned(),
                before => format!(", {before} were done before"),
            };
            let (explained, table) = (counted(done.explained, sort.noun), plain(&shown(&done.table)));
            print_text(&format!("{explained} explained{before}: {table}\n"))?;
        }
        explainer.notes().tell();
        let failed = done.failed + done.unread.len();
        let were = if failed == 1 { "was" } else { "were" };
        let failed = (failed > 0).then(|| format!("{} {were} not explained: see above", counted(failed, sort.noun)));
        let noticed: Vec<String> = failed.into_iter().chain(explainer.noticed()).collect();
        if noticed.is_empty() { Ok(()) } else { Err(Noticed(noticed.join("; ")).into()) }
    }
}
