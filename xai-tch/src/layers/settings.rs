//! The settings of tch's layers, which tch keeps to itself.

use std::fmt::Debug;
use std::str::FromStr;

/// The settings of a layer of tch's, read from what it prints of itself: there is no other way to them. A layer of
/// which one is not found is code that nobody can look into, as all other code.
pub(super) struct Settings(String);

impl Settings {
    pub(super) fn of(layer: &impl Debug) -> Option<Self> {
        let printed = format!("{layer:?}");
        printed.split_once("config: ").map(|(_, settings)| Settings(settings.to_owned()))
    }

    /// What is printed from the value of a field on.
    fn value(&self, field: &str) -> Option<&str> {
        let behind = |before: &str| self.0.split_once(&format!("{before}{field}: ")).map(|(_, value)| value);
        behind("{ ").or_else(|| behind(", "))
    }

    pub(super) fn number<T: FromStr>(&self, field: &str) -> Option<T> {
        self.value(field)?.split([',', ' ']).next()?.parse().ok()
    }

    pub(super) fn lengths<const N: usize>(&self, field: &str) -> Option<[usize; N]> {
        let (inside, _) = self.value(field)?.strip_prefix('[')?.split_once(']')?;
        let lengths = inside.split(", ").map(|length| length.parse().ok()).collect::<Option<Vec<usize>>>()?;
        lengths.try_into().ok()
    }

    pub(super) fn is(&self, field: &str, value: &str) -> bool {
        self.value(field).is_some_and(|rest| rest.starts_with(value))
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, nn};

    use super::*;

    #[test]
    fn every_setting_that_a_layer_needs_is_found() {
        let store = nn::VarStore::new(Device::Cpu);
        let root = store.root();
        let config = nn::ConvConfig { stride: 2, padding: 3, dilation: 4, groups: 5, ..Default::default() };
        let settings = Settings::of(&nn::conv2d(&root, 10, 10, 3, config)).unwrap();
        let [stride, padding, dilation] = ["stride", "padding", "dilation"].map(|field| settings.lengths::<2>(field));
        assert_eq!((stride, padding, dilation), (Some([2, 2]), Some([3, 3]), Some([4, 4])));
        assert_eq!(settings.number::<usize>("groups"), Some(5));
        assert!(settings.is("padding_mode", "Zeros"));
        let config = nn::ConvConfig { padding_mode: nn::PaddingMode::Reflect, ..config };
        let settings = Settings::of(&nn::conv1d(&root, 10, 10, 3, config)).unwrap();
        assert_eq!(settings.lengths::<1>("padding"), Some([3]));
        assert!(!settings.is("padding_mode", "Zeros"));

        let eps = 1.25e-7;
        let norm = nn::batch_norm2d(&root, 3, nn::BatchNormConfig { eps, ..Default::default() });
        assert_eq!(Settings::of(&norm).unwrap().number("eps"), Some(eps));
        let norm = nn::layer_norm(&root, vec![3], nn::LayerNormConfig { eps, ..Default::default() });
        assert_eq!(Settings::of(&norm).unwrap().number("eps"), Some(eps));
        let norm = nn::group_norm(&root, 1, 3, nn::GroupNormConfig { eps, ..Default::default() });
        assert_eq!(Settings::of(&norm).unwrap().number("eps"), Some(eps));
        assert_eq!(Settings::of(&norm).unwrap().number::<f64>("nothing"), None);
    }
}
