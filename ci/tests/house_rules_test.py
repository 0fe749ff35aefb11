#!/usr/bin/env python3
"""Each rule of ci/house_rules.py fails on a planted sample, and a sound house passes."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "house_rules.py"

STRATEGY = """// Keeps everything.
//
// Source      none.
// Deviation   none.
// State       rows.
// Cost        none.
// Threads     one writer.
// Invariant   none.
"""
LAW = """// Holds.
// Law         x = x.
// Verdict     exact.
// Claimed by  everyone.
"""
SOUND = {
    "README.md": "See [the engine](engine/CMakeLists.txt), [a folder](engine/base) and `[no link](gone.md)`.\n",
    "engine/CMakeLists.txt": "file(GLOB strategies strategies/*.cpp)\nadd_library(engine base/error.cpp)\n",
    "engine/base/error.h": "// Errors.\n",
    "engine/base/error.cpp": '#include "engine/base/error.h"\n',
    "engine/strategies/concat.cpp": STRATEGY,
    "properties/CMakeLists.txt": "file(GLOB laws ${CMAKE_CURRENT_SOURCE_DIR}/laws/*.cpp)\n",
    "properties/laws/holds.cpp": LAW,
}


class HouseRules(unittest.TestCase):
    def run_on(self, changes):
        """The exit code and the output for the sound house with `changes`, where None takes a file away."""
        with tempfile.TemporaryDirectory() as root:
            for name, text in (SOUND | changes).items():
                if text is not None:
                    path = Path(root, name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, SCRIPT, root], stdout=subprocess.PIPE, text=True)
            return done.returncode, done.stdout

    def assert_broken(self, changes, *expected):
        status, output = self.run_on(changes)
        self.assertEqual(status, 1, output)
        self.assertEqual(len(output.splitlines()), len(expected), output)
        for sentence in expected:
            self.assertIn(sentence, output)

    def test_a_sound_house_passes(self):
        status, output = self.run_on({})
        self.assertEqual(status, 0, output)

    def test_a_long_file(self):
        self.assert_broken({"engine/base/error.h": "// Errors.\n" * 401}, "engine/base/error.h:401: a file has at most 400")

    def test_a_file_at_the_limit(self):
        self.assertEqual(self.run_on({"engine/base/error.h": "// Errors.\n" * 400})[0], 0)

    def test_code_that_is_not_ascii(self):
        self.assert_broken({"tool.py": "# gr\u00fcn\n"}, "tool.py:1: code is ASCII only.")

    def test_a_script_without_suffix_is_code(self):
        self.assert_broken({"ci/test": "#!/bin/sh\n# gr\u00fcn\n"}, "ci/test:2: code is ASCII only.")

    def test_a_file_that_does_not_say_what_it_is(self):
        self.assert_broken({"engine/base/units.h": "#pragma once\n"}, "engine/base/units.h:1: the first line")

    def test_an_upward_include(self):
        self.assert_broken({"engine/base/error.h": '// Errors.\n#include "engine/cache/kv_cache.h"\n'},
                           "engine/base/error.h:2: engine/base may not include engine/cache/kv_cache.h")

    def test_an_include_between_neighbours(self):
        self.assert_broken({"engine/nnef/reader.h": '// Reads.\n#include "engine/rewrite/transform.h"\n'},
                           "engine/nnef may not include")

    def test_the_engine_includes_no_other_folder(self):
        self.assert_broken({"engine/tools/list.h": '// Lists.\n#include "reports/run_file.h"\n'}, "engine may not include")

    def test_laws_include_the_run_format_but_not_the_report(self):
        self.assert_broken({"properties/laws/holds.cpp": LAW + '#include "reports/run_file.h"\n#include "reports/chart.h"\n'},
                           "holds.cpp:6: properties may not include reports/chart.h")

    def test_tests_of_a_room_see_what_the_room_sees(self):
        self.assert_broken({"engine/tensor/tests/t.h": '// T.\n#include "engine/base/error.h"\n#include "engine/codec/codec.h"\n'},
                           "engine/tensor/tests/t.h:3: engine/tensor may not include engine/codec/codec.h")

    def test_an_include_by_a_short_path(self):
        self.assert_broken({"engine/base/units.h": '// Units.\n#include "error.h"\n'}, "include error.h by its full path")

    def test_an_engine_that_prints(self):
        self.assert_broken({"engine/base/error.h": '// Errors.\nvoid f() { std::printf("x"); }\n'}, "error.h:2: the engine never")

    def test_tools_and_the_check_handler_print(self):
        prints = '// Prints.\nvoid f() { std::cerr << 1; }\n'
        lists = {"engine/CMakeLists.txt": SOUND["engine/CMakeLists.txt"] + "add_library(b base/check.cpp tools/list.cpp)\n"}
        self.assertEqual(self.run_on(lists | {"engine/tools/list.cpp": prints, "engine/base/check.cpp": prints})[0], 0)

    def test_formatting_into_memory_is_not_printing(self):
        self.assertEqual(self.run_on({"engine/base/error.h": "// Errors.\nint n = std::snprintf(b, 1, a);\n"})[0], 0)

    def test_a_strategy_without_a_label(self):
        self.assert_broken({"engine/strategies/concat.cpp": STRATEGY.replace("// Cost", "// Price")}, "begins with 'Cost'")

    def test_a_law_without_a_label(self):
        self.assert_broken({"properties/laws/holds.cpp": LAW.replace("Claimed by", "Claimed")}, "begins with 'Claimed by'")

    def test_a_law_that_asserts(self):
        self.assert_broken({"properties/laws/holds.cpp": LAW + "EXPECT_EQ(1, 1);\n"}, "holds.cpp:5: a law returns its verdict")

    def test_a_dead_link(self):
        self.assert_broken({"README.md": "One.\n[two](gone.md#part)\n"}, "README.md:2: the link to gone.md#part leads nowhere.")

    def test_a_source_that_nobody_compiles(self):
        self.assert_broken({"engine/base/lost.cpp": "// Lost.\n"}, "engine/base/lost.cpp:1: no CMakeLists.txt names this file")

    def test_an_open_end_without_a_number(self):
        open_end = "TO" + "DO"
        self.assert_broken({"engine/base/error.h": f"// Errors.\n// {open_end}: later\n// {open_end}(#12): later\n"},
                           "error.h:2: an open end names its issue")

    def test_a_guard_without_input_fails(self):
        self.assert_broken({"properties/laws/holds.cpp": None}, "the rule laws_do_not_assert found no file")


if __name__ == "__main__":
    unittest.main()
