"""The compared networks in PyTorch, with the names of torchvision, which is not needed for them."""

import math
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional

RESNET18 = {"widths": [64, 128, 256, 512], "blocks": [2, 2, 2, 2], "classes": 1000}
MINI_RESNET = {"widths": [4, 8, 12, 16], "blocks": [2, 1, 1, 1], "classes": 10}
VGG11 = {
    "plan": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "size": 7,
    "hidden": 4096,
    "classes": 1000,
}
VGG16 = VGG11 | {
    "plan": [64, 64, "M", 128, 128, "M", *[256] * 3, "M", *[512] * 3, "M", *[512] * 3, "M"],
}
MINI_VGG = {"plan": [6, "M", 8, "M", 8, 8, "M"], "size": 2, "hidden": 16, "classes": 10}


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu2 = nn.ReLU()
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        body = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(body + (x if self.downsample is None else self.downsample(x)))


def resnet(widths, blocks, classes):
    """ResNet of basic blocks: arXiv:1512.03385."""
    layers = OrderedDict()
    layers["conv1"] = nn.Conv2d(3, widths[0], 7, 2, 3, bias=False)
    layers["bn1"] = nn.BatchNorm2d(widths[0])
    layers["relu"] = nn.ReLU()
    layers["maxpool"] = nn.MaxPool2d(3, 2, 1)
    inputs = widths[0]
    for stage, (width, count) in enumerate(zip(widths, blocks)):
        strides = [1 if stage == 0 else 2] + [1] * (count - 1)
        stage_blocks = []
        for stride in strides:
            stage_blocks.append(BasicBlock(inputs, width, stride))
            inputs = width
        layers[f"layer{stage + 1}"] = nn.Sequential(*stage_blocks)
    layers["avgpool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(inputs, classes)
    return nn.Sequential(layers)


def vgg(plan, size, hidden, classes):
    """VGG without batch norm: arXiv:1409.1556."""
    features, channels = [], 3
    for step in plan:
        if step == "M":
            features.append(nn.MaxPool2d(2))
        else:
            features += [nn.Conv2d(channels, step, 3, padding=1), nn.ReLU()]
            channels = step
    classifier = nn.Sequential(
        nn.Linear(channels * size * size, hidden),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(hidden, classes),
    )
    return nn.Sequential(
        OrderedDict(
            features=nn.Sequential(*features),
            avgpool=nn.AdaptiveAvgPool2d(size),
            flatten=nn.Flatten(),
            classifier=classifier,
        )
    )


class Residual(nn.Module):
    def __init__(self, *body):
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x):
        return x + self.body(x)


class Concat(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def kinds():
    """A small network with a layer of every kind that `xai::nn` has."""
    return nn.Sequential(
        OrderedDict(
            pad=nn.ConstantPad2d((1, 0, 2, 1), 0.5),
            conv=nn.Conv2d(3, 8, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
            group_norm=nn.GroupNorm(4, 8),
            gelu=nn.GELU(),
            branches=Concat(
                nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ELU(1.5)),
                nn.AvgPool2d(3, 1, 1, count_include_pad=False),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Hardswish()),
            ),
            mix=nn.Conv2d(24, 12, 1, groups=4, bias=False),
            batch_norm=nn.BatchNorm2d(12),
            silu=nn.SiLU(),
            bilinear=nn.Upsample((10, 9), mode="bilinear", align_corners=False),
            mish=nn.Mish(),
            avg_pool=nn.AvgPool2d(2, (2, 1), 1),
            nearest=nn.Upsample((7, 13), mode="nearest"),
            aligned=nn.Upsample((5, 6), mode="bilinear", align_corners=True),
            leaky_relu=nn.LeakyReLU(0.1),
            residual=Residual(nn.Conv2d(12, 12, 3, padding=1), nn.Softplus(), nn.Conv2d(12, 12, 1), nn.ReLU6()),
            residual2=Residual(nn.Conv2d(12, 12, 1), nn.Hardsigmoid(), nn.Identity(), nn.Dropout(0.3)),
            adaptive_avg=nn.AdaptiveAvgPool2d((3, 4)),
            layer_norm=nn.LayerNorm([12, 3, 4]),
            gelu_tanh=nn.GELU(approximate="tanh"),
            adaptive_max=nn.AdaptiveMaxPool2d(2),
            relu=nn.ReLU(),
            flatten=nn.Flatten(),
            rms_norm=nn.RMSNorm(48, eps=1e-5),
            hidden=nn.Linear(48, 16),
            tanh=nn.Tanh(),
            hidden2=nn.Linear(16, 16),
            softmax=nn.Softmax(-1),
            norm=nn.LayerNorm(16),
            sigmoid=nn.Sigmoid(),
            classes=nn.Linear(16, 10),
            log_softmax=nn.LogSoftmax(-1),
        )
    )


def table():
    """A small model of a table, for rows of 8 columns."""
    return nn.Sequential(
        OrderedDict(
            hidden=nn.Linear(8, 16), tanh=nn.Tanh(), hidden2=nn.Linear(16, 16), relu=nn.ReLU(), classes=nn.Linear(16, 3)
        )
    )


class SameConv2d(nn.Conv2d):
    """A convolution that pads as TensorFlow's SAME."""

    def forward(self, x):
        pads = []
        for length, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]):
            total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(functional.pad(x, pads))


class InvertedResidual(nn.Module):
    def __init__(self, kernel, stride, expand, inputs, outputs):
        super().__init__()
        inner, self.skip, self.expand = inputs * expand, stride == 1 and inputs == outputs, expand != 1
        if self.expand:
            self._expand_conv = SameConv2d(inputs, inner, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(inner, eps=1e-3)
            self.relu0 = nn.ReLU6()
        self._depthwise_conv = SameConv2d(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = nn.BatchNorm2d(inner, eps=1e-3)
        self.relu1 = nn.ReLU6()
        self._project_conv = SameConv2d(inner, outputs, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        y = self.relu0(self._bn0(self._expand_conv(x))) if self.expand else x
        y = self._bn2(self._project_conv(self.relu1(self._bn1(self._depthwise_conv(y)))))
        return x + y if self.skip else y


class EfficientNetLite0(nn.Module):
    """arXiv:1905.11946, without squeeze-and-excitation; the names of the bundled weights."""

    # kernel, stride, expand, outputs, repeats
    STAGES = [
        (3, 1, 1, 16, 1),
        (3, 2, 6, 24, 2),
        (5, 2, 6, 40, 2),
        (3, 2, 6, 80, 3),
        (5, 1, 6, 112, 3),
        (5, 2, 6, 192, 4),
        (3, 1, 6, 320, 1),
    ]

    def __init__(self):
        super().__init__()
        self._conv_stem = SameConv2d(3, 32, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, eps=1e-3)
        self.stem = nn.ReLU6()
        blocks, inputs = [], 32
        for kernel, stride, expand, outputs, repeats in self.STAGES:
            for repeat in range(repeats):
                blocks.append(InvertedResidual(kernel, 1 if repeat else stride, expand, inputs, outputs))
                inputs = outputs
        self._blocks = nn.Sequential(*blocks)
        self._conv_head = SameConv2d(320, 1280, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(1280, eps=1e-3)
        self.head = nn.ReLU6()
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x):
        x = self._blocks(self.stem(self._bn0(self._conv_stem(x))))
        return self._fc(self.head(self._bn1(self._conv_head(x))).mean((2, 3)))


def initialise(model, images, generator):
    """He weights, and batch norms whose statistics are those of the images."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            module.weight.data = torch.randn(module.weight.shape, generator=generator) * math.sqrt(2 / fan_in)
            if module.bias is not None:
                module.bias.data = torch.randn(module.bias.shape, generator=generator) * 0.1
        elif getattr(module, "weight", None) is not None:
            module.weight.data = torch.rand(module.weight.shape, generator=generator) + 0.5
            if getattr(module, "bias", None) is not None:
                module.bias.data = torch.randn(module.bias.shape, generator=generator) * 0.1
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        norm.reset_running_stats()
        norm.train()
    with torch.no_grad():
        model(images)
    return model.eval()
