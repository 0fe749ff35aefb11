#!/usr/bin/env python3
"""The launcher: launcher_test.py LAUNCHER. A copy stands in a folder of its own beside stand-ins for the verbs."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

LAUNCHER = Path(sys.argv.pop(1))
STAND_IN = '#!/bin/sh\necho "list got $# arguments: $*"\nexit 3\n'


class Launcher(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        shutil.copy(LAUNCHER, self.folder / "kvproof")
        verb = self.folder / "kvproof-list"
        verb.write_text(STAND_IN)
        verb.chmod(0o755)

    def kvproof(self, *arguments):
        command = [self.folder / "kvproof", *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def assert_refused(self, done, sentence):
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(sentence, done.stderr)

    def test_runs_the_verb_with_its_arguments_and_hands_back_its_exit_code(self):
        done = self.kvproof("list", "--json", "a b")
        self.assertEqual((done.returncode, done.stdout), (3, "list got 2 arguments: --json a b\n"))

    def test_a_link_to_the_launcher_finds_the_verbs(self):
        with tempfile.TemporaryDirectory() as elsewhere:
            link = Path(elsewhere, "kvproof")
            link.symlink_to(self.folder / "kvproof")
            self.assertEqual(subprocess.run([link, "list"], stdout=subprocess.DEVNULL).returncode, 3)

    def test_help_lists_the_verbs_that_exist(self):
        done = self.kvproof("--help")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\n  list +the strategies")
        self.assertNotRegex(done.stdout, r"\n  bench ")

    def test_version(self):
        done = self.kvproof("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^kvproof \d+\.\d+\.\d+\n$")

    def test_without_a_verb_it_says_what_there_is(self):
        done = self.kvproof()
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage: kvproof VERB", done.stderr)

    def test_an_unknown_verb(self):
        self.assert_refused(self.kvproof("lits"), "unknown verb 'lits'; the nearest is 'list'")

    def test_a_verb_that_is_known_but_not_built(self):
        self.assert_refused(self.kvproof("bench"), "unknown verb 'bench'")

    def test_words_that_are_paths_or_flags(self):
        for word in ["", "../kvproof-list", "--list", "x/../list"]:
            self.assert_refused(self.kvproof(word), f"unknown verb '{word}'")

    def test_a_folder_without_verbs(self):
        (self.folder / "kvproof-list").unlink()
        self.assert_refused(self.kvproof("list"), "no verb's program stands in")


if __name__ == "__main__":
    unittest.main()
