//! Noisy linear imputation, on the host.

use ndarray::{Array2, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, Axis, Ix2, IxDyn};

/// What fills the absent pixels of a sample (channels, height, width) or (channels, length): each is the weighted mean
/// of its neighbours. `absent` broadcasts to the sample.
pub(super) fn imputed(x: &ArrayViewD<'_, f64>, absent: &ArrayD<bool>) -> ArrayD<f64> {
    let mut filled = x.to_owned();
    let Some(absent) = absent.broadcast(x.raw_dim()) else { return filled };
    for (mut channel, absent) in filled.axis_iter_mut(Axis(0)).zip(absent.axis_iter(Axis(0))) {
        let (rows, columns) = match *channel.shape() {
            [length] => (1, length),
            [height, width] => (height, width),
            _ => continue,
        };
        let plane = |part: ArrayD<bool>| part.into_shape_with_order((rows, columns));
        let (Ok(absent), Ok(values)) = (
            plane(absent.to_owned()),
            channel
                .view_mut()
                .into_shape_with_order(IxDyn(&[rows, columns]))
                .and_then(|v| v.into_dimensionality::<Ix2>()),
        ) else {
            continue;
        };
        solve(values, &absent);
    }
    filled
}

/// Solves for the absent numbers of one channel by conjugate gradients: the matrix is symmetric, and positive definite
/// as soon as anything is present, because everything is connected.
fn solve(mut values: ArrayViewMut2<'_, f64>, absent: &Array2<bool>) {
    let unknown = absent.iter().filter(|&&absent| absent).count();
    if unknown == 0 {
        return;
    }
    if unknown == absent.len() {
        let mean = values.mean().unwrap_or(0.0);
        values.fill(mean);
        return;
    }
    let known = Array2::from_shape_fn(absent.dim(), |at| if absent[at] { 0.0 } else { values[at] });
    let b = neighbours(&known.view(), absent);
    // From the mean of what is present: x = mean + correction.
    #[allow(clippy::cast_precision_loss)]
    let mean = known.sum() / (absent.len() - unknown) as f64;
    let mut x = absent.map(|&absent| if absent { mean } else { 0.0 });
    let mut residual = b - applied(&x.view(), absent);
    let mut direction = residual.clone();
    let mut squared = dot(&residual, &residual);
    let scale = known.iter().fold(0.0f64, |most, v| most.max(v.abs())).max(f64::MIN_POSITIVE);
    for _ in 0..10 * (absent.nrows() + absent.ncols()) {
        #[allow(clippy::cast_precision_loss)]
        if squared.sqrt() <= 1e-12 * scale * (unknown as f64).sqrt() {
            break;
        }
        let image = applied(&direction.view(), absent);
        let step = squared / dot(&direction, &image);
        x.scaled_add(step, &direction);
        residual.scaled_add(-step, &image);
        let next = dot(&residual, &residual);
        direction *= next / squared;
        direction += &residual;
        squared = next;
    }
    values.zip_mut_with(&(x + known), |to, from| *to = *from);
}

fn dot(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// (W x)ᵢ = (Σⱼ wᵢⱼ) xᵢ - Σⱼ wᵢⱼ xⱼ over neighbours, for absent i; x is zero elsewhere.
fn applied(x: &ArrayView2<'_, f64>, absent: &Array2<bool>) -> Array2<f64> {
    let mut image = neighbours(x, absent);
    let ones = |at: (usize, usize)| weights_around(at, absent.dim());
    for (at, value) in image.indexed_iter_mut() {
        *value = if absent[at] { ones(at) * x[at] - *value } else { 0.0 };
    }
    image
}

/// Σⱼ wᵢⱼ xⱼ over the neighbours of each absent i.
fn neighbours(x: &ArrayView2<'_, f64>, absent: &Array2<bool>) -> Array2<f64> {
    Array2::from_shape_fn(absent.dim(), |at| match absent[at] {
        true => around(at, absent.dim()).map(|(place, weight)| weight * x[place]).sum(),
        false => 0.0,
    })
}

fn weights_around(at: (usize, usize), dim: (usize, usize)) -> f64 {
    around(at, dim).map(|(_, weight)| weight).sum()
}

/// The neighbours that there are, with their weights: 1/6, diagonal ones 1/12; in a row alone 1/2.
fn around(
    (row, column): (usize, usize),
    (rows, columns): (usize, usize),
) -> impl Iterator<Item = ((usize, usize), f64)> {
    let (direct, diagonal) = if rows == 1 { (0.5, 0.0) } else { (1.0 / 6.0, 1.0 / 12.0) };
    let rows = row.saturating_sub(1)..(row + 2).min(rows);
    rows.flat_map(move |r| (column.saturating_sub(1)..(column + 2).min(columns)).map(move |c| (r, c)))
        .filter(move |&place| place != (row, column))
        .map(move |(r, c)| ((r, c), if r == row || c == column { direct } else { diagonal }))
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn, array};

    use super::imputed;

    #[test]
    fn a_gap_in_a_row_is_a_straight_line() {
        let x = array![[1.0, 9.0, 9.0, 9.0, 5.0, 7.0]].into_dyn();
        let absent = array![[false, true, true, true, false, true]].into_dyn();
        let found = imputed(&x.view(), &absent);
        let expected = [1.0, 2.0, 3.0, 4.0, 5.0, 5.0];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-10), "{found}");
    }

    #[test]
    fn linear_images_are_found_again_inside() {
        let plane =
            ArrayD::from_shape_fn(IxDyn(&[2, 9, 8]), |p| 1.0 + p[0] as f64 + 2.0 * p[1] as f64 - 0.5 * p[2] as f64);
        let absent = ArrayD::from_shape_fn(IxDyn(&[1, 9, 8]), |p| (2..6).contains(&p[1]) && (1..7).contains(&p[2]));
        let gap = imputed(&plane.view(), &absent) - &plane;
        assert!(gap.iter().all(|gap| gap.abs() < 1e-9), "{gap}");
    }

    #[test]
    fn nothing_present_leaves_the_mean() {
        let x = array![[[1.0, 2.0], [3.0, 6.0]]].into_dyn();
        let found = imputed(&x.view(), &ArrayD::from_elem(IxDyn(&[1, 2, 2]), true));
        assert!(found.iter().all(|v| *v == 3.0));
    }
}
