//! A program that ends every mistake with one line on stderr and exit code 2, and what its arguments may be.
//!
//! ```
//! use std::path::PathBuf;
//! use std::process::ExitCode;
//!
//! use clap::Parser;
//! use xai_cli::command_line::{Outcome, count, failure, print, run};
//!
//! /// Says how many photos a folder has.
//! #[derive(Parser)]
//! struct Args {
//!     #[arg(default_value = ".")]
//!     photos: PathBuf,
//!     #[arg(long, value_parser = count)]
//!     most: Option<usize>,
//! }
//!
//! fn program(args: &Args) -> Outcome<()> {
//!     let all = args.photos.read_dir().map_err(|why| failure(format!("{}: {why}", args.photos.display())))?;
//!     print(format!("{} photos\n", all.take(args.most.unwrap_or(usize::MAX)).count()))
//! }
//!
//! fn main() -> ExitCode {
//!     run(program)
//! }
//! ```

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

/// What went wrong, in words for the one who typed the command.
///
/// ```
/// use xai_cli::command_line::{Outcome, failure};
///
/// fn share(text: &str) -> Outcome<f64> {
///     let share: f64 = text.parse()?; // the error of another library
///     if share > 1.0 { Err(failure("a share is at most 1")) } else { Ok(share) }
/// }
/// assert_eq!(share("0.5")?, 0.5);
/// assert!(share("half").is_err() && share("2").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A mistake that is found here and not in the library.
///
/// ```
/// use xai_cli::command_line::failure;
///
/// assert_eq!(failure("there is no photo").to_string(), "there is no photo");
/// ```
pub fn failure(message: impl Into<String>) -> Box<dyn Error> {
    message.into().into()
}

/// What a program has found that its caller should look at, though it was able to do its work: exit code 1.
///
/// ```
/// use std::process::ExitCode;
///
/// use clap::Parser;
/// use xai_cli::command_line::{Noticed, Outcome, run};
///
/// #[derive(Parser)]
/// struct Args {}
///
/// fn look(_: &Args) -> Outcome<()> {
///     Err(Noticed("two of ten maps are all zeros".into()).into())
/// }
/// let code = run(look);
/// assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(1)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noticed(pub String);

impl fmt::Display for Noticed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Noticed {}

/// One line on stderr. Whether anybody reads it is not the program's concern.
///
/// ```
/// use xai_cli::command_line::tell;
///
/// // why: a.png: it is no photo
/// tell("why", "a.png: it is\n  no photo");
/// ```
pub fn tell(program: &str, message: &str) {
    let _ = writeln!(io::stderr(), "{program}: {}", plain(&one_line(message)));
}

/// A message of several lines as one, in which it can be seen where they ended: by semicolons, but for those that end
/// in a sign already.
fn one_line(message: &str) -> String {
    let lines = message.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).fold(String::new(), |mut whole, line| {
        if !whole.is_empty() {
            whole += if whole.ends_with([':', ';', ',', '.']) { " " } else { "; " };
        }
        whole + &line
    })
}

/// A text that no terminal takes for an order: control characters, and those that turn the direction of writing, are
/// written out. Names in files may hold any.
///
/// ```
/// use xai_cli::command_line::plain;
///
/// // What would turn a terminal red.
/// assert_eq!(plain("cat\u{1b}[31m.png"), "cat\\u{1b}[31m.png");
/// ```
pub fn plain(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_order = |c: char| c.is_control() || turns(c);
    text.chars().fold(String::with_capacity(text.len()), |mut plain, c| {
        if is_order(c) {
            plain.extend(c.escape_default())
        } else {
            plain.push(c)
        }
        plain
    })
}

/// So many of something, in words: `1 photo`, `2 photos`.
///
/// ```
/// use xai_cli::command_line::counted;
///
/// assert_eq!([1, 2].map(|n| counted(n, "photo")), ["1 photo", "2 photos"]);
/// ```
pub fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A path as text, for JSON: names that are no UTF-8 are shown as well as they can be.
///
/// ```
/// use std::path::Path;
///
/// use xai_cli::command_line::shown;
///
/// assert_eq!(shown(Path::new("photos/cat.png")), "photos/cat.png");
/// ```
pub fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Writes all of it to stdout. A reader that has gone away has read what it wanted: by then the files are written.
///
/// # Errors
/// Another failure to write, as of a full disk.
///
/// ```
/// use xai_cli::command_line::print;
///
/// print("photo,class\n")?;
/// print(b"a.png,3\n")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn print(text: impl AsRef<[u8]>) -> Outcome<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_ref()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(failure(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Reads the command line and runs the program: exit code 0 when it did its work, 1 when it [noticed](Noticed)
/// something, 2 for a mistake.
///
/// ```
/// use clap::Parser;
/// use xai_cli::command_line::{failure, run};
///
/// #[derive(Parser)]
/// struct Args {}
///
/// let right = run(|_: &Args| Ok(()));
/// assert_eq!(format!("{right:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
/// // One line on stderr.
/// let wrong = run(|_: &Args| Err(failure("there is no photo")));
/// assert_eq!(format!("{wrong:?}"), format!("{:?}", std::process::ExitCode::from(2)));
/// ```
pub fn run<A: Parser>(program: impl FnOnce(&A) -> Outcome<()>) -> ExitCode {
    let (mistake, code) = match A::try_parse() {
        Ok(args) => match program(&args) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => (error.to_string(), if error.is::<Noticed>() { 1 } else { 2 }),
        },
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            match error.print().and_then(|()| io::stdout().flush()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    (format!("cannot write to standard output: {error}"), 2)
                }
                _ => return ExitCode::SUCCESS,
            }
        }
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nothing was asked for: what there is to ask for is the answer, on stderr.
            let _ = error.print();
            return ExitCode::from(2);
        }
        Err(error) => (first_paragraph(&error.to_string()), 2),
    };
    tell(A::command().get_name(), &mistake);
    ExitCode::from(code)
}

/// An argument that counts something: from 1 on.
///
/// # Errors
/// What it must be.
///
/// ```
/// use xai_cli::command_line::count;
///
/// assert_eq!(count("3"), Ok(3));
/// assert!(count("0").is_err() && count("many").is_err());
/// ```
pub fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| "it must be a whole number of at least 1".into())
}

/// An argument that bounds how much is under way at a time: 1 to 1024.
///
/// # Errors
/// What it must be.
///
/// ```
/// use xai_cli::command_line::bounded;
///
/// assert_eq!(bounded("1024"), Ok(1024));
/// assert!(bounded("0").is_err() && bounded("1025").is_err());
/// ```
pub fn bounded(text: &str) -> Result<usize, String> {
    const MOST: usize = 1024;
    let number = text.parse().ok().filter(|n| (1..=MOST).contains(n));
    number.ok_or_else(|| format!("it must be a whole number from 1 to {MOST}"))
}

/// An argument that is the seed of random numbers.
///
/// # Errors
/// What it must be.
///
/// ```
/// use xai_cli::command_line::seed;
///
/// assert_eq!(seed("0"), Ok(0));
/// assert!(seed("-1").is_err());
/// ```
pub fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("it must be a whole number from 0 to {}", u64::MAX))
}

/// What clap has to say, without its usage text and pointers to the help.
fn first_paragraph(message: &str) -> String {
    let message = message.trim_start_matches("error: ");
    let keep = |part: &&str| !part.starts_with("Usage:") && !part.starts_with("For more information");
    message.split("\n\n").map(str::trim).filter(keep).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn lines_of_a_message_are_told_apart() {
        assert_eq!(one_line("a file:\n  node 1 is\tbad\n\n  node 2 too\n"), "a file: node 1 is bad; node 2 too");
        assert_eq!(one_line("one line"), "one line");
        assert_eq!(one_line(""), "");
    }
}
