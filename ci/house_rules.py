#!/usr/bin/env python3
"""The rules of the house that no compiler and no formatter checks: ci/house_rules.py [ROOT].

Prints `file:line: sentence` for each and exits with 1 if there is any. ci/README.md says what they protect."""

import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath as Name

MAX_LINES = 400
SOURCES = {".h", ".cpp"}
CODE = SOURCES | {".py", ".js", ".css", ".cmake"}
NOT_OURS = {".git", "build", "node_modules", "__pycache__"}  # where git cannot say what is ignored

# Which rooms a room may include, directly; what those may include follows. The longest name that fits is the room.
ROOMS = {
    "engine/base": [],
    "engine/tensor": ["engine/base"],
    "engine/codec": ["engine/tensor"],
    "engine/attention": ["engine/codec"],
    "engine/cache": ["engine/attention"],
    "engine/strategies": ["engine/cache"],
    "engine/graph": ["engine/cache"],  # for its snapshots
    "engine/ops": ["engine/graph"],
    "engine/rewrite": ["engine/ops"],
    "engine/nnef": ["engine/ops"],
    "engine/model": ["engine/rewrite"],
    "engine": ["engine/strategies", "engine/nnef", "engine/model"],  # tools/ and tests/, which see all of it
    "reports/run": ["engine"],
    "reports": ["reports/run"],
    "datasets": ["engine", "reports/run"],
    "properties": ["engine", "datasets", "reports/run"],
    "benches": ["engine", "datasets", "reports/run"],
    "ci": ["engine"],
}
# The run format lies beside the report, but everyone who writes a run may include it.
RUN_FORMAT = re.compile(r"reports/(run_|statistics|kill_statistics|text|manifest|build_info)")

# Folders whose files the build collects; every other source is listed by name.
COLLECTED = {"engine/strategies", "properties/laws", "properties/mutants", "properties/decoding/laws",
             "properties/decoding/mutants", "datasets/generators", "benches"}
LABELS = {
    "engine/strategies": ["Source", "Deviation", "State", "Cost", "Threads", "Invariant"],
    "properties/laws": ["Law", "Verdict", "Claimed by"],
    "properties/decoding/laws": ["Law", "Verdict", "Claimed by"],
}
PRINTS = re.compile(r"\bstd::(cout|cerr|clog)\b|\b(printf|fprintf|puts|fputs|putchar|perror)\s*\(|\bfmt::print\b")
UNNUMBERED = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b(?!.*#\d)")


class Tree:
    """The files of the project by name, and the text of those that a rule reads."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.files = self.list_files()
        self.folders = {str(parent) for name in self.files for parent in Name(name).parents}
        self.lines = {name: (self.root / name).read_text("utf-8", "replace").splitlines()
                      for name in sorted(self.files) if name.endswith(".md") or self.is_code(name)}
        self.built = {source for name in self.lines if Name(name).name == "CMakeLists.txt" for source in self.named_in(name)}

    def list_files(self):
        if (self.root / ".git").exists():
            command = ["git", "-c", "safe.directory=*", "-C", str(self.root), "ls-files", "-z", "-co", "--exclude-standard"]
            listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
            return {name for name in listed if name and (self.root / name).is_file()}
        found = set()
        for folder, inner, names in os.walk(self.root):
            inner[:] = [name for name in inner if name not in NOT_OURS]
            found.update((Path(folder) / name).relative_to(self.root).as_posix() for name in names)
        return found

    def is_code(self, name):
        if Name(name).suffix:
            return Name(name).suffix in CODE or Name(name).name == "CMakeLists.txt"
        with open(self.root / name, "rb") as file:
            return file.read(2) == b"#!"

    def named_in(self, name):
        for word in re.findall(r"[^\s()\";]+\.cpp", "\n".join(self.lines[name])):
            yield os.path.normpath(Name(name).parent / word.removeprefix("${CMAKE_CURRENT_SOURCE_DIR}/"))


RULES = []  # (the names it applies to, the rule): a rule yields (line, sentence) for one file


def rule(applies):
    return lambda function: RULES.append((applies, function))


def is_source(name):
    return Name(name).suffix in SOURCES


def is_quiet(name):
    allowed = name.startswith("engine/tools/") or name == "engine/base/check.cpp" or "/tests/" in name
    return is_source(name) and name.startswith("engine/") and not allowed


@rule(lambda name: not name.endswith(".md"))
def code_is_short_and_ascii(tree, name):
    lines = tree.lines[name]
    if len(lines) > MAX_LINES:
        yield len(lines), f"a file has at most {MAX_LINES} lines, this one has {len(lines)}."
    for number, line in enumerate(lines, 1):
        if not line.isascii():
            yield number, "code is ASCII only."
        if UNNUMBERED.search(line):
            yield number, "an open end names its issue, for example #12."


@rule(is_source)
def first_line_says_what_the_file_is(tree, name):
    first = (tree.lines[name] or [""])[0]
    if not re.match(r"// \S", first) and first != f'#include "{Name(name).with_suffix(".h")}"':
        yield 1, "the first line says what the file is, or a .cpp includes its own header."


def room_of(name):
    if RUN_FORMAT.match(name):
        return "reports/run"
    return max((room for room in ROOMS if name.startswith(room + "/")), key=len, default=None)


def at_or_below(room):
    return {room}.union(*map(at_or_below, ROOMS[room]))


@rule(lambda name: is_source(name) and room_of(name))
def includes_run_downwards(tree, name):
    allowed = at_or_below(room_of(name))
    for number, line in enumerate(tree.lines[name], 1):
        match = re.match(r'\s*#include "([^"]+)"', line)
        included = match and room_of(match[1])
        if included and included not in allowed:
            yield number, f"{room_of(name)} may not include {match[1]}: {included} is not below it."
        elif match and not included and (Name(name).parent / match[1]).as_posix() in tree.files:
            yield number, f"include {match[1]} by its full path."


@rule(is_quiet)
def engine_never_prints(tree, name):
    for number, line in enumerate(tree.lines[name], 1):
        if PRINTS.search(line.split("//")[0]):
            yield number, "the engine never prints; it returns a status or throws Error."


@rule(lambda name: is_source(name) and str(Name(name).parent) in LABELS)
def strategies_and_laws_carry_their_labels(tree, name):
    lines = tree.lines[name]
    header = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    for label in LABELS[str(Name(name).parent)]:
        if not any(re.match(rf"// {label}\b", line) for line in lines[:header]):
            yield 1, f"the first comment has no line that begins with '{label}'."


@rule(lambda name: is_source(name) and name.startswith(("properties/laws/", "properties/decoding/laws/")))
def laws_do_not_assert(tree, name):
    for number, line in enumerate(tree.lines[name], 1):
        if re.search(r"\b(EXPECT|ASSERT)_[A-Z]", line):
            yield number, "a law returns its verdict; EXPECT_ and ASSERT_ belong to tests."


@rule(lambda name: name.endswith(".md"))
def links_lead_somewhere(tree, name):
    fenced = False
    for number, line in enumerate(tree.lines[name], 1):
        fenced ^= line.lstrip().startswith("```")
        for target in [] if fenced else re.findall(r"\]\(([^)\s]+)[^)]*\)", re.sub(r"`[^`]*`", "", line)):
            path = os.path.normpath(Name(name).parent / target.split("#")[0])
            if not re.match(r"#|[a-z]+:", target) and path not in tree.files | tree.folders:
                yield number, f"the link to {target} leads nowhere."


@rule(lambda name: name.endswith(".cpp"))
def every_source_is_built(tree, name):
    folder = str(Name(name).parent)
    if name not in tree.built and not (folder in COLLECTED and f"{folder}/*.cpp" in tree.built):
        yield 1, "no CMakeLists.txt names this file: it is never compiled."


def broken_rules(tree):
    for applies, check in RULES:
        names = [name for name in tree.lines if applies(name)]
        if not names:
            yield f"{tree.root}:1: the rule {check.__name__} found no file to look at."
        for name in names:
            yield from (f"{name}:{line}: {sentence}" for line, sentence in check(tree, name))


def main(arguments):
    tree = Tree(arguments[0] if arguments else Path(__file__).parent.parent)
    messages = list(broken_rules(tree))
    print("\n".join(messages) or f"house rules: {len(tree.lines)} files read, nothing to say.")
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
