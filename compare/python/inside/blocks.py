"""Residual blocks as zennit's canonisers want them: with a module that sums."""

import torch
from zennit.canonizers import AttributeCanonizer, CompositeCanonizer, SequentialMergeBatchNorm
from zennit.layer import Sum
from zennit.torchvision import ResNetBasicBlockCanonizer

import networks


def summed(identity, out, module):
    return module.canonizer_sum(torch.stack([identity, out], dim=-1))


def basic_block(self, x):
    out = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
    return self.relu2(summed(x if self.downsample is None else self.downsample(x), out, self))


def inverted_residual(self, x):
    y = self.relu0(self._bn0(self._expand_conv(x))) if self.expand else x
    y = self._bn2(self._project_conv(self.relu1(self._bn1(self._depthwise_conv(y)))))
    return summed(x, y, self) if self.skip else y


class MeanOfPlaces(torch.nn.Module):
    """The mean over places as a module, for which there is a rule."""

    def __init__(self):
        super().__init__()
        self.pool = torch.nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        return self.pool(x).flatten(1)


def lite(self, x):
    x = self._blocks(self.stem(self._bn0(self._conv_stem(x))))
    return self._fc(self.canonizer_mean(self.head(self._bn1(self._conv_head(x)))))


FORWARDS = {networks.BasicBlock: basic_block, networks.InvertedResidual: inverted_residual}


def attributes(name, module):
    if type(module) is networks.EfficientNetLite0:
        return {"forward": lite.__get__(module), "canonizer_mean": MeanOfPlaces()}
    if type(module) in FORWARDS:
        return {"forward": FORWARDS[type(module)].__get__(module), "canonizer_sum": Sum()}
    return None


class WholeMerge(SequentialMergeBatchNorm):
    """zennit's, but the norm that is left behind divides by 1, not by the root of 1 + ε."""

    def register(self, linears, batch_norm):
        self.eps = batch_norm.eps
        super().register(linears, batch_norm)
        batch_norm.eps = 0.0

    def remove(self):
        super().remove()
        self.batch_norm.eps = self.eps


def canonizers(merge):
    """What zennit's own canoniser of torchvision's ResNet does, for the blocks of `networks`."""
    return [CompositeCanonizer((merge, AttributeCanonizer(attributes)))]


def torchvision_canonizers(merge):
    """zennit's own canoniser of torchvision's ResNet, but for how norms are merged."""
    return [CompositeCanonizer((merge, ResNetBasicBlockCanonizer()))]
