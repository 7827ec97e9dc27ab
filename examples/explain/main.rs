//! Why did the network see a cat? EfficientNet-Lite0 on a photo, explained by any analyzer of the library.
//!
//! ```sh
//! cargo run --release --example explain
//! cargo run --release --example explain -- --image cat.jpg --class 285 --analyzer grad-cam --out cat.png
//! cargo run --release --example explain -- --analyzer lrp-epsilon-plus --analyzer kernel-shap --features 14x14
//! cargo run --release --example explain -- --list
//! cargo run --release --example explain -- --help
//! cargo run --release --example explain --features tch -- --backend tch
//! cargo run --release --example explain --features cuda -- --device cuda:0
//! ```
//!
//! It prints the five most probable classes and writes a picture, the photo beside a heatmap for every analyzer that
//! was asked for. Every mistake ends with one line on stderr and exit code 2, before any output is written.
//!
//! With `--json`, stdout is one object:
//!
//! ```json
//! {
//!   "backend": "candle",
//!   "device": "cpu",
//!   "image": "cat.jpg",
//!   "samples": [{
//!     "class": 285, "name": "Egyptian cat",
//!     "top_five": [{"class": 285, "name": "Egyptian cat", "probability": 0.25, "logit": 7.34}]
//!   }],
//!   "analyzers": {
//!     "gradient": {"milliseconds": 120.5, "completeness_gap": null},
//!     "integrated-gradients": {"milliseconds": 4000.1, "completeness_gap": [-0.03],
//!       "evaluations": null, "estimated_error": null, "within_tolerance": null}
//!   },
//!   "out": "cat.png",
//!   "raw": null
//! }
//! ```
//!
//! `class` is the class that is explained; `top_five` has five entries; `image` is null for the bundled photo and with
//! `--input`, where `input` is the file instead; `completeness_gap` has one number per sample,
//! and so have `relevance_arrived` and `relevance_kept` of methods that propagate relevance, and what `--tolerance`
//! took.

mod analyzers;
mod args;
mod photo;
mod picture;
mod report;
mod run;
mod settings;

use std::io::Write;
use std::process::ExitCode;

use xai_zoo::{analyzers as known, backend, command_line};

use self::args::Args;

fn main() -> ExitCode {
    command_line::run(|args: &Args| {
        if args.list {
            return Ok(std::io::stdout().write_all(known::list(&settings::options()).as_bytes())?);
        }
        backend::run(args.framework(), args.device, args)
    })
}
