"""Exports networks of torchvision and timm as TorchScript, with what torch finds in them: ./zoo.sh --torchscript.

python export.py FOLDER [NAME ..]: for each network NAME.trace.pt and, where it can be scripted, NAME.script.pt, numbers
in NAME.safetensors, and for all of them a list, networks.json.
"""

import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

from networks import TIMM, TORCHVISION, healthy


class Halves(torch.nn.Module):
    """A network with its halves beside it, which a file keeps as methods."""

    def __init__(self, net, entry):
        super().__init__()
        self.net = net
        self.halves = (entry.features, entry.head)

    def features(self, x):
        return self.halves[0](self.net, x)

    def adaptation(self, maps):
        return self.halves[1](self.net, maps)

    def forward(self, x):
        return self.net(x)


def fastest(run):
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        run()
        best = min(best, (time.perf_counter() - start) * 1e3)
    return best


def gradient(net, x, target):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(net(x)[:, target].sum(), x)[0]


def grid(there):
    """Maps (1, channels, rows, columns) out of what is at a place, and how they lie there: as maps, with the channels
    last, or as tokens, of which the first belong to no place."""
    if there.ndim == 3:
        side = int(there.shape[1] ** 0.5)
        skip = there.shape[1] - side * side
        return there[:, skip:].transpose(1, 2).unflatten(2, (side, side)), {"tokens": [skip, side, side]}
    if there.shape[1] == there.shape[2] != there.shape[3]:
        return there.permute(0, 3, 1, 2), "channels last"
    return there, "maps"


def grad_cam(halves, x, target):
    """relu(sum of maps, each by the spatial mean of its gradient)."""
    there = halves.features(x)
    (maps, lie), (slope, _) = grid(there), grid(gradient(halves.adaptation, there, target))
    return (slope.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu(), lie


def scripted(net, path):
    """The first line of why it cannot be, or nothing."""
    try:
        torch.jit.script(net).save(path)
    except Exception as error:
        return (str(error).strip().splitlines() or [type(error).__name__])[0]


def export(entry, folder):
    torch.manual_seed(0)
    net = healthy(entry.build(), entry.side)
    halves = Halves(net, entry).eval()
    x = torch.randn(1, 3, entry.side, entry.side)
    with torch.no_grad():
        # The class that the image moves most.
        target = int((net(x) - net(torch.zeros_like(x))).abs().argmax())
        apart = (halves.adaptation(halves.features(x)) - net(x)).abs().max() / net(x).abs().max()
        assert apart < 1e-5, f"{entry.name}: the halves are not the network ({apart})"
        maps = halves.features(x)
    found = {"x": x, "gradient32": gradient(net, x, target)}
    found["cam32"], lie = grad_cam(halves, x, target)
    with torch.no_grad():
        forward_ms = fastest(lambda: net(x))
    gradient_ms = fastest(lambda: gradient(net, x, target))

    inputs = {"forward": x, "features": x, "adaptation": maps}
    torch.jit.trace_module(halves, inputs, check_trace=False).save(folder / f"{entry.name}.trace.pt")
    not_scripted = scripted(net, folder / f"{entry.name}.script.pt")

    halves.double()
    found["gradient64"] = gradient(net, x.double(), target)
    save_file({name: values.contiguous() for name, values in found.items()}, folder / f"{entry.name}.safetensors")
    return {
        "source": entry.source, "name": entry.name, "side": entry.side, "target": target, "place": entry.place,
        "lie": lie, "not_scripted": not_scripted, "forward_ms": forward_ms, "gradient_ms": gradient_ms,
    }


def main():
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    entries = [entry for entry in TORCHVISION + TIMM if not names or entry.name in names]
    done = []
    for entry in entries:
        print(entry.name, file=sys.stderr, flush=True)
        done.append(export(entry, folder))
        # Whole after each of them.
        (folder / "networks.json").write_text(json.dumps(done, indent=1))


main()
