//! The neighbours of an image's pixels, with their weights.

/// How many channels are computed side by side: what a vector register of doubles holds.
pub(super) const LANES: usize = 4;

/// A number for each pixel and lane.
pub(super) type Numbers = Vec<[f64; LANES]>;

/// The pixels of an image in a frame of zeros, so that each has all its neighbours.
#[derive(Debug)]
pub(super) struct Stencil {
    rows: usize,
    /// The pixels of a row with the frame's on both sides.
    stride: usize,
    /// The weights of direct neighbours and of diagonal ones.
    weights: (f64, f64),
}

impl Stencil {
    /// Direct neighbours weigh 1/6, diagonal ones 1/12; in a row alone both weigh 1/2.
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        let weights = if rows == 1 { (0.5, 0.0) } else { (1.0 / 6.0, 1.0 / 12.0) };
        Stencil { rows, stride: columns + 2, weights }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// How many numbers there are with the frame.
    pub(super) fn len(&self) -> usize {
        (self.rows + 2) * self.stride
    }

    pub(super) fn zeros(&self) -> Numbers {
        vec![[0.0; LANES]; self.len()]
    }

    /// The places of the pixels, row by row.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + use<> {
        let stride = self.stride;
        (1..=self.rows).flat_map(move |row| row * stride + 1..(row + 1) * stride - 1)
    }

    /// Σⱼ wⱼ xⱼ over the neighbours in front of a pixel: the row above, and the one to the left.
    pub(super) fn before(&self, x: &[f64], at: usize) -> f64 {
        let (direct, diagonal) = self.weights;
        let above = at - self.stride;
        direct * (x[above] + x[at - 1]) + diagonal * (x[above - 1] + x[above + 1])
    }

    /// Σⱼ wⱼ xⱼ over the neighbours behind a pixel.
    pub(super) fn after(&self, x: &[f64], at: usize) -> f64 {
        let (direct, diagonal) = self.weights;
        let below = at + self.stride;
        direct * (x[below] + x[at + 1]) + diagonal * (x[below - 1] + x[below + 1])
    }

    /// The weight of the neighbours to the left and to the right.
    pub(super) fn beside(&self) -> f64 {
        self.weights.0
    }

    /// Over the three neighbours in the row above a pixel, of each lane.
    #[inline]
    pub(super) fn above(&self, x: &Numbers, at: usize) -> [f64; LANES] {
        self.three(x, at - self.stride)
    }

    /// Over the three neighbours in the row below a pixel, of each lane.
    #[inline]
    pub(super) fn below(&self, x: &Numbers, at: usize) -> [f64; LANES] {
        self.three(x, at + self.stride)
    }

    #[inline]
    fn three(&self, x: &Numbers, middle: usize) -> [f64; LANES] {
        let (direct, diagonal) = self.weights;
        let row = &x[middle - 1..=middle + 1];
        std::array::from_fn(|k| direct * row[1][k] + diagonal * (row[0][k] + row[2][k]))
    }

    /// Over all neighbours, of each lane.
    #[inline]
    pub(super) fn around(&self, x: &Numbers, at: usize) -> [f64; LANES] {
        let (direct, diagonal) = self.weights;
        let (above, below) = (at - self.stride, at + self.stride);
        let (above, row, below) = (&x[above - 1..=above + 1], &x[at - 1..=at + 1], &x[below - 1..=below + 1]);
        std::array::from_fn(|k| {
            direct * (above[1][k] + below[1][k] + (row[0][k] + row[2][k]))
                + diagonal * (above[0][k] + above[2][k] + (below[0][k] + below[2][k]))
        })
    }
}
