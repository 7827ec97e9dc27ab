//! What may stand behind an option: a number within bounds, one of some words, a grid.

use std::fmt;

use xai::rules::Unknown;
use xai::{CamScores, Quadrature, Reference};

/// Cells along each spatial axis.
///
/// ```
/// use clap::Parser;
/// use xai_cli::options::{Grid, Options};
///
/// #[derive(Parser)]
/// struct Args {
///     #[command(flatten)]
///     options: Options,
/// }
///
/// let args = Args::try_parse_from(["why", "--features", "14x7"])?;
/// assert_eq!(args.options.features, Some(Grid(vec![14, 7])));
/// # Ok::<(), clap::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid(pub Vec<usize>);

/// Tokens of an image: how many in front are no part of it, and its rows and columns.
///
/// ```
/// use clap::Parser;
/// use xai_cli::options::{Options, Tokens};
///
/// #[derive(Parser)]
/// struct Args {
///     #[command(flatten)]
///     options: Options,
/// }
///
/// // A class token, and 14 x 14 patches.
/// let args = Args::try_parse_from(["why", "--tokens", "1,14,14"])?;
/// assert_eq!(args.options.tokens, Some(Tokens([1, 14, 14])));
/// # Ok::<(), clap::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens(pub [usize; 3]);

/// As it is typed.
impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tokens([skip, rows, columns]) = self;
        write!(f, "{skip},{rows},{columns}")
    }
}

pub(super) fn deviation(text: &str) -> Result<f64, String> {
    let std = text.parse().ok().filter(|std: &f64| std.is_finite() && *std >= 0.0);
    std.ok_or_else(|| "it must be a number of at least 0".into())
}

pub(super) fn finite(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| "it must be a number".into())
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| "it must be a number of at least 0, below 1".into())
}

pub(super) fn above_zero(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "it must be a number above 0".into())
}

pub(super) fn quadrature(text: &str) -> Result<Quadrature, String> {
    let names = Quadrature::ALL.map(|rule| rule.to_string()).join(", ");
    Quadrature::ALL.into_iter().find(|rule| rule.to_string() == text).ok_or_else(|| format!("it is one of {names}"))
}

pub(super) fn unknown(text: &str) -> Result<Unknown, String> {
    match text {
        "refuse" => Ok(Unknown::Refuse),
        "gradient" => Ok(Unknown::Gradient),
        _ => Err("it is one of refuse, gradient".into()),
    }
}

/// More cells along an axis than anybody looks at.
const MOST_CELLS: usize = 65_536;

pub(super) fn grid(text: &str) -> Result<Grid, String> {
    let cell = |text: &str| text.parse().ok().filter(|cells| (1..=MOST_CELLS).contains(cells));
    let cells: Option<Vec<usize>> = text.split('x').map(cell).collect();
    let reason = || format!("it is rows x columns, as 14x14, or a number for a signal, each of 1 to {MOST_CELLS}");
    cells.map(Grid).ok_or_else(reason)
}

pub(super) fn tokens(text: &str) -> Result<Tokens, String> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[skip, rows, columns]) if rows > 0 && columns > 0 => Ok(Tokens([skip, rows, columns])),
        _ => Err("it is how many tokens in front are no part of the image, and rows and columns, as 1,14,14".into()),
    }
}

pub(super) fn scores(text: &str) -> Result<CamScores, String> {
    match text {
        "softmax" => Ok(CamScores::Softmax),
        "raw" => Ok(CamScores::Raw),
        "relu" => Ok(CamScores::Relu),
        _ => Err("it is one of softmax, raw, relu".into()),
    }
}

/// A reference that is one number everywhere.
///
/// # Errors
/// What it may be.
///
/// ```
/// use xai::Reference;
/// use xai_cli::options::reference;
///
/// assert!(matches!(reference("zeros"), Ok(Reference::Zeros)));
/// assert!(matches!(reference("-1.5"), Ok(Reference::Constant(-1.5))));
/// assert!(reference("grey").is_err());
/// ```
pub fn reference(text: &str) -> Result<Reference, String> {
    match text {
        "zeros" => Ok(Reference::Zeros),
        "lowest" => Ok(Reference::Lowest),
        "highest" => Ok(Reference::Highest),
        text => finite(text).map(Reference::Constant).map_err(|_| "it is zeros, lowest, highest or a number".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Grid, grid};

    #[test]
    fn cells_are_numbers() {
        assert_eq!(grid("14x7"), Ok(Grid(vec![14, 7])));
        assert_eq!(grid("10"), Ok(Grid(vec![10])));
        assert!(grid("0x7").is_err() && grid("").is_err() && grid("7x").is_err() && grid("99999999").is_err());
    }
}
