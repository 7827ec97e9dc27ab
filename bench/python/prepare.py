"""Writes what all contestants share: the weights of the random networks, the photo, and noise for a check.

    python bench/python/prepare.py target/bench resnet18 vgg16

Weights that are there from the same code are kept. Prints the output to explain of each network as JSON: its greatest.
"""

import hashlib
import json
import sys
from pathlib import Path

import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torchvision.transforms.functional import pil_to_tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "compare" / "python"))

import models  # noqa: E402
import networks  # noqa: E402

PHOTOS = ["catcup", "chelsea", "coffee", "camera"]
SEEDS = {"resnet18": 1, "vgg16": 2}
COPIES = 4


def photos():
    """The bundled photos; the first is the one that is explained. All are for the statistics of batch norms."""
    images = [pil_to_tensor(Image.open(ROOT / "assets" / "photos" / f"{name}.png").convert("RGB")) for name in PHOTOS]
    return (torch.stack(images).float() - 127) / 128


def origin():
    """What random weights depend on."""
    sources = [Path(__file__), Path(networks.__file__), Path(models.__file__)]
    code = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return {"code": code, "torch": torch.__version__}


def is_from(path, made_by):
    if not path.exists():
        return False
    with safe_open(path, "pt") as file:
        return file.metadata() == made_by


def random_weights(name, images, path):
    if is_from(path, origin()):
        return
    generator = torch.Generator().manual_seed(SEEDS[name])
    model = networks.initialise(models.BUILD[name](), images, generator)
    state = {key: values for key, values in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    unfinished = path.with_suffix(".part")
    save_file(state, unfinished, origin())
    unfinished.replace(path)


def main(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    images = photos()
    input = images[:1].contiguous()
    noise = torch.randn(COPIES, *input.shape[1:], generator=torch.Generator().manual_seed(0)) * 0.1
    save_file({"input": input, "noise": noise}, folder / "photo.safetensors")
    target = {}
    for name in names:
        if name in SEEDS:
            random_weights(name, images, folder / f"{name}.safetensors")
        with torch.no_grad():
            target[name] = models.load(name, folder)(input).argmax().item()
    print(json.dumps(target))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
