"""pytorch-grad-cam, with the map as it is."""

from pytorch_grad_cam import GradCAM


class UnscaledGradCAM(GradCAM):
    """pytorch-grad-cam's Grad-CAM, which keeps the map as it is before it is scaled to [0, 1] and resized."""

    def get_cam_image(self, *arguments, **named):
        self.unscaled = super().get_cam_image(*arguments, **named)
        return self.unscaled
