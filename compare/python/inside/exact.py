"""Exact answers for maps that a peer's own constant, sign or slip turns into others."""

import torch


def grad_cam_plus_plus(maps, gradient):
    """Σₖ wₖ Aₖ by the formula as it stands: wₖ = Σᵢ relu(Gₖᵢ) · α, α = G² / (2 G² + S G³) = 1 / (2 + S G)."""
    maps, gradient = maps.double(), gradient.double()
    sums = maps.sum((2, 3), keepdim=True)
    weights = (gradient.relu() / (2 + sums * gradient)).sum((2, 3), keepdim=True)
    return (weights * maps).sum(1, keepdim=True).relu()


def behind_the_mean(maps, weights):
    """In front of a mean over places and one linear layer, y = Σₖ Wₖ · mean(Aₖ) + b, so that G = W / n everywhere."""
    maps, weights = maps.double(), weights.double()[..., None, None]
    gradient = weights / maps[0, 0].numel()
    weighted = {
        "grad_cam": gradient,
        "x_grad_cam": gradient,
        "hi_res_cam": gradient,
        "layer_cam": gradient.relu(),
        # y - yₖ, where y is not divided by its own sign.
        "ablation_cam": weights * maps.mean((2, 3), keepdim=True),
    }
    return {name: (weight * maps).sum(1, keepdim=True).relu() for name, weight in weighted.items()}


def exact(model, place, classes, x, target):
    """The maps of such a network, by its weights alone."""
    kept = []
    handle = model.get_submodule(place).register_forward_hook(lambda module, inputs, output: kept.append(output))
    with torch.no_grad():
        y = model(x).gather(1, target[:, None])[..., None, None].double()
    handle.remove()
    found = behind_the_mean(kept[0], model.get_submodule(classes).weight[target].detach())
    # Its weights are shares of the output.
    shares = found["ablation_cam"] / y.abs()
    return {f"hand.{name}@{place}": values for name, values in found.items()} | {
        f"exact.grad_cam.ablation_cam.signed_maps@{place}": shares
    }
