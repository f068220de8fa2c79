# Prints the numbers of test_training_trace.cpp, by PyTorch in double: losses of
# a small net that is trained on one fixed batch, in each form of the loss, and
# BatchNorm's averages and the weights at the end. The test says what the net
# and the batch are; it needs no Python itself. The losses are torch_peer.py's.
import os
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir, "models"))
import torch_peer  # noqa: E402

PEOPLE, IMAGES, SIDE, CHANNELS, WIDTH, STEPS = 6, 4, 8, 5, 7, 30
torch.set_default_dtype(torch.float64)


def single(value):
    """As a prototxt has it: its numbers are of single precision."""
    return torch.tensor(value, dtype=torch.float32).item()


RATE, DECAY, EPS = single(1e-3), single(5e-4), single(1e-5)
torch_peer.MARGIN = single(torch_peer.MARGIN)
BETAS, DELTA = (single(0.9), single(0.999)), single(1e-8)


class Draw:
    """Numbers from -1/2 to 1/2 that any language draws alike."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, *shape):
        count = int(torch.Size(shape).numel())
        values = torch.empty(count)
        for k in range(count):
            self.state = (self.state * 1103515245 + 12345) % 2**31
            values[k] = self.state / 2**31 - 0.5
        return values.reshape(shape)


def batch(draw):
    faces = draw(PEOPLE, 1, 1, SIDE, SIDE)
    noise = draw(PEOPLE, IMAGES, 1, SIDE, SIDE)
    images = (faces + 2 * noise).reshape(-1, 1, SIDE, SIDE)
    return images, torch.arange(PEOPLE).repeat_interleave(IMAGES)


def trace(form):
    draw = Draw(1)
    images, label = batch(draw)
    embed_norm = form in ("batch_hard", "soft")
    net = [torch.nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False),
           torch.nn.BatchNorm2d(CHANNELS, EPS, 1 - BETAS[0]), torch.nn.ReLU(),
           torch.nn.MaxPool2d(2), torch.nn.Flatten(),
           torch.nn.Linear(CHANNELS * (SIDE // 2) ** 2, WIDTH)]
    net += [torch.nn.BatchNorm1d(WIDTH, EPS, affine=False)] * embed_norm
    conv, norm, full = net[0], net[1], net[5]
    with torch.no_grad():
        for weights in (conv.weight, full.weight):
            weights.copy_(draw(*weights.shape))
        full.bias.zero_()
    net = torch.nn.Sequential(*net)
    adam = torch.optim.Adam([
        {"params": [conv.weight, full.weight], "weight_decay": DECAY},
        {"params": [norm.weight, norm.bias, full.bias]}], lr=RATE, betas=BETAS)
    losses = []
    for step in range(STEPS):
        for group in adam.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
            # Caffe adds delta before the bias of the squares is taken out.
            group["eps"] = DELTA / (1 - BETAS[1] ** (step + 1)) ** 0.5
        loss = torch_peer.loss_of(form, F.normalize(net(images), dim=1), label)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    first = BETAS[0] ** STEPS  # what is left of the first variance, 1
    mean = norm.running_mean / (1 - first)
    variance = (norm.running_var - first) / (1 - first)
    squares = (conv.weight ** 2).sum() + (full.weight ** 2).sum()
    return losses, mean.sum().item(), variance.sum().item(), squares.item()


for form in ("batch_hard", "soft", "semi_hard", "batch_all"):
    losses, *ends = trace(form)
    shown = ", ".join("%.12f" % losses[k] for k in (0, 1, 2, 5, 10, 20, 29))
    ends = ", ".join("%.12f" % end for end in ends)
    print('{"%s", {%s}, %s},' % (form, shown, ends))
