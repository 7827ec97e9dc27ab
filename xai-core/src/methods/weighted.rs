//! Weighted least squares on masks, for what regresses the output on presence.

use ndarray::{Array1, Array2, ArrayView1, Axis};

/// Solves A·x = b for each column of b, with a symmetric matrix that is not negative.
#[derive(Debug)]
pub(super) enum Solver {
    /// By its triangular factor, A = L·Lᵀ.
    Factor(Array2<f64>),
    /// The matrix is singular: by conjugate gradients, which give the shortest of the solutions.
    Singular(Array2<f64>),
}

impl Solver {
    pub(super) fn new(matrix: Array2<f64>) -> Self {
        match factor(&matrix) {
            Some(factor) => Solver::Factor(factor),
            None => Solver::Singular(matrix),
        }
    }

    pub(super) fn is_singular(&self) -> bool {
        matches!(self, Solver::Singular(_))
    }

    pub(super) fn solve(&self, b: ArrayView1<'_, f64>) -> Array1<f64> {
        match self {
            Solver::Factor(l) => substituted(l, b),
            Solver::Singular(matrix) => shortest(matrix, b),
        }
    }

    /// For every row of b.
    pub(super) fn solve_rows(&self, b: &Array2<f64>) -> Array2<f64> {
        let mut solved = Array2::zeros(b.dim());
        for (mut to, row) in solved.rows_mut().into_iter().zip(b.rows()) {
            to.assign(&self.solve(row));
        }
        solved
    }
}

/// Cholesky's factor; none where a pivot is nothing beside its diagonal.
fn factor(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let n = matrix.nrows();
    let mut l = Array2::<f64>::zeros((n, n));
    for row in 0..n {
        for column in 0..=row {
            let (a, b) = (l.row(row), l.row(column));
            let inner: f64 = a.iter().zip(b).take(column).map(|(a, b)| a * b).sum();
            let rest = matrix[[row, column]] - inner;
            if row != column {
                l[[row, column]] = rest / l[[column, column]];
            } else if rest > 1e-12 * matrix[[row, row]].abs() {
                l[[row, row]] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    Some(l)
}

fn substituted(l: &Array2<f64>, b: ArrayView1<'_, f64>) -> Array1<f64> {
    let mut x = b.to_owned();
    let n = x.len();
    for row in 0..n {
        let inner: f64 = l.row(row).iter().zip(&x).take(row).map(|(l, x)| l * x).sum();
        x[row] = (x[row] - inner) / l[[row, row]];
    }
    for row in (0..n).rev() {
        let inner: f64 = (row + 1..n).map(|below| l[[below, row]] * x[below]).sum();
        x[row] = (x[row] - inner) / l[[row, row]];
    }
    x
}

/// Conjugate gradients from zero stay in the matrix's range.
fn shortest(matrix: &Array2<f64>, b: ArrayView1<'_, f64>) -> Array1<f64> {
    let mut x = Array1::zeros(b.len());
    let (mut residual, mut direction) = (b.to_owned(), b.to_owned());
    let first = b.dot(&b);
    let mut squared = first;
    for _ in 0..4 * b.len() + 16 {
        if squared <= 1e-26 * first {
            break;
        }
        let image = matrix.dot(&direction);
        let curvature = direction.dot(&image);
        if curvature <= 0.0 {
            break;
        }
        let step = squared / curvature;
        x.scaled_add(step, &direction);
        residual.scaled_add(-step, &image);
        let next = residual.dot(&residual);
        direction *= next / squared;
        direction += &residual;
        squared = next;
    }
    x
}

/// Σ w·z·zᵀ and Σ w·z·y, of rows z that are added one by one; y has a number for each sample.
#[derive(Debug, Clone)]
pub(super) struct Normal {
    pub(super) matrix: Array2<f64>,
    /// (samples, features).
    pub(super) right: Array2<f64>,
}

impl Normal {
    pub(super) fn new(features: usize, samples: usize) -> Self {
        Normal { matrix: Array2::zeros((features, features)), right: Array2::zeros((samples, features)) }
    }

    /// Adds a row; `y` may be without the matrix's part, where that is known.
    pub(super) fn add(&mut self, z: &[f64], y: &[f64], weight: f64) {
        let z = ArrayView1::from(z);
        for (mut row, &at) in self.matrix.axis_iter_mut(Axis(0)).zip(z).filter(|(_, at)| **at != 0.0) {
            row.scaled_add(weight * at, &z);
        }
        for (mut row, &y) in self.right.axis_iter_mut(Axis(0)).zip(y) {
            row.scaled_add(weight * y, &z);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{Normal, Solver};

    #[test]
    fn a_regular_system_is_solved_by_its_factor() {
        let mut normal = Normal::new(2, 1);
        // y = 2·a - b, exactly.
        for z in [[1.0, 0.0], [1.0, 1.0], [0.5, 2.0]] {
            normal.add(&z, &[2.0 * z[0] - z[1]], 0.7);
        }
        let solver = Solver::new(normal.matrix);
        assert!(!solver.is_singular());
        let gap = solver.solve_rows(&normal.right) - array![[2.0, -1.0]];
        assert!(gap.iter().all(|gap: &f64| gap.abs() < 1e-14));
    }

    #[test]
    fn of_many_solutions_the_shortest_is_found() {
        let matrix: Array2<f64> = array![[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]];
        let solver = Solver::new(matrix);
        assert!(solver.is_singular());
        let found = solver.solve(array![4.0, 4.0, 0.0].view());
        assert!((found - array![2.0, 2.0, 0.0]).iter().all(|gap| gap.abs() < 1e-14));
    }
}
