"""The tables of docs/shapley.md."""

import numpy as np

# What stands beside which of this library's.
FAMILIES = {
    "KernelShap": ["shap Kernel", "Captum KernelShap"],
    "ShapleySampling": ["shap Permutation", "shap Sampling", "Captum ShapleyValueSampling"],
}


def cell(found, own):
    """The error, the evaluations, and this library's error as a share of it."""
    if found is None:
        return "-"
    error, evaluations = found
    share = "" if own is found or error == 0 else f", {own[0] / error:.2f}"
    return f"{error:.1e} ({evaluations:.0f}{share})"


def tables(name, ours, found, budgets, seeds):
    deviation = ours.get(f"{name}.standard_error")
    truth = ours[f"{name}.truth"]
    lines = [f"{name}, {len(truth)} features, {seeds} seeds:"]
    if deviation is not None:
        share = np.linalg.norm(deviation) / np.linalg.norm(truth)
        lines = [f"{lines[0][:-1]}; the standard error of what stands for the truth is {share:.1e}:"]
    for own, peers in FAMILIES.items():
        lines += ["", f"| n | `{own}` | " + " | ".join(peers) + " |", "|---|---|" + "---|" * len(peers)]
        for n in budgets:
            mine = found[own, n]
            cells = [cell(found.get((peer, n)), mine) for peer in peers]
            lines.append(f"| {n} | {cell(mine, mine)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def rise_table(found, seeds):
    """Of RISE the formula as published stands beside the two others, each held against its own long run."""
    names = ["Published", "Mean", "Slope"]
    head = "| n | " + " | ".join(f"`{name}`" for name in names) + " |"
    lines = [f"RISE, {seeds} seeds:", "", head, "|---|---|---|---|"]
    for n in sorted({n for _, n in found}):
        published = found["Published", n][0]
        cells = [f"{found[name, n][0]:.1e} ({found[name, n][0] / published:.2f})" for name in names]
        lines.append(f"| {n} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
