//! Which numbers of a sample are one feature: [`Features`].

use std::sync::Arc;

use ndarray::{ArrayBase, ArrayD, Data, Dimension};

/// Which numbers of a sample are one feature, that is present or absent as a whole.
///
/// Axes are counted after the batch axis: an image is (channels, height, width), a sequence (channels, length), a table
/// (columns), embedded tokens (tokens, width). Spatial axes are those behind the channels, and a feature of the plane
/// has all channels. Features are numbered from 0, in row-major order of their places.
///
/// Of several explained inputs each is cut in the same way, or in its own with [`inputs`](Features::inputs), and the
/// features of the later inputs are numbered after those of the earlier ones.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, FeatureAblation, Features, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let rows = Features::grid([2, 1]);
/// let why = FeatureAblation::new().features(rows).analyze(&net, &photo, 0)?;
/// // What class 0 loses without the upper row, and without the lower one.
/// assert_eq!(why.extras.feature_values, Some(vec![vec![0.75, 1.75]]));
/// # Ok::<(), xai::Error>(())
/// ```
///
/// As many features as that are of a photo, of a sequence and of embedded tokens:
///
/// ```
/// # use xai_core as xai;
/// use xai::{Features, Inputs};
///
/// let photo = Inputs { shapes: &[vec![1, 3, 8, 6]], explained: &[true] };
/// assert_eq!(Features::each().count(&photo)?, 3 * 8 * 6);
/// assert_eq!(Features::places().count(&photo)?, 8 * 6);
/// assert_eq!(Features::channels().count(&photo)?, 3);
/// assert_eq!(Features::about(20).count(&photo)?, 4 * 4);
/// // Of six columns a patch has four, and the last one two.
/// assert_eq!(Features::patches([2, 4]).count(&photo)?, 4 * 2);
///
/// let sequence = Inputs { shapes: &[vec![1, 3, 10]], explained: &[true] };
/// assert_eq!(Features::time_windows(4).count(&sequence)?, 3);
/// let tokens = Inputs { shapes: &[vec![1, 12, 768]], explained: &[true] };
/// assert_eq!(Features::tokens().count(&tokens)?, 12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("feature_mask", "segmentation"))]
pub struct Features(pub(super) Grouping);

/// How a sample is cut into features.
#[derive(Debug, Clone)]
pub(super) enum Grouping {
    Each,
    About(usize),
    Places,
    Channels,
    Grid(Vec<usize>),
    Patches(Vec<usize>),
    Windows {
        size: Vec<usize>,
        stride: Vec<usize>,
    },
    Segments(Arc<ArrayD<usize>>),
    SegmentsOfSamples(Arc<ArrayD<usize>>),
    Groups(Vec<Vec<usize>>),
    Tokens,
    TimeWindows(usize),
    Inputs(Vec<Features>),
    /// By what the sample looks like: settled where it is known.
    SuperPixels {
        count: usize,
        compactness: f64,
    },
}

impl Features {
    /// Every number is a feature: the columns of a table.
    pub fn each() -> Self {
        Features(Grouping::Each)
    }

    /// Every number of a table; of samples with spatial axes a grid of at most so many cells, with as many along each
    /// axis: `about(64)` has 8 × 8 cells for an image. What methods begin with that know nothing of the input.
    pub fn about(most: usize) -> Self {
        Features(Grouping::About(most))
    }

    /// Every place along the spatial axes, with all of its channels: the pixels of an image.
    pub fn places() -> Self {
        Features(Grouping::Places)
    }

    /// Every channel is a feature, of a sample (channels, spatial axes...).
    pub fn channels() -> Self {
        Features(Grouping::Channels)
    }

    /// So many cells along each spatial axis, about equally long: `grid([8, 8])` for an image, `grid([10])` for a
    /// sequence.
    pub fn grid(cells: impl Into<Vec<usize>>) -> Self {
        Features(Grouping::Grid(cells.into()))
    }

    /// Cells of so many numbers along each spatial axis, the last ones shorter where it does not divide the length:
    /// `patches([16, 16])`.
    pub fn patches(size: impl Into<Vec<usize>>) -> Self {
        Features(Grouping::Patches(size.into()))
    }

    /// Windows of so many numbers along each spatial axis, moved by a stride, that may overlap. The last ones are
    /// clipped at the border, so that everything is covered: the stride must be at most the size.
    ///
    /// Without a size they have a quarter of each axis, and are moved by an eighth: `windows([], [])`.
    ///
    /// A number is absent when one of the windows that cover it is. Its value is the mean over those windows.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Flatten, Linear, Sequential};
    /// use xai::{Analyzer, FeatureAblation, Features, NdArray, Tensor};
    ///
    /// // The sum of a sequence.
    /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 1.0, 1.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push(Flatten::default()).push(Linear::new(weight, None)?);
    /// let pairs = FeatureAblation::new().features(Features::windows([2], [1]));
    /// let why = pairs.analyze(&net, &array![[[1.0, 2.0, 4.0]]], 0)?;
    /// assert_eq!(why.extras.feature_values, Some(vec![vec![3.0, 6.0]]));
    /// assert_eq!(why.values, array![[[3.0, 4.5, 6.0]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn windows(size: impl Into<Vec<usize>>, stride: impl Into<Vec<usize>>) -> Self {
        Features(Grouping::Windows { size: size.into(), stride: stride.into() })
    }

    /// Your own segments: numbers with the same integer are one feature. Any integers; the features are numbered in the
    /// order of the integers.
    ///
    /// The array has the spatial axes alone, or all axes of a sample, of length 1 where it is the same along one.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, FeatureAblation, Features, NdArray};
    ///
    /// // The mean of a photo, of which a corner is segment 7.
    /// let net = Sequential::<NdArray<f64>>::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
    /// let corner = FeatureAblation::new().features(Features::segments(&array![[0, 0], [0, 7]]));
    /// let why = corner.analyze(&net, &array![[[[1.0, 2.0], [3.0, 4.0]]]], 0)?;
    /// assert_eq!(why.extras.feature_values, Some(vec![vec![1.5, 1.0]]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn segments<S: Data<Elem = usize>, D: Dimension>(segments: &ArrayBase<S, D>) -> Self {
        Features(Grouping::Segments(Arc::new(segments.to_owned().into_dyn())))
    }

    /// As [`segments`](Features::segments), other ones for each sample of the batch: the array has the batch axis
    /// before the others. Samples are worked on one by one then.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, FeatureAblation, Features, NdArray};
    ///
    /// // Of the first photo the rows, of the second one the columns.
    /// let net = Sequential::<NdArray<f64>>::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
    /// let photos = array![[[[1.0, 2.0], [3.0, 4.0]]], [[[1.0, 2.0], [3.0, 4.0]]]];
    /// let segments = array![[[0, 0], [1, 1]], [[0, 1], [0, 1]]];
    /// let halves = FeatureAblation::new().features(Features::segments_of_samples(&segments));
    /// let why = halves.analyze(&net, &photos, 0)?;
    /// assert_eq!(why.extras.feature_values, Some(vec![vec![0.75, 1.75], vec![1.0, 1.5]]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn segments_of_samples<S: Data<Elem = usize>, D: Dimension>(segments: &ArrayBase<S, D>) -> Self {
        Features(Grouping::SegmentsOfSamples(Arc::new(segments.to_owned().into_dyn())))
    }

    /// The columns of a table in groups, as those of a one-hot encoding. A column that no group names is a feature by
    /// itself. Features are numbered in the order of their first columns.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::Features;
    /// // Of the columns age, red, green, blue, income: three features.
    /// let features = Features::groups([1..4]);
    /// # let _ = features;
    /// ```
    pub fn groups<G: IntoIterator<Item = usize>>(groups: impl IntoIterator<Item = G>) -> Self {
        Features(Grouping::Groups(groups.into_iter().map(|group| group.into_iter().collect()).collect()))
    }

    /// Every token is a feature, of embedded tokens (tokens, width).
    pub fn tokens() -> Self {
        Features(Grouping::Tokens)
    }

    /// Windows of so many steps along the last axis, the last one shorter where it does not divide the length.
    pub fn time_windows(steps: usize) -> Self {
        Features(Grouping::TimeWindows(steps))
    }

    /// About so many super-pixels of each image: segments that keep to its edges, by SLIC. The compactness is the
    /// colour distance that weighs as much as the side of a segment, as a share of the range of the image: 0.1 keeps to
    /// edges, 1 makes near squares. Samples are worked on one by one then, each with its own segments.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::Array4;
    /// use xai::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, FeatureAblation, Features, NdArray};
    ///
    /// // Three columns of four pixels are dark, and five are bright.
    /// let photo = Array4::from_shape_fn((1, 1, 4, 8), |(_, _, _, column)| if column < 3 { 1.0 } else { 5.0 });
    /// let net = Sequential::<NdArray<f64>>::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
    /// let why = FeatureAblation::new().features(Features::super_pixels(2, 0.1)).analyze(&net, &photo, 0)?;
    /// assert_eq!(why.extras.feature_values, Some(vec![vec![12.0 * 1.0 / 32.0, 20.0 * 5.0 / 32.0]]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// Reference: Achanta, Shaji, Smith, Lucchi, Fua, Süsstrunk (2012), *SLIC Superpixels Compared to State-of-the-Art
    /// Superpixel Methods*, IEEE TPAMI 34.
    pub fn super_pixels(count: usize, compactness: f64) -> Self {
        Features(Grouping::SuperPixels { count, compactness })
    }

    /// For each explained input its own features.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Features, Inputs};
    ///
    /// // Four quarters of a photo, and five columns of a table.
    /// let features = Features::inputs([Features::grid([2, 2]), Features::each()]);
    /// let inputs = Inputs { shapes: &[vec![1, 3, 8, 8], vec![1, 5]], explained: &[true, true] };
    /// assert_eq!(features.count(&inputs)?, 4 + 5);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn inputs(of_each: impl IntoIterator<Item = Features>) -> Self {
        Features(Grouping::Inputs(of_each.into_iter().collect()))
    }

    /// True where samples may have other features: then each is worked on by itself.
    pub(crate) fn differ_by_sample(&self) -> bool {
        match &self.0 {
            Grouping::SegmentsOfSamples(_) | Grouping::SuperPixels { .. } => true,
            Grouping::Inputs(inputs) => inputs.iter().any(Features::differ_by_sample),
            _ => false,
        }
    }
}
