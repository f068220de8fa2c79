#!/usr/bin/env python3
"""Trains the nets of models/orl and models/lfw in PyTorch, to hold the results
against: the same trunk, fillers, four forms of the loss, sampler, moves, Adam,
rate, decay and iterations. models/*/run calls it with --torch and judges the
embeddings that it writes as it judges the library's own. What differs: who has
too few images (models/lfw) is filled up with some of them at random, not one
after the other; Adam's eps is added as PyTorch adds it; and BatchNorm's averages
begin at 0 and 1, which counts in a run of a few dozen iterations.

--pixels is what tercet extract writes as the blob `data` of the deploy net: the
images of --data, each with mean 0 and deviation 1, a row each in the order of
the readers. The people outside of --fold are trained on; all are embedded.
"""
import argparse
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faces  # noqa: E402

# Of each convolution: channels, kernel, stride, and whether it is pooled.
TRUNKS = {
    "orl": ((32, 5, 2, True), (48, 3, 1, True), (64, 3, 1, True)),
    "lfw": ((32, 5, 2, True), (64, 3, 1, False), (64, 3, 1, True),
            (128, 3, 1, True)),
}
PEOPLE = {"orl": 16, "lfw": 24}  # in a batch, with IMAGES images each
IMAGES = 4
LEAST = {"orl": IMAGES, "lfw": 1}  # images of who is trained on
SIDE = 64
EMBEDDING = 128
MARGIN = 0.2
MAX_SHIFT, MAX_SCALE = 0.06, 0.08
RATE, DECAY = 0.001, 0.0005


def make_net(model, form):
    layers, channels, side = [], 1, SIDE
    for outputs, kernel, stride, pooled in TRUNKS[model]:
        layers += [nn.Conv2d(channels, outputs, kernel, stride, kernel // 2,
                             bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        side //= stride
        if pooled:
            layers.append(nn.MaxPool2d(2))
            side //= 2
        channels = outputs
    layers += [nn.Flatten(), nn.Linear(channels * side * side, EMBEDDING)]
    if form in ("batch_hard", "soft"):
        layers.append(nn.BatchNorm1d(EMBEDDING, affine=False))
    net = nn.Sequential(*layers)
    for layer in net:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net.to(memory_format=torch.channels_last)


def embed(net, images):
    images = images.contiguous(memory_format=torch.channels_last)
    return F.normalize(net(images), dim=1)


def loss_of(form, embeddings, labels):
    """The mean over the batch, or, of batch_all, over what has a loss."""
    distance = (2 - 2 * embeddings @ embeddings.t()).clamp_min(0)
    same = labels[:, None] == labels[None, :]
    negative = ~same
    positive = same & ~torch.eye(len(labels), dtype=torch.bool)
    if form in ("batch_hard", "soft"):
        farthest = distance.masked_fill(~positive, -1).max(1)[0]
        nearest = distance.masked_fill(~negative, 9).min(1)[0]
        if form == "soft":
            return F.softplus(farthest - nearest).mean()
        return F.relu(farthest - nearest + MARGIN).mean()
    if form == "semi_hard":
        a, p = positive.nonzero(as_tuple=True)
        own, others = distance[a, p], distance[a]
        beyond = negative[a] & (others > own[:, None])
        nearest = others.masked_fill(~beyond, 9).min(1)[0]
        farthest = others.masked_fill(~negative[a], -1).max(1)[0]
        chosen = torch.where(nearest < 9, nearest, farthest)
        return F.relu(own - chosen + MARGIN).mean()
    losses = F.relu(distance[:, :, None] - distance[:, None, :] + MARGIN)
    losses = losses * (positive[:, :, None] & negative[:, None, :])
    return losses.sum() / (losses > 0).sum().clamp_min(1)


def move(images, generator):
    """Shifted, scaled and mirrored at random, the border repeated."""
    n = len(images)

    def uniform(most, *shape):
        return (torch.rand(*shape, generator=generator) * 2 - 1) * most

    scale = 1 + uniform(MAX_SCALE, n)
    mirror = torch.where(torch.rand(n, generator=generator) < 0.5, -1., 1.)
    to_source = torch.zeros(n, 2, 3)
    to_source[:, 0, 0] = scale * mirror
    to_source[:, 1, 1] = scale
    to_source[:, :, 2] = uniform(2 * MAX_SHIFT, n, 2)  # the side is 2 long
    grid = F.affine_grid(to_source, images.shape, align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border",
                         align_corners=False)


def trained_on(flags, counts):
    """For each person outside of the fold who has enough images, their rows."""
    rows = np.split(np.arange(sum(counts)), np.cumsum(counts)[:-1])
    return [own for i, own in enumerate(rows)
            if i % flags.of != flags.fold and len(own) >= LEAST[flags.model]]


class Batches:
    """Each person once an epoch, but for those who fill no batch; who has too
    few images is there with some of them again, drawn at random."""

    def __init__(self, people, at_once, seed):
        self.people, self.at_once = people, at_once
        self.random = np.random.RandomState(seed)
        self.order = []

    def draw(self):
        """Rows of the images, and their labels."""
        if len(self.order) < self.at_once:
            self.order = list(self.random.permutation(len(self.people)))
        rows, labels = [], []
        for person in self.order[:self.at_once]:
            images = self.people[person]
            chosen = self.random.permutation(images)[:IMAGES]
            again = self.random.choice(images, IMAGES - len(chosen))
            rows += [*chosen, *again]
            labels += [person] * IMAGES
        self.order = self.order[self.at_once:]
        return np.array(rows), torch.tensor(labels)


def train(net, images, batches, flags):
    moves = torch.Generator().manual_seed(flags.seed + 1)
    groups = [{"params": [p for p in net.parameters() if p.ndim > 1],
               "weight_decay": DECAY},
              {"params": [p for p in net.parameters() if p.ndim <= 1]}]
    solver = torch.optim.Adam(groups, lr=RATE)
    net.train()
    for iteration in range(flags.iterations):
        for group in solver.param_groups:
            group["lr"] = RATE * (1 - iteration / flags.iterations)
        rows, labels = batches.draw()
        loss = loss_of(flags.form, embed(net, move(images[rows], moves)),
                       labels)
        solver.zero_grad()
        loss.backward()
        solver.step()
        if iteration % 50 == 0:
            print(f"Iteration {iteration}, loss = {loss.item():.6f}",
                  flush=True)


def read_flags():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", required=True, choices=sorted(TRUNKS))
    parser.add_argument("--form", required=True, choices=(
        "batch_hard", "semi_hard", "batch_all", "soft"))
    parser.add_argument("--data", required=True)
    parser.add_argument("--pixels", required=True, help="an .npy of the images")
    parser.add_argument("--out", required=True, help="the embeddings' .npy")
    parser.add_argument("--fold", type=int, required=True)
    parser.add_argument("--of", type=int, default=5)
    parser.add_argument("--iterations", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    flags = parser.parse_args()
    if not 0 <= flags.fold < flags.of:
        parser.error(f"--fold={flags.fold}: wanted 0 to {flags.of - 1}")
    if flags.seed < 0 or flags.iterations < 1:
        parser.error("--seed is less than 0, or --iterations less than 1")
    return parser, flags


def main():
    parser, flags = read_flags()
    if flags.threads > 0:
        torch.set_num_threads(flags.threads)
    images = torch.from_numpy(np.load(flags.pixels))
    counts = [len(person) for person in faces.people(flags.data)]
    if images.shape != (sum(counts), 1, SIDE, SIDE):
        parser.error(f"{flags.pixels} is of shape {tuple(images.shape)}; "
                     f"{flags.data} has {sum(counts)} images")
    people, at_once = trained_on(flags, counts), PEOPLE[flags.model]
    if len(people) < at_once:
        parser.error(f"{len(people)} people outside of the fold have enough "
                     f"images; a batch takes {at_once}")
    torch.manual_seed(flags.seed)
    net = make_net(flags.model, flags.form)
    train(net, images, Batches(people, at_once, flags.seed), flags)
    net.eval()
    with torch.no_grad():
        embeddings = torch.cat([embed(net, part) for part in images.split(256)])
    np.save(flags.out, embeddings.numpy())


if __name__ == "__main__":
    main()
