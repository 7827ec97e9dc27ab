"""What Captum says about a network."""

from unittest import mock

import torch
from captum import attr
from captum.attr import NoiseTunnel

QUADRATURES = ["riemann_trapezoid", "riemann_middle", "gausslegendre"]

# Captum's conductance takes the gradient at one end of each step: see `conductance`.
CONDUCTANCE_STEPS = [25, 50]


def noise_tunnel(method, case, kind, **arguments):
    """NoiseTunnel with given noise of shape (n, sample...), the same for every sample of the batch.

    Captum draws with `torch.normal`, once, for the samples of the batch one after another.
    """
    noise, x = case["noise"], case["input"]
    drawn = noise.repeat(len(x), *[1] * (x.ndim - 1))

    def draw(mean, std):
        assert mean == 0 and std.shape == drawn.shape, "NoiseTunnel does not draw its noise as it did"
        return drawn

    with mock.patch.object(torch, "normal", side_effect=draw) as normal:
        found = NoiseTunnel(method).attribute(
            x, nt_type=kind, nt_samples=len(noise), stdevs=1.0, **arguments
        )
    assert normal.call_count == 1, "NoiseTunnel did not draw once"
    return found


def one_by_one(method, case):
    """Captum's DeepLIFT mixes the samples of a batch at a softmax and at a max pool, so it gets them one by one."""
    rows = range(len(case["input"]))
    take = lambda i, x: x[i : i + 1]
    found = [
        method.attribute(
            take(i, case["input"]),
            baselines=case["baseline"],
            target=take(i, case["target"]),
            additional_forward_args=tuple(take(i, x) for x in case["given"]) or None,
        )
        for i in rows
    ]
    return torch.cat([row.detach() for row in found])


def conductance(model, module, case, steps):
    """By the mean of the gradients at both ends of each step: Captum's there, and back, which takes the other end."""
    layer = attr.LayerConductance(model, module)
    path = {"target": case["target"], "n_steps": steps, "method": "riemann_trapezoid", "internal_batch_size": 16}
    path["additional_forward_args"] = case["given"] or None
    x, baseline = case["input"], case["baseline"].expand_as(case["input"]).contiguous()
    there = layer.attribute(x, baselines=baseline, **path).detach()
    return (there - layer.attribute(baseline, baselines=x, **path).detach()) / 2


def change(model, case):
    """What DeepLIFT shares out: f(x) - f(x0)."""
    with torch.no_grad():
        there, before = model(case["input"]), model(case["baseline"])
    return (there - before).gather(1, case["target"][:, None])[:, 0]


def few(features):
    """Four features of many: Captum runs through all orders."""
    return features * 4 // (features.max() + 1)


def of_input(model, case):
    """Methods that explain the input."""
    x, to = case["input"], {"target": case["target"], "additional_forward_args": case["given"] or None}
    found = {
        "saliency": attr.Saliency(model).attribute(x.clone().requires_grad_(), abs=False, **to),
        "input_x_gradient": attr.InputXGradient(model).attribute(x.clone().requires_grad_(), **to),
    }
    path = {"baselines": case["baseline"], "internal_batch_size": 16, "n_steps": case["steps"], **to}
    for quadrature in QUADRATURES:
        name = f"integrated_gradients.{quadrature}"
        found[name] = attr.IntegratedGradients(model).attribute(x, method=quadrature, **path)
    saliency = attr.Saliency(model)
    for kind in ["smoothgrad", "smoothgrad_sq", "vargrad"]:
        found[f"noise_tunnel.{kind}"] = noise_tunnel(saliency, case, kind, abs=False, **to)
    masks = {"baselines": case["baseline"], **to}
    found["feature_ablation"] = attr.FeatureAblation(model).attribute(x, feature_mask=case["features"], **masks)
    found["shapley_values"] = attr.ShapleyValues(model).attribute(x, feature_mask=few(case["features"]), **masks)
    if x.ndim == 4:
        window = (x.shape[1], *[side // 4 for side in x.shape[2:]])
        stride = (x.shape[1], *[side // 8 for side in x.shape[2:]])
        found["occlusion"] = attr.Occlusion(model).attribute(x, window, strides=stride, **masks)
    if case["rectifiers"]:
        found["guided_backprop"] = attr.GuidedBackprop(model).attribute(x.clone().requires_grad_(), **to)
        found["deconvolution"] = attr.Deconvolution(model).attribute(x.clone().requires_grad_(), **to)
        found["deep_lift"] = one_by_one(attr.DeepLift(model), case)
        found["deep_lift_total"] = change(model, case)
    return found


def of_layer(model, name, case):
    """Methods that explain what a module gives."""
    module, x = model.get_submodule(name), case["input"]
    to = {"target": case["target"], "additional_forward_args": case["given"] or None}
    path = {"baselines": case["baseline"], "n_steps": case["steps"], "internal_batch_size": 16, **to}
    found = {
        "layer_gradient_x_activation": attr.LayerGradientXActivation(model, module).attribute(x, **to),
        "layer_integrated_gradients": attr.LayerIntegratedGradients(model, module).attribute(x, **path),
    }
    if x.is_floating_point():
        influence = attr.InternalInfluence(model, module)
        found["internal_influence"] = influence.attribute(x, method="riemann_middle", **path)
        for steps in CONDUCTANCE_STEPS if case["secants"] else []:
            found[f"layer_conductance{steps}"] = conductance(model, module, case, steps)
        neuron = case["neurons"][name]
        found["neuron_gradient"] = attr.NeuronGradient(model, module).attribute(
            x.clone().requires_grad_(), neuron, additional_forward_args=to["additional_forward_args"]
        )
    if case["rectifiers"]:
        found["layer_grad_cam"] = attr.LayerGradCam(model, module).attribute(x, relu_attributions=True, **to)
        found["layer_deep_lift"] = one_by_one(attr.LayerDeepLift(model, module), case)
    return {f"{method}.{name}": values for method, values in found.items()}


def attributions(model, case):
    """Every attribution by name, in the number type of the model and the case."""
    with torch.no_grad():
        found = {"output": model(case["input"], *case["given"])}
    if case["input"].is_floating_point():
        found |= of_input(model, case)
    for name in case["modules"]:
        found |= of_layer(model, name, case)
    return {name: values.detach().contiguous() for name, values in found.items()}
