"""What zennit says: layer-wise relevance propagation, excitation, guided backpropagation, deconvolution."""

import torch
from torch.nn import functional
from zennit.composites import (
    DeconvNet,
    EpsilonAlpha2Beta1,
    EpsilonAlpha2Beta1Flat,
    EpsilonGammaBox,
    EpsilonPlus,
    EpsilonPlusFlat,
    ExcitationBackprop,
    GuidedBackprop,
    LayerMapComposite,
    SpecialFirstLayerMapComposite,
    layer_map_base,
)
from zennit.core import Composite
from zennit.layer import Sum
from zennit.rules import AlphaBeta, Epsilon, Flat, Gamma, Norm, Pass, ReLUDeconvNet, ReLUGuidedBackprop
from zennit.rules import WSquare, ZBox, ZPlus
from zennit.types import Activation, AvgPool, BatchNorm, Linear

# What pixels can be, at most.
LOW, HIGH = -4.0, 4.0

# zennit divides relevance by a sum and multiplies by its parts; stabilised by next to nothing, that is to hand on
# relevance by the parts' shares.
SHARES = [(Sum, Norm(stabilizer=1e-12)), (AvgPool, Norm(stabilizer=1e-12))]


def propagated(model, composite, x, target, ones=False):
    """Relevance of the target's output, or of 1 in its place."""
    x = x.clone().requires_grad_()
    with composite.context(model) as modified:
        output = modified(x)
        chosen = functional.one_hot(target, output.shape[1]).to(output)
        start = chosen if ones else chosen * output.detach()
        found = torch.autograd.grad(output, x, start)[0]
    return found


def rules(canonizers):
    """Each rule at all layers, or at the first one."""
    everywhere = {
        "zero": Epsilon(0.0),
        "epsilon": Epsilon(0.01),
        "gamma": Gamma(0.25),
        "alpha_beta": AlphaBeta(2.0, 1.0),
        "z_plus": ZPlus(),
    }
    first = {
        "z_box": ZBox(LOW, HIGH),
        "flat": Flat(),
        "w_square": WSquare(),
        "w_square.without_biases": WSquare(zero_params=["bias"]),
    }
    base = SHARES + layer_map_base()
    made = {
        name: LayerMapComposite(base + [(Linear, rule)], canonizers=canonizers) for name, rule in everywhere.items()
    }
    return made | {
        name: SpecialFirstLayerMapComposite(base + [(Linear, Epsilon())], [(Linear, rule)], canonizers=canonizers)
        for name, rule in first.items()
    }


def composites(canonizers, **arguments):
    """The named ones, as they come but for `arguments`."""
    common = {"canonizers": canonizers} | arguments
    return {
        "epsilon_plus": EpsilonPlus(**common),
        "epsilon_plus_flat": EpsilonPlusFlat(**common),
        "epsilon_alpha2_beta1": EpsilonAlpha2Beta1(**common),
        "epsilon_alpha2_beta1_flat": EpsilonAlpha2Beta1Flat(**common),
        "epsilon_gamma_box": EpsilonGammaBox(LOW, HIGH, **common),
    }


def canonised_output(model, canonizers, x):
    """What the model says when canonisers have changed it."""
    with Composite(canonizers=canonizers).context(model) as modified, torch.no_grad():
        return modified(x)


def single_rules(model, whole, x, target):
    """Each rule by name, with canonisers that leave nothing of a norm."""
    found = {f"zennit.{name}": propagated(model, rule, x, target) for name, rule in rules(whole).items()}
    # Both rules share out all that arrives at the first layer.
    return found | {"exact.zennit.w_square": found["zennit.flat"].sum((1, 2, 3))}


def relevance(model, own, whole, x, target):
    """Composites by name, with zennit's own canonisers, and with those that leave nothing of a norm."""
    found = {}
    for name, composite in composites(own).items():
        found[f"zennit.{name}"] = propagated(model, composite, x, target)
    for name, composite in composites(whole, layer_map=SHARES).items():
        found[f"zennit.{name}.shares"] = propagated(model, composite, x, target)
    excitation = ExcitationBackprop(canonizers=whole)
    found["zennit.excitation_backprop"] = propagated(model, excitation, x, target, ones=True)
    passing = SHARES + [((Activation, BatchNorm), Pass())]
    excitation = ExcitationBackprop(layer_map=passing, zero_params=["bias"], canonizers=whole)
    found["zennit.excitation_backprop.without_biases"] = propagated(model, excitation, x, target, ones=True)
    with torch.no_grad():
        output = model(x)
    changed = canonised_output(model, own, x)
    if not torch.equal(output, changed):
        found |= {"zennit.canonised_output": changed, "exact.zennit.canonised_output": output}
    return found


def rectified(model, x, target):
    """Guided backpropagation and deconvolution, also at ReLU6, which zennit's composites do not name."""
    both = (torch.nn.ReLU, torch.nn.ReLU6)
    made = {
        "guided_backprop": GuidedBackprop([(both, ReLUGuidedBackprop())]),
        "deconvolution": DeconvNet([(both, ReLUDeconvNet())]),
    }
    return {f"zennit.{name}": propagated(model, made, x, target, ones=True) for name, made in made.items()}
