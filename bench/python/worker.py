"""A Python library as a contestant: it answers as `bench worker` does, see bench/src/worker/mod.rs."""

import argparse
import json
import sys
import time
from importlib import metadata
from pathlib import Path

import torch
from safetensors.torch import load_file

import memory
import peers


def numbers(values):
    """Single precision, which the driver reads: numpy makes doubles of some maps."""
    return torch.as_tensor(values).detach().float().cpu().contiguous()


def serve(subject, own_mb, forgot_loading, noise):
    for line in sys.stdin:
        match line.rstrip("\n").split(" ", 2):
            case ["check", points, file]:
                Path(file).write_bytes(numbers(subject.check(int(points), noise)).numpy().tobytes())
                answer(written=True)
            case ["run", n]:
                torch.manual_seed(0)
                start = time.perf_counter()
                # A map on a card is one when its numbers have come.
                values = torch.as_tensor(subject.run(int(n))).cpu()
                ms = (time.perf_counter() - start) * 1e3
                answer(ms=ms, norm=numbers(values).double().norm().item())
            case ["memory"]:
                answer(own_mb=own_mb, peak_mb=memory.megabytes("VmHWM"), peak_without_loading=forgot_loading)
            case _:
                raise ValueError(f"no such order: {line}")


# Peers print too: the driver reads what was standard output.
out, sys.stdout = sys.stdout, sys.stderr


def answer(**reply):
    print(json.dumps(reply), file=out, flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ["network", "analyzer", "who"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--data", required=True, type=Path)
    for name in ["target", "chunk", "threads"]:
        parser.add_argument(f"--{name}", required=True, type=int)
    parser.add_argument("--device", required=True)
    job = parser.parse_args()
    torch.set_num_threads(job.threads)
    peer = peers.named(job.who)
    model = peer.load(job)
    if job.device != "cpu":
        model = model.to(job.device)
    # The file that bench/src/names/network.rs has for it.
    sample = load_file(job.data / f"{'words' if job.network == 'bert-base' else 'photo'}.safetensors")
    sample = {name: numbers.to(job.device) for name, numbers in sample.items()}
    subject = peer(job, model, sample["input"])
    with torch.no_grad():
        model(sample["input"])
    own_mb, forgot_loading = memory.megabytes("VmRSS"), memory.forget_peak()
    versions = {package: metadata.version(package) for package in ["torch", *subject.packages]}
    answer(ready=True, versions={"python": sys.version.split()[0], **versions})
    serve(subject, own_mb, forgot_loading, sample.get("noise"))


if __name__ == "__main__":
    main()
