"""zennit's composites, with its canonisers for torchvision's models, which have the weights of ours."""

import torch
import torchvision
from zennit import composites
from zennit.attribution import Gradient
from zennit.torchvision import ResNetCanonizer, VGGCanonizer

import models
from peers.peer import Base

MODELS = {
    "resnet18": (torchvision.models.resnet18, ResNetCanonizer),
    "vgg16": (torchvision.models.vgg16, VGGCanonizer),
}

# The bounds of a photo behind its normalisation, (byte - 127) / 128.
LOW, HIGH = -127 / 128, 1.0

ANALYZERS = {
    "lrp-epsilon-plus": lambda x, canonizers: composites.EpsilonPlus(canonizers=canonizers),
    "lrp-epsilon-gamma-box": lambda x, canonizers: composites.EpsilonGammaBox(
        torch.full_like(x, LOW), torch.full_like(x, HIGH), canonizers=canonizers
    ),
}


class Peer(Base):
    packages = ["zennit", "torchvision"]

    @staticmethod
    def load(job):
        return models.with_weights(MODELS[job.network][0](), job.network, job.data)

    def __init__(self, job, model, x):
        canonizer = MODELS[job.network][1]
        self.x, self.model, self.target = x.clone().requires_grad_(), model.requires_grad_(False), job.target
        self.composite = ANALYZERS[job.analyzer](x, [canonizer()])

    def relevance(self, y):
        """What arrives at the output: its value at the target."""
        start = torch.zeros_like(y)
        start[:, self.target] = y[:, self.target]
        return start

    def run(self, n):
        with Gradient(model=self.model, composite=self.composite, attr_output=self.relevance) as attributor:
            return attributor(self.x)[1]
