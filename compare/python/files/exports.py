"""Exports a network to ONNX in both ways that PyTorch has, and finds the modules' outputs in the files."""

import copy
import warnings

import numpy as np
import onnx
import onnxruntime
import torch

# By torch.export, and by a trace.
EXPORTERS = {"dynamo": True, "torchscript": False}


def export(model, inputs, names, path, exporter):
    """The batch axis is open in the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The new exporter reads the shapes, the old one the axes.
        batch = {"dynamic_shapes": tuple({0: torch.export.Dim("batch")} for _ in inputs)}
        axes = {"dynamic_axes": {name: {0: "batch"} for name in [*names, "output"]}}
        torch.onnx.export(
            copy.deepcopy(model),
            inputs,
            str(path),
            input_names=names,
            output_names=["output"],
            dynamo=EXPORTERS[exporter],
            external_data=False,
            verbose=False,
            **(batch if EXPORTERS[exporter] else axes),
        )


def session(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run(path, inputs, names):
    """What onnxruntime computes."""
    found = session(onnx.load(path)).run(["output"], dict(zip(names, [x.numpy() for x in inputs])))
    return torch.from_numpy(found[0])


def activations(model, inputs, modules):
    found, handles = {}, []
    for name in modules:
        keep = lambda _module, _given, output, name=name: found.__setitem__(name, output.detach().numpy())
        handles.append(model.get_submodule(name).register_forward_hook(keep))
    with torch.no_grad():
        model(*inputs)
    for handle in handles:
        handle.remove()
    return found


def places(path, model, inputs, names, modules):
    """Of each module the first value of the file that is its output: by its numbers, for files have other names."""
    file = onnx.shape_inference.infer_shapes(onnx.load(path))
    elements = {value.name: value.type for value in file.graph.value_info}
    there = [name for node in file.graph.node for name in node.output if name in elements]
    del file.graph.output[:]
    file.graph.output.extend(onnx.ValueInfoProto(name=name, type=elements[name]) for name in there)
    computed = session(file).run(there, dict(zip(names, [x.numpy() for x in inputs])))

    def place(values):
        for name, numbers in zip(there, computed):
            if numbers.shape == values.shape and np.allclose(numbers, values, rtol=1e-3, atol=1e-4):
                return name
        raise ValueError(f"no value of {path} is what the module gives")

    return {module: place(values) for module, values in activations(model, inputs, modules).items()}
