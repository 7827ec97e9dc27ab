//! The first principal component of maps.

use ndarray::{Array1, Array2, Axis, s};

use crate::{Backend, Element, Error, Result, Tensor};

/// The projection of maps (B, K, spatial axes...) on their first principal component, (B, 1, spatial axes...).
///
/// Of each sample, the matrix M of places and channels, centred over the places: M·v, with v the first right singular
/// vector. Its sign is arbitrary; here it is the one that correlates with Σₖ Mₖ, the sum over the channels, or, where
/// that is the same everywhere, the one whose largest magnitude is positive. Of one place, zeros. On the host, in
/// `f64`.
pub(crate) fn principal<B: Backend>(maps: &Tensor<B>) -> Result<Tensor<B>> {
    let mut shape = maps.shape();
    let host = maps.download()?;
    let (batch, channels) = (shape[0], shape[1]);
    let places: usize = shape[2..].iter().product();
    let rows = host.to_shape((batch, channels, places)).map_err(|error| Error::backend("ndarray", error))?;
    let mut found = Array2::<B::Elem>::zeros((batch, places));
    for (of_sample, mut to) in rows.outer_iter().zip(found.outer_iter_mut()) {
        let map = projection(&of_sample.mapv(Element::as_f64));
        to.zip_mut_with(&map, |to, &value| *to = B::Elem::of(value));
    }
    shape[1] = 1;
    Tensor::upload(found.view().into_dyn(), &maps.placement())?.reshape(&shape)
}

/// Of a matrix (channels, places).
fn projection(maps: &Array2<f64>) -> Array1<f64> {
    let (channels, places) = maps.dim();
    let Some(means) = maps.mean_axis(Axis(1)) else { return Array1::zeros(places) };
    let centred = maps - &means.insert_axis(Axis(1));
    // The smaller of the two Gram matrices: their eigenvectors are the two sides of the singular value.
    let projected = if channels <= places {
        leading(&centred.dot(&centred.t())).dot(&centred)
    } else {
        let gram = centred.t().dot(&centred);
        let places = leading(&gram);
        let size = places.dot(&gram.dot(&places)).max(0.0).sqrt();
        places * size
    };
    let along = projected.dot(&centred.sum_axis(Axis(0)));
    let magnitude = centred.iter().map(|v| v * v).sum::<f64>();
    let sign = if along.abs() > 1e-12 * magnitude {
        along
    } else {
        projected
            .iter()
            .fold(0.0, |most: f64, &v| if v.abs() > most.abs() + 1e-12 * magnitude.sqrt() { v } else { most })
    };
    if sign < 0.0 { -projected } else { projected }
}

/// So many directions between two restarts.
const DIRECTIONS: usize = 24;

/// The eigenvector of the largest eigenvalue of a positive semidefinite matrix, of length 1; zeros for a matrix of
/// zeros. By power iteration that keeps all directions it has seen since a restart (Lanczos), so that close
/// eigenvalues do not slow it down as they do the plain one.
fn leading(gram: &Array2<f64>) -> Array1<f64> {
    let size = gram.nrows();
    // Numbers without a pattern, the same for every sample: not orthogonal to any eigenvector of an actual map.
    let start = Array1::from_iter((1..=size).map(|i| (i as f64 * 12.9898).sin() + 1.5));
    let mut best = gram.dot(&start);
    for _ in 0..100 {
        let norm = length(&best);
        if norm <= f64::MIN_POSITIVE {
            return Array1::zeros(size);
        }
        best /= norm;
        let mut basis = vec![best.clone()];
        let mut images = vec![gram.dot(&best)];
        while basis.len() < DIRECTIONS.min(size) {
            let mut next = images[basis.len() - 1].clone();
            let before = length(&next);
            // Twice, for what rounding leaves.
            for direction in basis.iter().chain(&basis) {
                let along = direction.dot(&next);
                next.scaled_add(-along, direction);
            }
            let norm = length(&next);
            if norm <= 1e-14 * before {
                break;
            }
            next /= norm;
            images.push(gram.dot(&next));
            basis.push(next);
        }
        let small = Array2::from_shape_fn((basis.len(), basis.len()), |(i, j)| basis[i].dot(&images[j]));
        let (value, shares) = leading_small(small);
        best.fill(0.0);
        let mut image = Array1::zeros(size);
        for ((share, direction), of_direction) in shares.iter().zip(&basis).zip(&images) {
            best.scaled_add(*share, direction);
            image.scaled_add(*share, of_direction);
        }
        image.scaled_add(-value, &best);
        if length(&image) <= 1e-13 * value {
            break;
        }
    }
    let norm = length(&best);
    best / norm
}

fn length(v: &Array1<f64>) -> f64 {
    v.dot(v).sqrt()
}

/// The largest eigenvalue of a small symmetric matrix and its vector: Jacobi's rotations.
fn leading_small(mut a: Array2<f64>) -> (f64, Array1<f64>) {
    let n = a.nrows();
    let mut vectors = Array2::<f64>::eye(n);
    let trace: f64 = a.diag().iter().map(|v| v.abs()).sum();
    for _ in 0..60 {
        let mut rest = 0.0_f64;
        for p in 0..n {
            for q in p + 1..n {
                rest = rest.max(a[[p, q]].abs());
                if a[[p, q]] == 0.0 {
                    continue;
                }
                let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                rotate(&mut a, p, q, c, t * c);
                let mut turned = a.reversed_axes();
                rotate(&mut turned, p, q, c, t * c);
                a = turned.reversed_axes();
                rotate(&mut vectors, p, q, c, t * c);
            }
        }
        if rest <= 1e-16 * trace {
            break;
        }
    }
    let largest = (0..n).fold(0, |best, i| if a[[i, i]] > a[[best, best]] { i } else { best });
    (a[[largest, largest]], vectors.slice(s![.., largest]).to_owned())
}

/// Columns p and q, turned.
fn rotate(a: &mut Array2<f64>, p: usize, q: usize, cos: f64, sin: f64) {
    for row in 0..a.nrows() {
        let (x, y) = (a[[row, p]], a[[row, q]]);
        a[[row, p]] = cos * x - sin * y;
        a[[row, q]] = sin * x + cos * y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, columns), |(i, j)| (((i * 31 + j * 17) * 7919) % 101) as f64 / 50.0 - 1.0)
    }

    #[test]
    fn the_leading_vector_is_an_eigenvector_and_no_other_value_is_larger() {
        for n in [1, 2, 5, 24, 25, 80] {
            let a = matrix(n, n + 3);
            let gram = a.dot(&a.t());
            let v = leading(&gram);
            let image = gram.dot(&v);
            let value = v.dot(&image);
            assert!(length(&(&image - &(&v * value))) < 1e-10 * value, "{n}");
            assert!((length(&v) - 1.0).abs() < 1e-12);
            let (all, _) = leading_small(gram);
            assert!((all - value).abs() < 1e-10 * value, "{n}: {all} {value}");
        }
    }

    #[test]
    fn close_eigenvalues_are_told_apart() {
        let mut gram = Array2::<f64>::eye(60);
        gram[[40, 40]] = 1.001;
        let v = leading(&gram);
        assert!((v[40].abs() - 1.0).abs() < 1e-10, "{}", v[40]);
    }

    #[test]
    fn both_gram_matrices_give_the_same() {
        let wide = matrix(5, 30);
        let tall = Array2::from_shape_fn((60, 30), |(i, j)| if i < 5 { wide[[i, j]] } else { 0.0 });
        let gap = projection(&wide) - projection(&tall);
        assert!(length(&gap) < 1e-10, "{gap}");
    }
}
