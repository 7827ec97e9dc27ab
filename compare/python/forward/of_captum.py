"""What Captum says, given the orders, masks, sets and steps that this library draws."""

import math
from itertools import combinations
from math import comb, lcm

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import FeatureAblation, KernelShap, Lime, Occlusion, ShapleyValues, ShapleyValueSampling
from captum.attr._core.lime import get_exp_kernel_similarity_function
from captum.metrics import infidelity, sensitivity_max

# Windows and strides of a small image; those of a large one are four times as large.
WINDOWS = [((5, 4), (3, 2)), ((8, 8), (8, 8)), ((6, 9), (5, 4))]

# How far LIME's masks reach: `Lime`'s width here, and its weight of squares.
WIDTH, ALPHA = 0.25, 1.0


def orders_of(prefixes):
    """From what is present on the ways from none to all, D - 1 rows each, the orders in which features come."""
    features = prefixes.shape[1]
    return [(-way.sum(0)).argsort(stable=True).tolist() for way in prefixes.view(-1, features - 1, features)]


def weight(mask):
    """As LIME's own code has it, √exp(-d² / width²) with the cosine distance d from all ones.

    Captum's kernel is the same, and rounds d to 32 bits.
    """
    found = math.sqrt(math.exp(-(((1 - math.sqrt(float(mask.double().mean()))) / WIDTH) ** 2)))
    of_captum = get_exp_kernel_similarity_function("cosine", WIDTH)(torch.ones_like(mask), mask, mask)
    assert abs(found - of_captum) < 1e-5, (found, of_captum)
    return found


class Fed(ShapleyValueSampling):
    """With given orders."""

    def __init__(self, model, orders):
        super().__init__(model)
        self.permutation_generator = lambda features, n: iter(orders)


class FedKernelShap(KernelShap):
    """Every coalition as often as the Shapley kernel weighs it, and both ends: no sample of them."""

    def kernel_shap_perturb_generator(self, original_inp, **kwargs):
        yield from self.coalitions(kwargs["num_interp_features"])

    @staticmethod
    def coalitions(features):
        yield torch.ones(1, features, dtype=torch.long)
        yield torch.zeros(1, features, dtype=torch.long)
        sizes = range(1, features)
        parts = {size: comb(features, size) * size * (features - size) for size in sizes}
        for size in sizes:
            for present in combinations(range(features), size):
                mask = torch.zeros(1, features, dtype=torch.long)
                mask[0, list(present)] = 1
                yield from [mask] * (lcm(*parts.values()) // parts[size])


def occlusion(model, x, times, **arguments):
    """By windows through all channels; the last ones are clipped."""
    found = {}
    for window in WINDOWS:
        size, stride = (tuple(times * side for side in sides) for sides in window)
        name = "x".join(map(str, size)) + "." + "x".join(map(str, stride))
        found[f"occlusion.{name}"] = Occlusion(model).attribute(
            x, sliding_window_shapes=(x.shape[1], *size), strides=(x.shape[1], *stride), **arguments
        )
    return found


def lime(model, x, target, masks, **arguments):
    rows = torch.cat([torch.ones_like(masks[:1]), masks]).long()

    def perturb(original, **kwargs):
        yield from rows.split(1)

    def similarity(original, perturbed, mask, **kwargs):
        return weight(mask)

    by = Lime(model, interpretable_model=SkLearnRidge(alpha=ALPHA), similarity_func=similarity, perturb_func=perturb)
    of_each = [by.attribute(x[i : i + 1], target=target[i], n_samples=len(rows), **arguments) for i in range(len(x))]
    return torch.cat(of_each)


def kernel_shap(model, x, target, baseline, mask):
    """On all coalitions."""
    features = int(mask.max()) + 1
    arguments = {"baselines": baseline, "feature_mask": mask}
    arguments["n_samples"] = sum(1 for _ in FedKernelShap.coalitions(features))
    by = FedKernelShap(model)
    return torch.cat([by.attribute(x[i : i + 1], target=target[i], **arguments) for i in range(len(x))])


def metrics(model, x, target, mask, baseline, drawn, explain):
    """Infidelity and sensitivity, of feature ablation."""
    sets, steps = drawn["sets"].bool(), drawn["steps"].to(x.dtype)
    away = sets[:, mask[0]].to(x.dtype).expand(len(sets), *x.shape[1:]).repeat(len(x), *[1] * (x.ndim - 1))

    def without(inputs):
        return away, inputs * (1 - away) + baseline * away

    def moved(inputs):
        (x,) = inputs if isinstance(inputs, tuple) else (inputs,)
        return (x + steps.repeat(len(x) // len(steps), *[1] * (x.ndim - 1)),)

    # Each number has its feature's value: shared out among them, as sums over numbers want it.
    numbers = mask.flatten().bincount() * (x[0].numel() // mask.numel())
    shares = explain(x, target) / numbers[mask]
    found = {}
    for key, normalize in [("infidelity", False), ("infidelity.normalize", True)]:
        found[key] = infidelity(
            model, without, x, shares, target=target, n_perturb_samples=len(sets), normalize=normalize
        )
    found["sensitivity_max"] = sensitivity_max(
        lambda inputs, target: (explain(inputs[0], target),), x, moved, n_perturb_samples=len(steps), target=target
    )
    return found


def of_captum(model, case, drawn):
    """All methods by name; of a table filled with the background's first row, of an image with zeros."""
    x, target = case["input"], case["target"]
    segments = case.get("segments")
    mask = torch.arange(x.shape[1])[None] if segments is None else segments[None, None]
    baseline = case["background"][:1] if "background" in case else torch.zeros_like(x[:1])
    fill = {"target": target, "baselines": baseline}
    on = fill | {"feature_mask": mask}

    def explain(x, target):
        return FeatureAblation(model).attribute(x, baselines=baseline, target=target, feature_mask=mask)

    found = {"feature_ablation": explain(x, target)}
    sampling = Fed(model, orders_of(drawn["orders"]))
    found["shapley_value_sampling"] = sampling.attribute(x, **on)
    found["lime"] = lime(model, x, target, drawn["lime"], baselines=baseline, feature_mask=mask)
    found |= metrics(model, x, target, mask, baseline, drawn, explain)
    if segments is not None:
        found |= occlusion(model, x, 1 if x.shape[-1] < 32 else 4, **fill)
    if "groups" in case:
        groups = fill | {"feature_mask": case["groups"][None]}
        found["feature_ablation.groups"] = FeatureAblation(model).attribute(x, **groups)
        found["shapley_values.groups"] = ShapleyValues(model).attribute(x, **groups)
        found["kernel_shap.groups"] = kernel_shap(model, x, target, baseline, case["groups"][None])
    return {f"captum.{name}": values for name, values in found.items()}
