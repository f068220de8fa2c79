"""The people and images of a folder, in the order of the library's readers."""
import functools
import os
import re

IMAGES = (".pgm", ".ppm", ".pnm", ".png", ".jpg", ".jpeg")
DIGITS = re.compile(rb"[0-9]+")


def compare(one, other):
    """"s2" before "s10", else by bytes."""
    a, b = os.fsencode(one), os.fsencode(other)
    i = j = 0
    while i < len(a) and j < len(b):
        left, right = DIGITS.match(a, i), DIGITS.match(b, j)
        if left and right:
            x, y = int(left[0]), int(right[0])
            i, j = left.end(), right.end()
        else:
            x, y = a[i], b[j]
            i, j = i + 1, j + 1
        if x != y:
            return -1 if x < y else 1
    x, y = (len(a) - i, a), (len(b) - j, b)
    return (x > y) - (x < y)


NATURAL = functools.cmp_to_key(compare)


def names(folder):
    """What the readers see of a folder, in their order."""
    return sorted((name for name in os.listdir(folder) if name[0] != "."),
                  key=NATURAL)


def people(data):
    """For each person, in order, the paths of his images."""
    found = []
    for person in names(data):
        folder = os.path.join(data, person)
        if not os.path.isdir(folder):
            continue
        images = [f"{person}/{name}" for name in names(folder)
                  if name.lower().endswith(IMAGES)
                  and not os.path.isdir(os.path.join(folder, name))]
        if images:
            found.append(images)
    return found
