"""The small networks of this family, in PyTorch: those that the zoo builds of their weights."""

from collections import OrderedDict

from torch import nn


def norms():
    """Convolutions with and without a norm behind them, overlapping pools, dense layers: for rules of relevance."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 6, 3, padding=1),
            bn1=nn.BatchNorm2d(6),
            relu1=nn.ReLU(),
            pool=nn.MaxPool2d(3, 2, 1),
            conv2=nn.Conv2d(6, 8, 3, padding=1, bias=False),
            bn2=nn.BatchNorm2d(8),
            relu2=nn.ReLU(),
            conv3=nn.Conv2d(8, 8, 3, stride=2, padding=1),
            relu3=nn.ReLU(),
            avgpool=nn.AvgPool2d(2, 1),
            flatten=nn.Flatten(),
            hidden=nn.Linear(32, 10),
            relu4=nn.ReLU(),
            classes=nn.Linear(10, 5),
        )
    )


def smooth():
    """A norm in front of a convolution, and activations that are no rectifiers: for passing rules and differences."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(3),
            conv1=nn.Conv2d(3, 6, 3, padding=1),
            tanh=nn.Tanh(),
            conv2=nn.Conv2d(6, 8, 3, stride=2, padding=1),
            elu=nn.ELU(),
            conv3=nn.Conv2d(8, 8, 3, padding=1),
            sigmoid=nn.Sigmoid(),
            avgpool=nn.AdaptiveAvgPool2d(2),
            flatten=nn.Flatten(),
            hidden=nn.Linear(32, 10),
            softplus=nn.Softplus(),
            hidden2=nn.Linear(10, 10),
            leaky_relu=nn.LeakyReLU(0.1),
            classes=nn.Linear(10, 5),
        )
    )


def head():
    """Maps of either sign, their mean, and one linear layer: every class activation map of them is known exactly."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 6, 3, stride=2, padding=1),
            relu1=nn.ReLU(),
            maps=nn.Conv2d(6, 8, 3, padding=1),
            avgpool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            classes=nn.Linear(8, 5),
        )
    )
