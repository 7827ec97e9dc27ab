"""Captum or pytorch-grad-cam as a contestant: it answers as `bench worker` does, see bench/src/worker/mod.rs."""

import argparse
import json
import sys
import time
from importlib import metadata
from pathlib import Path

import torch
from safetensors.torch import load_file

import memory
import models


class Captum:
    """Captum's methods as they come, the chunk size apart. The weights are frozen, which is to its advantage."""

    package = "captum"

    def __init__(self, job, model, x):
        from captum.attr import InputXGradient, IntegratedGradients, LayerGradCam, NoiseTunnel, Saliency

        model.requires_grad_(False)
        # Grad-CAM needs no gradient at the input: so the layers before run without a tape.
        self.job, self.x = job, x.clone().requires_grad_(job.analyzer != "grad-cam")
        self.saliency = Saliency(model)
        self.method = {
            "gradient": lambda: self.saliency,
            "input-times-gradient": lambda: InputXGradient(model),
            "smooth-grad": lambda: NoiseTunnel(self.saliency),
            "integrated-gradients": lambda: IntegratedGradients(model),
            "integrated-gradients-secant": lambda: IntegratedGradients(model),
            "grad-cam": lambda: LayerGradCam(model, model.get_submodule(models.CAM_LAYER[job.network])),
        }[job.analyzer]()

    def attribute(self, **arguments):
        return self.method.attribute(self.x, target=self.job.target, **arguments)

    def run(self, n):
        chunk = self.job.chunk
        match self.job.analyzer:
            case "gradient":
                return self.attribute(abs=False)
            case "input-times-gradient":
                return self.attribute()
            case "smooth-grad":
                return self.attribute(
                    nt_type="smoothgrad", nt_samples=n, nt_samples_batch_size=chunk, stdevs=0.1, abs=False
                )
            case "integrated-gradients" | "integrated-gradients-secant":
                return self.attribute(n_steps=n, internal_batch_size=chunk)
            case "grad-cam":
                return self.attribute(relu_attributions=True)

    def check(self, points, noise):
        match self.job.analyzer:
            case "smooth-grad":
                copies = (self.x.detach() + noise).requires_grad_()
                found = self.saliency.attribute(copies, target=self.job.target, abs=False)
                return found.mean(0, keepdim=True)
            case "integrated-gradients":
                return self.attribute(n_steps=points)
            case "integrated-gradients-secant":
                return self.run(50)
        return self.run(1)


class PytorchGradCam:
    package = "grad-cam"

    def __init__(self, job, model, x):
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        from grad_cam import UnscaledGradCAM

        layer = model.get_submodule(models.CAM_LAYER[job.network])
        self.x, self.cam = x, UnscaledGradCAM(model=model, target_layers=[layer])
        self.targets = [ClassifierOutputTarget(job.target)]

    def run(self, n):
        return self.cam(input_tensor=self.x, targets=self.targets)

    def check(self, points, noise):
        self.run(1)
        return torch.from_numpy(self.cam.unscaled)[:, None].relu()


def numbers(values):
    return torch.as_tensor(values).detach().contiguous()


def serve(subject, own_mb, forgot_loading, noise):
    for line in sys.stdin:
        match line.rstrip("\n").split(" ", 2):
            case ["check", points, file]:
                Path(file).write_bytes(numbers(subject.check(int(points), noise)).numpy().tobytes())
                answer(written=True)
            case ["run", n]:
                torch.manual_seed(0)
                start = time.perf_counter()
                values = subject.run(int(n))
                ms = (time.perf_counter() - start) * 1e3
                answer(ms=ms, norm=numbers(values).double().norm().item())
            case ["memory"]:
                answer(own_mb=own_mb, peak_mb=memory.megabytes("VmHWM"), peak_without_loading=forgot_loading)
            case _:
                raise ValueError(f"no such order: {line}")


def answer(**reply):
    print(json.dumps(reply), flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ["network", "analyzer", "who"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--data", required=True, type=Path)
    for name in ["target", "chunk", "threads"]:
        parser.add_argument(f"--{name}", required=True, type=int)
    job = parser.parse_args()
    torch.set_num_threads(job.threads)
    photo = load_file(job.data / "photo.safetensors")
    model = models.load(job.network, job.data)
    subject = {"captum": Captum, "pytorch-grad-cam": PytorchGradCam}[job.who](job, model, photo["input"])
    with torch.no_grad():
        model(photo["input"])
    own_mb, forgot_loading = memory.megabytes("VmRSS"), memory.forget_peak()
    versions = {package: metadata.version(package) for package in ["torch", subject.package]}
    answer(ready=True, versions={"python": sys.version.split()[0], **versions})
    serve(subject, own_mb, forgot_loading, photo["noise"])


if __name__ == "__main__":
    main()
