"""What shap and Captum estimate, of a game of D players, by about n evaluations."""

import logging
import warnings

import numpy as np
import shap
import torch
from captum.attr import KernelShap, ShapleyValueSampling

# One feature after the other, and shap's words about each.
logging.getLogger("shap").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="(shap|captum)")


class TooFew(Exception):
    """So few evaluations are not enough for it."""


def shap_kernel(game, players, n, seed):
    np.random.seed(seed)
    by = shap.KernelExplainer(game, np.zeros((1, players)))
    return by.shap_values(np.ones((1, players)), nsamples=n, l1_reg=0, silent=True)[0]


def shap_permutation(game, players, n, seed):
    """Orders there and back, of which each takes 2·D + 1."""
    if n < 2 * players + 1:
        raise TooFew
    by = shap.PermutationExplainer(game, shap.maskers.Independent(np.zeros((1, players))), seed=seed)
    return by(np.ones((1, players)), max_evals=n, silent=True).values[0]


def shap_sampling(game, players, n, seed):
    """Its samples are two evaluations each, and it takes two at least for each feature."""
    if n < 4 * players:
        raise TooFew
    np.random.seed(seed)
    by = shap.SamplingExplainer(game, np.zeros((1, players)))
    return by.shap_values(np.ones((1, players)), nsamples=n // 2, silent=True)[0]


def torch_game(game):
    return lambda rows: torch.from_numpy(game(rows.numpy()))


def captum_kernel(game, players, n, seed):
    """Both ends are among its samples."""
    torch.manual_seed(seed)
    by = KernelShap(torch_game(game))
    return by.attribute(torch.ones(1, players), n_samples=n + 2, perturbations_per_eval=256)[0].double().numpy()


def captum_sampling(game, players, n, seed):
    if n < players:
        raise TooFew
    torch.manual_seed(seed)
    by = ShapleyValueSampling(torch_game(game))
    found = by.attribute(torch.ones(1, players), n_samples=n // players, perturbations_per_eval=players)
    return found[0].double().numpy()


PEERS = {
    "shap Kernel": shap_kernel,
    "Captum KernelShap": captum_kernel,
    "shap Permutation": shap_permutation,
    "shap Sampling": shap_sampling,
    "Captum ShapleyValueSampling": captum_sampling,
}
