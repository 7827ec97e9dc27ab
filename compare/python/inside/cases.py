"""The networks with their inputs, targets and references."""

from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision.models import resnet18
from torchvision.transforms.functional import pil_to_tensor

import networks
from attention import Vit

ASSETS = Path(__file__).resolve().parents[3] / "assets"

# How many references a set has.
REFERENCES = 3


def half(values):
    """Rounded to what 16 bits hold, so that every number type sees the same."""
    return values.half().float()


def drawn(build, channels, side, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(16, channels, side, side, generator=generator)
    return networks.initialise(build(), images, generator), images


def rounded(model):
    for values in [*model.parameters(), *model.buffers()]:
        if values.is_floating_point():
            values.data = half(values.data)
    return model


def small(build, side, seed, samples=2):
    """A network, inputs, and references, which are images too."""
    model, images = drawn(build, 3, side, seed)
    return rounded(model), half(images[:samples]), half(images[8 : 8 + REFERENCES])


def vit(channels, side, width, patch, heads, classes, seed, samples):
    """A vision transformer whose residual sums and norms are not near 0."""
    build = lambda: Vit(channels, width, patch, (side // patch) ** 2, heads, classes)
    model, images = drawn(build, channels, side, seed)
    generator = torch.Generator().manual_seed(seed)
    for name in ["class", "positions"]:
        weight = model.get_submodule(name).weight
        weight.data = torch.randn(weight.shape, generator=generator) * 0.5
    return rounded(model), half(images[:samples]), half(images[8 : 8 + REFERENCES])


def large_resnet(side, seed):
    """torchvision's ResNet-18, with seeded weights. The images have the levels of photos; one is explained."""
    seeded, images = drawn(lambda: networks.resnet(**networks.RESNET18), 3, side, seed)
    model = resnet18()
    model.load_state_dict(seeded.state_dict())
    images = (images * 64).round() / 64
    return model.eval(), images[:1].contiguous(), images[8 : 8 + REFERENCES].contiguous()


def efficientnet():
    """The bundled network with its trained weights, and a bundled photo; the references are grey, black and white."""
    model = networks.EfficientNetLite0()
    weights = load_file(ASSETS / "efficientnet-lite0" / "efficientnet-lite0-f16.safetensors")
    missing, unexpected = model.load_state_dict({name: w.float() for name, w in weights.items()}, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    photo = pil_to_tensor(Image.open(ASSETS / "photos" / "chelsea.png").convert("RGB"))[None]
    photo = (photo.float() - 127) / 128
    greys = torch.tensor([0.0, -127 / 128, 1.0])[:, None, None, None].expand(-1, *photo.shape[1:])
    return model.eval(), photo.contiguous(), greys.contiguous()
