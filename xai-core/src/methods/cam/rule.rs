//! How feature maps and their gradients become a class activation map: [`CamRule`].

use super::site::CamSite;
use crate::{Backend, Result, Tensor};

/// How feature maps A and their gradients G = ∂y/∂A become a class activation map.
///
/// A rule says what each channel contributes, in an array (B, K, spatial axes...), or (B, 1, spatial axes...) where it
/// has but one; the map is the sum over the channels, and what is negative of it becomes 0. [`Cam`](crate::Cam) does
/// the rest: the place, one forward pass, one way back, several places, tokens, smoothing. A rule of your own is a few
/// lines:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Analyzer, Backend, Cam, CamRule, CamSite, Index, NdArray, Result, Tensor};
///
/// /// Σₖ |Gₖ| · Aₖ, as in SegEigenCAM.
/// struct Absolute;
///
/// impl<B: Backend> CamRule<B> for Absolute {
///     fn name(&self) -> String {
///         "Absolute".into()
///     }
///     fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
///         let g = site.gradient()?;
///         let absolute = g.relu()?.add(&g.scale(-1.0)?.relu()?)?;
///         absolute.mul(site.maps())
///     }
/// }
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("maps", Activation::Relu).push(Activation::Tanh);
/// let map = Cam::new(Absolute).at("maps").analyze(&net, &array![[0.0, 3.0]], Index(0))?;
/// assert_eq!(map.values, array![[0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
///
/// One without a gradient says so, and that it runs what is behind the place, how often, and with what it does not:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, Backend, Cam, CamRule, CamSite, Error, NdArray, Result, Tensor};
///
/// /// (y - y') · Aₖ, y' being y of the maps times a factor.
/// struct Faded(f64);
///
/// impl<B: Backend> CamRule<B> for Faded {
///     fn name(&self) -> String {
///         "Faded".into()
///     }
///     fn reads_gradient(&self) -> bool {
///         false
///     }
///     fn runs_head(&self) -> bool {
///         true
///     }
///     fn variants(&self, _channels: usize) -> usize {
///         1
///     }
///     fn check(&self, _input: &[usize], _maps: Option<&[usize]>) -> Result<()> {
///         if (0.0..1.0).contains(&self.0) {
///             return Ok(());
///         }
///         let (value, reason) = (self.0.to_string(), "it must be from 0 to below 1".into());
///         Err(Error::InvalidParameter { name: "factor", value, reason })
///     }
///     fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
///         let mut one = site.maps().shape();
///         one.insert(1, 1);
///         let faded = site.head(1, None, |_, _| site.maps().scale(self.0)?.reshape(&one))?;
///         let lost = site.explained()?.into_iter().zip(faded).map(|(y, faded)| y - faded);
///         site.weighted(&lost.flat_map(|lost| vec![lost; site.channels()]).collect::<Vec<_>>())
///     }
/// }
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(Activation::Power { exponent: 2.0 })
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// // y is the mean square, 5, and a quarter of it with half the maps.
/// let photo = array![[[[1.0, 3.0]]]];
/// let map = Cam::new(Faded(0.5)).at("maps").analyze(&net, &photo, 0)?;
/// assert_eq!(map.values, array![[[[3.75, 11.25]]]]);
/// assert!(Cam::new(Faded(2.0)).at("maps").analyze(&net, &photo, 0).is_err());
/// # Ok::<(), xai::Error>(())
/// ```
pub trait CamRule<B: Backend> {
    /// The rule's name, as in the explanation.
    fn name(&self) -> String;

    /// Whether it reads [`CamSite::gradient`]. One that does not runs forward only, also through models that have no
    /// gradient.
    fn reads_gradient(&self) -> bool {
        true
    }

    /// Whether it runs what is behind the place with other maps ([`CamSite::head`]): the model must be one that can be
    /// cut there.
    fn runs_head(&self) -> bool {
        false
    }

    /// How many variants of each sample it runs by [`CamSite::head`] and [`CamSite::masked`], of maps with so many
    /// channels: what is told as progress before it is known.
    fn variants(&self, channels: usize) -> usize {
        let _ = channels;
        0
    }

    /// Checks its own parameters, before any pass, for the explained input's shape, and that of the maps (B, K,
    /// spatial axes...), as far as it is known.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter),
    /// [`Error::InvalidShape`](crate::Error::InvalidShape).
    fn check(&self, input: &[usize], maps: Option<&[usize]>) -> Result<()> {
        let _ = (input, maps);
        Ok(())
    }

    /// What each channel contributes to the map.
    ///
    /// # Errors
    /// The framework's own, and those of the passes that it asks for.
    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>>;
}
