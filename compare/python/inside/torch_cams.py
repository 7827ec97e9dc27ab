"""What torchcam says, where it differs from pytorch-grad-cam."""

import torch
from torchcam import methods


def called(peer, model, place, x, target, **settings):
    with peer(model, place, input_shape=tuple(x.shape[1:]), **settings) as cam:
        scores = model(x.clone().requires_grad_())
        found = cam(target.tolist(), scores, normalized=False)
    return found[0].detach()[:, None]


class StretchedAfter(methods.ScoreCAM):
    """Masks stretched to [0, 1] at the size of the input, as the paper has them, not before they are resized."""

    def _upsample(self, activation):
        return self._normalize(super()._upsample(activation), 2)


def torch_cams(model, places, x, target, head=None, costly=True):
    """Everything by name; `head` is a place behind which there is one linear layer, `classes` or `fc`, or none."""
    found = {}
    for place in places:
        here = {
            "grad_cam_plus_plus": called(methods.GradCAMpp, model, place, x, target),
            "x_grad_cam": called(methods.XGradCAM, model, place, x, target),
            "layer_cam": called(methods.LayerCAM, model, place, x, target),
            "finer_cam": called(methods.FinerCAM, model, place, x, target, gamma=0.6),
        }
        if costly:
            here["score_cam"] = called(methods.ScoreCAM, model, place, x, target)
            here["score_cam.stretched_after"] = called(StretchedAfter, model, place, x, target)
        found |= {f"torchcam.{name}@{place}": values for name, values in here.items()}
    if head:
        place, classes = head
        found[f"torchcam.cam@{place}"] = called(methods.CAM, model, place, x, target, fc_layer=classes).relu()
    # What its FinerCAM explains, as weights of the outputs: the mean of the three nearest classes counts -0.6 times.
    with torch.no_grad():
        output = model(x)
    nearest = (output - output.gather(1, target[:, None])).abs().argsort(1)[:, 1:4]
    weights = torch.zeros_like(output).scatter_(1, target[:, None], 1.0).scatter_(1, nearest, -0.6 / 3)
    return found | {"finer.weights": weights}
