"""The measured networks in PyTorch, with their weights."""

import sys
from pathlib import Path

from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "compare" / "python"))

import networks  # noqa: E402

BUNDLED = ROOT / "assets" / "efficientnet-lite0" / "efficientnet-lite0-f16.safetensors"

BUILD = {
    "resnet18": lambda: networks.resnet(**networks.RESNET18),
    "vgg16": lambda: networks.vgg(**networks.VGG16),
    "efficientnet-lite0": networks.EfficientNetLite0,
}

# The layer that class activation maps look at.
CAM_LAYER = {"resnet18": "layer4", "vgg16": "features.29", "efficientnet-lite0": "head"}


def load(name, folder):
    """The network in evaluation mode, with the weights that everybody has."""
    return with_weights(BUILD[name](), name, folder)


def with_weights(model, name, folder):
    """Any model of these names of weights."""
    path = BUNDLED if name == "efficientnet-lite0" else folder / f"{name}.safetensors"
    missing, unexpected = model.load_state_dict({key: w.float() for key, w in load_file(path).items()}, strict=False)
    assert not unexpected and all(key.endswith("num_batches_tracked") for key in missing), (missing, unexpected)
    return model.eval()
