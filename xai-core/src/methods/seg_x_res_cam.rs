//! Seg-XRes-CAM.

use ndarray::Array2;

use super::cam::{Cam, CamRule, CamSite, cam_rule};
use crate::{Backend, Element, Error, Result, Tensor};

/// Seg-XRes-CAM: relu(Σₖ Ḡₖ · Aₖ), where Ḡ is the gradient, averaged over windows of the map.
///
/// A window of 1 is [`HiResCam`](crate::HiResCam), one as large as the map is [`GradCam`](crate::GradCam). Between them
/// a weight holds for a neighbourhood: for a segmentation, of which a region is explained
/// ([`Region`](crate::Region)), Grad-CAM's one weight for the whole map brings in places that have nothing to do with
/// the region, and a weight for each place is noisy. Windows lie side by side from the first place on, the last ones
/// may be smaller.
///
/// Of the paper's two ways to pool it is the mean. Default: windows of 2 along each spatial axis. Costs what
/// [`GradCam`](crate::GradCam) does; shapes, places and errors are those of [`Cam`], and
/// [`Error::InvalidParameter`] for a window of 0.
///
/// Reference: Hasany, Petitjean, Mériaudeau (2023), *Seg-XRes-CAM: Explaining Spatially Local Regions in Image
/// Segmentation*, CVPR Workshops 2023.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Analyzer, NdArray, Region, SegXResCam};
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("maps", Activation::Relu).push(Activation::Tanh);
/// let photo = array![[[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0]]]];
/// let region = Region { class: 0, mask: array![[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]].into_dyn() };
/// let map = SegXResCam::at("maps").window(2).analyze(&net, &photo, region)?;
/// assert_eq!(map.values.dim(), (1, 1, 2, 3));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(alias("SegXResCAM"))]
pub struct SegXResCam {
    window: usize,
}

impl Default for SegXResCam {
    fn default() -> Self {
        SegXResCam { window: 2 }
    }
}

impl<P> Cam<SegXResCam, P> {
    /// So many places along each spatial axis have one weight, 2 unless set.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Sequential};
    /// use xai::{Analyzer, NdArray, SegXResCam, SumOfOutputs};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(Activation::Power { exponent: 2.0 });
    /// // The gradient of a sum of squares is (2, 6): each place by its own, or both by the mean, 4.
    /// for (window, map) in [(1, array![[[[2.0, 18.0]]]]), (2, array![[[[4.0, 12.0]]]])] {
    ///     let cam = SegXResCam::at("maps").window(window);
    ///     assert_eq!(cam.analyze(&net, &array![[[[1.0, 3.0]]]], SumOfOutputs)?.values, map);
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn window(mut self, window: usize) -> Self {
        self.rule.window = window;
        self
    }
}

impl<B: Backend> CamRule<B> for SegXResCam {
    fn name(&self) -> String {
        "SegXResCam".into()
    }

    fn check(&self, _: &[usize], _: Option<&[usize]>) -> Result<()> {
        match self.window {
            0 => Err(Error::InvalidParameter {
                name: "window",
                value: "0".into(),
                reason: "it must have at least one place".into(),
            }),
            _ => Ok(()),
        }
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let mut gradient = site.gradient()?.clone();
        for axis in site.spatial() {
            gradient = averaged(&gradient, axis, self.window)?;
        }
        site.maps().mul(&gradient)
    }
}

cam_rule!(SegXResCam);

/// Every number becomes the mean of its window along an axis.
fn averaged<B: Backend>(values: &Tensor<B>, axis: usize, window: usize) -> Result<Tensor<B>> {
    let shape = values.shape();
    let (before, length) = (shape[..axis].iter().product::<usize>(), shape[axis]);
    let after = shape[axis + 1..].iter().product::<usize>();
    let share = |(i, j): (usize, usize)| {
        let start = i / window * window;
        #[allow(clippy::cast_precision_loss)] // no map is so long
        let size = window.min(length - start) as f64;
        B::Elem::of(if j / window * window == start { 1.0 / size } else { 0.0 })
    };
    let shares = Array2::from_shape_fn((length, length), share);
    let shares = Tensor::upload(shares.view().into_dyn(), &values.placement())?;
    let shares = shares.reshape(&[1, length, length])?.broadcast_to(&[before, length, length])?;
    shares.matmul(&values.reshape(&[before, length, after])?)?.reshape(&shape)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array4, array};

    use super::SegXResCam;
    use crate::nn::{Activation, Sequential};
    use crate::{Analyzer, GradCam, HiResCam, NdArray, SumOfOutputs};

    type Model = Sequential<NdArray<f64>>;

    /// y = Σ A², whose gradient is 2 A.
    fn explained(analyzer: &dyn Analyzer<Model>, maps: &Array4<f64>) -> Array4<f64> {
        let net = Model::new().push_named("maps", Activation::Relu).push(Activation::Power { exponent: 2.0 });
        Analyzer::analyze(&analyzer, &net, maps, SumOfOutputs).unwrap().values
    }

    #[test]
    fn the_gradient_is_averaged_in_each_window() {
        let maps = array![[[[1.0, 2.0, 0.5], [3.0, 4.0, 5.5]]]];
        // 2 · (1 + 2 + 3 + 4) / 4, and of what is left 2 · (0.5 + 5.5) / 2.
        let expected = array![[[[5.0, 10.0, 3.0], [15.0, 20.0, 33.0]]]];
        assert_eq!(explained(&SegXResCam::at("maps"), &maps), expected);
    }

    #[test]
    fn windows_of_one_and_of_all_are_its_relatives() {
        let maps = Array4::from_shape_fn((2, 2, 3, 5), |(b, k, i, j)| ((b + 2 * k + 3 * i + j * j) % 7 + 1) as f64);
        let of = |window| explained(&SegXResCam::at("maps").window(window), &maps);
        let close = |a: &Array4<f64>, b: &Array4<f64>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close(&of(1), &explained(&HiResCam::at("maps"), &maps)));
        assert!(close(&of(5), &explained(&GradCam::at("maps"), &maps)));
        assert!(!close(&of(2), &of(1)) && !close(&of(2), &of(5)));
    }

    #[test]
    fn a_window_has_a_place() {
        let net = Model::new().push_named("maps", Activation::Relu);
        let maps = Array4::<f64>::ones((1, 1, 2, 2));
        let error = SegXResCam::at("maps").window(0).analyze(&net, &maps, SumOfOutputs).unwrap_err().to_string();
        assert!(error.contains("window = 0"), "{error}");
    }
}
