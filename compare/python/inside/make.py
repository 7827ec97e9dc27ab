"""Writes each network's weights, inputs and what the peers say to a folder, and the small ones as fixtures.

    python compare/python/inside/make.py target/compare/cases/inside tests/fixtures/inside
"""

import sys
import time
from importlib import metadata
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.torchvision import ResNetCanonizer

import blocks
import cases
import nets
import networks
from attention import attention, one_unit
from cams import WEIGHTS, cams, full_grads, guided
from differences import DRAWS, differences, rectified
from exact import exact
from relevance import rectified as zennit_rectified
from relevance import relevance, single_rules
from torch_cams import torch_cams


def versions():
    """As one entry: safetensors writes several in an order of its own in each run."""
    packages = ["torch", "captum", "zennit", "grad-cam", "torchcam", "lxt"]
    return {"made_by": ", ".join(f"{package} {metadata.version(package)}" for package in packages)}


def norms(model, x, target, references):
    own, whole = [SequentialMergeBatchNorm()], [blocks.WholeMerge()]
    found = relevance(model, own, whole, x, target) | single_rules(model, whole, x, target)
    found |= zennit_rectified(model, x, target)
    found |= cams(model, ["relu1", "relu2"], x, target) | torch_cams(model, ["relu1", "relu2"], x, target)
    return found | full_grads(model, x, target)


def smooth(model, x, target, references):
    own, whole = [SequentialMergeBatchNorm()], [blocks.WholeMerge()]
    found = relevance(model, own, whole, x, target) | single_rules(model, whole, x, target)
    return found | differences(model, ["elu"], None, x, target, references)


def head(model, x, target, references):
    found = differences(model, [], "maps", x, target, references)
    found |= cams(model, ["maps"], x, target) | torch_cams(model, ["maps"], x, target, ("maps", "classes"))
    # Its maps have either sign, where pytorch-grad-cam takes another absence than 0.
    found["grad_cam.ablation_cam.signed_maps@maps"] = found.pop("grad_cam.ablation_cam@maps")
    return found | exact(model, "maps", "classes", x, target)


def vgg(model, x, target, references):
    found = differences(model, ["features.4"], None, x, target, references)
    return found | rectified(model, "features.10", x, target) | {"grad_cam.guided_backprop": guided(model, x, target)}


def resnet(model, x, target, references):
    own, whole = blocks.canonizers(SequentialMergeBatchNorm()), blocks.canonizers(blocks.WholeMerge())
    found = relevance(model, own, whole, x, target) | single_rules(model, whole, x, target)
    return found | differences(model, ["layer2"], "layer4", x, target, references)


def large_resnet(model, x, target, references):
    own, whole = [ResNetCanonizer()], blocks.torchvision_canonizers(blocks.WholeMerge())
    found = relevance(model, own, whole, x, target) | single_rules(model, whole, x, target)
    # torchvision's blocks have one rectifier each that runs twice, which Captum refuses or mistakes.
    apart = networks.resnet(**networks.RESNET18).to(x.dtype).eval()
    apart.load_state_dict(model.state_dict())
    found |= zennit_rectified(model, x, target)
    found |= differences(apart, ["layer2"], "layer4", x, target, references) | rectified(apart, "layer3", x, target)
    found |= cams(apart, ["layer2"], x, target, costly=False, kinks_behind=True) | cams(apart, ["layer4"], x, target)
    found |= torch_cams(apart, ["layer4"], x, target, ("layer4", "fc"), costly=False)
    return found | full_grads(apart, x, target) | {"grad_cam.guided_backprop": guided(apart, x, target)}


def efficientnet(model, x, target, references):
    own, whole = blocks.canonizers(SequentialMergeBatchNorm()), blocks.canonizers(blocks.WholeMerge())
    found = relevance(model, own, whole, x, target) | zennit_rectified(model, x, target)
    return found | cams(model, ["head"], x, target, costly=False)


def unit(model, x, target, references):
    return one_unit(model.weight, x)


def transformer(model, x, target, references):
    return attention(model, x, target)


def made_unit():
    """One unit whose output is barely negative."""
    model = nn.Linear(1, 1, bias=False)
    model.weight.data = torch.tensor([[-1.0001e-6]])
    return model, torch.ones(1, 1), torch.zeros(1, 1)


PLAN = [
    # name, how it is made, what is said of it.
    ("mini_unit", made_unit, unit),
    ("mini_norms", lambda: cases.small(nets.norms, 12, 1), norms),
    ("mini_smooth", lambda: cases.small(nets.smooth, 10, 2), smooth),
    ("mini_head", lambda: cases.small(nets.head, 10, 3), head),
    ("mini_vgg", lambda: cases.small(lambda: networks.vgg(**networks.MINI_VGG), 16, 4), vgg),
    ("mini_resnet", lambda: cases.small(lambda: networks.resnet(**networks.MINI_RESNET), 24, 5, 1), resnet),
    ("mini_vit", lambda: cases.vit(2, 6, 12, 2, [2, 3], 4, 6, 2), transformer),
    ("vit", lambda: cases.vit(3, 64, 192, 8, [3] * 6, 100, 7, 2), transformer),
    ("resnet18", lambda: cases.large_resnet(64, 8), large_resnet),
    ("efficientnet_lite0", cases.efficientnet, efficientnet),
]


def explain(name, model, images, references, say):
    """The case without the weights: inputs, references, targets, and what is said in both number types."""
    with torch.no_grad():
        target = model(images).argmax(1)
    case = {"input": images, "references": references, "target": target}
    # Captum makes the places on a path in the default number type; xai's are in 64 bits.
    torch.set_default_dtype(torch.float64)
    for prefix, kind in [("f32", torch.float32), ("f64", torch.float64)]:
        start = time.perf_counter()
        found = say(model.to(kind), images.to(kind), target, references.to(kind))
        case |= {f"{prefix}.{key}": values.detach().clone().contiguous() for key, values in found.items()}
        print(f"  {name}: {prefix}, {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    torch.set_default_dtype(torch.float32)
    model.float()
    return case


def fixture(case):
    """A small case: what was said in 64 bits, in 32, without what is there on equal terms too."""
    kept = {name: values for name, values in case.items() if not name.startswith(("f32.", "f64."))}
    kept |= {"input": case["input"].half(), "references": case["references"].half()}
    said = {name: values for name, values in case.items() if name.startswith("f64.")}
    return kept | {name: values.float() for name, values in said.items() if f"{name}.shares" not in said}


def weights_of(model):
    state = model.state_dict()
    return {name: values.contiguous() for name, values in state.items() if not name.endswith("num_batches_tracked")}


def main(folder, fixtures, chosen):
    folder.mkdir(parents=True, exist_ok=True)
    fixtures.mkdir(parents=True, exist_ok=True)
    made_by = versions()
    print(made_by["made_by"], flush=True)
    drawn = {"draws": torch.tensor(DRAWS, dtype=torch.float64)}
    drawn["weights"] = torch.tensor(WEIGHTS, dtype=torch.float64)
    for place in [folder, fixtures]:
        save_file(drawn, place / "draws.safetensors", made_by)
    for name, make, say in PLAN:
        if chosen and name not in chosen:
            continue
        model, images, references = make()
        weights = {name: values.clone() for name, values in weights_of(model).items()}
        case = explain(name, model, images, references, say)
        save_file(case, folder / f"{name}.safetensors", made_by)
        if name != "efficientnet_lite0":
            save_file(weights, folder / f"{name}.weights.safetensors", made_by)
        if name.startswith("mini"):
            save_file(fixture(case), fixtures / f"{name}.safetensors", made_by)
            narrow = {k: v if name == "mini_unit" else v.half() for k, v in weights.items()}
            save_file(narrow, fixtures / f"{name}.weights.safetensors", made_by)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
