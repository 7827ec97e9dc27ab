//! The settings of methods as options of a command line: [`Options`].

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
