//! Super-pixels by simple linear iterative clustering.

use std::collections::VecDeque;

use ndarray::{Array2, ArrayView3};

/// Segments of an image (channels, height, width): about so many, numbered from 0, each connected.
///
/// Centres start on a grid; each pixel goes to the nearest centre of those around it, by
/// (colour distance / compactness)² + (distance / step)², and the centres move to the mean of theirs, ten times.
/// Colours are the channels as they are, divided by the range of the whole image. Then pieces smaller than a quarter of
/// a segment join a neighbour.
pub(super) fn slic(image: &ArrayView3<'_, f64>, count: usize, compactness: f64) -> Array2<usize> {
    let (_, height, width) = image.dim();
    let [rows, columns] = grid(height, width, count);
    let range = image.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let scale = if range.1 > range.0 { 1.0 / ((range.1 - range.0) * compactness) } else { 0.0 };
    #[allow(clippy::cast_precision_loss)]
    let step = ((height * width) as f64 / (rows * columns) as f64).sqrt();
    let mut labels =
        Array2::from_shape_fn((height, width), |(r, c)| (r * rows / height) * columns + c * columns / width);
    for _ in 0..10 {
        let centres = centres(image, &labels, rows * columns);
        labels = nearest(image, &centres, &labels, scale, 1.0 / step, step);
    }
    connected(&labels, height * width / (rows * columns).max(1) / 4)
}

/// About so many cells, about square.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn grid(height: usize, width: usize, count: usize) -> [usize; 2] {
    let side = ((height * width) as f64 / count as f64).sqrt();
    [height, width].map(|length| ((length as f64 / side).round() as usize).clamp(1, length))
}

/// Where the segments are: their means, of place and channels.
struct Centre {
    row: f64,
    column: f64,
    colour: Vec<f64>,
}

#[allow(clippy::cast_precision_loss)]
fn centres(image: &ArrayView3<'_, f64>, labels: &Array2<usize>, count: usize) -> Vec<Option<Centre>> {
    let channels = image.dim().0;
    let mut sums: Vec<(f64, Centre)> =
        (0..count).map(|_| (0.0, Centre { row: 0.0, column: 0.0, colour: vec![0.0; channels] })).collect();
    for ((row, column), &label) in labels.indexed_iter() {
        let (numbers, sum) = &mut sums[label];
        *numbers += 1.0;
        sum.row += row as f64;
        sum.column += column as f64;
        sum.colour.iter_mut().enumerate().for_each(|(channel, sum)| *sum += image[[channel, row, column]]);
    }
    let mean = |(numbers, sum): (f64, Centre)| {
        let colour = sum.colour.into_iter().map(|sum| sum / numbers).collect();
        (numbers > 0.0).then(|| Centre { row: sum.row / numbers, column: sum.column / numbers, colour })
    };
    sums.into_iter().map(mean).collect()
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn nearest(
    image: &ArrayView3<'_, f64>,
    centres: &[Option<Centre>],
    before: &Array2<usize>,
    of_colour: f64,
    of_place: f64,
    step: f64,
) -> Array2<usize> {
    let (_, height, width) = image.dim();
    let mut best = Array2::from_elem((height, width), f64::INFINITY);
    let mut labels = before.clone();
    let around = |at: f64, length: usize| ((at - step).max(0.0) as usize)..((at + step + 1.0) as usize).min(length);
    for (label, centre) in centres.iter().enumerate() {
        let Some(centre) = centre else { continue };
        for row in around(centre.row, height) {
            for column in around(centre.column, width) {
                let colour = centre
                    .colour
                    .iter()
                    .enumerate()
                    .map(|(channel, mean)| ((image[[channel, row, column]] - mean) * of_colour).powi(2));
                let place = (row as f64 - centre.row).powi(2) + (column as f64 - centre.column).powi(2);
                let distance = colour.sum::<f64>() + place * of_place * of_place;
                if distance < best[[row, column]] {
                    best[[row, column]] = distance;
                    labels[[row, column]] = label;
                }
            }
        }
    }
    labels
}

/// Pieces of segments, each connected and numbered as it is met; those smaller than `least` join what is before them.
fn connected(labels: &Array2<usize>, least: usize) -> Array2<usize> {
    let (height, width) = labels.dim();
    let mut pieces = Array2::from_elem(labels.dim(), usize::MAX);
    let mut next = 0;
    for start in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
        if pieces[start] != usize::MAX {
            continue;
        }
        let neighbours = move |(row, column): (usize, usize)| {
            let up = (row > 0).then(|| (row - 1, column));
            let left = (column > 0).then(|| (row, column - 1));
            let down = (row + 1 < height).then_some((row + 1, column));
            let right = (column + 1 < width).then_some((row, column + 1));
            [up, left, down, right].into_iter().flatten()
        };
        let before = neighbours(start).map(|place| pieces[place]).find(|&piece| piece != usize::MAX);
        let (mut piece, mut waiting) = (vec![start], VecDeque::from([start]));
        pieces[start] = next;
        while let Some(place) = waiting.pop_front() {
            for other in neighbours(place) {
                if pieces[other] == usize::MAX && labels[other] == labels[start] {
                    pieces[other] = next;
                    piece.push(other);
                    waiting.push_back(other);
                }
            }
        }
        match before {
            Some(before) if piece.len() < least => piece.iter().for_each(|&place| pieces[place] = before),
            _ => next += 1,
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, Axis};

    use super::slic;

    fn sizes(segments: &Array2<usize>) -> Vec<usize> {
        let mut sizes = vec![0; segments.iter().max().map_or(0, |most| most + 1)];
        segments.iter().for_each(|&segment| sizes[segment] += 1);
        sizes
    }

    #[test]
    fn an_even_image_is_cut_into_cells() {
        let segments = slic(&Array3::from_elem((3, 24, 36), 0.5).view(), 24, 0.1);
        let sizes = sizes(&segments);
        assert_eq!(sizes.len(), 24);
        assert!(sizes.iter().all(|&size| size == 36), "{sizes:?}");
    }

    #[test]
    fn segments_keep_to_edges() {
        // Two colours, divided aslant.
        let image =
            Array3::from_shape_fn((2, 30, 30), |(c, h, w)| if 2 * h + w > 45 { 1.0 - c as f64 } else { c as f64 });
        let segments = slic(&image.view(), 30, 0.2);
        let count = sizes(&segments).len();
        assert!((20..45).contains(&count), "{count}");
        let mut mixed = 0;
        for segment in 0..count {
            let colours: Vec<f64> = segments
                .indexed_iter()
                .filter(|(_, of)| **of == segment)
                .map(|((h, w), _)| image.index_axis(Axis(0), 0)[[h, w]])
                .collect();
            let ones = colours.iter().filter(|&&colour| colour > 0.5).count();
            mixed += ones.min(colours.len() - ones);
        }
        assert!(mixed <= 9, "{mixed} of 900 pixels are on the wrong side of an edge");
    }
}
