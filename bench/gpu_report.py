#!/usr/bin/env python3
"""Puts together what bench/gpu measured: WORK holds kernels.json and
NET.SIDE.ROUND.json. Writes bench/results/gpu-CARD.json, unless the device was
emulated, and prints the nets' medians. Sides whose nets differ in their number
of parameters are an error: they were not the same net.

usage: gpu_report.py WORK COMMIT"""
import glob
import json
import os
import re
import statistics
import subprocess
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def driver():
    query = ["nvidia-smi",
             "--query-gpu=driver_version,clocks.max.sm,power.limit",
             "--format=csv,noheader", "-i", "0"]
    try:
        return subprocess.run(query, capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def check_sizes(entry, rounds):
    for one in rounds:
        wanted = entry.setdefault("parameters", one["parameters"])
        if one["parameters"] != wanted or one["batch"] != entry["batch"]:
            raise SystemExit(
                f"{one['model']}: {one['parameters']} parameters at batch "
                f"{one['batch']}, and {wanted} at {entry['batch']}")


def nets_of(work):
    """For each net and side: the rounds, and the median of their medians."""
    nets = {}
    for path in sorted(glob.glob(os.path.join(work, "*.*.*.json"))):
        net, side, _ = os.path.basename(path)[:-len(".json")].rsplit(".", 2)
        entry = nets.setdefault(net, {})
        entry["batch"] = read(path)["batch"]
        entry.setdefault(side, {"rounds": []})["rounds"].append(read(path))
    for entry in nets.values():
        for side in list(entry.values()):
            if not isinstance(side, dict):
                continue
            medians = [one["step"]["seconds"]["median"]
                       for one in side["rounds"]]
            check_sizes(entry, side["rounds"])
            side["seconds"] = statistics.median(medians)
            side["spread"] = [
                min(one["step"]["seconds"]["best"] for one in side["rounds"]),
                max(one["step"]["seconds"]["worst"] for one in side["rounds"])]
    return nets


def main():
    work, commit = sys.argv[1:]
    kernels = read(os.path.join(work, "kernels.json"))
    nets = nets_of(work)
    sanitized = os.path.exists(os.path.join(work, "sanitized"))
    report = {"commit": commit, "date": kernels["date"],
              "card": kernels["card"], "driver": driver(),
              "versions": kernels["versions"],
              "compute_sanitizer": "clean" if sanitized else "not run",
              "command": kernels["command"], "math": kernels["math"],
              "repetitions": kernels["repetitions"], "nets": nets,
              "kernels": kernels["kernels"]}
    for net, entry in nets.items():
        ours = entry["ours"]["seconds"]
        for side, one in list(entry.items()):
            if isinstance(one, dict):
                print(f"{net} batch {entry['batch']} {side}: "
                      f"{1000 * one['seconds']:.3f} ms a step, "
                      f"{one['seconds'] / ours:.2f} of ours")
    if kernels["emulated"]:
        print("the device was emulated: nothing is written")
        return
    card = re.sub(r"[^a-z0-9]+", "-", kernels["card"].lower()).strip("-")
    if kernels["math"] != "FP32":
        card += "-" + kernels["math"].lower()
    path = f"bench/results/gpu-{card}.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
    print("wrote", path)


if __name__ == "__main__":
    main()
