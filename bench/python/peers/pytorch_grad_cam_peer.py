"""pytorch-grad-cam's class activation maps, as they come."""

import pytorch_grad_cam
import torch
from pytorch_grad_cam import ablation_cam, score_cam
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

import models
from peers.peer import Base

ANALYZERS = {
    "grad-cam": pytorch_grad_cam.GradCAM,
    "grad-cam-plus-plus": pytorch_grad_cam.GradCAMPlusPlus,
    "hi-res-cam": pytorch_grad_cam.HiResCAM,
    "layer-cam": pytorch_grad_cam.LayerCAM,
    "x-grad-cam": pytorch_grad_cam.XGradCAM,
    "element-wise-cam": pytorch_grad_cam.GradCAMElementWise,
    "eigen-cam": pytorch_grad_cam.EigenCAM,
    "eigen-grad-cam": pytorch_grad_cam.EigenGradCAM,
    "fem": pytorch_grad_cam.FEM,
    "shapley-cam": pytorch_grad_cam.ShapleyCAM,
    "score-cam": pytorch_grad_cam.ScoreCAM,
    "ablation-cam": pytorch_grad_cam.AblationCAM,
    "full-grad": pytorch_grad_cam.FullGrad,
}


def without_bars(module):
    """The module without the progress bar that it writes to the terminal, which takes time too."""
    module.tqdm.tqdm = lambda steps: steps


def keeping(cam):
    """The class, which keeps the map as it is before it is scaled to [0, 1] and resized."""

    class Keeping(cam):
        def get_cam_image(self, *arguments, **named):
            self.unscaled = super().get_cam_image(*arguments, **named)
            return self.unscaled

    return Keeping


class Peer(Base):
    packages = ["grad-cam"]

    def __init__(self, job, model, x):
        layer = model.get_submodule(models.CAM_LAYER[job.network])
        self.job, self.x, self.targets = job, x, [ClassifierOutputTarget(job.target)]
        without_bars(score_cam)
        without_bars(ablation_cam)
        self.cam = keeping(ANALYZERS[job.analyzer])(model=model, target_layers=[layer])

    def run(self, n):
        return self.cam(input_tensor=self.x, targets=self.targets)

    def check(self, points, noise):
        found = torch.from_numpy(self.run(1))
        # Where there is no map before it is scaled, the scaled one.
        unscaled = getattr(self.cam, "unscaled", None)
        return found if unscaled is None else torch.as_tensor(unscaled).relu()
