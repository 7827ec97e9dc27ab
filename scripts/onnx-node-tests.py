"""Writes the tests of single nodes that the onnx package generates: a folder each, as those that it ships."""

import pathlib
import sys

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

target = pathlib.Path(sys.argv[1])
for case in collect_testcases(None):
    folder = target / case.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for i, (inputs, outputs) in enumerate(case.data_sets):
        data = folder / f"test_data_set_{i}"
        data.mkdir(exist_ok=True)
        graph = case.model.graph
        for kind, values, infos in (("input", inputs, graph.input), ("output", outputs, graph.output)):
            for j, value in enumerate(values):
                # Sequences and optional values are no tensors: their tests are run without data, and so not at all.
                if value is None or isinstance(value, (list, dict)):
                    continue
                if not isinstance(value, onnx.TensorProto):
                    value = numpy_helper.from_array(np.asarray(value), infos[j].name)
                (data / f"{kind}_{j}.pb").write_bytes(value.SerializeToString())
