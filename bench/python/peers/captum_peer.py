"""Captum's methods as they come, the chunk size apart. The weights are frozen, which is to its advantage."""

import math

from torch import nn

import models
from captum import attr
from peers.peer import Base

SIDE, WINDOWS = 224, 196


class Analyzer:
    """How a method is called: `attribute` with the input, the target and these arguments, for n copies."""

    def __init__(self, build, arguments=lambda n, chunk: {}, at_input=True):
        # Without `at_input` it needs no gradient there, so that the layers before its own run without a tape.
        self.build, self.arguments, self.at_input = build, arguments, at_input


def windows(n, chunk):
    """Windows side by side; for a trial fewer and larger ones, a square of them."""
    side = math.ceil(SIDE / max(1, round(min(n, WINDOWS) ** 0.5)))
    return {"sliding_window_shapes": (3, side, side), "strides": (3, side, side), "perturbations_per_eval": chunk}


def smooth(n, chunk):
    return {"nt_type": "smoothgrad", "nt_samples": n, "nt_samples_batch_size": chunk, "stdevs": 0.1, "abs": False}


def integrated(n, chunk):
    return {"n_steps": n, "internal_batch_size": chunk}


class Modules(nn.Module):
    """A network without a module that flattens, which Captum's relevance has no rule for."""

    def __init__(self, model):
        super().__init__()
        for name, child in model.named_children():
            if not isinstance(child, nn.Flatten):
                self.add_module(name, child)

    def forward(self, x):
        for name, child in self.named_children():
            x = child(x)
            x = x.flatten(1) if name == "avgpool" else x
        return x


def grad_cam(model, job):
    return attr.LayerGradCam(model, model.get_submodule(models.CAM_LAYER[job.network]))


ANALYZERS = {
    "gradient": Analyzer(lambda model, job: attr.Saliency(model), lambda n, chunk: {"abs": False}),
    "input-times-gradient": Analyzer(lambda model, job: attr.InputXGradient(model)),
    "smooth-grad": Analyzer(lambda model, job: attr.NoiseTunnel(attr.Saliency(model)), smooth),
    "integrated-gradients": Analyzer(lambda model, job: attr.IntegratedGradients(model), integrated),
    "integrated-gradients-secant": Analyzer(lambda model, job: attr.IntegratedGradients(model), integrated),
    "grad-cam": Analyzer(grad_cam, lambda n, chunk: {"relu_attributions": True}, at_input=False),
    "occlusion": Analyzer(lambda model, job: attr.Occlusion(model), windows, at_input=False),
    "deep-lift": Analyzer(lambda model, job: attr.DeepLift(model)),
    "guided-backprop": Analyzer(lambda model, job: attr.GuidedBackprop(model)),
    "lrp-epsilon": Analyzer(lambda model, job: attr.LRP(Modules(model))),
}


class Peer(Base):
    packages = ["captum"]

    def __init__(self, job, model, x):
        self.job, self.analyzer = job, ANALYZERS[job.analyzer]
        model.requires_grad_(False)
        self.x = x.clone().requires_grad_(self.analyzer.at_input)
        self.saliency, self.method = attr.Saliency(model), self.analyzer.build(model, job)

    def attribute(self, **arguments):
        return self.method.attribute(self.x, target=self.job.target, **arguments)

    def run(self, n):
        return self.attribute(**self.analyzer.arguments(n, self.job.chunk))

    def check(self, points, noise):
        match self.job.analyzer:
            case "smooth-grad":
                copies = (self.x.detach() + noise).requires_grad_()
                found = self.saliency.attribute(copies, target=self.job.target, abs=False)
                return found.mean(0, keepdim=True)
            case "integrated-gradients":
                return self.attribute(n_steps=points)
            case "integrated-gradients-secant":
                return self.run(50)
            case "occlusion":
                return self.run(WINDOWS)
        return self.run(1)
