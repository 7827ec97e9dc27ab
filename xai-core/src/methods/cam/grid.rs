//! Where the channels of feature maps are, and where their places.

use crate::passes::repeated;
use crate::{Backend, Error, Result, Tensor};

/// Where the channels are in what a place gives out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::methods) enum Grid {
    /// (B, K, spatial axes...), where nobody says so: not what may as well be tokens.
    #[default]
    Channels,
    /// (B, K, spatial axes...), because somebody says so.
    ChannelsFirst,
    /// (B, spatial axes..., K)
    ChannelsLast,
    /// (B, skip + rows · columns, K): the first tokens belong to no place.
    Tokens { skip: usize, rows: usize, columns: usize },
}

impl Grid {
    /// The shape of the maps, (B, K, spatial axes...), for what is at the place.
    pub(super) fn shape(self, rule: &str, shape: &[usize]) -> Result<Vec<usize>> {
        let refused = |reason: String| Error::InvalidShape { what: "feature maps".into(), got: shape.to_vec(), reason };
        match (self, shape) {
            (Grid::Channels | Grid::ChannelsFirst, [_, _, ..]) => Ok(shape.to_vec()),
            (Grid::ChannelsLast, &[batch, ref spatial @ .., channels]) => Ok([&[batch, channels], spatial].concat()),
            (Grid::Tokens { skip, rows, columns }, &[batch, tokens, channels]) => {
                let needed = rows.checked_mul(columns).and_then(|places| places.checked_add(skip));
                if rows == 0 || columns == 0 || needed != Some(tokens) {
                    let reason = format!("{skip} tokens and {rows} rows of {columns} are not {tokens} tokens");
                    return Err(refused(reason));
                }
                Ok(vec![batch, channels, rows, columns])
            }
            (Grid::Tokens { .. }, _) => Err(refused("tokens are (batch, number, channels)".into())),
            _ => {
                Err(refused(format!("{rule} needs (batch, channels, spatial axes...): end the feature layers earlier")))
            }
        }
    }

    /// Of an image, what has one axis behind the second may be tokens (B, T, D) as well as (B, K, places): which of the
    /// two, nobody but the caller knows.
    pub(super) fn check(self, rule: &str, input: &[usize], shape: &[usize]) -> Result<()> {
        match (self, input, shape) {
            (Grid::Channels, [_, _, image @ ..], &[_, second, _]) if image.len() > 1 => Err(Error::InvalidShape {
                what: "feature maps".into(),
                got: shape.to_vec(),
                reason: format!(
                    "the input is an image, and {rule} cannot tell tokens (batch, tokens, channels) from (batch, \
                     channels, places): say `.tokens(skip, rows, columns)` for the one{}, `.channels_first()` for the \
                     other",
                    fitting(image, second),
                ),
            }),
            _ => Ok(()),
        }
    }

    /// What is at the place, as maps.
    pub(super) fn to_maps<B: Backend>(self, rule: &str, there: &Tensor<B>) -> Result<Tensor<B>> {
        let maps = self.shape(rule, &there.shape())?;
        match self {
            Grid::Channels | Grid::ChannelsFirst => Ok(there.clone()),
            Grid::ChannelsLast => {
                let last = maps.len() - 1;
                there.permute(&[&[0, last], &(1..last).collect::<Vec<_>>()[..]].concat())
            }
            Grid::Tokens { skip, rows, columns } => {
                there.narrow(1, skip, rows * columns)?.permute(&[0, 2, 1])?.reshape(&maps)
            }
        }
    }

    /// Other maps, `copies` for each sample, as they would be at the place; tokens that belong to no place stay those
    /// that are there.
    pub(super) fn of_maps<B: Backend>(self, maps: &Tensor<B>, there: &Tensor<B>, copies: usize) -> Result<Tensor<B>> {
        let shape = maps.shape();
        match (self, shape.as_slice()) {
            (Grid::ChannelsLast, [_, _, spatial @ ..]) => {
                let order: Vec<usize> = [0].into_iter().chain(2..spatial.len() + 2).chain([1]).collect();
                maps.permute(&order)
            }
            (Grid::Tokens { skip, .. }, &[all, channels, rows, columns]) => {
                let tokens = maps.reshape(&[all, channels, rows * columns])?.permute(&[0, 2, 1])?;
                match skip {
                    0 => Ok(tokens),
                    _ => Tensor::concat(&[&repeated(&there.narrow(1, 0, skip)?, copies)?, &tokens], 1),
                }
            }
            _ => Ok(maps.clone()),
        }
    }
}

/// How many tokens stand in front of the patches in vision transformers: none, a class token, one for distillation
/// too, four registers too.
const SKIPPED: [usize; 4] = [0, 1, 2, 5];

/// The tokens of an image in patches that are as many, in words.
fn fitting(image: &[usize], tokens: usize) -> String {
    let &[height, width] = image else { return String::new() };
    let found = SKIPPED.into_iter().find_map(|skip| {
        let grids = (1..=height.min(width)).map(|patch| (height / patch, width / patch));
        let mut fits = grids.filter(|(rows, columns)| rows * columns + skip == tokens);
        fits.next().map(|(rows, columns)| (skip, rows, columns))
    });
    found.map_or(String::new(), |(skip, rows, columns)| {
        format!(" ({skip},{rows},{columns} fits: {tokens} = {skip} + {rows} × {columns})")
    })
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn tokens_of_the_usual_transformers_fit() {
        let fits = |image: [usize; 2], tokens: usize, words: &str| {
            assert!(fitting(&image, tokens).contains(&format!("({words} fits: ")), "{tokens}");
        };
        fits([224, 224], 197, "1,14,14");
        fits([224, 224], 50, "1,7,7");
        fits([224, 224], 198, "2,14,14");
        fits([224, 224], 261, "5,16,16");
        fits([224, 224], 196, "0,14,14");
        fits([224, 448], 393, "1,14,28");
        // 300 and what is skipped of them are no squares.
        assert_eq!(fitting(&[224, 224], 300), "");
        assert_eq!(fitting(&[8, 224, 224], 197), "");
    }
}
