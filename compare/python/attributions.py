"""What Captum and pytorch-grad-cam say about a network."""

from unittest import mock

import torch
from captum.attr import InputXGradient, IntegratedGradients, LayerGradCam, NoiseTunnel, Saliency
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from grad_cam import UnscaledGradCAM

QUADRATURES = ["riemann_trapezoid", "riemann_middle", "gausslegendre"]

# PyTorch's depthwise convolutions in 64 bits are slower by far with more.
SAMPLES_PER_PASS = 8


def noise_tunnel(wrapped, x, noise, **arguments):
    """NoiseTunnel with given noise of shape (n, sample...), the same for every sample of the batch.

    Captum draws with `torch.normal`, once, for the samples of the batch one after another.
    """
    drawn = noise.repeat(len(x), 1, 1, 1)

    def draw(mean, std):
        assert mean == 0 and std.shape == drawn.shape, "NoiseTunnel does not draw its noise as it did"
        return drawn

    with mock.patch.object(torch, "normal", side_effect=draw) as normal:
        found = NoiseTunnel(wrapped).attribute(
            x, nt_type="smoothgrad", nt_samples=len(noise), stdevs=1.0, **arguments
        )
    assert normal.call_count == 1, "NoiseTunnel did not draw once"
    return found


def pytorch_grad_cam(model, layer, x, target):
    with UnscaledGradCAM(model=model, target_layers=[layer]) as cam:
        cam(input_tensor=x, targets=[ClassifierOutputTarget(int(index)) for index in target])
        return torch.from_numpy(cam.unscaled)[:, None].relu()


def averaged(model, x, baseline, target, noise, steps):
    """What is a mean over a path or over noisy copies."""
    saliency, integrated = Saliency(model), IntegratedGradients(model)
    path = {"baselines": baseline, "target": target, "internal_batch_size": SAMPLES_PER_PASS}
    points = [baseline + i / (steps - 1) * (x - baseline) for i in range(steps)]
    points = [saliency.attribute(point.requires_grad_(), target=target, abs=False) for point in points]
    found = {"saliency_mean": sum(points) / steps * (x - baseline)}
    for method in QUADRATURES:
        found[f"integrated_gradients.{method}"] = integrated.attribute(x, n_steps=steps, method=method, **path)
    found["noise_tunnel.saliency"] = noise_tunnel(saliency, x, noise, target=target, abs=False)
    found["noise_tunnel.integrated_gradients"] = noise_tunnel(
        integrated, x, noise[:2], n_steps=3, method="riemann_middle", **path
    )
    return found


def attributions(model, layers, x, baseline, target, noise, steps):
    """Every attribution by name, in the number type of model and input."""
    found = {"output": model(x)}
    x.requires_grad_()
    found["saliency"] = Saliency(model).attribute(x, target=target, abs=False)
    found["input_x_gradient"] = InputXGradient(model).attribute(x, target=target)
    x = x.detach()
    found |= averaged(model, x, baseline, target, noise, steps)
    for layer in layers:
        module = model.get_submodule(layer)
        found[f"layer_grad_cam.{layer}"] = LayerGradCam(model, module).attribute(
            x, target=target, relu_attributions=True
        )
        found[f"pytorch_grad_cam.{layer}"] = pytorch_grad_cam(model, module, x, target)
    return {name: values.detach().contiguous() for name, values in found.items()}
