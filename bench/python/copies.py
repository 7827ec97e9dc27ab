"""The models of candle-transformers in PyTorch, with the names of weights that their files ask for."""

import math

import torch
import torchvision
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from models import networks

WIDTH, HEADS, INNER, LAYERS, CLASSES = 768, 12, 3072, 12, 1000
WORDS = 128
EPS = 1e-12


def parts(**modules):
    """Modules under names, as the dots in the names of weights."""
    return nn.ModuleDict(modules)


def dense(inputs, outputs, **more):
    return parts(dense=nn.Linear(inputs, outputs), **more)


def attention(heads_of, x):
    """Attention of all heads, by PyTorch's own function."""
    heads = [heads_of[name](x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for name in ["query", "key", "value"]]
    return functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)


def heads():
    return parts(**{name: nn.Linear(WIDTH, WIDTH) for name in ["query", "key", "value"]})


def norm():
    return nn.LayerNorm(WIDTH, eps=EPS)


class ViT(nn.Module):
    """ViT-B/16: arXiv:2010.11929."""

    def __init__(self):
        super().__init__()
        self.vit = parts(
            embeddings=Patches(),
            encoder=parts(layer=nn.ModuleList(self.layer() for _ in range(LAYERS))),
            layernorm=norm(),
        )
        self.classifier = nn.Linear(WIDTH, CLASSES)

    @staticmethod
    def layer():
        return parts(
            layernorm_before=norm(),
            attention=parts(attention=heads(), output=dense(WIDTH, WIDTH)),
            layernorm_after=norm(),
            intermediate=dense(WIDTH, INNER),
            output=dense(INNER, WIDTH),
        )

    def forward(self, x):
        x = self.vit["embeddings"](x)
        for layer in self.vit["encoder"]["layer"]:
            seen = attention(layer["attention"]["attention"], layer["layernorm_before"](x))
            x = layer["attention"]["output"]["dense"](seen) + x
            inner = functional.gelu(layer["intermediate"]["dense"](layer["layernorm_after"](x)))
            x = layer["output"]["dense"](inner) + x
        return self.classifier(self.vit["layernorm"](x[:, 0]))


class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.position_embeddings = nn.Parameter(torch.zeros(1, 14 * 14 + 1, WIDTH))
        self.patch_embeddings = parts(projection=nn.Conv2d(3, WIDTH, 16, 16))

    def forward(self, x):
        patches = self.patch_embeddings["projection"](x).flatten(2).transpose(1, 2)
        return torch.cat([self.cls_token.expand(len(x), -1, -1), patches], 1) + self.position_embeddings


class Bert(nn.Module):
    """BERT-base: arXiv:1810.04805. Of embedded words, and of the last layer the first word's row."""

    def __init__(self):
        super().__init__()
        self.embeddings = parts(
            position_embeddings=nn.Embedding(512, WIDTH),
            token_type_embeddings=nn.Embedding(2, WIDTH),
            LayerNorm=norm(),
        )
        self.encoder = parts(layer=nn.ModuleList(self.layer() for _ in range(LAYERS)))

    @staticmethod
    def layer():
        return parts(
            attention=parts(self=heads(), output=dense(WIDTH, WIDTH, LayerNorm=norm())),
            intermediate=dense(WIDTH, INNER),
            output=dense(INNER, WIDTH, LayerNorm=norm()),
        )

    def forward(self, x):
        places, kinds = self.embeddings["position_embeddings"].weight, self.embeddings["token_type_embeddings"].weight
        x = self.embeddings["LayerNorm"](x + kinds[0] + places[: x.shape[1]])
        for layer in self.encoder["layer"]:
            seen, out = attention(layer["attention"]["self"], x), layer["attention"]["output"]
            x = out["LayerNorm"](out["dense"](seen) + x)
            inner, out = functional.gelu(layer["intermediate"]["dense"](x)), layer["output"]
            x = out["LayerNorm"](out["dense"](inner) + x)
        return x[:, 0]


BUILD = {"vit-b16": ViT, "bert-base": Bert, "resnet50": torchvision.models.resnet50}


def drawn(name, images, seed):
    """A model with random weights."""
    generator = torch.Generator().manual_seed(seed)
    model = BUILD[name]()
    if name == "resnet50":
        return networks.initialise(model, images, generator)
    for key, values in model.named_parameters():
        if key.lower().endswith("norm.weight") or ".layernorm_" in key and key.endswith("weight"):
            values.data = torch.rand(values.shape, generator=generator) + 0.5
        elif key.endswith("bias") or values.ndim < 2 or "embeddings" in key or key.endswith("cls_token"):
            values.data = torch.randn(values.shape, generator=generator) * 0.1
        else:
            values.data = torch.randn(values.shape, generator=generator) / math.sqrt(values[0].numel())
    return model.eval()


def load(name, folder):
    """The model in evaluation mode, with the weights that everybody has."""
    model = BUILD[name]()
    missing, unexpected = model.load_state_dict(load_file(folder / f"{name}.safetensors"), strict=False)
    assert not unexpected and all(key.endswith("num_batches_tracked") for key in missing), (missing, unexpected)
    return model.eval()
