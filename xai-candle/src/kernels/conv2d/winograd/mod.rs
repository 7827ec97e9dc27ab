//! Convolutions of 3 × 3 with stride 1, by a quarter of the multiplications.
//!
//! Outputs are computed in tiles of 4 × 4. The 6 × 6 of the source that a tile reads, and the kernel, are evaluated at
//! 36 points, where a convolution is a product: 36 multiplications for each tile, channel and output channel, and not
//! 144. They are 36 matrix products over the channels (`product`), between the source at the points (`input`) and the
//! weights at the points (`weights`); `output` goes back to the tile. The transpose has the same form, with the kernel
//! turned round.
//!
//! Reference: Lavin, Gray (2016), *Fast Algorithms for Convolutional Neural Networks*, arXiv:1509.09308.

mod convolution;
mod input;
mod output;
mod points;
mod product;
mod run;
mod sizes;
mod tiles;
mod weights;

pub(super) use self::convolution::Winograd;
