//! Which network weights are of, by their names.

use xai::nn::Weights;
use xai::{Backend, BoxModel, Error, Result};

use super::{EfficientNetLite0, resnet, vgg};

/// A network that is made of its weights.
///
/// ```
/// use xai_cli::networks::Known;
///
/// assert_eq!(Known::ResNet([2, 2, 2, 2]).name(), "ResNet-18");
/// assert_eq!(Known::Vgg(13).name(), "VGG-16");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Known {
    /// Pixels are (byte - 127) / 128.
    EfficientNetLite0,
    /// So many basic blocks in each stage: 2, 2, 2, 2 are ResNet-18, 3, 4, 6, 3 ResNet-34. Pixels as torchvision's.
    ResNet([usize; 4]),
    /// So many convolutions: 8 are VGG-11, 13 VGG-16. Pixels as torchvision's.
    Vgg(usize),
}

impl Known {
    /// Its name.
    pub fn name(self) -> String {
        match self {
            Known::EfficientNetLite0 => "EfficientNet-Lite0".into(),
            Known::ResNet(blocks) => format!("ResNet-{}", 2 * blocks.iter().sum::<usize>() + 2),
            Known::Vgg(convolutions) => format!("VGG-{}", convolutions + 3),
        }
    }
}

/// The network that these weights are of, by their names, which are those of torchvision, or of EfficientNet-PyTorch.
///
/// # Errors
/// [`Error::InvalidParameter`] for weights of another network, or that this one has no place for; those that are
/// missing or do not fit.
///
/// ```
/// use ndarray::{ArrayD, IxDyn};
/// use xai::NdArray;
/// use xai::nn::Weights;
/// use xai_cli::networks::known;
///
/// let other = [("encoder.weight", ArrayD::<f32>::zeros(IxDyn(&[4, 4])))];
/// let refused = known(&Weights::<NdArray>::new(other, ())?).err();
/// assert!(refused.is_some_and(|why| why.to_string().contains("none of EfficientNet-Lite0, ResNet-18")));
/// # Ok::<(), xai::Error>(())
/// ```
pub fn known<B: Backend>(weights: &Weights<B>) -> Result<(Known, BoxModel<'static, B>)> {
    let names: Vec<&str> = weights.names().collect();
    let has = |name: &str| names.contains(&name);
    let refused = |reason: String| Error::InvalidParameter {
        name: "weights",
        value: names.first().copied().unwrap_or("none").to_owned(),
        reason,
    };
    let blocks = |stage: usize| {
        let first = |block: &usize| has(&format!("layer{stage}.{block}.conv1.weight"));
        (0..).take_while(first).count()
    };
    let (network, model): (Known, BoxModel<'static, B>) = if has("_conv_stem.weight") {
        (Known::EfficientNetLite0, Box::new(EfficientNetLite0::load(weights)?))
    } else if has("layer1.0.conv1.weight") && !has("layer1.0.conv3.weight") {
        let blocks = [1, 2, 3, 4].map(blocks);
        (Known::ResNet(blocks), Box::new(resnet(weights, &blocks)?))
    } else if has("features.0.weight") && has("classifier.6.weight") {
        let convolutions = names.iter().filter(|name| name.starts_with("features.") && name.ends_with(".weight"));
        (Known::Vgg(convolutions.count()), Box::new(vgg(weights, 7)?))
    } else {
        return Err(refused(
            "these are the weights of none of EfficientNet-Lite0, ResNet-18 and -34, VGG-11 and -16: export the \
             network as ONNX, which brings its layers along"
                .into(),
        ));
    };
    // torchvision's norms count their batches, which no prediction reads.
    match weights.unused().into_iter().find(|name| !name.ends_with("num_batches_tracked")) {
        None => Ok((network, model)),
        Some(unused) => Err(refused(format!("{} has no place for `{unused}`", network.name()))),
    }
}

#[cfg(test)]
mod tests {
    use super::Known;

    #[test]
    fn networks_have_the_names_that_people_know() {
        assert_eq!(Known::ResNet([2, 2, 2, 2]).name(), "ResNet-18");
        assert_eq!(Known::ResNet([3, 4, 6, 3]).name(), "ResNet-34");
        assert_eq!((Known::Vgg(8).name(), Known::Vgg(13).name()), ("VGG-11".into(), "VGG-16".into()));
    }
}
