//! A network out of its file, on the framework that was asked for.

mod apart;
mod behind;
mod channels_first;
mod layout;
mod map;
mod one_sample;
mod onnx;
mod opened;
mod places;
mod tokens;
mod torch_script;
mod weights;

use xai_cli::backend::{Framework, limit_threads};
use xai_cli::command_line::{Outcome, failure};

pub(crate) use self::behind::{Front, from_place};
pub(crate) use self::map::Map;
pub(crate) use self::opened::{Facts, Model, Task, Wanted};
pub(crate) use self::places::{ChannelsLast, channels_last, maps};
use crate::args::NetworkArgs;
use crate::notes::Notes;

/// Opens the network, and does the task with it.
///
/// # Errors
/// A file of another format, that cannot be read, or that takes several inputs of which not all but one are given; and
/// the task's.
pub(crate) fn open(args: &NetworkArgs, task: &impl Task) -> Outcome<()> {
    let ending = args.file.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let is_script = matches!(ending.as_str(), "pt" | "pth" | "ts" | "torchscript");
    let notes = Notes::default();
    if let Some(threads) = args.threads {
        let framework = if is_script { Framework::Tch } else { args.framework() };
        limit_threads(framework, threads)?;
        if framework == Framework::Ndarray {
            notes.add("plain arrays compute on one thread: --threads changes nothing");
        }
    }
    if args.limit.is_some() && ending != "onnx" {
        return Err(failure("--limit is for ONNX files: leave it out"));
    }
    let one = [("--no-batch", args.no_batch), ("--one-sample", args.one_sample)].into_iter().find(|(_, given)| *given);
    if let Some((option, _)) = one.filter(|_| ending == "safetensors") {
        return Err(failure(format!(
            "{option} is for ONNX and TorchScript files: the known networks have a batch axis"
        )));
    }
    if args.after_softmax && ending != "onnx" {
        notes.add("no softmax is known of this network: --after-softmax changes nothing");
    }
    match ending.as_str() {
        _ if is_script => torch_script::open(args, notes, task),
        "onnx" => onnx::open(args, notes, task),
        "safetensors" => weights::open(args, notes, task),
        _ => {
            let file = args.file.display();
            Err(failure(format!(
                "{file}: a network is a file .onnx, weights of a known one .safetensors, or .pt (TorchScript)"
            )))
        }
    }
}
