"""What Captum says: DeepLIFT and its kin, gradient SHAP, layers, guided backpropagation and deconvolution."""

import contextlib
import copy
import warnings
from unittest import mock

import numpy
import torch
from captum.attr import (
    Deconvolution,
    DeepLift,
    DeepLiftShap,
    GradientShap,
    GuidedBackprop,
    GuidedGradCam,
    InternalInfluence,
    LayerConductance,
    LayerDeepLift,
    LayerGradientXActivation,
    LayerIntegratedGradients,
)
from captum.attr._core import deep_lift
from torch.nn import functional

STEPS = 5

# What ExpectedGradients draws with seed 0 for six gradients and three references: which reference, and where on the
# path from it. The Rust side looks whether it does.
DRAWS = [
    (0, 0.12301946068318015),
    (2, 0.2649995352819195),
    (1, 0.48525855601293516),
    (0, 0.631039937516475),
    (2, 0.6983047483587821),
    (1, 0.8375529341394883),
]


def one_by_one(attribute, x, target, *of_samples):
    """Sample by sample: what Captum's DeepLIFT says of one depends on its batch where there are pools."""
    samples = zip(x.split(1), target.split(1), *(t.split(1) for t in of_samples))
    return torch.cat([attribute(*sample) for sample in samples])


def pool_along_the_way(module, inputs, outputs, grad_input, grad_output, eps=1e-10):
    """The multiplier of a max pool that adds up where windows overlap: of each window, the largest numbers at the two
    ends share what comes back, by where on the straight way between the ends they are equal.
    """
    with torch.no_grad():
        x, x0 = module.input.chunk(2)
        back = grad_output.chunk(2)[0].flatten(2)
        pool = dict(kernel_size=module.kernel_size, stride=module.stride, padding=module.padding)
        last, first = (functional.max_pool2d(t, **pool, return_indices=True)[1].flatten(2) for t in (x, x0))
        x, x0 = x.flatten(2), x0.flatten(2)
        ahead = x0.gather(2, first) - x0.gather(2, last)
        behind = x.gather(2, last) - x.gather(2, first)
        share = torch.where(ahead + behind == 0, torch.full_like(ahead, 0.5), ahead / (ahead + behind))
        multiplier = torch.zeros_like(x)
        multiplier.scatter_add_(2, first, back * share).scatter_add_(2, last, back * (1 - share))
        return torch.cat(2 * [multiplier.view_as(grad_input.chunk(2)[0])])


class Apart(torch.nn.Module):
    """The same numbers in a tensor of its own."""

    def forward(self, x):
        return x.clone()


@contextlib.contextmanager
def pools_along_the_way(model):
    """A copy of the model in which max pools go back so, and activations in front of them see it: Captum hangs its
    hooks on tensors, and what comes back to one is read for the layer in front before the layer behind has changed it.
    """
    model = copy.deepcopy(model)
    pools = [(name, module) for name, module in model.named_modules() if isinstance(module, torch.nn.MaxPool2d)]
    for name, module in pools:
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, torch.nn.Sequential(Apart(), module))
    with mock.patch.dict(deep_lift.SUPPORTED_NON_LINEAR, {torch.nn.MaxPool2d: pool_along_the_way}):
        yield model


def deep_lifts(model, x, target, references):
    """DeepLIFT from the first reference, and the change of the output that it must add up to."""
    first = references[:1]
    x0 = first.expand_as(x)

    lift = lambda model: lambda x, target, x0: DeepLift(model).attribute(x, x0, target=target)
    found = {"captum.deep_lift": one_by_one(lift(model), x, target, x0)}
    with torch.no_grad():
        change = (model(x) - model(first)).gather(1, target[:, None])[:, 0]
    if any(isinstance(module, torch.nn.MaxPool2d) for module in model.modules()):
        found["captum.deep_lift.beside_pools"] = found.pop("captum.deep_lift")
        found["exact.captum.deep_lift.beside_pools"] = change
        with pools_along_the_way(model) as model:
            found["captum.deep_lift.pools_along_the_way"] = one_by_one(lift(model), x, target, x0)
    return found


def deep_lift_shap(model, x, target, references):
    with pools_along_the_way(model) as model:
        return one_by_one(lambda x, target: DeepLiftShap(model).attribute(x, references, target=target), x, target)


def gradient_shap(model, x, target, references):
    """Gradient SHAP whose draws are `DRAWS`, for each sample."""
    which, where = zip(*DRAWS)
    with contextlib.ExitStack() as patched:
        replace = lambda of, name, given: patched.enter_context(mock.patch.object(of, name, side_effect=given))
        normal = replace(torch, "normal", lambda mean, std: torch.zeros(std.shape, dtype=x.dtype))
        choice = replace(numpy.random, "choice", lambda count, n: numpy.tile(which, len(x)))
        uniform = replace(numpy.random, "uniform", lambda low, high, n: numpy.tile(where, len(x)))
        found = GradientShap(model).attribute(x, references, n_samples=len(DRAWS), stdevs=0.0, target=target)
    assert [normal.call_count, choice.call_count, uniform.call_count] == [1, 1, 1], "GradientShap draws otherwise"
    return found


def layers(model, place, x, target, references):
    """At a place, from the first reference."""
    layer, x0 = model.get_submodule(place), references[:1]
    path = {"baselines": x0, "target": target, "n_steps": STEPS}
    with torch.no_grad():
        change = (model(x) - model(x0)).gather(1, target[:, None])[:, 0]
    return {
        "captum.layer_gradient_x_activation": LayerGradientXActivation(model, layer).attribute(x, target=target),
        "captum.layer_integrated_gradients": LayerIntegratedGradients(model, layer).attribute(
            x, method="gausslegendre", **path
        ),
        "captum.internal_influence": InternalInfluence(model, layer).attribute(x, method="riemann_middle", **path),
        "captum.layer_conductance": LayerConductance(model, layer).attribute(x, method="riemann_trapezoid", **path),
        "exact.captum.layer_conductance": change,
    }


def layer_deep_lift(model, place, x, target, references):
    with pools_along_the_way(model) as model:
        layer = LayerDeepLift(model, model.get_submodule(place))
        lift = lambda x, target, x0: layer.attribute(x, x0, target=target)
        return one_by_one(lift, x, target, references[:1].expand_as(x))


def rectified(model, place, x, target):
    """Guided backpropagation, deconvolution, and guided Grad-CAM with the map resized as images are."""
    guided = GuidedGradCam(model, model.get_submodule(place))
    return {
        "captum.guided_backprop": GuidedBackprop(model).attribute(x, target=target),
        "captum.deconvolution": Deconvolution(model).attribute(x, target=target),
        f"captum.guided_grad_cam@{place}": guided.attribute(x, target=target, interpolate_mode="bilinear"),
    }


def differences(model, places, linear_behind, x, target, references):
    """Everything by name; `linear_behind` is a place behind which all is linear, or none."""
    warnings.filterwarnings("ignore", module="captum")
    found = deep_lifts(model, x, target, references)
    found["captum.deep_lift_shap"] = deep_lift_shap(model, x, target, references)
    found["captum.gradient_shap"] = gradient_shap(model, x, target, references)
    for place in places:
        found |= {f"{name}@{place}": values for name, values in layers(model, place, x, target, references).items()}
        found[f"captum.layer_deep_lift@{place}"] = layer_deep_lift(model, place, x, target, references)
    if linear_behind:
        found |= {
            f"{name}.linear_behind@{linear_behind}": values
            for name, values in layers(model, linear_behind, x, target, references).items()
            if name == "captum.layer_conductance"
        }
    return found
