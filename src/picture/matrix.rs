//! What looks at what, as a grid: [`Matrix`].

use image::{Rgb, RgbImage, imageops};
use ndarray::{ArrayBase, ArrayView2, Axis, Data, Ix2, Ix3};

use super::caption::Pen;
use super::values::only;
use super::{Heatmap, Style};
use crate::{Dims, Element, Error, Explanation, Result};

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([34, 34, 34]);
/// The longer side of the grid, unless a pixel each is more.
const SIDE: u32 = 448;
const LARGEST_CELL: u32 = 24;
/// The longest that a name is drawn.
const LONGEST: f32 = 120.0;
const GAP: u32 = 5;
/// Names stand no closer than this.
const LINE: u32 = 13;

/// A matrix as a grid of coloured squares, a row for each token that looks and a column for each that is looked at, as
/// attention has it; with the tokens' names at both sides where they are known.
///
/// ```
/// use ndarray::array;
/// use xai::Kind;
/// use xai::picture::{Matrix, Panel, Style};
///
/// let shares = array![[0.9, 0.1], [0.5, 0.5]];
/// let matrix = Matrix::new(&shares, &Style::of(Kind::Importance))?.tokens(["so", "!"])?;
/// let panel = Panel::new().matrix("Attention", &matrix);
/// # assert!(panel.render()?.width() > 224);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    heatmap: Heatmap,
    rows: Vec<String>,
    columns: Vec<String>,
}

impl Matrix {
    /// A matrix for each sample of an explanation whose values are (samples, rows, columns), in the style of its kind.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the values have other axes or no element, [`Error::InvalidParameter`] when one of
    /// them is NaN or infinite.
    ///
    /// ```
    /// use ndarray::array;
    /// use xai::picture::Matrix;
    /// use xai::{Explanation, Extras, Kind, Selection};
    ///
    /// # let (output, selection) = (array![[1.0]].into_dyn(), Selection::from(vec![vec![0]]));
    /// let shares = array![[[0.75, 0.25], [0.5, 0.5]]];
    /// let why = Explanation::new(shares, output, selection, "Mine", Kind::Importance, Extras::default());
    /// let matrix = &Matrix::of(&why)?[0];
    /// assert_eq!(matrix.heatmap().strength(), &array![[1.0, 1.0 / 3.0], [2.0 / 3.0, 2.0 / 3.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn of<E: Element, D: Dims<E>>(explanation: &Explanation<E, D>) -> Result<Vec<Matrix>> {
        let values = only::<E, D, Ix3>(explanation, "a matrix for each sample needs (samples, rows, columns)")?;
        let style = Style::of(explanation.kind);
        values.axis_iter(Axis(0)).map(|matrix| Matrix::drawn(matrix, &style)).collect()
    }

    /// A matrix, wherever it comes from.
    ///
    /// # Errors
    /// As [`Matrix::of`], and [`Error::InvalidParameter`] for a style with outliers outside 0 to 100 percent.
    pub fn new<E: Element, S: Data<Elem = E>>(values: &ArrayBase<S, Ix2>, style: &Style) -> Result<Matrix> {
        Matrix::drawn(values.view(), style)
    }

    fn drawn<E: Element>(values: ArrayView2<'_, E>, style: &Style) -> Result<Matrix> {
        let heatmap = Heatmap::new(&values.insert_axis(Axis(0)), style)?;
        Ok(Matrix { heatmap, rows: Vec::new(), columns: Vec::new() })
    }

    /// The same with a name for each row and each column, of which there are as many.
    ///
    /// # Errors
    /// As [`Matrix::named`].
    pub fn tokens<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.named(names.clone(), names)
    }

    /// The same with a name for each row, and others for the columns; none on a side is no names there.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there are more or fewer names than rows or columns.
    ///
    /// ```
    /// use ndarray::array;
    /// use xai::Kind;
    /// use xai::picture::{Matrix, Style};
    ///
    /// let matrix = Matrix::new(&array![[0.75, 0.25]], &Style::of(Kind::Importance))?;
    /// assert_eq!(matrix.image().dimensions(), (2 * 24, 24));
    /// let words = vec!["le".to_owned(), "chat".to_owned()];
    /// let named = matrix.named(vec!["cat".to_owned()], words)?;
    /// assert!(named.image().width() > 2 * 24 && named.clone().named(vec![], vec!["one".to_owned()]).is_err());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn named(self, rows: Vec<String>, columns: Vec<String>) -> Result<Self> {
        let (height, width) = self.heatmap.strength().dim();
        for (what, names, length) in [("rows", &rows, height), ("columns", &columns, width)] {
            if !names.is_empty() && names.len() != length {
                let reason = format!("{} names do not fit {length} {what}", names.len());
                return Err(Error::InvalidParameter { name: "names", value: names.len().to_string(), reason });
            }
        }
        Ok(Matrix { rows, columns, ..self })
    }

    /// The matrix as a map of one pixel for each number.
    pub fn heatmap(&self) -> &Heatmap {
        &self.heatmap
    }

    /// The picture: squares of up to 24 pixels, as many as fit into 448 or one pixel each, rows named at the left and
    /// columns above; where they are small, as many names as have room.
    pub fn image(&self) -> RgbImage {
        let grid = self.heatmap.image();
        let cell = (SIDE / grid.width().max(grid.height()).max(1)).clamp(1, LARGEST_CELL);
        let grid = imageops::resize(&grid, grid.width() * cell, grid.height() * cell, imageops::FilterType::Nearest);
        let pen = Pen::regular(12.0, INK);
        let names = |all: &[String]| -> Vec<String> { all.iter().map(|name| pen.fit(name, LONGEST)).collect() };
        let (rows, columns) = (names(&self.rows), names(&self.columns));
        // At most LONGEST.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let room = |names: &[String]| match names.iter().map(|name| pen.width(name)).reduce(f32::max) {
            Some(longest) => longest.ceil() as u32 + 2 * GAP,
            None => 0,
        };
        let (left, top) = (room(&rows), room(&columns));
        let mut picture = RgbImage::from_pixel(left + grid.width(), top + grid.height(), PAPER);
        imageops::replace(&mut picture, &grid, i64::from(left), i64::from(top));
        let every = LINE.div_ceil(cell) as usize;
        for (at, name) in (0..).zip(&rows).step_by(every) {
            let label = label(&pen, name, left);
            let y = place(top, at, cell, label.height());
            imageops::replace(&mut picture, &label, 0, y);
        }
        for (at, name) in (0..).zip(&columns).step_by(every) {
            // Read from above, so that they end at the grid as the rows' names do.
            let label = imageops::rotate90(&label(&pen, name, top));
            let x = place(left, at, cell, label.width());
            imageops::replace(&mut picture, &label, x, 0);
        }
        picture
    }
}

/// A name that ends `GAP` before the right border, so wide.
fn label(pen: &Pen, name: &str, width: u32) -> RgbImage {
    let mut label = RgbImage::from_pixel(width, LINE, PAPER);
    // Lengths of a few hundred pixels.
    #[allow(clippy::cast_precision_loss)]
    let (x, y) = ((width - GAP) as f32 - pen.width(name), (LINE as f32 - pen.height()) / 2.0);
    pen.write(&mut label, x, y, name);
    label
}

/// Where a label begins whose middle is that of a cell.
fn place(start: u32, at: u32, cell: u32, length: u32) -> i64 {
    i64::from(start) + i64::from(at) * i64::from(cell) + (i64::from(cell) - i64::from(length)) / 2
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use ndarray::{Array2, array};

    use super::{LARGEST_CELL, Matrix, PAPER};
    use crate::Kind;
    use crate::picture::Style;

    fn style() -> Style {
        Style::of(Kind::Attribution)
    }

    #[test]
    fn rows_go_down_and_columns_to_the_right() {
        let image = Matrix::new(&array![[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]], &style()).unwrap().image();
        assert_eq!(image.dimensions(), (3 * LARGEST_CELL, 2 * LARGEST_CELL));
        let warm = |row: u32, column: u32| {
            let Rgb([red, _, blue]) = *image.get_pixel(column * LARGEST_CELL + 3, row * LARGEST_CELL + 3);
            i32::from(red) - i32::from(blue)
        };
        assert!(warm(0, 1) > 60 && warm(1, 0) < -60 && warm(1, 2).abs() < 10, "{} {}", warm(0, 1), warm(1, 0));
    }

    #[test]
    fn names_stand_before_the_rows_and_above_the_columns() {
        let plain = Matrix::new(&Array2::<f32>::zeros((2, 2)), &style()).unwrap();
        let named = plain.clone().tokens(["mmmm", "mmmm"]).unwrap().image();
        let (left, top) = (named.width() - 2 * LARGEST_CELL, named.height() - 2 * LARGEST_CELL);
        assert!(left > 20 && left == top, "{left} {top}");
        let inked = |from: [u32; 2], to: [u32; 2]| {
            let all = (from[0]..to[0]).flat_map(|x| (from[1]..to[1]).map(move |y| (x, y)));
            all.filter(|&(x, y)| *named.get_pixel(x, y) != PAPER).count()
        };
        // The corner is empty; each name has ink, as much above as beside.
        assert_eq!(inked([0, 0], [left, top]), 0);
        let beside = [0, 1].map(|at| inked([0, top + at * LARGEST_CELL], [left, top + (at + 1) * LARGEST_CELL]));
        let above = [0, 1].map(|at| inked([left + at * LARGEST_CELL, 0], [left + (at + 1) * LARGEST_CELL, top]));
        assert!(beside[0] > 40 && beside == above, "{beside:?} {above:?}");
        assert!(plain.clone().tokens(["one"]).is_err());
        let rows = plain.named(vec!["a".into(), "b".into()], Vec::new()).unwrap().image();
        assert_eq!(rows.height(), 2 * LARGEST_CELL);
    }

    #[test]
    fn large_matrices_have_a_pixel_for_each_number() {
        let many = Matrix::new(&Array2::<f64>::zeros((600, 600)), &style()).unwrap();
        let named = many.clone().tokens((0..600).map(|n| n.to_string())).unwrap();
        assert_eq!(many.image().dimensions(), (600, 600));
        assert!(named.image().width() > 600);
        assert!(Matrix::new(&Array2::<f64>::zeros((0, 2)), &style()).is_err());
        assert!(Matrix::new(&array![[f64::NAN]], &style()).is_err());
    }
}
