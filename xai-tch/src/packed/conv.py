"""Writes conv.pt: python conv.py, with PyTorch 2.13."""

from pathlib import Path
from typing import List, Optional

import torch
from torch import Tensor


class Conv(torch.nn.Module):
    """oneDNN's convolution as PyTorch's compiler calls it, without what it would compute behind it: its rectifiers
    make zeros of what is no number."""

    @torch.jit.export
    def pack(
        self, w: Tensor, padding: List[int], stride: List[int], dilation: List[int], groups: int, size: List[int]
    ):
        """The weights as a map of this size wants them."""
        return torch.ops.mkldnn._reorder_convolution_weight(w, padding, stride, dilation, groups, size)

    @torch.jit.export
    def conv(
        self,
        x: Tensor,
        w: Tensor,
        b: Optional[Tensor],
        padding: List[int],
        stride: List[int],
        dilation: List[int],
        groups: int,
    ):
        return torch.ops.mkldnn._convolution_pointwise(x, w, b, padding, stride, dilation, groups, "none", [], "")

    def forward(self, x: Tensor):
        return x


torch.jit.script(Conv()).save(Path(__file__).with_name("conv.pt"))
