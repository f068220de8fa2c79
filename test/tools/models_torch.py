"""Tests the parts of models/torch_peer.py and faces.py against plain ones."""
import argparse
import os
import pathlib
import sys
import tempfile
import unittest

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir, "models"))
import faces  # noqa: E402
import torch_peer  # noqa: E402

FORMS = ("batch_hard", "semi_hard", "batch_all", "soft")


def plain_loss(form, x, labels):
    """By loops, over each anchor and positive."""
    def distance(i, j):
        return float(((x[i] - x[j]) ** 2).sum())

    everyone, losses = range(len(x)), []
    for a in everyone:
        own = [distance(a, p) for p in everyone
               if p != a and labels[p] == labels[a]]
        others = [distance(a, n) for n in everyone if labels[n] != labels[a]]
        if form == "soft":
            losses.append(np.log1p(np.exp(max(own) - min(others))))
        elif form == "batch_hard":
            losses.append(max(0, max(own) - min(others) + 0.2))
        elif form == "semi_hard":
            for d in own:
                beyond = [n for n in others if n > d] or [max(others)]
                losses.append(max(0, d - min(beyond) + 0.2))
        else:
            losses += [d - n + 0.2 for d in own for n in others
                       if d - n + 0.2 > 0]
    return np.mean(losses) if losses else 0


class Faces(unittest.TestCase):
    def test_people_come_in_the_order_of_the_readers(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("s10/2.pgm", "s10/10.PGM", "s2/b.png", "s2/.c.png",
                         "s2/notes.txt", "s3/x.jpg/y", "s1/1.jpg", "stray.png"):
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            self.assertEqual(faces.people(folder), [
                ["s1/1.jpg"], ["s2/b.png"], ["s10/2.pgm", "s10/10.PGM"]])


class TorchPeer(unittest.TestCase):
    def test_losses_are_those_of_loops(self):
        torch.manual_seed(1)
        labels = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2])
        for spread in (0.05, 0.5, 2):  # of a person about his own point
            points = torch.randn(3, 8, dtype=torch.float64)
            noise = torch.randn(9, 8, dtype=torch.float64)
            x = torch.nn.functional.normalize(points[labels] + spread * noise)
            for form in FORMS:
                self.assertAlmostEqual(
                    torch_peer.loss_of(form, x, labels).item(),
                    plain_loss(form, x.numpy(), labels.numpy()), places=10)

    def test_nets_have_the_size_of_the_prototxts(self):
        for model, count in (("orl", 173760), ("lfw", 392672)):
            for form in FORMS:
                net = torch_peer.make_net(model, form)
                self.assertEqual(sum(p.numel() for p in net.parameters()),
                                 count)
                self.assertEqual(isinstance(net[-1], torch.nn.BatchNorm1d),
                                 form in ("batch_hard", "soft"))
                out = torch_peer.embed(net, torch.randn(3, 1, 64, 64))
                self.assertEqual(out.shape, (3, 128))
                self.assertLess((out.norm(dim=1) - 1).abs().max().item(), 1e-5)

    def test_the_people_of_the_fold_are_not_trained_on(self):
        counts = [4, 5, 2, 6, 1, 4, 7]
        for model, wanted in (("lfw", [0, 2, 3, 4, 5]), ("orl", [0, 3, 5])):
            flags = argparse.Namespace(model=model, fold=1, of=5)
            begin = np.cumsum([0] + counts)
            self.assertEqual(
                [list(own) for own in torch_peer.trained_on(flags, counts)],
                [list(range(begin[i], begin[i + 1])) for i in wanted])

    def test_an_epoch_has_each_person_once_with_images_of_his(self):
        people = [np.arange(10 * i, 10 * i + n)
                  for i, n in enumerate([2, 3, 4, 9, 5, 8])]
        batches = torch_peer.Batches(people, 3, seed=1)
        for _ in range(50):
            rows, labels = (np.concatenate(two) for two in zip(
                *(batches.draw() for _ in range(2))))
            self.assertEqual(sorted(labels), sorted(list(range(6)) * 4))
            self.assertTrue((rows // 10 == labels).all())
            for person, images in enumerate(people):
                self.assertEqual(len(set(rows[labels == person])),
                                 min(4, len(images)))

    def test_moves_stay_within_their_bounds(self):
        # The image's value is its column, so that a row is a line.
        n, side = 200, 64
        columns = torch.arange(float(side)).expand(n, 1, side, side)
        moved = torch_peer.move(columns.contiguous(),
                                torch.Generator().manual_seed(1))
        scale = (moved[:, 0, 32, 40] - moved[:, 0, 32, 24]) / 16
        middle = (moved[:, 0, 32, 31] + moved[:, 0, 32, 32]) / 2 - 31.5
        for values, most in ((scale.abs() - 1, 0.08), (middle / side, 0.06)):
            self.assertLessEqual(values.abs().max().item(), most + 1e-5)
            self.assertGreater(values.max().item(), 0.9 * most)
            self.assertLess(values.min().item(), -0.9 * most)
        self.assertTrue(70 < (scale < 0).sum().item() < 130)


if __name__ == "__main__":
    unittest.main()
