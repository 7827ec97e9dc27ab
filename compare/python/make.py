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
    packages = ["torch", "captum", "grad-cam"]
    return {package: metadata.version(package) for package in packages}


def random_case(build, side, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(16, 3, side, side, generator=generator)
    model = networks.initialise(build(), images, generator)
    return model, images[:2].contiguous()


def photo_case():
    model = networks.EfficientNetLite0()
    weights = load_file(ASSETS / "efficientnet-lite0" / "efficientnet-lite0-f16.safetensors")
    missing, unexpected = model.load_state_dict({name: w.float() for name, w in weights.items()}, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    photos = [pil_to_tensor(Image.open(ASSETS / "photos" / f"{name}.png").convert("RGB")) for name in PHOTOS]
    return model.eval(), (torch.stack(photos).float() - 127) / 128


def half(values):
    """Rounded to what 16 bits hold, so that a fixture is small and every number type sees the same."""
    return values.half().float()


def explain(name, model, images, layers, samples, steps, seed):
    """The case without the weights: input, noise, target, and the attributions in both number types."""
    noise = torch.randn(samples, *images.shape[1:], generator=torch.Generator().manual_seed(seed)) * 0.1
    if name.startswith("mini"):
        images, noise = half(images), half(noise)
    with torch.no_grad():
        target = model(images).argmax(1)
    case = {"input": images, "noise": noise, "target": target, "steps": torch.tensor([steps])}
    for prefix, kind in [("f32", torch.float32), ("f64", torch.float64)]:
        start = time.perf_counter()
        # Captum makes the points of a path in the default number type.
        torch.set_default_dtype(kind)
        # In 64 bits, depthwise convolutions are too slow in PyTorch for many passes of the large network.
        averages = kind == torch.float32 or name != "efficientnet_lite0"
        inputs = (images.to(kind), target, noise.to(kind))
        found = attributions(model.to(kind), layers, *inputs, steps, averages)
        torch.set_default_dtype(torch.float32)
        model.float()
        case |= {f"{prefix}.{key}": values for key, values in found.items()}
        print(f"  {name}: Captum in {prefix}, {time.perf_counter() - start:.1f} s", flush=True)
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
    print("  " + ", ".join(f"{package} {version}" for package, version in made_by.items()))
    plan = [
        # name, how it is made, layers for Grad-CAM, noisy copies, steps
        ("mini_resnet", lambda: random_case(lambda: networks.resnet(**networks.MINI_RESNET), 24, 1), ["layer1", "layer2"], 4, 5),
        ("mini_vgg", lambda: random_case(lambda: networks.vgg(**networks.MINI_VGG), 16, 2), ["features.4", "features.10"], 4, 5),
        ("mini_kinds", lambda: random_case(networks.kinds, 12, 3), ["branches", "residual"], 4, 5),
        ("resnet18", lambda: random_case(lambda: networks.resnet(**networks.RESNET18), 96, 4), ["layer2", "layer4"], 10, 10),
        ("vgg11", lambda: random_case(lambda: networks.vgg(**networks.VGG11), 64, 5), ["features.20"], 10, 10),
        ("efficientnet_lite0", photo_case, ["head"], 10, 10),
    ]
    for seed, (name, make, layers, samples, steps) in enumerate(plan):
        model, images = make()
        small = name.startswith("mini")
        if small:
            for values in [*model.parameters(), *model.buffers()]:
                if values.is_floating_point():
                    values.data = half(values.data)
        case = explain(name, model, images, layers, samples, steps, seed)
        weights = weights_of(model)
        save_file(case, cases / f"{name}.safetensors", made_by)
        if name != "efficientnet_lite0":
            save_file(weights, cases / f"{name}.weights.safetensors", made_by)
        if small:
            save_file(fixture(case), fixtures / f"{name}.safetensors", made_by)
            save_file({k: v.half() for k, v in weights.items()}, fixtures / f"{name}.weights.safetensors", made_by)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
