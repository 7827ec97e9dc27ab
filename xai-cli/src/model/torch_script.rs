//! Networks in TorchScript files, in a build with libtorch.

use xai_cli::command_line::Outcome;

use super::opened::Task;
use crate::args::NetworkArgs;
use crate::notes::Notes;

/// Reads the file, and does the task with its network.
#[cfg(feature = "tch")]
pub(super) fn open(args: &NetworkArgs, notes: Notes, task: &impl Task) -> Outcome<()> {
    use xai::tch::TorchScript;
    use xai_cli::backend::{Framework, torch_device};
    use xai_cli::classes::Ending;
    use xai_cli::command_line::failure;

    use super::opened::{Facts, Model, Wanted};

    let refused = |why: &str| Err(failure(format!("{}: {why}", args.file.display())));
    if args.backend.is_some_and(|backend| backend != Framework::Tch) {
        return refused("a TorchScript file runs on libtorch alone: leave --backend out");
    }
    if args.output.is_some() || !args.others.is_empty() {
        return refused("a TorchScript file has one output and no names of inputs: leave --output and --input out");
    }
    if !args.file.is_file() {
        return refused("there is no such file");
    }
    let network = TorchScript::<f32>::load_on(&args.file, torch_device(args.device)?);
    let network = network.map_err(|error| failure(format!("{}: {error}", args.file.display())))?;
    let facts = Facts {
        format: "TorchScript".into(),
        backend: Framework::Tch.key(),
        inputs: vec!["input, of any shape".into()],
        outputs: vec![("output".into(), "output".into())],
        output: "output".into(),
        operators: Vec::new(),
        in_branches: Vec::new(),
        unsupported: Vec::new(),
    };
    let input = Wanted { name: "input".into(), whole: false, shape: None, usual: None };
    let model = Model {
        network: Box::new(network),
        input,
        ending: Ending::Scores,
        facts,
        notes,
        row_by_row: Box::new(|_| false),
    };
    task.run(model.one_sample(args.no_batch))
}

/// Says that it cannot.
#[cfg(not(feature = "tch"))]
pub(super) fn open(args: &NetworkArgs, _: Notes, _: &impl Task) -> Outcome<()> {
    let why = "a TorchScript file needs libtorch, which this build has not: build it with `--features tch`";
    Err(xai_cli::command_line::failure(format!("{}: {why}", args.file.display())))
}
