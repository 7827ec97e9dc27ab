//! EfficientNet-Lite0, on any backend.

use xai::nn::{
    Activation, AdaptiveAvgPool2d, BatchNorm2d, Conv2d, ConvPadding, Flatten, Linear, Residual, Sequential, Weights,
};
use xai::{Backend, Result};
use xai_derive::Explainable;

/// How many classes EfficientNet-Lite0 tells apart.
///
/// ```
/// use xai_cli::labels::Names;
/// use xai_cli::networks::CLASSES;
///
/// let names = Names::new((0..CLASSES).map(|class| format!("class {class}")));
/// assert!(names.check(&[1, 1000]).is_ok());
/// ```
pub const CLASSES: usize = 1000;

/// The side of its input, in pixels.
///
/// ```
/// use xai::picture::Preprocess;
/// use xai_cli::networks::SIDE;
///
/// assert_eq!(Preprocess::tf(SIDE as u32, SIDE as u32).shape(), [1, 3, 224, 224]);
/// ```
pub const SIDE: usize = 224;

/// ε of every batch norm: TensorFlow's, not PyTorch's.
const EPS: f64 = 1e-3;

/// The convolutional network of Tan and Le (2019), *EfficientNet: Rethinking Model Scaling for Convolutional Neural
/// Networks*, arXiv:1905.11946, in the form without squeeze-and-excitation: input (B, 3, 224, 224), logits (B, 1000).
///
/// Grad-CAM looks at the 1280 feature maps of 7 × 7 before the pooling.
///
/// ```no_run
/// use ndarray::Array4;
/// use xai::files::read_weights;
/// use xai::{Analyzer, GradCam, MaxActivation, NdArray};
/// use xai_cli::networks::EfficientNetLite0;
///
/// let net = EfficientNetLite0::load(&read_weights::<NdArray>("efficientnet-lite0.safetensors", ())?)?;
/// let why = GradCam::default().analyze(&net, &Array4::zeros((1, 3, 224, 224)), MaxActivation)?;
/// assert_eq!(why.values.dim(), (1, 1, 7, 7));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Explainable)]
#[explainable(backend = B)]
pub struct EfficientNetLite0<B: Backend> {
    #[explainable(features)]
    stem: Sequential<B>,
    #[explainable(features)]
    blocks: Sequential<B>,
    #[explainable(features)]
    head: Sequential<B>,
    #[explainable(adaptation)]
    pool: AdaptiveAvgPool2d,
    #[explainable(adaptation)]
    flatten: Flatten,
    #[explainable(adaptation)]
    classifier: Linear<B>,
}

/// One inverted residual block: expand the channels, filter each, project.
struct Block {
    kernel: usize,
    stride: usize,
    expand: usize,
    input: usize,
    output: usize,
}

const fn block(kernel: usize, stride: usize, expand: usize, input: usize, output: usize) -> Block {
    Block { kernel, stride, expand, input, output }
}

const BLOCKS: [Block; 16] = [
    block(3, 1, 1, 32, 16),
    block(3, 2, 6, 16, 24),
    block(3, 1, 6, 24, 24),
    block(5, 2, 6, 24, 40),
    block(5, 1, 6, 40, 40),
    block(3, 2, 6, 40, 80),
    block(3, 1, 6, 80, 80),
    block(3, 1, 6, 80, 80),
    block(5, 1, 6, 80, 112),
    block(5, 1, 6, 112, 112),
    block(5, 1, 6, 112, 112),
    block(5, 2, 6, 112, 192),
    block(5, 1, 6, 192, 192),
    block(5, 1, 6, 192, 192),
    block(5, 1, 6, 192, 192),
    block(3, 1, 6, 192, 320),
];

impl<B: Backend> EfficientNetLite0<B> {
    /// The network from its weights.
    ///
    /// # Errors
    /// A weight that is missing, or has another shape than this network's.
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        let stem = Sequential::new()
            .push(convolution(weights, "_conv_stem", [32, 3, 3, 3])?.stride(2))
            .push(norm(weights, "_bn0")?)
            .push(Activation::Relu6);
        let mut blocks = Sequential::new();
        for (number, block) in BLOCKS.iter().enumerate() {
            let layers = block.load(&weights.at("_blocks").at(number))?;
            let keeps_its_shape = block.stride == 1 && block.input == block.output;
            blocks = if keeps_its_shape { blocks.push(Residual::new(layers)) } else { blocks.push(layers) };
        }
        let head = Sequential::new()
            .push(convolution(weights, "_conv_head", [1280, 320, 1, 1])?)
            .push(norm(weights, "_bn1")?)
            .push(Activation::Relu6);
        let (weight, bias) =
            (weights.get_shaped("_fc.weight", &[CLASSES, 1280])?, weights.get_shaped("_fc.bias", &[CLASSES])?);
        let classifier = Linear::new(weight, bias)?;
        let (pool, flatten) = (AdaptiveAvgPool2d::global(), Flatten::default());
        Ok(EfficientNetLite0 { stem, blocks, head, pool, flatten, classifier })
    }
}

impl Block {
    fn load<B: Backend>(&self, weights: &Weights<B>) -> Result<Sequential<B>> {
        let &Block { kernel, stride, expand, input, output } = self;
        let inner = input * expand;
        let mut layers = Sequential::new();
        if expand != 1 {
            layers = layers
                .push(convolution(weights, "_expand_conv", [inner, input, 1, 1])?)
                .push(norm(weights, "_bn0")?)
                .push(Activation::Relu6);
        }
        let depthwise = convolution(weights, "_depthwise_conv", [inner, 1, kernel, kernel])?;
        Ok(layers
            .push(depthwise.groups(inner).stride(stride))
            .push(norm(weights, "_bn1")?)
            .push(Activation::Relu6)
            .push(convolution(weights, "_project_conv", [output, inner, 1, 1])?)
            .push(norm(weights, "_bn2")?))
    }
}

/// A convolution without bias that keeps the size, or halves it with stride 2, as TensorFlow pads.
fn convolution<B: Backend>(weights: &Weights<B>, name: &str, shape: [usize; 4]) -> Result<Conv2d<B>> {
    Ok(Conv2d::new(weights.at(name).get_shaped("weight", &shape)?, None)?.padding(ConvPadding::Same))
}

fn norm<B: Backend>(weights: &Weights<B>, name: &str) -> Result<BatchNorm2d<B>> {
    let weights = weights.at(name);
    // A norm may do without these two; this network's never does.
    weights.array("weight")?;
    weights.array("bias")?;
    BatchNorm2d::load(&weights, EPS)
}
