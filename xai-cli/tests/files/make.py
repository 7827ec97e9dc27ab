"""Writes the networks of this folder: python3 make.py, with the packages onnx and numpy."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

F, I = TensorProto.FLOAT, TensorProto.INT64


def model(name, nodes, weights, inputs, outputs):
    tensors = [numpy_helper.from_array(np.ascontiguousarray(w), n) for n, w in weights.items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, tensors)
    sets = {"": 17} | {node.domain: 1 for node in nodes if node.domain}
    opset = [helper.make_opsetid(domain, version) for domain, version in sets.items()]
    save(helper.make_model(graph, producer_name="make.py", ir_version=8, opset_imports=opset), name + ".onnx")


def node(op, inputs, output, name, **attributes):
    return helper.make_node(op, inputs, [output], name=name, **attributes)


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def colours(name, shape, before):
    """Which of red, green and blue stands out in a photo of 32 x 32, or none: pixels from 0 to 1."""
    blur = np.full((3, 3), 1 / 9, np.float32)
    want = np.array([[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]], np.float32)
    conv1 = want[:, :, None, None] * blur
    conv2 = np.eye(3, dtype=np.float32)[:, :, None, None] * blur
    gemm = np.array([[6, -2, -2], [-2, 6, -2], [-2, -2, 6], [-4, -4, -4]], np.float32)
    weights = {
        "conv1.weight": conv1,
        "conv1.bias": np.full(3, -0.1, np.float32),
        "conv2.weight": conv2,
        "conv2.bias": np.zeros(3, np.float32),
        "head.weight": gemm,
        "head.bias": np.array([0, 0, 0, 0.5], np.float32),
    }
    first = before[-1].output[0] if before else "image"
    strides = {"strides": [2, 2], "pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
    nodes = before + [
        node("Conv", [first, "conv1.weight", "conv1.bias"], "edges", "conv1", **strides),
        node("Relu", ["edges"], "colour", "relu1"),
        node("Conv", ["colour", "conv2.weight", "conv2.bias"], "wide", "conv2", **strides),
        node("Relu", ["wide"], "maps", "relu2"),
        node("GlobalAveragePool", ["maps"], "pooled", "pool"),
        node("Flatten", ["pooled"], "flat", "flatten"),
        node("Gemm", ["flat", "head.weight", "head.bias"], "scores", "head", transB=1),
        node("Softmax", ["scores"], "probabilities", "softmax", axis=1),
    ]
    model(name, nodes, weights, [value("image", F, shape)], [value("probabilities", F, [shape[0], 4])])


def inside():
    """The same of 4 x 4 pixels each, whose channels stand behind rows and columns inside, as in a Swin transformer."""
    want = np.array([[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]], np.float32)
    weights = {
        "blur": np.eye(3, dtype=np.float32)[:, :, None, None] * np.full((4, 4), 1 / 16, np.float32),
        "want": want,
        "bias": np.full(3, -0.1, np.float32),
        "last": np.array([[6, -2, -2, -4], [-2, 6, -2, -4], [-2, -2, 6, -4]], np.float32),
        "offset": np.array([0, 0, 0, 0.5], np.float32),
    }
    nodes = [
        node("Conv", ["image", "blur"], "patches", "patches", strides=[4, 4]),
        node("Transpose", ["patches"], "turned", "turn", perm=[0, 2, 3, 1]),
        node("MatMul", ["turned", "want"], "wanted", "want"),
        node("Add", ["wanted", "bias"], "shifted", "shift"),
        node("Relu", ["shifted"], "maps", "relu"),
        node("ReduceMean", ["maps"], "mean", "mean", axes=[1, 2], keepdims=0),
        node("Gemm", ["mean", "last", "offset"], "scores", "head"),
    ]
    image = value("image", F, ["batch", 3, 32, 32])
    model("colours-inside", nodes, weights, [image], [value("scores", F, ["batch", 4])])


def bands():
    """Which of two pairs of four bands is brighter, in an image whose bands are last."""
    pairs = np.array([[1, 1, -1, -1], [-1, -1, 1, 1]], np.float32)
    weights = {
        "half": np.array(0.5, np.float32),
        "pairs": pairs[:, :, None, None] * np.full((3, 3), 1 / 9, np.float32),
        "head.weight": np.array([[1, -1], [-1, 1]], np.float32),
    }
    nodes = [
        node("Mul", ["image", "half"], "scaled", "scale"),
        node("Transpose", ["scaled"], "turned", "turn", perm=[0, 3, 1, 2]),
        node("Conv", ["turned", "pairs"], "compared", "conv", pads=[1, 1, 1, 1], strides=[2, 2]),
        node("Relu", ["compared"], "maps", "relu"),
        node("GlobalAveragePool", ["maps"], "pooled", "pool"),
        node("Flatten", ["pooled"], "flat", "flatten"),
        node("Gemm", ["flat", "head.weight"], "scores", "head"),
    ]
    image = value("image", F, ["batch", "rows", "columns", 4])
    model("bands", nodes, weights, [image], [value("scores", F, ["batch", 2])])


def together():
    """Rows that are each multiplied by the mean of all of them: no sample is by itself."""
    weights = {"last": np.array([[1, -1], [0.5, 2]], np.float32)}
    nodes = [
        node("ReduceMean", ["row"], "mean", "mean", axes=[0], keepdims=1),
        node("Mul", ["row", "mean"], "product", "product"),
        node("MatMul", ["product", "last"], "scores", "head"),
    ]
    model("together", nodes, weights, [value("row", F, ["batch", 2])], [value("scores", F, ["batch", 2])])


def steps():
    """A label for each step of a signal, (steps, samples, labels), as recognisers of text give."""
    weights = {"kernel": np.array([[[1, 2, 1]], [[-1, 0, 1]]], np.float32)}
    nodes = [
        node("Conv", ["signal", "kernel"], "found", "conv", pads=[1, 1]),
        node("Tanh", ["found"], "bent", "tanh"),
        node("Transpose", ["bent"], "labels", "turn", perm=[2, 0, 1]),
    ]
    signal = value("signal", F, ["batch", 1, "time"])
    model("steps", nodes, weights, [signal], [value("labels", F, ["time", "batch", 2])])


def table():
    """A loan that is refused or given, by four numbers."""
    weights = {
        "w1": np.array([[0.8, 0, 0, 0], [0, -1.2, 0, 0.3], [0, 0, 0.5, -0.5]], np.float32),
        "b1": np.array([0, 0.1, 0], np.float32),
        "w2": np.array([[-1, 1, -0.5], [1, -1, 0.5]], np.float32),
    }
    nodes = [
        node("Gemm", ["row", "w1", "b1"], "hidden", "first", transB=1),
        node("Tanh", ["hidden"], "bent", "tanh"),
        node("Gemm", ["bent", "w2"], "scores", "second", transB=1),
        node("Softmax", ["scores"], "probabilities", "softmax", axis=1),
    ]
    model("loan", nodes, weights, [value("row", F, ["batch", 4])], [value("probabilities", F, ["batch", 2])])


def signal():
    """Whether a pulse, up and down within a few steps, is in a signal."""
    pulse = np.zeros((2, 1, 9), np.float32)
    pulse[0, 0] = [-1, -1, 0, 1, 2, 1, 0, -1, -1]
    pulse[1, 0] = -pulse[0, 0]
    weights = {
        "pulse": pulse,
        "bias": np.full(2, -1, np.float32),
        "last": np.array([[-1, -1], [1, 1]], np.float32),
        "offset": np.array([0.2, 0], np.float32),
    }
    nodes = [
        node("Conv", ["signal", "pulse", "bias"], "found", "conv", pads=[4, 4], kernel_shape=[9]),
        node("Relu", ["found"], "maps", "relu"),
        node("GlobalAveragePool", ["maps"], "pooled", "pool"),
        node("Flatten", ["pooled"], "flat", "flatten"),
        node("Gemm", ["flat", "last", "offset"], "scores", "head", transB=1),
    ]
    model("pulse", nodes, weights, [value("signal", F, ["batch", 1, "time"])], [value("scores", F, ["batch", 2])])


def bytes_():
    """Text or no text, by its bytes: an embedding, then a mean."""
    table = np.zeros((256, 2), np.float32)
    table[ord("a") : ord("z") + 1, 0] = 1
    table[: ord(" "), 1] = 2
    table[128:, 1] = 1
    weights = {"table": table, "last": np.array([[2, -1], [-1, 3]], np.float32)}
    nodes = [
        node("Gather", ["table", "bytes"], "embedded", "embedding"),
        node("Tanh", ["embedded"], "bent", "tanh"),
        node("ReduceMean", ["bent"], "mean", "mean", axes=[1], keepdims=0),
        node("Gemm", ["mean", "last"], "scores", "head", transB=1),
    ]
    model("text", nodes, weights, [value("bytes", I, ["batch", "length"])], [value("scores", F, ["batch", 2])])


def one_hot():
    """The same by comparisons with every byte, in place of a table's rows."""
    table = np.zeros((256, 2), np.float32)
    table[ord("a") : ord("z") + 1, 0] = 1
    table[: ord(" "), 1] = 2
    table[128:, 1] = 1
    weights = {
        "all": np.arange(256, dtype=np.int64),
        "axis": np.array([2], np.int64),
        "table": table,
        "last": np.array([[2, -1], [-1, 3]], np.float32),
    }
    nodes = [
        node("Unsqueeze", ["bytes", "axis"], "apart", "apart"),
        node("Equal", ["apart", "all"], "same", "same"),
        node("Cast", ["same"], "hot", "hot", to=F),
        node("MatMul", ["hot", "table"], "embedded", "embedding"),
        node("Tanh", ["embedded"], "bent", "tanh"),
        node("ReduceMean", ["bent"], "mean", "mean", axes=[1], keepdims=0),
        node("Gemm", ["mean", "last"], "scores", "head", transB=1),
    ]
    model("one-hot", nodes, weights, [value("bytes", I, ["batch", "length"])], [value("scores", F, ["batch", 2])])


def attention():
    """Whether there is an exclamation mark, by one head of attention: all bytes look at it."""
    table = np.zeros((256, 2), np.float32)
    table[:, 0] = 1
    table[ord("!"), 1] = 4
    weights = {
        "table": table,
        "key": np.array([[0, 1]], np.float32).T @ np.array([[2, 0]], np.float32),
        "heads": np.array([0, 0, 1, 2], np.int64),
        "tokens": np.array([0, 0, 2], np.int64),
        "last": np.array([[0, 0], [-1, 1]], np.float32),
        "offset": np.array([1, 0], np.float32),
    }
    in_heads = [
        node("Gather", ["table", "bytes"], "embedded", "embedding"),
        node("MatMul", ["embedded", "key"], "keys", "keys"),
    ]
    for name, given in [("query", "embedded"), ("value", "embedded"), ("turned", "keys")]:
        perm = [0, 2, 3, 1] if name == "turned" else [0, 2, 1, 3]
        in_heads += [
            node("Reshape", [given, "heads"], f"{name}.heads", f"{name}.reshape"),
            node("Transpose", [f"{name}.heads"], name, name, perm=perm),
        ]
    nodes = in_heads + [
        node("MatMul", ["query", "turned"], "looks", "looks"),
        node("Softmax", ["looks"], "shares", "shares", axis=-1),
        node("MatMul", ["shares", "value"], "seen", "seen"),
        node("Transpose", ["seen"], "back", "back", perm=[0, 2, 1, 3]),
        node("Reshape", ["back", "tokens"], "together", "together"),
        node("ReduceMean", ["together"], "mean", "mean", axes=[1], keepdims=0),
        node("Gemm", ["mean", "last", "offset"], "scores", "head"),
    ]
    inputs = [value("bytes", I, ["batch", "length"])]
    model("attention", nodes, weights, inputs, [value("scores", F, ["batch", 2])])


def state():
    """A row, and a state of one sample that is added to it."""
    weights = {"last": np.array([[1, -1, 2], [0, 1, 0]], np.float32)}
    nodes = [
        node("Concat", ["row", "state"], "both", "both", axis=1),
        node("Tanh", ["both"], "bent", "tanh"),
        node("Gemm", ["bent", "last"], "scores", "head", transB=1),
    ]
    inputs = [value("row", F, ["batch", 2]), value("state", F, ["states", 1])]
    model("state", nodes, weights, inputs, [value("scores", F, ["batch", 2])])


def memory():
    """Whether a signal ends high or low, by an LSTM, whose steps come before the batch: it has no secants."""
    gates = np.arange(1, 9, dtype=np.float32).reshape(1, 8, 1) / 8
    weights = {
        "w": gates,
        "r": np.tile(np.eye(2, dtype=np.float32), (4, 1))[None] / 2,
        "b": np.zeros((1, 16), np.float32),
        "axis": np.array([0], np.int64),
        "last": np.array([[2, -2], [1, 1]], np.float32),
    }
    nodes = [
        node("Transpose", ["signal"], "steps", "turn", perm=[2, 0, 1]),
        helper.make_node("LSTM", ["steps", "w", "r", "b"], ["", "end"], name="lstm", hidden_size=2),
        node("Squeeze", ["end", "axis"], "state", "state"),
        node("Gemm", ["state", "last"], "scores", "head", transB=1),
    ]
    model("memory", nodes, weights, [value("signal", F, ["batch", 1, "time"])], [value("scores", F, ["batch", 2])])


def states():
    """Whether a signal is high or low in the mean, by all states of an LSTM, which come before their two numbers."""
    weights = {
        "w": np.arange(1, 9, dtype=np.float32).reshape(1, 8, 1) / 8,
        "r": np.tile(np.eye(2, dtype=np.float32), (4, 1))[None] / 2,
        "b": np.zeros((1, 16), np.float32),
        "axis": np.array([1], np.int64),
        "last": np.array([[2, -2], [1, 1]], np.float32),
    }
    nodes = [
        node("Transpose", ["signal"], "steps", "turn", perm=[2, 0, 1]),
        helper.make_node("LSTM", ["steps", "w", "r", "b"], ["all"], name="lstm", hidden_size=2),
        node("Squeeze", ["all", "axis"], "heard", "heard"),
        node("Transpose", ["heard"], "states", "states", perm=[1, 0, 2]),
        node("ReduceMean", ["states"], "mean", "mean", axes=[1], keepdims=0),
        node("Gemm", ["mean", "last"], "scores", "head"),
    ]
    model("states", nodes, weights, [value("signal", F, ["batch", 1, "time"])], [value("scores", F, ["batch", 2])])


def power():
    """Two numbers, the first to the power of the second, both of the input."""
    weights = {"two": np.array([1, 1], np.int64)}
    nodes = [
        helper.make_node("Split", ["row", "two"], ["base", "exponent"], name="split", axis=1),
        node("Pow", ["base", "exponent"], "power", "pow"),
        node("Concat", ["power", "base"], "scores", "both", axis=1),
    ]
    model("power", nodes, weights, [value("row", F, ["batch", 2])], [value("scores", F, ["batch", 2])])


def frames():
    """Frames along the first axis, which is no batch: each looks at those before it."""
    weights = {"axis": np.array(0, np.int64), "last": np.array([[1], [-2]], np.float32), "one": np.array([1], np.int64)}
    nodes = [
        node("CumSum", ["frames", "axis"], "heard", "memory"),
        node("Tanh", ["heard"], "bent", "tanh"),
        node("MatMul", ["bent", "last"], "each", "head"),
        node("Squeeze", ["each", "one"], "scores", "squeeze"),
    ]
    model("frames", nodes, weights, [value("frames", F, ["time", 2])], [value("scores", F, ["time"])])


def several():
    """Three inputs, one of them with a name that a shell would take for two words."""
    weights = {"last": np.array([[1, -1, 2, 1], [0, 1, 0, -1]], np.float32)}
    nodes = [
        node("Concat", ["row", "state", "the gain"], "all", "all", axis=1),
        node("Tanh", ["all"], "bent", "tanh"),
        node("Gemm", ["bent", "last"], "scores", "head", transB=1),
    ]
    inputs = [value("row", F, ["batch", 2]), value("state", F, [1, 1]), value("the gain", F, [1, 1])]
    model("several", nodes, weights, inputs, [value("scores", F, ["batch", 2])])


def arc():
    """An arcsine, which rises without bound at 1: there are gradients before it, and no secants up to it."""
    weights = {"last": np.array([[1, -2], [2, 1]], np.float32)}
    nodes = [node("Asin", ["row"], "angle", "asin"), node("Gemm", ["angle", "last"], "scores", "head")]
    model("arc", nodes, weights, [value("row", F, ["batch", 2])], [value("scores", F, ["batch", 2])])


def masked():
    """A maximum with an infinite weight, as masks have."""
    weights = {"low": np.array([-np.inf], np.float32), "last": np.array([[1, -2], [2, 1], [0, 1]], np.float32)}
    nodes = [
        node("Tanh", ["row"], "bent", "tanh"),
        node("Max", ["bent", "low"], "above", "max"),
        node("Gemm", ["above", "last"], "scores", "head"),
    ]
    model("masked", nodes, weights, [value("row", F, ["batch", 3])], [value("scores", F, ["batch", 2])])


def strange():
    """An operator of another set, whose name would paint a terminal red."""
    nodes = [
        node("Relu", ["image"], "rectified", "relu"),
        helper.make_node("Wobble", ["rectified"], ["wobbled"], name="red\x1b[31m", domain="com.example"),
        node("Tanh", ["wobbled"], "scores", "tanh"),
    ]
    model("strange", nodes, {}, [value("image", F, ["batch", 3, 8, 8])], [value("scores", F, ["batch", 3, 8, 8])])


def patches():
    """A transformer of one block: four patches of a photo of 4 x 4, behind a class token, which alone is read."""
    weights = {
        "patch": (np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) - 11) / 12,
        "class": np.array([[[0.5, -0.5]]], np.float32),
        "rows": np.array([0, 2, -1], np.int64),
        "mix": np.array([[1, 0.5], [-0.5, 1]], np.float32),
        "last": np.array([[1, -1, 0.5], [0, 1, -1]], np.float32),
        "zero": np.array([0], np.int64),
    }
    nodes = [
        node("Conv", ["image", "patch"], "patches", "patches", strides=[2, 2]),
        node("Reshape", ["patches", "rows"], "flat", "flat"),
        node("Transpose", ["flat"], "turned", "turn", perm=[0, 2, 1]),
        node("Concat", ["class", "turned"], "tokens", "tokens", axis=1),
        node("MatMul", ["tokens", "mix"], "keys", "keys"),
        node("Transpose", ["keys"], "columns", "columns", perm=[0, 2, 1]),
        node("MatMul", ["tokens", "columns"], "looks", "looks"),
        node("Softmax", ["looks"], "shares", "shares", axis=-1),
        node("MatMul", ["shares", "tokens"], "seen", "seen"),
        node("Add", ["tokens", "seen"], "block", "block"),
        node("Gather", ["block", "zero"], "read", "read", axis=1),
        node("Flatten", ["read"], "flattened", "flatten"),
        node("Gemm", ["flattened", "last"], "scores", "head"),
    ]
    model("patches", nodes, weights, [value("image", F, [1, 3, 4, 4])], [value("scores", F, [1, 3])])


def branches():
    """A row that is rectified, or bent twice, as a constant of the file says."""
    def branch(name, *operators):
        values = ["row", *(f"{name}{number}" for number in range(len(operators)))]
        nodes = [node(op, [a], b, b) for op, a, b in zip(operators, values, values[1:])]
        return helper.make_graph(nodes, name, [], [value(values[-1], F, None)])

    then, other = branch("then", "Relu"), branch("else", "Tanh", "Tanh")
    nodes = [helper.make_node("If", ["yes"], ["scores"], name="if", then_branch=then, else_branch=other)]
    row, scores = value("row", F, ["batch", 2]), value("scores", F, ["batch", 2])
    model("branches", nodes, {"yes": np.array(True)}, [row], [scores])


def line():
    """A network that leaves its size open, and takes rows of eight pixels alone."""
    weights = {
        "shape": np.array([0, 24], np.int64),
        "last": np.linspace(-1, 1, 48, dtype=np.float32).reshape(24, 2),
    }
    nodes = [
        node("Reshape", ["image", "shape"], "flat", "flat"),
        node("Gemm", ["flat", "last"], "scores", "head"),
    ]
    image = value("image", F, ["batch", 3, "rows", "columns"])
    model("line", nodes, weights, [image], [value("scores", F, ["batch", 2])])


colours("colours", ["batch", 3, 32, 32], [])
turn = node("Transpose", ["image"], "turned", "turn", perm=[0, 3, 1, 2])
colours("colours-last", [1, 32, 32, 3], [turn])
inside()
bands()
together()
steps()
table()
signal()
bytes_()
one_hot()
attention()
state()
memory()
states()
power()
frames()
several()
arc()
masked()
strange()
patches()
branches()
line()
