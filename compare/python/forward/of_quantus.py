"""What Quantus says of feature ablation, by those of its metrics that give what their papers say.

A fourth one that does, the faithfulness correlation, draws sets that cannot be fed.
"""

import numpy as np
import quantus
import torch
from captum.attr import FeatureAblation


def of_quantus(model, case):
    """Complexity and sparseness of the values; of a table how they go with what each column takes away.

    It looks at one sample at a time: over several its metrics scale by what all of them have.
    """
    x, target, segments = case["input"], case["target"], case.get("segments")
    mask = torch.arange(x.shape[1])[None] if segments is None else segments[None, None]
    baseline = case["background"][:1] if "background" in case else torch.zeros_like(x[:1])
    values = FeatureAblation(model).attribute(x, baselines=baseline, target=target, feature_mask=mask)
    settings = {"normalise": False, "disable_warnings": True, "display_progressbar": False}
    sizes = {"abs": True} | settings
    metrics = {"complexity": quantus.Complexity(**sizes), "sparseness": quantus.Sparseness(**sizes)}
    if segments is None:
        metrics["faithfulness_estimate"] = quantus.FaithfulnessEstimate(abs=False, perturb_baseline=0.0, **settings)
    model = InItsPrecision(model).eval()
    found = {}
    for name, metric in metrics.items():
        scores = [
            metric(model, rows(x[i]), target[i : i + 1].numpy(), rows(values[i]), channel_first=True, softmax=False)[0]
            for i in range(len(x))
        ]
        found[f"quantus.{name}"] = torch.tensor(np.array(scores, dtype=np.float64))
    return found


class InItsPrecision(torch.nn.Module):
    """Quantus hands every network numbers of 32 bits."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x.to(next(self.model.parameters()).dtype))


def rows(sample):
    return sample[None].double().numpy()
