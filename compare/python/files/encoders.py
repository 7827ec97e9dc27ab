"""The transformers that are exported: torchvision's for images, and an encoder of words as BERT has it."""

import math

import torch
from torch import nn
from torchvision.models.vision_transformer import VisionTransformer

VIT = {
    "image_size": 64,
    "patch_size": 16,
    "num_layers": 4,
    "num_heads": 4,
    "hidden_dim": 128,
    "mlp_dim": 256,
    "num_classes": 100,
}
MINI_VIT = VIT | {
    "image_size": 16,
    "patch_size": 8,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 16,
    "mlp_dim": 32,
    "num_classes": 10,
}
ENCODER = {"words": 1000, "length": 24, "layers": 4, "heads": 4, "width": 128, "hidden": 256, "classes": 10}
MINI_ENCODER = {"words": 30, "length": 7, "layers": 2, "heads": 2, "width": 16, "hidden": 24, "classes": 5}


class Attention(nn.Module):
    def __init__(self, heads, width):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width)

    def forward(self, x, mask):
        rows, length, width = x.shape
        split = lambda y: y.view(rows, length, self.heads, width // self.heads).transpose(1, 2)
        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = query @ key.transpose(-1, -2) / math.sqrt(width // self.heads) + mask
        return self.output((scores.softmax(-1) @ value).transpose(1, 2).reshape(rows, length, width))


class Block(nn.Module):
    """The norms stand behind the sums, as in BERT (arXiv:1810.04805)."""

    def __init__(self, heads, width, hidden):
        super().__init__()
        self.attention, self.attention_norm = Attention(heads, width), nn.LayerNorm(width, eps=1e-12)
        self.first, self.gelu, self.second = nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, mask):
        x = self.attention_norm(x + self.attention(x, mask))
        return self.norm(x + self.second(self.gelu(self.first(x))))


class Encoder(nn.Module):
    """From tokens, or from their embeddings where `embedded` says so, and a mask with 1 at words and 0 at padding."""

    def __init__(self, words, length, layers, heads, width, hidden, classes, embedded=False):
        super().__init__()
        self.embedded = embedded
        self.embedding, self.places = nn.Embedding(words, width), nn.Embedding(length, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.blocks = nn.ModuleList(Block(heads, width, hidden) for _ in range(layers))
        self.pooler, self.tanh, self.classes = nn.Linear(width, width), nn.Tanh(), nn.Linear(width, classes)

    def forward(self, x, mask):
        x = x if self.embedded else self.embedding(x)
        x = self.norm(x + self.places.weight)
        mask = (1 - mask[:, None, None]).to(x.dtype) * -10000.0
        for block in self.blocks:
            x = block(x, mask)
        return self.classes(self.tanh(self.pooler(x[:, 0])))


def initialise(model, generator):
    """Weights that let the output depend on all of the input; norms near the identity."""
    for name, weight in model.named_parameters():
        values = torch.randn(weight.shape, generator=generator)
        if weight.ndim > 1 and not name.endswith(("embedding.weight", "places.weight", "pos_embedding", "class_token")):
            values = values / math.sqrt(weight[0].numel())
        elif weight.ndim == 1:
            values = values * 0.1 + (1 if name.endswith("weight") and "norm" in name or ".ln" in name else 0)
        weight.data = values
    return model.eval()


def vit(**sizes):
    return VisionTransformer(**sizes)
