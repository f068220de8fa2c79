#!/usr/bin/env python3
"""Times training steps of a net from its prototxt in PyTorch, and prints one
JSON object. It reads the layers that the benchmarks' nets have, and refuses
others. SGD with momentum, floats without TF32 unless it is asked for; the data
of all steps are the same and lie on the device, as in bench_gpu."""
import argparse
import functools
import json
import math
import re
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

TOKEN = re.compile(r"""\s+|\#[^\n]*|(?P<text>"[^"]*"|'[^']*')|(?P<sign>[{}:])"""
                   r"""|(?P<word>[^\s{}:#"']+)""")


def tokens(text):
    for match in TOKEN.finditer(text):
        if match.lastgroup:
            yield match.group(match.lastgroup)


def value_of(token):
    if token[0] in "\"'":
        return token[1:-1]
    if token in ("true", "false"):
        return token == "true"
    for kind in (int, float):
        try:
            return kind(token)
        except ValueError:
            pass
    return token


def parse(stream):
    """A message: each field's values in a list, in their order."""
    message = {}
    for name in stream:
        if name == "}":
            break
        sign = next(stream)
        value = next(stream) if sign == ":" else sign
        value = parse(stream) if value == "{" else value_of(value)
        message.setdefault(name, []).append(value)
    return message


def first(message, name, default=None):
    return message.get(name, [default])[0]


def pair(message, name, default):
    """A size said once for both sides, or as name_h and name_w."""
    short = name.replace("kernel_size", "kernel")
    if short + "_h" in message:
        return first(message, short + "_h"), first(message, short + "_w")
    sizes = message.get(name, [default])
    return sizes[0], sizes[-1]


class Pool(nn.Module):
    def __init__(self, param):
        super().__init__()
        self.all = bool(first(param, "global_pooling", False))
        self.size = pair(param, "kernel_size", 1)
        self.stride = pair(param, "stride", 1)
        self.pad = pair(param, "pad", 0)
        self.average = first(param, "pool", "MAX") == "AVE"

    def forward(self, x):
        size, stride, pad = self.size, self.stride, self.pad
        if self.all:
            size, stride, pad = x.shape[2:], (1, 1), (0, 0)
        pool = F.avg_pool2d if self.average else F.max_pool2d
        return pool(x, size, stride, pad, ceil_mode=True)


class Product(nn.Module):
    def __init__(self, inputs, param):
        super().__init__()
        self.linear = nn.Linear(inputs, first(param, "num_output"),
                                first(param, "bias_term", True))

    def forward(self, x):
        return self.linear(x.flatten(1))


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *x):
        return self.function(*x)


def refuse(what):
    raise SystemExit(f"error: {what} is not read here")


def eltwise(param):
    operation = first(param, "operation", "SUM")
    coeffs = param.get("coeff")
    if operation == "SUM" and coeffs:
        return lambda *x: sum(c * one for c, one in zip(coeffs, x))
    if operation == "SUM":
        return lambda *x: sum(x[1:], x[0])
    if operation == "PROD":
        return lambda *x: functools.reduce(torch.mul, x)
    if operation == "MAX":
        return lambda *x: functools.reduce(torch.maximum, x)
    return refuse(f"Eltwise {operation}")


def cut(param, parts):
    """Slice: even parts, or cut at slice_point."""
    axis = first(param, "axis", 1)
    points = param.get("slice_point")
    if points:
        return lambda x: torch.tensor_split(x, points, axis)
    return lambda x: torch.tensor_split(x, parts, axis)


def reduction(param):
    axis = first(param, "axis", 0)
    coeff = first(param, "coeff", 1.0)
    function = {"SUM": lambda x: x.sum(-1), "MEAN": lambda x: x.mean(-1),
                "ASUM": lambda x: x.abs().sum(-1),
                "SUMSQ": lambda x: x.square().sum(-1)}
    reduce = function[first(param, "operation", "SUM")]
    return lambda x: coeff * reduce(x.flatten(axis))


def power(param):
    exponent, scale, shift = (first(param, name, default) for name, default in
                              (("power", 1), ("scale", 1), ("shift", 0)))
    if exponent == 1:
        return lambda x: shift + scale * x
    return lambda x: (shift + scale * x) ** exponent


def euclidean(x, y):
    return (x - y).square().sum() / (2 * len(x))


def lrn(param):
    if first(param, "norm_region", "ACROSS_CHANNELS") != "ACROSS_CHANNELS":
        refuse("LRN within channels")
    return nn.LocalResponseNorm(
        first(param, "local_size", 5), first(param, "alpha", 1.0),
        first(param, "beta", 0.75), first(param, "k", 1.0))


PARAM_OF = {
    "Convolution": "convolution_param", "Pooling": "pooling_param",
    "InnerProduct": "inner_product_param", "LRN": "lrn_param",
    "Dropout": "dropout_param", "Concat": "concat_param",
    "Eltwise": "eltwise_param", "ReLU": "relu_param", "Slice": "slice_param",
    "Reduction": "reduction_param", "Power": "power_param",
    "BatchNorm": "batch_norm_param"}


def module_for(kind, layer, shapes):
    """The module of a layer whose bottoms have these shapes."""
    channels = shapes[0][1] if len(shapes[0]) > 1 else 1
    param = first(layer, PARAM_OF.get(kind, ""), {})
    in_place = layer["bottom"][0] == layer["top"][0]
    if kind == "Convolution":
        return nn.Conv2d(channels, first(param, "num_output"),
                         pair(param, "kernel_size", 1),
                         pair(param, "stride", 1), pair(param, "pad", 0),
                         pair(param, "dilation", 1), first(param, "group", 1),
                         first(param, "bias_term", True))
    if kind == "Pooling":
        return Pool(param)
    if kind == "InnerProduct":
        inputs = torch.Size(shapes[0][1:]).numel()
        return Product(inputs, param)
    if kind == "LRN":
        return lrn(param)
    if kind == "Dropout":
        return nn.Dropout(first(param, "dropout_ratio", 0.5))
    if kind == "ReLU":
        slope = first(param, "negative_slope", 0.0)
        return nn.LeakyReLU(slope, in_place) if slope else nn.ReLU(in_place)
    if kind == "PReLU":
        return nn.PReLU(channels)
    if kind == "BatchNorm":
        return nn.BatchNorm2d(channels, first(param, "eps", 1e-5),
                              affine=False)
    functions = {
        "Concat": lambda _: lambda *x: torch.cat(x, first(param, "axis", 1)),
        "Normalize": lambda _: lambda x: F.normalize(x.flatten(1)),
        "SoftmaxWithLoss": lambda _: lambda x, y: F.cross_entropy(x, y.long()),
        "EuclideanLoss": lambda _: euclidean, "Eltwise": eltwise,
        "Slice": lambda p: cut(p, len(layer["top"])),
        "Reduction": reduction, "Power": power,
    }
    if kind not in functions:
        refuse(f"layer type {kind}")
    return Function(functions[kind](param))


def dummy_data(layer, batch, device):
    """The tensors of a DummyData layer, by name."""
    param = first(layer, "dummy_data_param")
    shapes, fillers = param["shape"], param.get("data_filler", [{}])
    blobs = {}
    for i, name in enumerate(layer["top"]):
        shape = list(shapes[i if len(shapes) > 1 else 0]["dim"])
        shape[0] = batch or shape[0]
        filler = fillers[i if len(fillers) > 1 else 0]
        tensor = torch.full(shape, float(first(filler, "value", 0)),
                            device=device)
        kind = first(filler, "type", "constant")
        if kind == "gaussian":
            tensor.normal_(first(filler, "mean", 0), first(filler, "std", 1))
        elif kind == "uniform":
            tensor.uniform_(first(filler, "min", 0), first(filler, "max", 1))
        blobs[name] = tensor
    return blobs


def in_training(layer):
    phases = [first(rule, "phase") for rule in layer.get("include", [])]
    return not phases or "TRAIN" in phases or phases == [None]


def freeze(module, layer):
    """No gradient where lr_mult is 0, as in Caffe; a name would be shared."""
    for tensor, param in zip(module.parameters(), layer.get("param", [])):
        if "name" in param:
            refuse("a shared parameter")
        tensor.requires_grad_(first(param, "lr_mult", 1) != 0)


class Net(nn.Module):
    def __init__(self, path, batch, device):
        super().__init__()
        with open(path, encoding="utf-8") as file:
            layers = [layer for layer in parse(tokens(file.read()))["layer"]
                      if in_training(layer)]
        self.data = {}
        self.layers = nn.ModuleList()
        self.wiring = []
        blobs = {}
        for layer in layers:
            kind = first(layer, "type")
            if kind == "DummyData":
                self.data.update(dummy_data(layer, batch, device))
                blobs.update(self.data)
            elif kind != "Accuracy":
                self.add(kind, layer, blobs, device)

    def add(self, kind, layer, blobs, device):
        inputs = [blobs[name] for name in layer["bottom"]]
        module = module_for(kind, layer, [x.shape for x in inputs]).to(device)
        freeze(module, layer)
        weight = first(layer, "loss_weight", 1.0 if "Loss" in kind else 0.0)
        self.layers.append(module)
        self.wiring.append((layer["bottom"], layer["top"], weight))
        with torch.no_grad():
            self.run(-1, blobs)

    def run(self, k, blobs):
        """Runs layer k, and returns its share of the loss."""
        bottoms, tops, weight = self.wiring[k]
        out = self.layers[k](*(blobs[name] for name in bottoms))
        outs = (out,) if torch.is_tensor(out) else out
        blobs.update(zip(tops, outs))
        return weight * outs[0] if weight else 0

    def forward(self):
        blobs = dict(self.data)
        return sum(self.run(k, blobs) for k in range(len(self.layers)))

    def batch(self):
        return len(next(iter(self.data.values())))


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", required=True)
    options.add_argument("--batch", type=int, default=0)
    options.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    options.add_argument("--repetitions", type=int, default=15)
    options.add_argument("--seconds", type=float, default=0.05)
    options.add_argument("--cudnn-benchmark", action="store_true")
    options.add_argument("--tf32", action="store_true")
    given = options.parse_args()
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = given.cudnn_benchmark
    torch.backends.cudnn.allow_tf32 = given.tf32
    torch.backends.cuda.matmul.allow_tf32 = given.tf32
    net = Net(given.model, given.batch, given.device).train()
    optimizer = torch.optim.SGD(
        [p for p in net.parameters() if p.requires_grad], lr=1e-5,
        momentum=0.9, weight_decay=5e-4)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = net()
        loss.backward()
        optimizer.step()
        return loss

    def sample(count):
        wait(given.device)
        start = time.perf_counter()
        for _ in range(count):
            loss = step()
        wait(given.device)
        return (time.perf_counter() - start) / count, loss.item()

    _, loss = sample(2)
    if not math.isfinite(loss):
        raise SystemExit("error: the loss is not finite")
    once, _ = sample(1)
    count = max(1, round(given.seconds / once))
    samples = [sample(count)[0] for _ in range(given.repetitions)]
    median = statistics.median(samples)
    json.dump({
        "model": given.model, "batch": net.batch(),
        "torch": torch.__version__, "device": given.device,
        "cudnn": torch.backends.cudnn.version() if given.device == "cuda"
        else None, "cudnn_benchmark": given.cudnn_benchmark, "tf32": given.tf32,
        "parameters": sum(p.numel() for p in net.parameters()),
        "step": {"seconds": {"median": median, "best": min(samples),
                             "worst": max(samples)},
                 "images_per_second": net.batch() / median}},
        sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
