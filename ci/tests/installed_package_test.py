#!/usr/bin/env python3
"""What a stranger with an installed kvproof can do: installed_package_test.py BUILD_DIR SOURCE_DIR.

Installs the build into a folder of its own, takes the strategy from the walk-through page and the example from the
README, builds both as a project that knows nothing but find_package(kvproof), and runs the verbs on them.
"""

import json
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE, BUILD = Path(sys.argv.pop()).resolve(), Path(sys.argv.pop()).resolve()


def block(page, language):
    """The first block of code in `language` on a page."""
    return re.search(rf"^```{language}\n(.*?)^```", (SOURCE / page).read_text(), re.M | re.S)[1]


def run(*command, cwd=None):
    done = subprocess.run([str(word) for word in command], cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


class InstalledPackage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.prefix = cls.folder / "prefix"
        cls.must("cmake", "--install", BUILD, "--prefix", cls.prefix)
        project = cls.folder / "project"
        project.mkdir()
        (project / "shifted_window.cpp").write_text(block("engine/strategies/README.md", "cpp"))
        (project / "example.cpp").write_text(block("README.md", "cpp"))
        (project / "CMakeLists.txt").write_text(
            block("engine/strategies/README.md", "cmake")
            + "add_executable(example example.cpp)\ntarget_link_libraries(example PRIVATE kvproof::engine)\n")
        cls.build = project / "build"
        cls.must("cmake", "-G", "Ninja", "-S", project, "-B", cls.build, f"-DCMAKE_PREFIX_PATH={cls.prefix}")
        cls.must("cmake", "--build", cls.build)
        cls.plugin = cls.build / "shifted_window.so"

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def must(cls, *command):
        code, text = run(*command)
        if code:
            raise AssertionError(f"{' '.join(map(str, command))} gave {code}:\n{text}")
        return text

    def kvproof(self, *arguments):
        return run(self.prefix / "bin" / "kvproof", *arguments, cwd=self.folder)

    def test_list_shows_the_plug_in_beside_the_built_in_strategies(self):
        code, text = self.kvproof("list", "--json", "--plugin", self.plugin)
        self.assertEqual(code, 0, text)
        names = [strategy["name"] for strategy in json.loads(text)["strategies"]]
        self.assertIn("shifted_window", names)
        self.assertIn("concat", names)

    def test_verify_proves_the_plug_in(self):
        code, text = self.kvproof("verify", "--plugin", self.plugin, "--strategy", "shifted_window", "--cases", "20")
        self.assertEqual(code, 0, text)
        self.assertIn("shifted_window", text)
        self.assertNotIn("FAIL", text)

    def test_bench_measures_the_plug_in(self):
        out = self.folder / "run.jsonl"
        code, text = self.kvproof("bench", "--plugin", self.plugin, "--strategy", "shifted_window:w=64", "--tokens", "128",
                                  "--shape", "B=1,Hq=2,Hkv=1,D=32", "--quantity", "append", "--seconds", "0.05", "--out", out)
        self.assertEqual(code, 0, text)
        cells = [json.loads(line) for line in out.read_text().splitlines()]
        self.assertTrue(any(cell.get("strategy") == "shifted_window:w=64" for cell in cells), text)

    def test_a_wrong_plug_in_is_refused_in_one_line(self):
        for plugin, words in [("missing.so", "No such file"), (self.folder / "project" / "example.cpp", "not a plug-in")]:
            code, text = self.kvproof("list", "--plugin", plugin)
            self.assertEqual((code, len(text.splitlines())), (2, 1), text)
            self.assertIn(words, text)

    def test_the_example_of_the_readme_runs(self):
        code, text = run(self.build / "example")
        self.assertEqual(code, 0, text)
        self.assertEqual(text.strip(), re.search(r"It prints `([^`]+)`", (SOURCE / "README.md").read_text())[1])

    def test_the_consoles_of_the_readme_show_what_they_show(self):
        folder = self.folder / "readme"
        folder.mkdir()
        for room in ("datasets", "properties"):
            (folder / room).symlink_to(SOURCE / room)
        consoles = re.findall(r"^```console\n(.*?)^```", (SOURCE / "README.md").read_text(), re.M | re.S)
        self.assertTrue(consoles)
        for command, shown in re.findall(r"^\$ kvproof (.*)\n((?:[^$].*\n)*)", "".join(consoles), re.M):
            code, text = run(self.prefix / "bin" / "kvproof", *shlex.split(command), cwd=folder)
            self.assertIn(code, (0, 1), text)
            words = " ".join(text.split())
            for line in shown.splitlines():
                self.assertIn(" ".join(line.split()), words, f"kvproof {command}")


if __name__ == "__main__":
    unittest.main()
