"""Exports networks to ONNX and writes what Captum says about the originals: the small ones as fixtures too.

    PYTHONPATH=compare/python python compare/python/files/make.py target/compare/cases/files tests/fixtures/files
"""

import shutil
import sys
import time
from importlib import metadata
from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file

import exports
import methods
import originals

PRECISIONS = {"f32": torch.float32, "f64": torch.float64}


def versions():
    packages = ["torch", "captum", "onnx", "onnxruntime", "onnxscript"]
    return {"made_by": ", ".join(f"{package} {metadata.version(package)}" for package in packages)}


def cast(case, kind):
    to = lambda x: x.to(kind) if x.is_floating_point() else x
    return case | {name: to(case[name]) for name in ["input", "baseline", "noise"]}


def exported(name, model, case, folder):
    """Writes the files and says where the modules' outputs are, and what onnxruntime computes in 32 bits."""
    places, found = [], {}
    for exporter in exports.EXPORTERS:
        for precision, kind in PRECISIONS.items():
            path = folder / f"{name}.{exporter}.{precision}.onnx"
            model, inputs = model.to(kind), (cast(case, kind)["input"], *case["given"])
            exports.export(model, inputs, case["names"], path, exporter)
            if precision == "f32":
                found[f"onnxruntime.{exporter}"] = exports.run(path, inputs, case["names"])
                there = exports.places(path, model, inputs, case["names"], case["modules"])
        # The names in the file of 64 bits are those of the other one.
        names = {output for node in onnx.load(path).graph.node for output in node.output}
        assert names.issuperset(there.values()), (there, path)
        places += [f"{exporter} {module} {place}\n" for module, place in there.items()]
    (folder / f"{name}.places").write_text("".join(places))
    model.float()
    return found


def explained(name, model, case):
    # Captum makes the places on a path in the default number type; xai's are in 64 bits.
    torch.set_default_dtype(torch.float64)
    found = {}
    for prefix, kind in PRECISIONS.items():
        start = time.perf_counter()
        values = methods.attributions(model.to(kind), cast(case, kind))
        found |= {f"{prefix}.{key}": array for key, array in values.items()}
        print(f"  {name}: Captum in {prefix}, {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    torch.set_default_dtype(torch.float32)
    model.float()
    # No answer to be met: see the notes of `compare/src/files`.
    wrong = [found.pop(f"{prefix}.deep_lift", None) for prefix in PRECISIONS]
    return found if wrong[-1] is None else found | {"captum.deep_lift": wrong[-1]}


def arrays(case):
    """What the other side needs to do the same, as numbers."""
    kept = {name: case[name] for name in ["input", "noise", "target", "features"]}
    kept |= {"baseline": case["baseline"][0], "steps": torch.tensor([case["steps"]])}
    kept |= {f"neuron.{module}": torch.tensor(at) for module, at in case["neurons"].items()}
    if case["given"]:
        # The other side fixes it, for all samples alike: what is given beside the input bypasses places.
        kept["mask"] = case["given"][0][:1]
    return {name: values.float().contiguous() for name, values in kept.items()}


def without_notes(path):
    """The file without what the exporter says about its nodes' origins, which is most of a small file."""
    file = onnx.load(path)
    for of in [file, file.graph, *file.graph.node, *file.graph.value_info, *file.graph.input, *file.graph.output]:
        del of.metadata_props[:]
    return file


def main(cases, fixtures):
    cases.mkdir(parents=True, exist_ok=True)
    fixtures.mkdir(parents=True, exist_ok=True)
    made_by = versions()
    print(made_by["made_by"], flush=True)
    for seed, (name, (make, copies, steps)) in enumerate(originals.ALL.items()):
        model, case = make()
        shape = case["input"].shape[1:]
        noise = torch.randn(copies, *shape, generator=torch.Generator().manual_seed(seed)) * 0.1
        with torch.no_grad():
            target = model(case["input"], *case["given"]).argmax(1)
        case |= {"noise": originals.half(noise), "steps": steps, "target": target}
        kept = arrays(case) | exported(name, model, case, cases)
        if case.get("captum", True):
            found = explained(name, model, case)
            save_file(kept | found, cases / f"{name}.safetensors", made_by)
        else:
            save_file(kept, cases / f"{name}.safetensors", made_by)
        if name.startswith("mini"):
            double = {key: values.float() for key, values in found.items() if key.startswith("f64.")}
            save_file(kept | double, fixtures / f"{name}.safetensors", made_by)
            for exporter in exports.EXPORTERS:
                onnx.save(without_notes(cases / f"{name}.{exporter}.f32.onnx"), fixtures / f"{name}.{exporter}.onnx")
            shutil.copy(cases / f"{name}.places", fixtures)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
