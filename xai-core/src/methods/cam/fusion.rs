//! The maps of several places, made one.

use crate::passes::{quotient_or_zero, resized};
use crate::{Backend, Error, Result, Tensor};

/// How the maps of several places become one.
///
/// Each map is first divided by its maximum, sample by sample, so that it reaches from 0 to 1 whatever the units at its
/// place, and 0 stays what speaks for nothing; a map of zeros stays one. Then all get the size of the largest, linear
/// between the centres of pixels.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, Fusion, GradCam, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("a", Activation::Relu)
///     .push_named("b", Activation::Power { exponent: 2.0 })
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// // By their greatest number, the map of `a` is (1/2, 1) and that of `b` (1/4, 1).
/// let photo = array![[[[1.0, 2.0]]]];
/// for (fusion, map) in [(Fusion::Mean, array![[[[0.375, 1.0]]]]), (Fusion::Max, array![[[[0.5, 1.0]]]])] {
///     assert_eq!(GradCam::at_all(["a", "b"]).fusion(fusion).analyze(&net, &photo, 0)?.values, map);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fusion {
    /// The mean: what all places agree on stands out, and none decides alone.
    #[default]
    Mean,
    /// The maximum: what any place finds is there, as Jiang et al. (2021) fuse LayerCAM's. The noisiest place decides.
    Max,
}

impl Fusion {
    /// Maps (B, 1, spatial axes...), none of them negative.
    pub(super) fn of<B: Backend>(self, maps: &[Tensor<B>]) -> Result<Tensor<B>> {
        if let [map] = maps {
            return Ok(map.clone());
        }
        let sizes: Vec<Vec<usize>> = maps.iter().map(|map| map.shape().split_off(2)).collect();
        check_axes(&sizes)?;
        let largest = sizes.iter().max_by_key(|size| size.iter().product::<usize>()).cloned().unwrap_or_default();
        let alike = |map: &Tensor<B>| {
            let axes: Vec<usize> = (1..map.shape().len()).collect();
            resized(&quotient_or_zero(map, &map.max(&axes)?)?, &largest)
        };
        let maps = maps.iter().map(alike).collect::<Result<Vec<_>>>()?;
        let together = Tensor::concat(&maps.iter().collect::<Vec<_>>(), 1)?;
        match self {
            Fusion::Mean => together.mean(&[1]),
            Fusion::Max => together.max(&[1]),
        }
    }
}

/// Refuses maps with different numbers of spatial axes.
pub(super) fn check_axes(sizes: &[Vec<usize>]) -> Result<()> {
    match sizes.iter().find(|size| size.len() != sizes[0].len()) {
        None => Ok(()),
        Some(size) => Err(Error::InvalidShape {
            what: "map".into(),
            got: size.clone(),
            reason: format!(
                "the first place has {} spatial axes: name places with as many, or use `tokens`",
                sizes[0].len()
            ),
        }),
    }
}
