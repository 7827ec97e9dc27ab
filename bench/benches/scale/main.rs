//! How time and memory grow with the number of copies, photos, pixels and threads: prints Markdown tables.
//!
//! ```sh
//! cargo bench -p bench --bench scale                          # everything, about 15 minutes on two cores
//! cargo bench -p bench --bench scale -- sizes --backend candle
//! cargo bench -p bench --bench scale -- folder --photos 200
//! ```
//!
//! The network is EfficientNet-Lite0 with its bundled weights, which takes photos of any size; all settings are at
//! their defaults unless a table says otherwise. It needs `LIBTORCH`.
#![allow(missing_docs)]

mod args;
mod folder;
mod rows;
mod sizes;
mod threads;

use std::process::ExitCode;

use xai_zoo::command_line;

use crate::args::{Args, Part};

fn main() -> ExitCode {
    command_line::run(|args: &Args| {
        if args.child {
            return threads::child(args);
        }
        args.parts().iter().try_for_each(|part| match part {
            Part::Sizes => sizes::report(args),
            Part::Folder => folder::report(args),
            Part::Threads => threads::report(args),
        })
    })
}
