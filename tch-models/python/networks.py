"""Networks of torchvision and timm with random weights, each cut in two at a place that has maps."""

from dataclasses import dataclass
from typing import Callable

import timm
import torch
import torchvision
from torch import nn


@dataclass
class Entry:
    source: str
    name: str
    side: int
    build: Callable[[], nn.Module]
    # Where it is cut, and both halves: head(features(x)) is what the network computes.
    place: str
    features: Callable
    head: Callable


def of_torchvision(name, place, features, head, side=128, **more):
    def build():
        return torchvision.models.get_model(name, weights=None, num_classes=10, **more)

    return Entry("torchvision", name, side, build, place, features, head)


def in_turn(*names):
    """The named submodules, one behind the other."""

    def run(net, x):
        for name in names:
            x = net.get_submodule(name)(x)
        return x

    return run


def flat(name):
    return lambda net, maps: getattr(net, name)(net.avgpool(maps).flatten(1))


FEATURES = ("features", in_turn("features"))
INCEPTION = "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2".split()
INCEPTION += "Mixed_5b Mixed_5c Mixed_5d Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e".split()
INCEPTION += "Mixed_7a Mixed_7b Mixed_7c".split()
RESNET = "conv1 bn1 relu maxpool layer1 layer2 layer3 layer4".split()


def vit_b_16_tokens(net, x):
    x = net._process_input(x)
    x = torch.cat([net.class_token.expand(x.shape[0], -1, -1), x], 1) + net.encoder.pos_embedding
    return net.encoder.layers[:-1](x)


def vit_b_16_head(net, tokens):
    return net.heads(net.encoder.ln(net.encoder.layers[-1](tokens))[:, 0])


TORCHVISION = [
    of_torchvision("resnet18", "layer4", in_turn(*RESNET), flat("fc")),
    of_torchvision("vgg11_bn", *FEATURES, flat("classifier")),
    of_torchvision(
        "densenet121", *FEATURES, lambda net, maps: net.classifier(maps.relu().mean((2, 3)))
    ),
    of_torchvision("mobilenet_v2", *FEATURES, lambda net, maps: net.classifier(maps.mean((2, 3)))),
    of_torchvision("mobilenet_v3_small", *FEATURES, flat("classifier")),
    of_torchvision("efficientnet_b0", *FEATURES, flat("classifier")),
    of_torchvision("squeezenet1_1", *FEATURES, lambda net, maps: net.classifier(maps).flatten(1)),
    of_torchvision("convnext_tiny", *FEATURES, in_turn("avgpool", "classifier")),
    of_torchvision("regnet_y_400mf", "trunk_output", in_turn("stem", "trunk_output"), flat("fc")),
    of_torchvision("inception_v3", "Mixed_7c", in_turn(*INCEPTION), flat("fc"), side=139,
                   aux_logits=False, init_weights=False),
    of_torchvision("vit_b_16", "encoder.layers.10", vit_b_16_tokens, vit_b_16_head, side=224),
    of_torchvision("swin_t", "permute", in_turn("features", "norm", "permute"), flat("head")),
]


def of_timm(name, place="forward_features", features=None, head=None, side=128):
    def build():
        return timm.create_model(name, pretrained=False, num_classes=10, scriptable=True)

    features = features or (lambda net, x: net.forward_features(x))
    return Entry("timm", name, side, build, place, features, head or (lambda net, maps: net.forward_head(maps)))


def tokens_of_timm(net, x):
    x = net.norm_pre(net.patch_drop(net._pos_embed(net.patch_embed(x))))
    return net.blocks[:-1](x)


def head_of_timm(net, tokens):
    return net.forward_head(net.norm(net.blocks[-1](tokens)))


TIMM = [
    of_timm("convnext_atto"),
    of_timm("efficientvit_m0", side=224),
    of_timm("fastvit_t8"),
    of_timm("ghostnet_100"),
    of_timm("hiera_tiny_224", side=224),
    of_timm("mobilenetv4_conv_small"),
    of_timm("repvgg_a0"),
    of_timm("resnet26d"),
    of_timm("swin_tiny_patch4_window7_224", side=224),
    of_timm("vit_tiny_patch16_224", "blocks.10", tokens_of_timm, head_of_timm, side=224),
]


def healthy(net, side):
    """Weights that training starts from are often 0, which would leave out what is behind them, and norms are not
    those of any data: both are drawn, so that numbers stay in their range from layer to layer."""
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if "gamma" in name or "layer_scale" in name:
                parameter.fill_(0.5)
            elif parameter.ndim > 1 and not parameter.any():
                parameter.normal_(0, parameter[0].numel() ** -0.5)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
                # Of blocks that training starts without.
                if not module.weight.any():
                    module.weight.fill_(0.5)
        net.train()
        net(torch.randn(4, 3, side, side))
    return net.eval().requires_grad_(False)
