//! Where the channels of feature maps are, and where their places.

use crate::passes::repeated;
use crate::{Backend, Error, Result, Tensor};

/// Where the channels are in what a place gives out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Grid {
    /// (B, K, spatial axes...)
    #[default]
    Channels,
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
            (Grid::Channels, [_, _, ..]) => Ok(shape.to_vec()),
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

    /// What is at the place, as maps.
    pub(super) fn to_maps<B: Backend>(self, rule: &str, there: &Tensor<B>) -> Result<Tensor<B>> {
        let maps = self.shape(rule, &there.shape())?;
        match self {
            Grid::Channels => Ok(there.clone()),
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
