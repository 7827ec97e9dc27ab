"""Writes script.pt: python script.py, with PyTorch 2.13."""

from pathlib import Path
from typing import Final, List, Optional

import torch
from torch import Tensor


class OneDnn(torch.nn.Module):
    """oneDNN's operations as PyTorch's compiler calls them, without what they would compute behind them: their
    rectifiers make zeros of what is no number."""

    RELU: Final = 1
    RELU6: Final = 2

    @torch.jit.export
    def pack(
        self, w: Tensor, padding: List[int], stride: List[int], dilation: List[int], groups: int, size: List[int]
    ):
        """The weights as a map of this size wants them."""
        return torch.ops.mkldnn._reorder_convolution_weight(w, padding, stride, dilation, groups, size)

    @torch.jit.export
    def blocks(self, x: Tensor, weights: List[Tensor], settings: Tensor):
        """Convolutions one behind the other, each with what follows it.

        Of each, `weights` has its weights and, where there are, the bias, the scale and the shift. A row of `settings`
        has the padding, the stride and the dilation, the groups, whether there is a bias, whether there is a scale, the
        activation, whether outputs are cut off, how many in front, how many there are then, whether its input is
        kept, and whether that which was kept is added at the end."""
        kept: Optional[Tensor] = None
        rows: List[List[int]] = settings.tolist()
        w = 0
        for s in rows:
            if s[15] == 1:
                kept = x
            bias: Optional[Tensor] = None
            if s[7] == 1:
                bias = weights[w + 1]
            x = torch.ops.mkldnn._convolution_pointwise(
                x, weights[w], bias, s[0:2], s[2:4], s[4:6], s[6], "none", [], ""
            )
            w += 1 + s[7]
            whole = s[10] == 0
            if not whole:
                x = x.narrow(2, s[11], s[13]).narrow(3, s[12], s[14])
            if s[8] == 1:
                x = torch.addcmul(weights[w + 1], x, weights[w])
                w, whole = w + 2, True
            # In place, where nobody else has the map.
            if s[9] == self.RELU:
                x = x.relu_() if whole else x.relu()
            elif s[9] == self.RELU6:
                x = x.clamp_(0.0, 6.0) if whole else x.clamp(0.0, 6.0)
            elif not whole:
                x = x.contiguous(memory_format=torch.channels_last)
            if kept is not None and s[16] == 1:
                x.add_(kept)
                kept = None
        return x

    @torch.jit.export
    def linear(self, x: Tensor, w: Tensor, b: Optional[Tensor]):
        return torch.ops.mkldnn._linear_pointwise(x, w, b, "none", [], "")

    def forward(self, x: Tensor):
        return x


torch.jit.script(OneDnn()).save(Path(__file__).with_name("script.pt"))
