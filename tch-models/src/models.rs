//! The models, each with the smallest input that it is worth trying at.

use xai_tch::tch::nn::{ModuleT, Path};
use xai_tch::tch::vision::{
    alexnet, convmixer, densenet, dinov2, efficientnet, inception, mobilenet, resnet, squeezenet, vgg,
};

pub(crate) struct Model {
    pub(crate) name: &'static str,
    /// Rows and columns of its input.
    pub(crate) side: usize,
    pub(crate) build: fn(&Path<'_>) -> Box<dyn ModuleT>,
}

const CLASSES: i64 = 10;

fn model(name: &'static str, side: usize, build: fn(&Path<'_>) -> Box<dyn ModuleT>) -> Model {
    Model { name, side, build }
}

pub(crate) fn all() -> Vec<Model> {
    vec![
        model("ResNet-18", 64, |at| Box::new(resnet::resnet18(at, CLASSES))),
        model("ResNet-34", 64, |at| Box::new(resnet::resnet34(at, CLASSES))),
        model("ResNet-50", 64, |at| Box::new(resnet::resnet50(at, CLASSES))),
        // Seven by seven maps at the end are written into it.
        model("VGG-11", 224, |at| Box::new(vgg::vgg11(at, CLASSES))),
        model("VGG-11 with batch norm", 224, |at| Box::new(vgg::vgg11_bn(at, CLASSES))),
        model("VGG-16", 224, |at| Box::new(vgg::vgg16(at, CLASSES))),
        model("DenseNet-121", 224, |at| Box::new(densenet::densenet121(at, CLASSES))),
        model("Inception v3", 75, |at| Box::new(inception::v3(at, CLASSES))),
        model("MobileNet v2", 64, |at| Box::new(mobilenet::v2(at, CLASSES))),
        model("EfficientNet-B0", 64, |at| Box::new(efficientnet::b0(at, CLASSES))),
        model("EfficientNet-B1", 64, |at| Box::new(efficientnet::b1(at, CLASSES))),
        model("SqueezeNet 1.0", 64, |at| Box::new(squeezenet::v1_0(at, CLASSES))),
        model("SqueezeNet 1.1", 64, |at| Box::new(squeezenet::v1_1(at, CLASSES))),
        model("ConvMixer-1024/20", 70, |at| Box::new(convmixer::c1024_20(at, CLASSES))),
        model("ConvMixer-1536/20", 35, |at| Box::new(convmixer::c1536_20(at, CLASSES))),
        model("AlexNet", 224, |at| Box::new(alexnet::alexnet(at, CLASSES))),
        model("DINOv2, small", 518, |at| Box::new(dinov2::vit_small(at))),
    ]
}
