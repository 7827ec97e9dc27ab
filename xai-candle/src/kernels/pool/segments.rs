//! Max pooling along paths: the mean Jacobian between neighbouring rows.

use std::ops::Range;

use rayon::prelude::*;
use xai_core::nn::bounded;
use xai_core::{Error, Result};

use super::{PoolGeometry, max_forward, planes_at_once};
use crate::kernels::{Real, check_length};

/// Rows that follow paths, of `channels` planes each, and `nodes` rows for each path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathRows {
    /// The rows of a path, at least two.
    pub nodes: usize,
    /// The planes of a row.
    pub channels: usize,
}

impl PathRows {
    fn check(self, planes: usize) -> Result<()> {
        let path = self.nodes.saturating_mul(self.channels);
        if self.nodes > 1 && path > 0 && planes.is_multiple_of(path) {
            return Ok(());
        }
        Err(Error::InvalidParameter {
            name: "nodes",
            value: self.nodes.to_string(),
            reason: format!("{planes} planes are no paths of at least two rows of {} planes", self.channels),
        })
    }

    /// The planes of all segments, for so many planes of rows.
    fn segments(self, planes: usize) -> usize {
        planes - planes / self.nodes
    }

    /// The plane at the start of a segment's plane; the one at its end is `channels` planes further.
    fn start(self, segment: usize) -> usize {
        let path = (self.nodes - 1) * self.channels;
        segment / path * self.nodes * self.channels + segment % path
    }
}

/// The maxima at the end of each segment, and how its cotangents are shared by the maxima at both ends.
#[derive(Debug)]
pub struct SegmentMaxima<T> {
    /// Where each row's maxima are.
    places: Vec<u32>,
    /// What the maximum at the start of a segment gets of each cotangent.
    shares: Vec<T>,
    geometry: PoolGeometry,
    rows: PathRows,
}

impl<T: Real> SegmentMaxima<T> {
    /// The maxima of every row but each path's first, and the way back. `geometry` is that of all rows.
    ///
    /// # Errors
    /// As [`max_forward`]'s, or if the planes are not those of paths.
    pub fn forward(x: &[T], geometry: &PoolGeometry, rows: PathRows) -> Result<(Vec<T>, Self)> {
        rows.check(geometry.planes)?;
        let (highest, places) = max_forward(x, geometry)?;
        let (plane_in, plane) = (geometry.input_plane(), geometry.output_plane());
        let mut shares = vec![T::zero(); rows.segments(geometry.planes) * plane];
        let mut y = Vec::with_capacity(shares.len());
        if plane == 0 || plane_in == 0 {
            y.resize(shares.len(), T::neg_infinity());
            return Ok((y, SegmentMaxima { places, shares, geometry: *geometry, rows }));
        }
        shares.par_chunks_mut(plane).with_min_len(planes_at_once(geometry)).enumerate().for_each(
            |(segment, shares)| {
                let [a, b] = [rows.start(segment), rows.start(segment) + rows.channels];
                let image = |row: usize| &x[row * plane_in..(row + 1) * plane_in];
                let found = |row: usize| highest[output(row, plane)].iter().zip(&places[output(row, plane)]);
                for (share, ((&a_highest, &i), (&b_highest, &j))) in shares.iter_mut().zip(found(a).zip(found(b))) {
                    // A window without a pixel has no maximum at either end.
                    if let (Some(&b_at_i), Some(&a_at_j)) = (image(b).get(i as usize), image(a).get(j as usize)) {
                        let of = |f: fn(T) -> T| (f(a_highest) - f(a_at_j), f(b_highest) - f(b_at_i));
                        let (ahead, behind) = match of(|number| number) {
                            // Infinite numbers, or none.
                            (ahead, behind) if !(ahead + behind).is_finite() => of(bounded),
                            finite => finite,
                        };
                        let span = ahead + behind;
                        *share = if span == T::zero() { T::of(0.5) } else { ahead / span };
                    }
                }
            },
        );
        for segment in 0..rows.segments(geometry.planes) {
            y.extend_from_slice(&highest[output(rows.start(segment) + rows.channels, plane)]);
        }
        Ok((y, SegmentMaxima { places, shares, geometry: *geometry, rows }))
    }

    /// Pulls a cotangent of every segment's maxima back to the segments' rows.
    ///
    /// # Errors
    /// If `dy` has another length than the maxima.
    pub fn vjp(&self, dy: &[T]) -> Result<Vec<T>> {
        let planes = self.rows.segments(self.geometry.planes);
        check_length("pool cotangent", dy, &[planes, self.geometry.output[0], self.geometry.output[1]])?;
        let (plane_in, plane) = (self.geometry.input_plane(), self.geometry.output_plane());
        let mut dx = vec![T::zero(); planes * plane_in];
        if dx.is_empty() || dy.is_empty() {
            return Ok(dx);
        }
        let shared = dy.par_chunks(plane).zip(self.shares.par_chunks(plane));
        let work = dx.par_chunks_mut(plane_in).zip(shared).with_min_len(planes_at_once(&self.geometry)).enumerate();
        work.for_each(|(segment, (dx, (dy, shares)))| {
            let start = self.rows.start(segment);
            let [starts, ends] = [start, start + self.rows.channels].map(|row| &self.places[output(row, plane)]);
            for (((&dy, &share), &i), &j) in dy.iter().zip(shares).zip(starts).zip(ends) {
                let first = dy * share;
                for (place, part) in [(i, first), (j, dy - first)] {
                    // A window without a pixel has nowhere to send its cotangent.
                    if let Some(dx) = dx.get_mut(place as usize) {
                        *dx += part;
                    }
                }
            }
        });
        Ok(dx)
    }
}

/// Where a plane's outputs are.
fn output(plane: usize, length: usize) -> Range<usize> {
    plane * length..(plane + 1) * length
}
