//! What a metric's curves look like, method by method: [`Curves`].

use image::{Rgb, RgbImage};

use super::Panel;
use super::caption::Pen;
use crate::metrics::{Cell, Curve, Evaluation};
use crate::{Error, Result};

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([34, 34, 34]);
const FAINT: Rgb<u8> = Rgb([205, 205, 205]);
const GREY: Rgb<u8> = Rgb([140, 140, 140]);
/// The plot, and what is around it: numbers to the left and below, names to the right.
const PLOT: [u32; 2] = [330, 240];
const LEFT: u32 = 62;
const TOP: u32 = 12;
const BELOW: u32 = 28;
const NAMES: u32 = 236;
/// The height of a name's line.
const LINE: u32 = 17;
/// Colours that colour-blind readers tell apart (Okabe, Ito), then the same with gaps.
const COLORS: [[u8; 3]; 7] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [34, 34, 34]];
/// A picture has no more lines.
const MOST: usize = 42;

/// The curves of one metric, a line for each method: the mean over the samples, and where the metric has that baseline,
/// the mean of random orders in grey.
///
/// ```
/// use ndarray::array;
/// use xai::metrics::{Deletion, Evaluate};
/// use xai::nn::{Linear, Sequential};
/// use xai::picture::{Curves, Panel};
/// use xai::{Gradient, InputTimesGradient, NdArray, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, -2.0, 3.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Linear::new(weight, None)?);
/// let x = array![[0.1, 0.2, 0.3], [0.3, -0.1, 0.2]];
/// let table = Evaluate::new(&[&Gradient, &InputTimesGradient], &[&Deletion::new()]).run(&net, &x, 0)?;
/// let picture = Curves::of(&table, 0)?.image();
/// let panel = Panel::new().photo("deletion", &picture);
/// # assert!(panel.render()?.width() > 600);
/// // One tile for each metric of the table that has curves.
/// assert_eq!(Curves::panel(&table).render()?.dimensions(), panel.render()?.dimensions());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    x: Vec<f64>,
    /// What the first point is, and the last one.
    ends: [String; 2],
    lines: Vec<(String, Vec<f64>)>,
    random: Option<Vec<f64>>,
}

impl Curves {
    /// Those of the metric of this number in a table, the random map's among them; methods that the metric did not
    /// score are left out.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there is no such metric, it has no curve, and as [`Curves::new`].
    pub fn of(table: &Evaluation, metric: usize) -> Result<Self> {
        let of_row = |cells: &Vec<Cell>| cells.get(metric).and_then(|cell| cell.scores.curve.clone());
        let rows = table.analyzers.iter().zip(&table.cells);
        let curves: Vec<(&String, Curve)> = rows.filter_map(|(name, row)| Some((name, of_row(row)?))).collect();
        if curves.is_empty() {
            let name = table.metrics.get(metric).map_or("no metric", |(name, _)| name.as_str());
            return Err(refused(format!("of {name}"), "it has none: insertion, deletion and ROAD have some".into()));
        }
        Self::new(curves.iter().map(|(name, curve)| (name.as_str(), curve)))
    }

    /// A tile for each metric of a table that has curves: insertion, deletion and ROAD, side by side.
    pub fn panel(table: &Evaluation) -> Panel {
        let mut panel = Panel::new().columns(2);
        for (number, (name, _)) in table.metrics.iter().enumerate() {
            // What has no curve has no tile.
            if let Ok(curves) = Self::of(table, number) {
                panel = panel.photo(name, &curves.image());
            }
        }
        panel
    }

    /// Curves by their methods' names, over the same points.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there is none or more than 42, for one with other points than the first or
    /// fewer than two, and for heights that are not finite.
    ///
    /// ```
    /// use ndarray::array;
    /// use xai::metrics::{Deletion, Metric};
    /// use xai::nn::{Linear, Sequential};
    /// use xai::picture::Curves;
    /// use xai::{InputTimesGradient, NdArray, Tensor};
    ///
    /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push(Linear::new(weight, None)?);
    /// let scores = Deletion::new().of_analyzer(&net, &array![[1.0, 1.0, 1.0]], 0, &InputTimesGradient)?;
    /// let curve = scores.curve.expect("deletion has one");
    /// let both = Curves::new([("mine", &curve), ("theirs", &curve)])?;
    /// assert_eq!(both.image().width(), 628);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn new<'a, S: Into<String>>(curves: impl IntoIterator<Item = (S, &'a Curve)>) -> Result<Self> {
        let curves: Vec<(String, &Curve)> = curves.into_iter().map(|(name, curve)| (name.into(), curve)).collect();
        let Some((_, first)) = curves.first().filter(|_| curves.len() <= MOST) else {
            return Err(refused(curves.len().to_string(), format!("a picture has 1 to {MOST}")));
        };
        let mut lines = Vec::with_capacity(curves.len());
        for (name, curve) in &curves {
            if curve.x != first.x || curve.x.len() < 2 || curve.y.ncols() != curve.x.len() || curve.y.nrows() == 0 {
                let reason = "every curve needs a height at the same two points or more";
                return Err(refused(name.clone(), reason.into()));
            }
            lines.push((name.clone(), mean(name, &curve.y)?));
        }
        let random = first.random.as_ref().filter(|random| random.ncols() == first.x.len() && random.nrows() > 0);
        let random = random.map(|random| mean("random order", random)).transpose()?;
        let end = |at: Option<&String>| at.cloned().unwrap_or_default();
        Ok(Curves { x: first.x.clone(), ends: [end(first.at.first()), end(first.at.last())], lines, random })
    }

    /// The picture: lines from the lowest to the highest of all heights, and their names beside them.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // in the picture
    pub fn image(&self) -> RgbImage {
        let names = (self.lines.len() + usize::from(self.random.is_some())) as u32;
        let height = PLOT[1].max(names * LINE) + TOP + BELOW;
        let mut picture = RgbImage::from_pixel(LEFT + PLOT[0] + NAMES, height, PAPER);
        let all = self.lines.iter().map(|(_, y)| y).chain(&self.random).flatten();
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &y| (low.min(y), high.max(y)));
        let range = if high > low { high - low } else { 1.0 };
        let place = |y: f64| f64::from(TOP) + (high - y) / range * f64::from(PLOT[1] - 1);
        for y in TOP..TOP + PLOT[1] {
            picture.put_pixel(LEFT - 1, y, FAINT);
        }
        let zero = if low <= 0.0 && high >= 0.0 { place(0.0) } else { f64::from(TOP + PLOT[1] - 1) };
        for x in LEFT..LEFT + PLOT[0] {
            picture.put_pixel(x, zero.round() as u32, FAINT);
        }
        let pen = Pen::regular(12.0, INK);
        let room = LEFT as f32 - 10.0;
        for (value, y) in [(high, TOP as f32 - 6.0), (low, (TOP + PLOT[1]) as f32 - 12.0)] {
            let text = number_of(value);
            pen.write(&mut picture, room - pen.width(&text) + 2.0, y, &text);
        }
        let [from, to] = self.ends.each_ref().map(|end| pen.fit(end, PLOT[0] as f32 / 2.0 - 8.0));
        let below = (TOP + PLOT[1]) as f32 + 6.0;
        pen.write(&mut picture, LEFT as f32, below, &from);
        pen.write(&mut picture, (LEFT + PLOT[0]) as f32 - pen.width(&to), below, &to);

        let random = self.random.iter().map(|y| ("random order", y, GREY, 1));
        let lines =
            self.lines.iter().enumerate().map(|(number, (name, y))| {
                (name.as_str(), y, Rgb(COLORS[number % COLORS.len()]), number / COLORS.len())
            });
        for (number, (name, y, color, gaps)) in lines.chain(random).enumerate() {
            let mut before: Option<f64> = None;
            for step in 0..PLOT[0] {
                let here = place(self.height(y, f64::from(step) / f64::from(PLOT[0] - 1)));
                let (top, bottom) = before.map_or((here, here), |before| (before.min(here), before.max(here)));
                before = Some(here);
                if is_drawn(step, gaps) {
                    let bottom = (bottom.round() as u32 + 1).min(height - 1);
                    (top.round() as u32..=bottom).for_each(|y| picture.put_pixel(LEFT + step, y, color));
                }
            }
            let (left, line) = (LEFT + PLOT[0] + 14, TOP + number as u32 * LINE);
            for step in (0..24).filter(|&step| is_drawn(step, gaps)) {
                (line + 4..line + 7).for_each(|y| picture.put_pixel(left + step, y, color));
            }
            let name = pen.fit(name, (NAMES - 52) as f32);
            pen.write(&mut picture, (left + 32) as f32, line as f32 - 2.0, &name);
        }
        picture
    }

    /// The height at a share of the way from the first point to the last one.
    fn height(&self, y: &[f64], share: f64) -> f64 {
        let (first, last) = (self.x[0], self.x[self.x.len() - 1]);
        let at = first + share * (last - first);
        let next = self.x.partition_point(|&x| x < at).clamp(1, self.x.len() - 1);
        let (from, to) = (self.x[next - 1], self.x[next]);
        let part = if to > from { ((at - from) / (to - from)).clamp(0.0, 1.0) } else { 1.0 };
        y[next - 1] + part * (y[next] - y[next - 1])
    }
}

/// Whether a line with gaps, of which there are kinds, has ink at this step.
fn is_drawn(step: u32, gaps: usize) -> bool {
    match gaps {
        0 => true,
        1 => step % 8 < 5,
        _ => step % 12 < 9 && step % 4 < 2,
    }
}

/// The mean over the samples.
fn mean(name: &str, y: &ndarray::Array2<f64>) -> Result<Vec<f64>> {
    let mean = y.mean_axis(ndarray::Axis(0)).map(|mean| mean.to_vec()).unwrap_or_default();
    match mean.iter().find(|y| !y.is_finite()) {
        Some(y) => Err(refused(format!("{name}: {y}"), "it has no place".into())),
        None => Ok(mean),
    }
}

fn refused(value: String, reason: String) -> Error {
    Error::InvalidParameter { name: "curves", value, reason }
}

/// With three significant digits or so.
fn number_of(value: f64) -> String {
    let text = match value.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e4).contains(&size) => format!("{value:.1e}"),
        size if size < 10.0 => format!("{value:.3}"),
        _ => format!("{value:.1}"),
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use ndarray::{Array2, array};

    use super::{COLORS, Curves, GREY, LEFT, PLOT, TOP};
    use crate::metrics::Curve;

    fn curve(y: Array2<f64>, random: Option<Array2<f64>>) -> Curve {
        let points = y.ncols();
        let mut curve = Curve::default();
        curve.x = (0..points).map(|i| i as f64 / (points - 1) as f64).collect();
        curve.at = curve.x.iter().map(f64::to_string).collect();
        (curve.y, curve.random) = (y, random);
        curve
    }

    #[test]
    fn lines_are_where_the_means_are() {
        // Means 0, 2, 4 and 4, 4, 4; random orders at 1.
        let rising = curve(array![[0.0, 1.0, 4.0], [0.0, 3.0, 4.0]], Some(array![[1.0, 1.0, 1.0]]));
        let flat = curve(array![[4.0, 4.0, 4.0]], None);
        let image = Curves::new([("rising", &rising), ("flat", &flat)]).unwrap().image();
        let rows = |x: u32, color: [u8; 3]| -> Vec<u32> {
            (TOP..TOP + PLOT[1]).filter(|&y| *image.get_pixel(x, y) == Rgb(color)).collect()
        };
        let (left, right) = (LEFT, LEFT + PLOT[0] - 1);
        let bottom = TOP + PLOT[1] - 1;
        assert!(rows(left, COLORS[0]).contains(&bottom), "{:?}", rows(left, COLORS[0]));
        assert!(rows(left + PLOT[0] / 2, COLORS[0]).iter().any(|y| y.abs_diff(TOP + PLOT[1] / 2) < 3));
        // Where both end, the later is on top.
        assert!(rows(right, COLORS[1]).contains(&TOP) && rows(left + 3, COLORS[1]).contains(&TOP));
        let quarter = TOP + PLOT[1] * 3 / 4;
        let grey = (left..=right).filter(|&x| rows(x, GREY.0).iter().any(|y| y.abs_diff(quarter) < 3)).count();
        assert!(grey > 150 && grey < 260, "{grey}");
    }

    #[test]
    fn any_number_of_lines_has_room_for_its_names() {
        let flat = curve(array![[1.0, 1.0]], None);
        let image = |lines: usize| Curves::new((0..lines).map(|n| (n.to_string(), &flat))).unwrap().image();
        assert_eq!(image(1).dimensions(), image(7).dimensions());
        assert!(image(42).height() > 42 * 17);
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let says = |curves: &[(&str, &Curve)], part: &str| {
            let error = Curves::new(curves.iter().copied()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        let (two, three) = (curve(array![[1.0, 2.0]], None), curve(array![[1.0, 2.0, 3.0]], None));
        says(&[], "1 to 42");
        says(&[("a", &two), ("b", &three)], "b is not possible");
        says(&[("one", &curve(array![[f64::NAN, 1.0]], None))], "one: NaN");
        let mut single = two.clone();
        (single.x, single.y) = (vec![0.0], array![[1.0]]);
        says(&[("single", &single)], "two points");
    }
}
