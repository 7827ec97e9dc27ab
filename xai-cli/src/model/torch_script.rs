//! Networks in TorchScript files, in a build with libtorch.

use xai_cli::command_line::Outcome;

use super::opened::Task;
use crate::args::NetworkArgs;
use crate::notes::Notes;

/// Reads the file, and does the task with its network.
#[cfg(feature = "tch")]
pub(super) fn open(args: &NetworkArgs, notes: Notes, task: &impl Task) -> Outcome<()> {
    use std::cell::OnceCell;

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
    let network = match network {
        Err(_) if xai::disk::read_file(&args.file).is_ok_and(|bytes| is_saved(&bytes)) => {
            return refused(
                "it holds weights, or a module of Python's, as torch.save writes them, and no network that runs \
                 without Python: save what torch.jit.trace(model, photo) gives, or export the model as ONNX; of a \
                 known network the weights as .safetensors are enough",
            );
        }
        other => other.map_err(|error| failure(format!("{}: {error}", args.file.display())))?,
    };
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
    let input = Wanted { name: "input".into(), whole: false, shape: None, channels_last: None, usual: None };
    let model = Model {
        network: Box::new(network),
        input,
        ending: Ending::Scores,
        facts,
        notes,
        row_by_row: Box::new(|_| false),
        misdeclared: Box::new(|_| None),
        meet: OnceCell::new(),
    };
    task.run(model.one_sample(args))
}

/// Says that it cannot.
#[cfg(not(feature = "tch"))]
pub(super) fn open(args: &NetworkArgs, _: Notes, _: &impl Task) -> Outcome<()> {
    let why = "a TorchScript file needs libtorch, which this build has not: build it with `--features tch`";
    Err(xai_cli::command_line::failure(format!("{}: {why}", args.file.display())))
}

/// Whether a file is what `torch.save` writes, a pickle, or one in an archive without the code of a script.
#[cfg(any(feature = "tch", test))]
fn is_saved(bytes: &[u8]) -> bool {
    // Where an archive lists what it holds.
    const LIST: usize = 4 << 20;
    let list = bytes.get(bytes.len().saturating_sub(LIST)..).unwrap_or_default();
    let holds = |name: &[u8]| list.windows(name.len()).any(|part| part == name);
    let is_archive = bytes.starts_with(b"PK\x03\x04");
    is_archive && holds(b"/data.pkl") && !holds(b"/constants.pkl") || bytes.starts_with(b"\x80\x02")
}

#[cfg(test)]
mod tests {
    use super::is_saved;

    #[test]
    fn weights_are_told_from_scripts() {
        assert!(is_saved(b"PK\x03\x04..net/data.pkl..net/data/0..PK\x01\x02net/data.pkl"));
        assert!(is_saved(b"\x80\x02}q\x00."));
        assert!(!is_saved(b"PK\x03\x04..net/data.pkl..net/code/__torch__.py..net/constants.pkl"));
        assert!(!is_saved(b"PK\x03\x04") && !is_saved(b""));
    }
}
