//! The gradient family and Grad-CAM, beside Captum and pytorch-grad-cam: `compare/python/make.py` makes the cases.

mod copy_by_copy;
mod frameworks;
mod run;
mod table;

use std::path::Path;

use run::Run;
use table::Table;

/// The cases that the Python side makes.
const CASES: [&str; 6] = ["mini_resnet", "mini_vgg", "mini_kinds", "resnet18", "vgg11", frameworks::EFFICIENTNET];

/// Stands before the list of what kinks explain.
const KINKS: &str = "Kinks: a relu has one slope below its corner and another above. Where 32 bits round a value to \
                     the other side than PyTorch's do, the gradient of every pixel that reaches this value changes. In \
                     64 bits the same analyses agree:";

/// Prints the table of all cases, with what explains its larger differences, and returns what is above its bound.
///
/// # Errors
/// Those of the files, the networks and the analyzers.
pub(crate) fn compare(folder: &Path) -> xai::Result<Vec<String>> {
    println!("{}", Table::head());
    let (mut failures, mut kinks) = (Vec::new(), Vec::new());
    for name in CASES {
        let case = frameworks::case(folder, name)?;
        let mut table = Table::new(&case);
        for run in Run::ALL {
            eprintln!("  {name}: {}", run.title());
            table.add(run, frameworks::differences(folder, name, &case, run)?);
        }
        print!("{}", table.rows(name));
        failures.extend(table.failures(name));
        kinks.extend(table.kinks(name));
    }
    if !kinks.is_empty() {
        println!("\n{KINKS}\n");
        kinks.iter().for_each(|kink| println!("- {kink}"));
    }
    Ok(failures)
}
