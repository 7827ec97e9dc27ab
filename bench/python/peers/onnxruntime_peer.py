"""onnxruntime: the output of a file."""

import onnxruntime
import torch

from peers.peer import Base


class Peer(Base):
    packages = ["onnxruntime"]

    @staticmethod
    def load(job):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = job.threads, 1
        path = job.data / f"{job.network}.onnx"
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda x: torch.from_numpy(session.run(None, {name: x.numpy()})[0])

    def __init__(self, job, model, x):
        self.model, self.x = model, x

    def run(self, n):
        return self.model(self.x)
