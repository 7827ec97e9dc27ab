"""Writes each network's weights, inputs and Captum's attributions to a folder, and the small ones as fixtures.

    python compare/python/make.py target/compare/cases tests/fixtures/captum
"""

import sys
import time
from importlib import metadata
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torchvision.transforms.functional import pil_to_tensor

import networks
from attributions import attributions

ASSETS = Path(__file__).resolve().parents[2] / "assets"
PHOTOS = ["catcup", "chelsea"]


def versions():
    """As one entry: safetensors writes several in an order of its own in each run."""
    packages = ["torch", "captum", "grad-cam"]
    return {"made_by": ", ".join(f"{package} {metadata.version(package)}" for package in packages)}


def random_case(build, side, seed, levels=None):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(16, 3, side, side, generator=generator)
    if levels:
        images = (images * levels).round() / levels
    return networks.initialise(build(), images, generator), images


def small_case(build, side, seed):
    """A fixture: rounded to what 16 bits hold, so that it is small and every number type sees the same."""
    model, images = random_case(build, side, seed)
    for values in [*model.parameters(), *model.buffers()]:
        if values.is_floating_point():
            values.data = half(values.data)
    images = half(images[:2])
    return model, images, torch.zeros_like(images[:1])


def large_case(build, side, seed):
    """Its path starts at another image: at a black one, all values under a max pooling can be equal, and each choice
    among them is a right gradient. The images have the levels of photos, so that x0 + (x - x0) is x when rounded too.
    """
    model, images = random_case(build, side, seed, levels=64)
    return model, images[:2].contiguous(), images[2:3].contiguous()


def photo_case():
    model = networks.EfficientNetLite0()
    weights = load_file(ASSETS / "efficientnet-lite0" / "efficientnet-lite0-f16.safetensors")
    missing, unexpected = model.load_state_dict({name: w.float() for name, w in weights.items()}, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    photos = [pil_to_tensor(Image.open(ASSETS / "photos" / f"{name}.png").convert("RGB")) for name in PHOTOS]
    images = (torch.stack(photos).float() - 127) / 128
    return model.eval(), images, torch.zeros_like(images[:1])


def half(values):
    return values.half().float()


def explain(name, model, images, baseline, layers, samples, steps, seed):
    """The case without the weights: input, noise, target, and the attributions in both number types."""
    noise = torch.randn(samples, *images.shape[1:], generator=torch.Generator().manual_seed(seed)) * 0.1
    if name.startswith("mini"):
        noise = half(noise)
    with torch.no_grad():
        target = model(images).argmax(1)
    case = {"input": images, "noise": noise, "target": target, "steps": torch.tensor([steps])}
    if baseline.any():
        case["baseline"] = baseline[0]
    # Captum makes the places on a path in the default number type; xai's are in 64 bits.
    torch.set_default_dtype(torch.float64)
    for prefix, kind in [("f32", torch.float32), ("f64", torch.float64)]:
        start = time.perf_counter()
        inputs = (images.to(kind), baseline.to(kind), target, noise.to(kind))
        found = attributions(model.to(kind), layers, *inputs, steps)
        case |= {f"{prefix}.{key}": values for key, values in found.items()}
        print(f"  {name}: Captum in {prefix}, {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    torch.set_default_dtype(torch.float32)
    model.float()
    return case


def fixture(case):
    """A small case: the attributions of 64 bits, in 32."""
    kept = {name: values for name, values in case.items() if not name.startswith(("f32.", "f64."))}
    kept |= {"input": case["input"].half(), "noise": case["noise"].half()}
    return kept | {name: values.float() for name, values in case.items() if name.startswith("f64.")}


def weights_of(model):
    state = model.state_dict()
    return {name: values.contiguous() for name, values in state.items() if not name.endswith("num_batches_tracked")}


def main(cases, fixtures):
    cases.mkdir(parents=True, exist_ok=True)
    fixtures.mkdir(parents=True, exist_ok=True)
    made_by = versions()
    print(made_by["made_by"], flush=True)
    mini_resnet = lambda: networks.resnet(**networks.MINI_RESNET)
    mini_vgg = lambda: networks.vgg(**networks.MINI_VGG)
    resnet18 = lambda: networks.resnet(**networks.RESNET18)
    plan = [
        # name, how it is made, layers for Grad-CAM, noisy copies, steps.
        ("mini_resnet", lambda: small_case(mini_resnet, 24, 1), ["layer1", "layer2"], 4, 5),
        ("mini_vgg", lambda: small_case(mini_vgg, 16, 2), ["features.4", "features.10"], 4, 5),
        ("mini_kinds", lambda: small_case(networks.kinds, 12, 3), ["branches", "residual"], 4, 5),
        ("resnet18", lambda: large_case(resnet18, 96, 4), ["layer2", "layer4"], 10, 10),
        ("vgg11", lambda: large_case(lambda: networks.vgg(**networks.VGG11), 64, 5), ["features.20"], 10, 10),
        ("efficientnet_lite0", photo_case, ["head"], 10, 10),
    ]
    for seed, (name, make, layers, samples, steps) in enumerate(plan):
        model, images, baseline = make()
        case = explain(name, model, images, baseline, layers, samples, steps, seed)
        weights = weights_of(model)
        save_file(case, cases / f"{name}.safetensors", made_by)
        if name != "efficientnet_lite0":
            save_file(weights, cases / f"{name}.weights.safetensors", made_by)
        if name.startswith("mini"):
            save_file(fixture(case), fixtures / f"{name}.safetensors", made_by)
            save_file({k: v.half() for k, v in weights.items()}, fixtures / f"{name}.weights.safetensors", made_by)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
