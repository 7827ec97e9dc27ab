"""Writes the cases of what takes forward passes alone, and small ones as fixtures: make.py CASES FIXTURES.

CASES holds `drawn.safetensors`, what this library draws at random: the peers are given the same.
"""

import sys
import time
from importlib import metadata
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import networks
from of_captum import of_captum
from of_formulas import of_formulas
from of_quantus import of_quantus
from of_shap import of_shap


def versions():
    packages = ["torch", "captum", "shap", "quantus", "scikit-learn"]
    return {"made_by": ", ".join(f"{package} {metadata.version(package)}" for package in packages)}


def half(values):
    return values.half().float()


def network(build, samples, generator, small):
    """Seeded; a small one rounded to what 16 bits hold, so that every number type sees the same."""
    model = networks.initialise(build(), samples, generator)
    if small:
        for values in [*model.parameters(), *model.buffers()]:
            if values.is_floating_point():
                values.data = half(values.data)
    return model


def merges(features, generator):
    """A tree of the features: which two come together, step by step."""
    left, made = list(range(features)), []
    while len(left) > 1:
        chosen = [left.pop(int(torch.randint(len(left), (1,), generator=generator))) for _ in range(2)]
        made.append(sorted(chosen))
        left.append(features + len(made) - 1)
    return torch.tensor(made)


def image_case(build, side, features, seed, small):
    """An image in irregular segments: the places that are nearest to random middles."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(16, 3, side, side, generator=generator)
    model = network(build, images, generator, small)
    middles = torch.rand(features, 2, generator=generator) * side
    places = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij"), -1).float()
    segments = torch.cdist(places.view(-1, 2), middles).argmin(1).view(side, side)
    assert len(segments.unique()) == features
    return model, {"input": half(images[:2]), "segments": segments, "merges": merges(features, generator)}


def table_case(columns, seed):
    """Rows of a table, a background of others for what is absent, and columns in groups."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(16, columns, generator=generator)
    model = network(networks.table, rows, generator, True)
    groups = torch.tensor([0, 1, 1, 2, 3, 3, 3, 4])
    case = {"input": half(rows[:2]), "background": half(rows[2:7]), "groups": groups}
    return model, case | {"merges": merges(columns, generator)}


def explain(name, model, case, drawn):
    """The case with what the peers say, in both number types."""
    with torch.no_grad():
        case["target"] = model(case["input"]).argmax(1)
    found = dict(case)
    for precision, kind in [("f32", torch.float32), ("f64", torch.float64)]:
        start = time.perf_counter()
        model.to(kind)
        inputs = {key: values.to(kind) if values.is_floating_point() else values for key, values in case.items()}
        with torch.no_grad():
            said = of_captum(model, inputs, drawn) | of_shap(model, inputs, drawn) | of_formulas(model, inputs, drawn)
            said |= of_quantus(model, inputs)
        found |= {f"{precision}.{method}": values.to(kind).contiguous() for method, values in said.items()}
        print(f"  {name}: {precision}, {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    model.float()
    return found


def fixture(case):
    """A small case: what was found in 64 bits, in 32."""
    kept = {name: values for name, values in case.items() if not name.startswith(("f32.", "f64."))}
    kept |= {name: values.half() for name, values in kept.items() if values.is_floating_point()}
    return kept | {name: values.float() for name, values in case.items() if name.startswith("f64.")}


def main(cases, fixtures):
    fixtures.mkdir(parents=True, exist_ok=True)
    made_by = versions()
    print(made_by["made_by"], flush=True)
    drawn = load_file(cases / "drawn.safetensors")
    plan = [
        ("mini_table", lambda: table_case(8, 11)),
        ("mini_resnet", lambda: image_case(lambda: networks.resnet(**networks.MINI_RESNET), 24, 9, 12, True)),
        ("resnet18", lambda: image_case(lambda: networks.resnet(**networks.RESNET18), 64, 6, 13, False)),
    ]
    for name, make in plan:
        model, case = make()
        mine = {what.removeprefix(f"{name}."): rows for what, rows in drawn.items() if what.startswith(f"{name}.")}
        case = explain(name, model, case, mine)
        weights = {key: w.contiguous() for key, w in model.state_dict().items() if not key.endswith("tracked")}
        save_file(case, cases / f"{name}.safetensors", made_by)
        save_file(weights, cases / f"{name}.weights.safetensors", made_by)
        if name.startswith("mini"):
            save_file(fixture(case), fixtures / f"{name}.safetensors", made_by)
            save_file({k: w.half() for k, w in weights.items()}, fixtures / f"{name}.weights.safetensors", made_by)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
