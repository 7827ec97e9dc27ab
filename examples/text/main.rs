//! Which words make two sentences alike? A BERT that embeds sentences, its word pieces, and integrated gradients.
//!
//! ```sh
//! scripts/minilm.sh                                          # all-MiniLM-L6-v2 into target/minilm: 90 MB, once
//! cargo run --release --example text
//! cargo run --release --example text -- "A dog runs." "Dogs run fast." --model FOLDER
//! cargo run --release --example text -- --help
//! ```
//!
//! `bert.rs` is the network as a file of candle-transformers is written, with one line more that gives it gradients.
//! Any folder of `config.json`, `tokenizer.json` and `model.safetensors` will do that is a BERT whose sentences are the
//! mean over its tokens, as those of sentence-transformers.
//!
//! What is explained is the cosine of the two sentences, for each of them along the path of its own embedded words
//! from [MASK] in each place, while the other one stays as it is. So the values of a sentence's words add up to what
//! they change: cos(a, b) - cos(masked a, b).

mod alike;
mod args;
mod bert;
mod encoder;
mod report;

use std::process::ExitCode;

use xai_zoo::command_line::{self, Outcome, print};

use self::args::Args;
use self::encoder::Encoder;

fn main() -> ExitCode {
    command_line::run(run)
}

fn run(args: &Args) -> Outcome<()> {
    let encoder = Encoder::load(&args.model, &args.reference)?;
    let [first, second] = [encoder.read(&args.first)?, encoder.read(&args.second)?];
    let cosine = alike::cosine(&encoder, &first, &second)?;
    let sides =
        [alike::explain(&encoder, &first, &second, args.n)?, alike::explain(&encoder, &second, &first, args.n)?];
    print(report::text(cosine, &sides, &args.reference, args.colored()))
}
