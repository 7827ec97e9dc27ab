"""What pytorch-grad-cam says: each of its maps as it is before it is scaled to [0, 1] and resized."""

import contextlib
import copy
import io
from unittest import mock

import numpy
import pytorch_grad_cam as peers
import torch
from pytorch_grad_cam import fullgrad_cam
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget, FinerWeightedTarget
from torch.nn import functional

from exact import grad_cam_plus_plus


# What RandomCam draws with seed 0 for eight channels. The Rust side looks whether it does.
WEIGHTS = [
    0.41815083085312343,
    -0.0681565554207797,
    0.3982864853494634,
    -0.8796576687316566,
    0.7582214359172372,
    0.09906253757889294,
    0.6579689520479985,
    0.870853005826258,
]


class LogProbability:
    """What has second derivatives behind a network of rectifiers too."""

    def __init__(self, category):
        self.category = category

    def __call__(self, output):
        return functional.log_softmax(output, -1)[self.category]


class ConstantWeights(FinerWeightedTarget):
    """The weights of the other classes as numbers: their own gradient is left out, which is no difference of scores."""

    def __call__(self, output):
        with torch.no_grad():
            shares = torch.softmax(output, -1)[self.comparison_categories]
        others = (shares * output[self.comparison_categories]).sum() / shares.sum()
        return output[self.main_category] - self.alpha * others


def unscaled(peer, **settings):
    """The class, but keeping its map before it is scaled."""

    class Unscaled(peer):
        def get_cam_image(self, *arguments, **named):
            self.unscaled = super().get_cam_image(*arguments, **named)
            return self.unscaled

    return lambda model, layers: Unscaled(model=model, target_layers=layers, **settings)


@contextlib.contextmanager
def in_type_of(x):
    """Its results are rounded to 32 bits, whatever the model's numbers are: to those of the input's instead."""
    name = str(x.dtype).removeprefix("torch.")
    with mock.patch.object(numpy, "float32", getattr(numpy, name)), contextlib.redirect_stderr(io.StringIO()):
        yield


def mapped(make, model, layer, x, targets, eigen_smooth=False):
    with in_type_of(x), make(model, [layer]) as cam:
        cam(input_tensor=x.clone(), targets=targets, eigen_smooth=eigen_smooth)
        found = cam.unscaled
    found = found.detach() if isinstance(found, torch.Tensor) else torch.from_numpy(numpy.asarray(found))
    return found[:, None].to(x.dtype)


def at_place(model, layer, x):
    """The maps at a place, and the output."""
    kept = []
    handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output))
    output = model(x.clone().requires_grad_())
    handle.remove()
    return kept[0], output


def turned(found, contributions):
    """A component's sign is arbitrary: the one that goes along with the sum over the channels."""
    total = contributions.sum(1, keepdim=True)
    along = (found * (total - total.mean((2, 3), keepdim=True))).sum((1, 2, 3), keepdim=True)
    return found * along.sign()


def components(model, layer, x, target, targets):
    """Maps by their first principal component."""
    maps, output = at_place(model, layer, x)
    (gradient,) = torch.autograd.grad(output.gather(1, target[:, None]).sum(), maps)
    maps = maps.detach()
    mean = gradient.mean((2, 3), keepdim=True)
    made = {
        "eigen_cam": (peers.EigenCAM, maps, False),
        "eigen_grad_cam": (peers.EigenGradCAM, gradient * maps, False),
        "seg_eigen_cam": (peers.SegEigenCAM, gradient.abs() * maps, False),
        "grad_cam.eigen_smooth": (peers.GradCAM, mean * maps, True),
    }
    return {
        name: turned(mapped(unscaled(peer), model, layer, x, targets, smooth), contributions)
        for name, (peer, contributions, smooth) in made.items()
    }


ORDINARY = {
    "grad_cam": peers.GradCAM,
    "grad_cam_plus_plus": peers.GradCAMPlusPlus,
    "x_grad_cam": peers.XGradCAM,
    "hi_res_cam": peers.HiResCAM,
    "layer_cam": peers.LayerCAM,
    "element_wise_cam": peers.GradCAMElementWise,
    "fem": peers.FEM,
}


def corners_apart(size):
    return torch.nn.Upsample(size, mode="bilinear", align_corners=False)


def score_cams(model, layer, x, targets):
    """As it comes, and with maps resized as images are: not corner to corner."""
    make = unscaled(peers.ScoreCAM)
    found = {"score_cam": mapped(make, model, layer, x, targets)}
    with mock.patch.object(torch.nn, "UpsamplingBilinear2d", side_effect=corners_apart):
        found["score_cam.resized_as_images"] = mapped(make, model, layer, x, targets)
    return found


def random_cam(model, layer, x, targets):
    """With the same weights for every sample."""
    drawn = lambda low, high, size: numpy.tile(WEIGHTS, (size[0], 1))
    with mock.patch.object(numpy.random, "uniform", side_effect=drawn):
        return mapped(unscaled(peers.RandomCAM), model, layer, x, targets)


def finer_cams(model, layer, x, output, target):
    """Of the target class against the three nearest ones; and with weights that are constant."""
    nearest = (output - output.gather(1, target[:, None])).abs().argsort(1)[:, 1:4].tolist()
    of = list(zip(target.tolist(), nearest))
    definitions = {"finer_cam": FinerWeightedTarget, "finer_cam.constant_weights": ConstantWeights}
    return {
        name: mapped(unscaled(peers.GradCAM), model, layer, x, [made(c, others, 1.0) for c, others in of]).relu()
        for name, made in definitions.items()
    }


def full_grads(model, x, target):
    """FullGrad's map before its last scaling: as it comes, and with each sample stretched as a whole, as its authors
    do.
    """
    targets = [ClassifierOutputTarget(int(index)) for index in target]

    def whole_samples(values, size):
        values = torch.from_numpy(values)
        low, high = values.amin((1, 2, 3), True), values.amax((1, 2, 3), True)
        stretched = (values - low) / (high - low + 1e-30)
        if tuple(stretched.shape[2:]) != tuple(size[::-1]):
            stretched = functional.interpolate(stretched, size[::-1], mode="bilinear", align_corners=False)
        return stretched.numpy()

    class Unscaled(peers.FullGrad):
        def aggregate_multi_layers(self, maps):
            self.unscaled = numpy.sum(maps, axis=1)
            return self.unscaled

    make = lambda model, layers: Unscaled(model, [])
    found = {"grad_cam.full_grad": mapped(make, model, None, x, targets)}
    with mock.patch.object(fullgrad_cam, "scale_accross_batch_and_channels", side_effect=whole_samples):
        found["grad_cam.full_grad.whole_samples"] = mapped(make, model, None, x, targets)
    return found


def guided(model, x, target):
    """It takes one sample at a time, and gives channels last. It leaves one rectifier in the place of all."""
    peer = peers.GuidedBackpropReLUModel(copy.deepcopy(model))
    found = [peer(sample.clone(), target_category=int(index)) for sample, index in zip(x.split(1), target)]
    return torch.stack([torch.from_numpy(values).permute(2, 0, 1) for values in found])


def log_probabilities(model, layer, x, target):
    """ShapleyCAM of what has second derivatives."""
    targets = [LogProbability(int(index)) for index in target]
    return mapped(unscaled(peers.ShapleyCAM), model, layer, x, targets).relu()


def cams(model, places, x, target, costly=True, kinks_behind=False):
    """Everything by name. With kinks of rectifiers behind a place, finite differences find a curvature there that
    derivatives have not: those of ShapleyCAM are left out.
    """
    targets = [ClassifierOutputTarget(int(index)) for index in target]
    found = {}
    for place in places:
        layer = model.get_submodule(place)
        here = {name: mapped(unscaled(peer), model, layer, x, targets).relu() for name, peer in ORDINARY.items()}
        here |= components(model, layer, x, target, targets)
        maps, output = at_place(model, layer, x)
        (gradient,) = torch.autograd.grad(output.gather(1, target[:, None]).sum(), maps)
        by_formula = grad_cam_plus_plus(maps.detach(), gradient)
        found |= {f"exact.{peer}.grad_cam_plus_plus@{place}": by_formula for peer in ["grad_cam", "torchcam"]}
        if maps.shape[1] == len(WEIGHTS):
            here["random_cam"] = random_cam(model, layer, x, targets).relu()
        if not kinks_behind:
            here["shapley_cam"] = mapped(unscaled(peers.ShapleyCAM), model, layer, x, targets).relu()
            here["shapley_cam.log_probability"] = log_probabilities(model, layer, x, target)
        here |= finer_cams(model, layer, x, output.detach(), target)
        if costly:
            here["ablation_cam"] = mapped(unscaled(peers.AblationCAM), model, layer, x, targets).relu()
            here |= {name: values.relu() for name, values in score_cams(model, layer, x, targets).items()}
        found |= {f"grad_cam.{name}@{place}": values for name, values in here.items()}
    return found
