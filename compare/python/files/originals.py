"""The networks that are exported, with what they are given."""

from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision.transforms.functional import pil_to_tensor

import encoders
import networks

ASSETS = Path(__file__).resolve().parents[3] / "assets"
PADDING = 0


def half(values):
    return values.half().float()


def rounded(model):
    """Weights that 16 bits hold: fixtures are the same in every number type."""
    for values in [*model.parameters(), *model.buffers()]:
        if values.is_floating_point():
            values.data = half(values.data)
    return model


def cells(side):
    """The cells of a grid of 4 x 4 as features of an image."""
    row = torch.arange(side) * 4 // side
    return (row[:, None] * 4 + row)[None, None]


def case(model, images, baseline, modules, neurons, rectifiers):
    features = cells(images.shape[-1])
    return model, {
        "input": images,
        "baseline": baseline,
        "given": (),
        "features": features,
        "modules": modules,
        "neurons": neurons,
        "rectifiers": rectifiers,
        "secants": True,
        "names": ["input"],
    }


def resnet(sizes, side, seed, modules):
    generator = torch.Generator().manual_seed(seed)
    images = half(torch.randn(16, 3, side, side, generator=generator))
    model = rounded(networks.initialise(networks.resnet(**sizes), images, generator))
    return case(model, images[:2], images[2:3], modules, dict.fromkeys(modules, (1, 0, 0)), True)


def vit(sizes, seed, modules):
    generator = torch.Generator().manual_seed(seed)
    model = rounded(encoders.initialise(encoders.vit(**sizes), generator))
    side = sizes["image_size"]
    images = half(torch.randn(3, 3, side, side, generator=generator))
    model, given = case(model, images[:2], images[2:3], modules, dict.fromkeys(modules, (1, 2)), False)
    # Conductance, which takes secants, is not among the analyses that are stored.
    return model, given | {"secants": False}


def encoder(sizes, seed, modules, embedded):
    """Both samples end in padding. From tokens, the reference is padding alone; from embeddings, zeros."""
    generator = torch.Generator().manual_seed(seed)
    model = rounded(encoders.initialise(encoders.Encoder(**sizes, embedded=embedded), generator))
    words, length = sizes["words"], sizes["length"]
    tokens = torch.randint(1, words, (2, length), generator=generator)
    mask = torch.ones_like(tokens)
    tokens[:, -length // 3 :], mask[:, -length // 3 :] = PADDING, 0
    with torch.no_grad():
        given = model.embedding(tokens) if embedded else tokens
    return model, {
        "input": given,
        "baseline": torch.zeros_like(given[:1]),
        "given": (mask,),
        "features": torch.arange(length)[None, :, None],
        "modules": modules,
        "neurons": dict.fromkeys(modules, (1, 2)),
        "rectifiers": False,
        "secants": True,
        "names": ["embeddings" if embedded else "tokens", "mask"],
    }


def efficientnet():
    """The bundled network, on the bundled photos: for its own counterpart in Rust."""
    model = networks.EfficientNetLite0()
    weights = load_file(ASSETS / "efficientnet-lite0" / "efficientnet-lite0-f16.safetensors")
    missing, unexpected = model.load_state_dict({name: w.float() for name, w in weights.items()}, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    photos = [ASSETS / "photos" / f"{name}.png" for name in ["catcup", "chelsea"]]
    images = torch.stack([pil_to_tensor(Image.open(photo).convert("RGB")) for photo in photos]).float()
    model, given = case(model.eval(), (images - 127) / 128, torch.zeros(1, 3, *images.shape[2:]), ["head"], {}, False)
    return model, given | {"captum": False}


LAYERS = ["layer2", "layer4"]
BLOCKS = ["encoder.layers.encoder_layer_1"]
ALL = {
    # name: how it is made, noisy copies, steps.
    "mini_resnet": (lambda: resnet(networks.MINI_RESNET, 16, 1, LAYERS), 3, 5),
    "mini_vit": (lambda: vit(encoders.MINI_VIT, 2, ["encoder.layers.encoder_layer_0"]), 3, 5),
    "mini_words": (lambda: encoder(encoders.MINI_ENCODER, 3, ["blocks.0"], True), 3, 5),
    "mini_tokens": (lambda: encoder(encoders.MINI_ENCODER, 3, ["embedding"], False), 3, 5),
    "resnet18": (lambda: resnet(networks.RESNET18, 64, 4, LAYERS), 6, 10),
    "vit": (lambda: vit(encoders.VIT, 5, BLOCKS), 6, 10),
    "words": (lambda: encoder(encoders.ENCODER, 6, ["blocks.1"], True), 6, 10),
    "tokens": (lambda: encoder(encoders.ENCODER, 6, ["embedding"], False), 6, 10),
    "efficientnet_lite0": (efficientnet, 0, 0),
}
