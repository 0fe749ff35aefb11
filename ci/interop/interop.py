#!/usr/bin/env python3
"""Compares kvproof with tract: interop.py KVPROOF TRACT_TURNS VERSION FOLDER prints one cell of the run format per
comparison and exits with 1 if any differs. FOLDER takes the models and tensors. KVPROOF_TRACT_CASES may name a folder
of further models, each with its io.npz."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import tensors
from cases import OPTIMIZED, PLAIN, cases, differences

TOLERANCES = {"exact": (0, 0), "close": (1e-7, 1e-7), "approximate": (1e-4, 5e-4), "very": (5e-2, 1e-2)}
SHOWN = 8  # values in a message
UNFINISHED = "not yet implemented"  # how tract's own gaps panic


class Failed(Exception):
    pass


class Unfinished(Failed):
    """tract cannot write what it has read."""


class Bench:
    """Both programs, and a folder for what they read and write."""

    def __init__(self, kvproof, tract, folder):
        self.kvproof, self.tract, self.folder = kvproof, tract, Path(folder)

    def call(self, *command):
        environment = {**os.environ, "RUST_BACKTRACE": "0"}
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment)
        if done.returncode:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            raise Failed(f"{Path(str(command[0])).name}: " + " ".join(lines)[-300:])
        return done.stdout

    def prepare(self, case):
        """Has kvproof read the text of a case and write it as an archive: what tract is given is ours."""
        place = self.folder / "".join(c if c.isalnum() else "_" for c in case.name)
        source = case.model or place / "source"
        if not case.model:
            source.mkdir(parents=True, exist_ok=True)
            (source / "graph.nnef").write_text(text_of(case))
            for name, content in case.files.items():
                (source / name).write_bytes(content)
        place.mkdir(parents=True, exist_ok=True)
        members = {f"turn_{i}/{name}": tensor for i, turn in enumerate(case.turns) for name, tensor in turn.items()}
        tensors.write(place / "inputs.safetensors", members)
        apply = [word for transform in case.apply for word in ("--apply", transform)]
        portable = ["--portable"] if case.portable else []
        self.call(self.kvproof, "transform", source, *apply, *portable, "--out", place / "ours.nnef.tar")
        return place

    def run_ours(self, place, model="ours.nnef.tar"):
        out = place / "out_ours.safetensors"
        self.call(self.kvproof, "run", place / model, "--inputs", place / "inputs.safetensors", "--outputs", out)
        return by_turn(tensors.read(out))

    def run_theirs(self, place, case, mode, model="ours.nnef.tar"):
        out = place / "out_theirs.safetensors"
        flags = ["--inputs", place / "inputs.safetensors", "--outputs", out]
        if mode == OPTIMIZED:
            flags.append("--optimize")
        listed = self.call(self.tract, place / model, *flags)
        missing = [name for name in case.operators if name not in listed.splitlines()]
        if missing:
            raise Failed(f"tract made no {missing[0]} of it")
        return by_turn(tensors.read(out))


def text_of(case):
    symbols = sorted(set(re.findall(r"\b[PST]\b", case.graph)))
    lines = ["version 1.0;", "", "extension tract_registry tract_core;", "extension tract_registry tract_transformers;"]
    lines += [f"extension tract_symbol {symbol};" for symbol in symbols]
    names = ", ".join(case.parameters or case.turns[0])
    return "\n".join(lines) + f"\n\ngraph network({names}) -> ({', '.join(case.outputs)}) {{\n{case.graph}}}\n"


def by_turn(members):
    """Tensors by turn and name; a file of one turn has plain names."""
    return {name if name.startswith("turn_") else f"turn_0/{name}": tensor for name, tensor in members.items()}


def compare(got, expected, tolerance):
    """The largest difference, and what is wrong in one sentence or ''."""
    absolute, relative = TOLERANCES[tolerance]
    if sorted(got) != sorted(expected):
        return 0.0, f"outputs {sorted(got)[:SHOWN]} here and {sorted(expected)[:SHOWN]} there"
    largest, wrong = 0.0, ""
    for name in sorted(expected, key=lambda n: (len(n), n)):
        a, b = got[name], expected[name]
        if a.shape != b.shape or a.dtype != b.dtype:
            return largest, f"{name} is {a.dtype}{a.shape} here and {b.dtype}{b.shape} there"
        for i, (x, y) in enumerate(zip(a.values, b.values)):
            if x == y or (x != x and y != y):
                continue
            distance = abs(x - y)
            if math.isfinite(distance):
                largest = max(largest, distance)
            if not distance <= absolute + relative * abs(y) and not wrong:
                wrong = f"{name}[{i}] is {x:.7g} here and {y:.7g} there"
    return largest, wrong


def judged(name, tolerance, work):
    """A cell of what `work` gives: the largest difference and what is wrong."""
    cell = {"name": name, "tolerance": tolerance}
    try:
        cell["largest_difference"], wrong = work()
    except Unfinished:
        why = "tract cannot write every expression over symbols that it can read"
        return {**cell, "outcome": "differs_on_purpose", "theirs": UNFINISHED, "why": why}
    except Failed as failure:
        wrong = str(failure)
    return {**cell, "outcome": "differs", "why": wrong} if wrong else {**cell, "outcome": "agrees"}


def agreement(bench, case):
    """One cell per way in which a case is compared."""
    try:
        place = bench.prepare(case)
        ours = bench.run_ours(place)
    except Failed as failure:
        return [{"name": case.name, "outcome": "differs", "why": str(failure)}]

    def run_there(mode):
        return compare(ours, bench.run_theirs(place, case, mode), case.tolerance)

    def read_here(model, *how):
        try:
            bench.call(bench.tract, place / model, *how, "--write", place / "theirs.nnef.tar")
        except Failed as failure:
            raise Unfinished() if UNFINISHED in str(failure) else failure
        return compare(bench.run_ours(place, "theirs.nnef.tar"), ours, "exact")

    cells = [judged(f"{case.name}; {mode}", case.tolerance, lambda mode=mode: run_there(mode)) for mode in case.modes]
    cells.append(judged(f"{case.name}; what tract writes, read here", "exact", lambda: read_here("ours.nnef.tar")))
    if case.folded_by:
        name = f"{case.name}; what tract writes after {case.folded_by}, read here"
        cells.append(judged(name, "exact", lambda: read_here("source", "--apply", case.folded_by)))
    return cells


def shown(values):
    return "[" + ", ".join(f"{value:.4g}" for value in values) + "]"


def difference(bench, expected):
    """A cell that says what both give where they are expected to differ."""
    case = expected.case
    cell = {"name": f"{case.name}; {expected.mode}", "why": expected.why}
    last = f"turn_{len(case.turns) - 1}/out"
    try:
        place = bench.prepare(case)
        ours = shown(expected.show(bench.run_ours(place)[last].values))
        theirs = told(bench, place, expected, last)
    except Failed as failure:
        return {**cell, "outcome": "differs", "why": str(failure)}
    cell.update(ours=ours, theirs=theirs)
    wanted_theirs = expected.theirs if isinstance(expected.theirs, str) else shown(expected.theirs)
    if ours == shown(expected.ours) and theirs == wanted_theirs:
        return {**cell, "outcome": "differs_on_purpose"}
    return {**cell, "outcome": "differs", "why": f"expected {shown(expected.ours)} here and {wanted_theirs} there"}


def told(bench, place, expected, name):
    """What tract gives, or its error if it is the expected one."""
    try:
        return shown(expected.show(bench.run_theirs(place, expected.case, expected.mode, expected.given)[name].values))
    except Failed as failure:
        if isinstance(expected.theirs, str) and expected.theirs in str(failure):
            return expected.theirs
        raise


def main(kvproof, tract, version, folder):
    bench = Bench(kvproof, tract, folder)
    models = os.environ.get("KVPROOF_TRACT_CASES")
    cells = [cell for case in cases(models) for cell in agreement(bench, case)]
    cells += [difference(bench, expected) for expected in differences()]
    for cell in cells:
        print(json.dumps({"kind": "interop", "with": version, **cell}, sort_keys=True))
    wrong = [cell for cell in cells if cell["outcome"] == "differs"]
    agree = sum(cell["outcome"] == "agrees" for cell in cells)
    meant = len(cells) - agree - len(wrong)
    print(f"interop: {agree} agree, {meant} differ on purpose, {len(wrong)} differ", file=sys.stderr)
    for cell in wrong:
        print(f"interop: {cell['name']}: {cell['why']}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: interop.py KVPROOF TRACT_TURNS VERSION FOLDER")
    sys.exit(main(*sys.argv[1:]))
