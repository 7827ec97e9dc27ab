//! The settings of methods as options of a command line: [`Options`].
//!
//! ```
//! use clap::Parser;
//! use xai::{AnalyzerInfo, Settings};
//! use xai_cli::options::Options;
//!
//! #[derive(Parser)]
//! struct Args {
//!     #[command(flatten)]
//!     options: Options,
//! }
//!
//! let args = Args::try_parse_from(["why", "--n", "20", "--noise", "0.2"])?;
//! let method = AnalyzerInfo::find("smooth-grad")?;
//! args.options.check(&[method], "--list")?;
//! // What the method is built by.
//! assert!(format!("{:?}", args.options.over(Settings::new())).contains("n: Some(20)"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod given;
mod offered;
mod values;

pub use self::given::Options;
pub use self::offered::OPTIONS;
pub use self::values::{Grid, Tokens, reference};

/// The options of a command line, as a command has them.
#[cfg(test)]
fn typed(words: &str) -> Result<Options, String> {
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    let words = ["command"].into_iter().chain(words.split_whitespace());
    Command::try_parse_from(words).map(|command| command.options).map_err(|error| error.to_string())
}
