"""What lxt says of a small vision transformer: its rules, operation by operation."""

import math

import lxt.explicit.functional as lxt
import torch
from lxt.explicit.rules import epsilon_lrp, identity
from torch import nn
from torch.nn import functional

NORM_EPSILON = 1e-5


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)


class Parameter(nn.Module):
    """A weight by the name that the zoo has for it."""

    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(*shape))


class Vit(nn.Module):
    """The zoo's vision transformer, every operation by a rule whose ε is the given one, or each rule's own."""

    def __init__(self, channels, width, patch, tokens, heads, classes):
        super().__init__()
        self.patches = nn.Conv2d(channels, width, patch, stride=patch)
        self.add_module("class", Parameter(1, 1, width))
        self.positions = Parameter(tokens + 1, width)
        for i, count in enumerate(heads):
            self.add_module(f"block{i}", Block(width, count))
        self.blocks = len(heads)
        self.norm = nn.LayerNorm(width)
        self.classes = nn.Linear(width, classes)
        self.epsilon = {}

    def linear(self, x, layer):
        return lxt.linear_epsilon(x, layer.weight, layer.bias, **self.epsilon)

    def add(self, a, b):
        return lxt.add2(a, b, **self.epsilon)

    def normed(self, x, layer):
        if not self.epsilon:
            return lxt.layer_norm(x, layer.weight, layer.bias, layer.eps)
        # The same rule, whose ε that function does not hand on.
        norm = lambda x: layer.weight * (x - x.mean(-1, keepdim=True)) / deviation(x, layer.eps) + layer.bias
        return epsilon_lrp(norm, self.epsilon["epsilon"], x)

    def attend(self, x, attention):
        batch, tokens, width = x.shape
        heads = attention.heads
        parts = (attention.query, attention.key, attention.value)
        split = lambda part: self.linear(x, part).reshape(batch, tokens, heads, width // heads).transpose(1, 2)
        query, key, value = (split(part) for part in parts)
        scores = lxt.matmul(query, key.transpose(-1, -2), **self.epsilon)
        scores = lxt.mul2(scores, torch.tensor(1 / math.sqrt(width // heads), dtype=x.dtype))
        mixed = lxt.matmul(lxt.softmax(scores, -1), value, **self.epsilon)
        return self.linear(mixed.transpose(1, 2).reshape(batch, tokens, width), attention.output)

    def forward(self, x):
        patches = epsilon_lrp(self.patches, self.epsilon.get("epsilon", 1e-6), x).flatten(2).transpose(1, 2)
        first = self.get_submodule("class").weight.expand(len(x), -1, -1)
        tokens = self.add(torch.cat([first, patches], 1), self.positions.weight.expand(len(x), -1, -1))
        for i in range(self.blocks):
            block = self.get_submodule(f"block{i}")
            tokens = self.add(tokens, self.attend(self.normed(tokens, block.norm1), block.attention))
            inner = identity(functional.gelu, self.linear(self.normed(tokens, block.norm2), block.up))
            tokens = self.add(tokens, self.linear(inner, block.down))
        return self.linear(self.normed(tokens, self.norm)[:, 0], self.classes)


def deviation(x, epsilon):
    """As a constant."""
    return (x.var(-1, unbiased=False, keepdim=True) + epsilon).sqrt().detach()


def one_unit(weight, x):
    """What lxt's ε-rule hands on from one unit, and what it is: z² / stab(z)."""
    x = x.clone().requires_grad_()
    z = lxt.linear_epsilon(x, weight, None, 1e-6)
    (found,) = torch.autograd.grad(z, x, z.detach())
    z = z.detach().double()
    return {"lxt.one_unit": found, "exact.lxt.one_unit": z * z / (z + 1e-6 * z.sign())}


def attention(model, x, target):
    """Relevance with each rule's own ε, and with next to none."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    found = {}
    for name, epsilon in [("lxt.attn_lrp", {}), ("lxt.attn_lrp.barely_stabilised", {"epsilon": 1e-12})]:
        model.epsilon = epsilon
        inputs = x.clone().requires_grad_()
        output = model(inputs)
        start = functional.one_hot(target, output.shape[1]).to(output) * output.detach()
        (found[name],) = torch.autograd.grad(output, inputs, start)
    return found
