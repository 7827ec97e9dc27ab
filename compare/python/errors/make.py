"""Prints the error of estimates of Shapley values against evaluations: make.py FOLDER, with `ours.safetensors` in it.

The games are those of compare/src/errors, whose errors are in that file; shap and Captum get the same, with the same
seeds and numbers of evaluations.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import networks
from estimates import PEERS, TooFew
from tables import rise_table, tables

ASSETS = Path(__file__).resolve().parents[3] / "assets"


class Game:
    """The output as a function of who is there, and how often it was asked."""

    def __init__(self, value):
        self.value, self.evaluations = value, 0

    def __call__(self, rows):
        self.evaluations += len(rows)
        return self.value(np.asarray(rows, dtype=float))


def players(count):
    def worth(term):
        return ((term * 7919 + 131) % 1009) / 504.5 - 1.0

    alone, pairs, triples = ([worth(first + a) for a in range(count)] for first in (0, 100, 200))
    places = np.arange(count)

    def value(z):
        two = z * z[:, (places + 2) % count]
        three = z * z[:, (places + 1) % count] * z[:, (places + 3) % count]
        return z @ np.array(alone) + 1.5 * two @ np.array(pairs) + 2.0 * three @ np.array(triples)

    return value


def photo(x, target):
    """The bundled network on the photo in 8 × 8 patches, filled with zeros."""
    model = networks.EfficientNetLite0()
    weights = load_file(ASSETS / "efficientnet-lite0" / "efficientnet-lite0-f16.safetensors")
    missing, unexpected = model.load_state_dict({name: w.float() for name, w in weights.items()}, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    model.eval()
    height, width = x.shape[-2:]

    def value(z):
        present = torch.from_numpy(z).to(x.dtype).view(-1, 1, 8, 8)
        present = present.repeat_interleave(height // 8, 2).repeat_interleave(width // 8, 3)
        with torch.no_grad():
            return torch.cat([model(x * part)[:, target] for part in present.split(16)]).double().numpy()

    return value


def errors(value, truth, budgets, seeds):
    """For each peer and budget the median error and the evaluations; nothing where they are too few for it."""
    found = {}
    for name, estimate in PEERS.items():
        for n in budgets:
            start, rows = time.perf_counter(), []
            for seed in range(seeds):
                game = Game(value)
                try:
                    estimated = estimate(game, len(truth), n, seed)
                except TooFew:
                    break
                rows.append([np.linalg.norm(estimated - truth) / np.linalg.norm(truth), game.evaluations])
            if rows:
                found[name, n] = np.median(rows, axis=0)
            print(f"  {name}, {n}: {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    return found


def own_errors(ours, name):
    """Here: by estimate and budget the median error and the evaluations; and how many seeds there were."""
    found, seeds = {}, 0
    for key, rows in ours.items():
        game, estimate, n = (key.split(".") + [""])[:3]
        if game == name and n:
            found[estimate, int(n)], seeds = np.median(rows, axis=0), len(rows)
    return found, seeds


def main(folder):
    ours = {name: values.numpy() for name, values in load_file(folder / "ours.safetensors").items()}
    for name in [key.removesuffix(".truth") for key in ours if key.endswith(".truth")]:
        own, seeds = own_errors(ours, name)
        budgets = sorted({n for _, n in own})
        if name == "photo":
            value = photo(torch.from_numpy(ours["photo.input"]).float(), int(ours["photo.target"][0]))
        else:
            value = players(int(name.split()[0]))
        truth = ours[f"{name}.truth"]
        # That both sides ask the same: the values add up to what everybody adds.
        full, empty = value(np.array([np.ones(len(truth)), np.zeros(len(truth))]))
        assert abs(truth.sum() - (full - empty)) <= 1e-4 * abs(full - empty), (name, truth.sum(), full, empty)
        print(tables(name, ours, own | errors(value, truth, budgets, seeds), budgets, seeds), flush=True)
    print(rise_table(*own_errors(ours, "rise")))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
