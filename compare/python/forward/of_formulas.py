"""What the published formulas give, on the masks that this library draws: of RISE, and of LIME by scikit-learn."""

import torch
from sklearn.linear_model import Ridge

from of_captum import ALPHA, weight


def rise(model, x, target, masks):
    """cov(y, M) / var(M), Σ y·M / Σ M and Σ y·M / (n·p), of each place."""
    masks = masks.to(x.dtype)
    found = {"slope": [], "mean": [], "published": []}
    for sample, index in zip(x, target.tolist()):
        y = torch.cat([model(part[:, None] * sample)[:, index] for part in masks.split(64)]).double()
        m = masks.double().flatten(1)
        covariance = ((y - y.mean())[:, None] * (m - m.mean(0))).mean(0)
        found["slope"].append(covariance / m.var(0, correction=0))
        found["mean"].append((y[:, None] * m).sum(0) / m.sum(0))
        found["published"].append((y[:, None] * m).sum(0) / (len(m) * 0.5))
    return {f"formula.rise.{name}": torch.stack(values) for name, values in found.items()}


def ridge(model, x, target, mask, baseline, masks):
    """LIME's regression in 64 bits, by scikit-learn."""
    rows = torch.cat([torch.ones_like(masks[:1]), masks])
    weights, found = [weight(row) for row in rows], []
    there = rows[:, mask].to(x.dtype).view(len(rows), *([1] * (x.ndim - mask.ndim - 1)), *mask.shape)
    for sample, index in zip(x, target.tolist()):
        y = model(there * sample + (1 - there) * baseline)[:, index].double()
        found.append(torch.from_numpy(Ridge(alpha=ALPHA).fit(rows.double(), y, sample_weight=weights).coef_))
    return {"sklearn.ridge": torch.stack(found)}


def of_formulas(model, case, drawn):
    x, target, segments = case["input"], case["target"], case.get("segments")
    mask = torch.arange(x.shape[1]) if segments is None else segments
    baseline = case["background"][0] if "background" in case else torch.zeros_like(x[0])
    found = ridge(model, x, target, mask, baseline, drawn["lime"])
    return found | (rise(model, x, target, drawn["rise"]) if "rise" in drawn else {})
