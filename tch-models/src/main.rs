//! Tries the gradients of models as they are shipped: of `tch::vision`'s, and of TorchScript files. `./zoo.sh --tch`
//! and `./zoo.sh --torchscript` run it, and write `docs/tch-models.md`.
//!
//! `tch-models [NAME ..]` and `tch-models --torchscript FOLDER [NAME ..]` print a table in Markdown, with a line on
//! stderr for each model that is under way.

mod measure;
mod models;
mod table;
mod torch_script;

use std::path::Path;
use std::process::ExitCode;

use self::measure::Found;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let table = match &args[..] {
        [flag, folder, names @ ..] if flag == "--torchscript" => {
            torch_script::measured(Path::new(folder), names).map(|found| table::of_files(&found))
        }
        names => Ok(table::of_models(&of_tch(names))),
    };
    match table {
        Ok(table) => print!("{table}"),
        Err(error) => {
            eprintln!("tch-models: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn of_tch(names: &[String]) -> Vec<Found> {
    let all = models::all().into_iter().filter(|model| names.is_empty() || names.iter().any(|name| name == model.name));
    all.map(|model| {
        eprintln!("{}", model.name);
        measure::measure(&model)
    })
    .collect()
}
