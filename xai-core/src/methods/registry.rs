//! Every analyzer by its name: [`AnalyzerInfo`].
//!
//! The list of them stands in `methods/mod.rs`, beside their modules. What stands there is what command lines offer,
//! and what the conformance suite tries on every backend. It has what can be built of [`Settings`](crate::Settings)
//! alone. So it has none of these:
//! - what wraps an analyzer of the user's choice, as [`NoiseAugmentation`](crate::NoiseAugmentation),
//!   [`AtLayer`](crate::AtLayer), [`FlipsAndScales`](crate::FlipsAndScales) or [`Product`](crate::Product);
//! - what takes code of the user's, as [`Cam`](crate::Cam) by a rule and [`PathIntegral`](crate::PathIntegral) along a
//!   curve;
//! - what explains a data set and no sample, as [`PermutationImportance`](crate::PermutationImportance).

use crate::explain::{Analyzer, AnyAnalyzer};
use crate::{Error, Result};

/// An analyzer of the library, known by its name.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, AnalyzerInfo, NdArray, Net, Settings};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let analyzer = AnalyzerInfo::find("smooth-grad")?.build(&Settings::default().n(10))?;
/// assert_eq!(analyzer.analyze(&net, &array![[3.0, -1.0]], 0)?.values, array![[1.0, 0.0]]);
/// for info in AnalyzerInfo::all() {
///     println!("{}: {}, costs {}", info.name, info.about, info.cost);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnalyzerInfo {
    /// Its name on command lines and in files: `integrated-gradients`.
    pub name: &'static str,
    /// Its name for people: `Integrated Gradients`.
    pub title: &'static str,
    /// What a model must be able to do.
    pub needs: Needs,
    /// What it costs, in passes of one sample.
    pub cost: &'static str,
    /// What its values are, in a line.
    pub about: &'static str,
    /// The settings that it takes, by the names of their setters, those that it cannot be built without among them.
    pub settings: &'static [&'static str],
    /// The settings that it cannot be built without: `place` of what looks at a named place of the model.
    pub required: &'static [&'static str],
}

/// What an analyzer needs of a model.
///
/// ```
/// # use xai_core as xai;
/// use xai::{AnalyzerInfo, Needs};
///
/// // What explains a model that can only be asked.
/// let forward = |name: &str| AnalyzerInfo::find(name).is_ok_and(|info| info.needs == Needs::Forward);
/// assert!(forward("rise") && forward("kernel-shap") && !forward("gradient"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Needs {
    /// Its output alone.
    Forward,
    /// The gradient of its output.
    Gradient,
    /// The operations that it is made of.
    Operations,
    /// Places with attention matrices.
    Attention,
}

/// Any analyzer of a model of type `M`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, BoxAnalyzer, Gradient, InputTimesGradient, NdArray, Net};
///
/// type Model = Net<NdArray<f64>, Activation>;
/// let net: Model = Net::new(Activation::Relu);
/// let analyzers: Vec<BoxAnalyzer<Model>> = vec![Box::new(Gradient), Box::new(InputTimesGradient)];
/// for (analyzer, value) in analyzers.iter().zip([1.0, 3.0]) {
///     assert_eq!(analyzer.analyze(&net, &array![[3.0]], 0)?.values, array![[value]]);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
pub type BoxAnalyzer<M> = Box<dyn Analyzer<M> + Send + Sync>;

/// Any analyzer of any model on a backend.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Identity};
/// use xai::{Analyzer, AnalyzerInfo, BoxAnyAnalyzer, BoxModel, NdArray, Net, Settings};
///
/// let analyzer: BoxAnyAnalyzer<NdArray<f64>> = AnalyzerInfo::find("gradient")?.build_any(&Settings::new())?;
/// let models: [(BoxModel<'_, NdArray<f64>>, f64); 2] =
///     [(Box::new(Net::new(Activation::Relu)), 0.0), (Box::new(Net::new(Identity)), 1.0)];
/// for (model, value) in &models {
///     assert_eq!(analyzer.analyze(&**model, &array![[-3.0]], 0)?.values, array![[*value]]);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
pub type BoxAnyAnalyzer<B> = Box<dyn AnyAnalyzer<B> + Send + Sync>;

/// Makes [`AnalyzerInfo::all`] and its kin of entries: name, title, what it needs, cost, what it says, `with` the
/// settings that it cannot be built without, how it is built, and the settings that it takes, `as` the method that
/// takes them where that has another name, `and maps` those of every class activation map.
macro_rules! analyzers {
    ($(
        $name:literal, $title:literal, $needs:ident, $cost:literal, $about:literal $(with $($required:ident),+)?:
        $build:expr => [$($setting:ident $(as $method:ident)?),* $(,)?] $(and $shared:ident)?;
    )*) => {
        impl $crate::AnalyzerInfo {
            /// All analyzers of the library.
            ///
            /// | name | for people | needs | costs | what its values are |
            /// |---|---|---|---|---|
            $(#[doc = concat!(
                "| `", $name, "` | ", $title, " | ", stringify!($needs), " | ", $cost, " | ", $about, " |"
            )])*
            pub fn all() -> &'static [$crate::AnalyzerInfo] {
                static ALL: &[$crate::AnalyzerInfo] = &[$(
                    $crate::AnalyzerInfo {
                        name: $name,
                        title: $title,
                        needs: $crate::Needs::$needs,
                        cost: $cost,
                        about: $about,
                        settings: analyzers!(@names [$($($required,)+)? $($setting,)*] $($shared)?),
                        required: &[$($(stringify!($required)),+)?],
                    }
                ),*];
                ALL
            }

            /// The analyzer, for models of type `M`.
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::array;
            /// use xai::nn::{Activation, Sequential};
            /// use xai::{Analyzer, AnalyzerInfo, Index, NdArray, Needs, Net, Settings};
            ///
            /// let net = Net::new(Sequential::<NdArray<f64>>::new().push(Activation::Relu));
            /// let image = array![[[[1.0, 2.0]]]];
            /// let suits = |info: &&AnalyzerInfo| info.required.is_empty() && info.needs != Needs::Attention;
            /// for info in AnalyzerInfo::all().iter().filter(suits) {
            ///     let analyzer = info.build(&Settings::new().n(20))?;
            ///     println!("{}: {:?}", info.title, analyzer.analyze(&net, &image, Index([0, 0, 1]))?.values);
            /// }
            /// # Ok::<(), xai::Error>(())
            /// ```
            ///
            /// # Errors
            /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a setting that it cannot be built
            /// without. Values are checked when it is used.
            pub fn build<M: $crate::Differentiable + ?Sized>(
                &self,
                settings: &$crate::Settings,
            ) -> $crate::Result<$crate::BoxAnalyzer<M>> {
                analyzers!(@build self, settings,
                    $($name, [$($($required),+)?], $build, [$($setting $(as $method)?),*] $($shared)?;)*)
            }

            /// The analyzer, for any model on a backend.
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::{Array2, ArrayView2, array};
            /// use xai::nn::Activation;
            /// use xai::{Analyzer, AnalyzerInfo, BlackBox, BoxModel, NdArray, Net, Settings};
            ///
            /// // One analyzer for a network, and for a model that can only be asked.
            /// let ablation = AnalyzerInfo::find("feature-ablation")?.build_any::<NdArray<f64>>(&Settings::new())?;
            /// let ask = |x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> { Ok(x.mapv(|x| x * x)) };
            /// let models: [BoxModel<'_, NdArray<f64>>; 2] =
            ///     [Box::new(Net::new(Activation::Relu)), Box::new(BlackBox::new(ask))];
            /// for (model, value) in models.iter().zip([3.0, 9.0]) {
            ///     assert_eq!(ablation.analyze(&**model, &array![[3.0]], 0)?.values, array![[value]]);
            /// }
            /// # Ok::<(), xai::Error>(())
            /// ```
            ///
            /// # Errors
            /// As [`build`](AnalyzerInfo::build).
            pub fn build_any<B: $crate::Backend>(
                &self,
                settings: &$crate::Settings,
            ) -> $crate::Result<$crate::BoxAnyAnalyzer<B>> {
                analyzers!(@build self, settings,
                    $($name, [$($($required),+)?], $build, [$($setting $(as $method)?),*] $($shared)?;)*)
            }
        }
    };
    (@build $info:ident, $settings:ident,
        $($name:literal, [$($required:ident),*], $build:expr,
            [$($setting:ident $(as $method:ident)?),*] $($shared:ident)?;)*
    ) => {{
        let set = $crate::methods::settings::Set($settings);
        match $info.name {
            $($name => {
                $(let $required = set.$required().ok_or_else(|| $info.without(stringify!($required)))?;)*
                let analyzer = $build;
                $(let analyzer = match set.$setting() {
                    Some(value) => analyzers!(@set analyzer, value, $setting $(as $method)?),
                    None => analyzer,
                };)*
                $(let analyzer = analyzers!(@with $shared, analyzer, set);)?
                Ok(Box::new(analyzer))
            })*
            other => Err($crate::AnalyzerInfo::unknown(other)),
        }
    }};
    (@names [$($name:ident,)*]) => { &[$(stringify!($name)),*] };
    (@names [$($name:ident,)*] maps) => {
        &[
            $(stringify!($name),)* "places", "tokens", "channels_last", "channels_first", "fusion", "eigen_smooth",
            "signed", "allow_bypass",
        ]
    };
    (@with maps, $analyzer:ident, $set:ident) => { $analyzer.with_maps($set.maps(), $set.places()) };
    (@set $analyzer:ident, $value:ident, $setting:ident) => { $analyzer.$setting($value) };
    (@set $analyzer:ident, $value:ident, $setting:ident as $method:ident) => { $analyzer.$method($value) };
}
pub(super) use analyzers;

impl AnalyzerInfo {
    /// The analyzer of this name.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] with the names that there are.
    pub fn find(name: &str) -> Result<&'static AnalyzerInfo> {
        Self::all().iter().find(|info| info.name == name).ok_or_else(|| Self::unknown(name))
    }

    /// True when it looks at a named place of the model, which [`Settings::place`](crate::Settings::place) names.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::AnalyzerInfo;
    ///
    /// let looks_at_a_place = |name: &str| AnalyzerInfo::find(name).map(AnalyzerInfo::at_place);
    /// assert!(looks_at_a_place("grad-cam")? && !looks_at_a_place("gradient")?);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn at_place(&self) -> bool {
        self.required.contains(&"place")
    }

    /// A setting that is missing.
    pub(super) fn without(&self, setting: &'static str) -> Error {
        let reason = match setting {
            "place" => format!(
                "{} looks at a named place of the model: set one of those that `model.places(..)` lists, or \
                 `Settings::marked(&model)`",
                self.title
            ),
            _ => format!("{} cannot do without: set it by `Settings::{setting}`", self.title),
        };
        Error::InvalidParameter { name: setting, value: "none".into(), reason }
    }

    pub(super) fn unknown(name: &str) -> Error {
        let names: Vec<&str> = Self::all().iter().map(|info| info.name).collect();
        Error::InvalidParameter {
            name: "analyzer",
            value: name.into(),
            reason: format!("there is no analyzer of that name; there are {}", names.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NdArray, Net, Settings};

    type Model = Net<NdArray<f64>, crate::nn::Activation>;

    #[test]
    fn each_is_built_by_its_name() {
        let settings = Settings::new().place("somewhere").channels([0]).low(-1.0).high(1.0);
        for info in AnalyzerInfo::all() {
            assert_eq!(AnalyzerInfo::find(info.name).unwrap(), info);
            info.build::<Model>(&settings).unwrap();
            assert!(info.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        }
    }

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<&str> = AnalyzerInfo::all().iter().map(|info| info.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), AnalyzerInfo::all().len());
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = AnalyzerInfo::find("grad-cams").unwrap_err().to_string();
        assert!(error.contains("grad-cams") && error.contains("integrated-gradients"), "{error}");
        let says = |name: &str, settings: &Settings, part: &str| {
            let error = AnalyzerInfo::find(name).unwrap().build::<Model>(settings).err().unwrap().to_string();
            assert!(error.contains(part), "{error}");
        };
        says("grad-cam", &Settings::new(), "Grad-CAM looks at a named place");
        says("crp", &Settings::new().place("maps"), "channels = none is not possible: Concept Relevance Propagation");
        says("lrp-epsilon-gamma-box", &Settings::new().low(0.0), "set it by `Settings::high`");
    }
}
