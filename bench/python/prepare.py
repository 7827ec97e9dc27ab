"""Writes what all contestants share: weights of the random networks, their files, inputs, and noise for a check.

    python bench/python/prepare.py [--files] target/bench resnet18 vgg16

Weights and files that are there from the same code are kept. Prints, as its last line, the output to explain of each
network as JSON: its greatest. With --files it writes the networks as ONNX files too.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torchvision.transforms.functional import pil_to_tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "compare" / "python"))

import copies  # noqa: E402
import models  # noqa: E402
import networks  # noqa: E402

PHOTOS = ["catcup", "chelsea", "coffee", "camera"]
# Those with random weights.
SEEDS = {"resnet18": 1, "vgg16": 2, "vit-b16": 3, "bert-base": 4, "resnet50": 5}
COPIES = 4


def photos():
    """The bundled photos; the first is the one that is explained. All are for the statistics of batch norms."""
    images = [pil_to_tensor(Image.open(ROOT / "assets" / "photos" / f"{name}.png").convert("RGB")) for name in PHOTOS]
    return (torch.stack(images).float() - 127) / 128


def origin():
    """What random weights depend on."""
    sources = [Path(__file__), *(Path(module.__file__) for module in [networks, models, copies])]
    code = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return {"code": code, "torch": torch.__version__}


def is_from(path, made_by):
    if not path.exists():
        return False
    with safe_open(path, "pt") as file:
        return file.metadata() == made_by


def random_model(name, images):
    if name in copies.BUILD:
        return copies.drawn(name, images, SEEDS[name])
    return networks.initialise(models.BUILD[name](), images, torch.Generator().manual_seed(SEEDS[name]))


def random_weights(name, images, path):
    if is_from(path, origin()):
        return
    state = random_model(name, images).state_dict()
    state = {key: values.contiguous() for key, values in state.items() if not key.endswith("num_batches_tracked")}
    unfinished = path.with_suffix(".part")
    save_file(state, unfinished, origin())
    unfinished.replace(path)


def load(name, folder):
    return (copies if name in copies.BUILD else models).load(name, folder)


def export(model, input, path):
    """The network as a file, as torch writes it, for any number of samples."""
    made_by, stamp = json.dumps(origin()), path.with_suffix(".origin")
    if path.exists() and stamp.exists() and stamp.read_text() == made_by:
        return
    batch = torch.export.Dim("batch")
    with warnings.catch_warnings():
        # Of one part of torch about another.
        warnings.simplefilter("ignore", FutureWarning)
        # Two samples, for one would make the axis a constant.
        two, shapes = input.expand(2, -1, -1, -1), ({0: batch},)
        torch.onnx.export(model, (two,), path, dynamic_shapes=shapes, external_data=False, verbose=False)
    stamp.write_text(made_by)


def inputs(folder, images):
    """What the networks look at, by the names of its files: a photo with noise, and words as a table has them."""
    photo = images[:1].contiguous()
    noise = torch.randn(COPIES, *photo.shape[1:], generator=torch.Generator().manual_seed(0)) * 0.1
    save_file({"input": photo, "noise": noise}, folder / "photo.safetensors")
    words = torch.randn(1, copies.WORDS, copies.WIDTH, generator=torch.Generator().manual_seed(1)) * 0.1
    save_file({"input": words}, folder / "words.safetensors")
    return photo, words


def main(files, folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    images = photos()
    photo, words = inputs(folder, images)
    target = {}
    for name in names:
        if name in SEEDS:
            random_weights(name, images, folder / f"{name}.safetensors")
        model, input = load(name, folder), words if name == "bert-base" else photo
        with torch.no_grad():
            target[name] = model(input).argmax().item()
        if files and name in models.BUILD:
            export(model, input, folder / f"{name}.onnx")
    print(json.dumps(target))


if __name__ == "__main__":
    files, arguments = "--files" in sys.argv, [word for word in sys.argv[1:] if word != "--files"]
    if len(arguments) < 2:
        sys.exit(__doc__)
    main(files, Path(arguments[0]), arguments[1:])
