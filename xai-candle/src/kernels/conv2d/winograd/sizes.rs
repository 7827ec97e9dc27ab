//! The sizes of tiles and blocks.

/// The side of the tiles.
pub(super) const TILE: usize = 4;
/// The points along an axis: the side of what a tile reads.
pub(super) const POINTS: usize = 6;
/// Output channels that are worked off together.
pub(super) const BLOCK: usize = 8;
