"""What shap says, of the columns of a table or of the segments of an image."""

from unittest import mock

import numpy as np
import shap
import torch

from of_captum import orders_of


def game(model, x, target, segments):
    """The output of one sample as a function of rows: of columns, or of which segments are there."""

    def outputs(rows):
        rows = torch.from_numpy(np.asarray(rows)).to(x.dtype)
        if segments is not None:
            rows = rows[:, segments][:, None] * x
        with torch.no_grad():
            return torch.cat([model(part)[:, target] for part in rows.split(64)]).double().numpy()

    return outputs


def permutation(outputs, background, x, orders):
    """The permutation explainer with given orders; it goes back along each by itself."""
    left = iter(orders)

    def shuffle(places):
        places[:] = next(left)

    by = shap.PermutationExplainer(outputs, shap.maskers.Independent(background))
    with mock.patch.object(np.random, "shuffle", side_effect=shuffle) as shuffled:
        found = by(x, max_evals=len(orders) * (2 * x.shape[1] + 1), silent=True).values
    assert shuffled.call_count == len(orders), "PermutationExplainer does not draw as it did"
    return found


def linkage(merges):
    """SciPy's columns: which two, how far apart, how many."""
    features, sizes, rows = len(merges) + 1, [1] * (len(merges) + 1), []
    for step, (one, other) in enumerate(merges.tolist()):
        sizes.append(sizes[one] + sizes[other])
        rows.append([one, other, (step + 1) / features, sizes[-1]])
    return np.array(rows, dtype=float)


def of_one(outputs, background, x, case, drawn):
    independent = shap.maskers.Independent(background)
    tree = linkage(case["merges"])
    partition = shap.maskers.Partition(background, clustering=tree)
    every = 2 ** x.shape[1]
    # One of each two: the explainer goes back along an order by itself.
    orders = orders_of(drawn["orders"])[::2]
    kernel = shap.KernelExplainer(outputs, background)
    return {
        "exact": shap.ExactExplainer(outputs, independent)(x, silent=True).values,
        "kernel": kernel.shap_values(x, nsamples=every, l1_reg=0, silent=True),
        "permutation": permutation(outputs, background, x, orders),
        "partition": shap.PartitionExplainer(outputs, partition)(x, max_evals=100_000, silent=True).values,
        "exact.partition": shap.ExactExplainer(outputs, partition)(x, silent=True).values,
    }


def of_shap(model, case, drawn):
    """All explainers by name, sample by sample; of a table over the background, of an image's segments with zeros."""
    segments, all_of = case.get("segments"), []
    for x, target in zip(case["input"], case["target"].tolist()):
        outputs = game(model, x, target, segments)
        if segments is None:
            rows, background = x[None].double().numpy(), case["background"].double().numpy()
        else:
            features = int(segments.max()) + 1
            rows, background = np.ones((1, features)), np.zeros((1, features))
        all_of.append(of_one(outputs, background, rows, case, drawn))
    return {
        f"shap.{name}": torch.from_numpy(np.concatenate([np.asarray(of[name]) for of in all_of])) for name in all_of[0]
    }
