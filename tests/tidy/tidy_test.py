#!/usr/bin/env python3
"""Each gate of tidy.py lets a good tree through and stops what it is there to stop."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy  # noqa: E402

GOOD = {
    "src/CMakeLists.txt": "netsim_layer(base tl::expected)\nnetsim_layer(wire netsim_base)\n"
                          "netsim_layer(sim netsim_base)\nnetsim_layer(tcp netsim_wire)\n"
                          "netsim_layer(net netsim_sim netsim_wire)\nnetsim_layer(lua netsim_net)\n",
    "src/base/README.md": "# base\n",
    "src/base/check.hpp": "// Checks.\n#pragma once\n",
    "src/base/check.cpp": '// Checks.\n#include "base/check.hpp"\n',
    "src/wire/README.md": "# wire\n\nStands on [base](../base/README.md#base).\n",
    "src/wire/packet.cpp": '// Packets.\n#include "base/check.hpp"\n#include "netsim/link.hpp"\n',
    "src/tcp/README.md": "# tcp\n",
    "src/tcp/mib.def": '// Counters.\nMIB(Tcp, InSegs, "segments received")\n',
    "src/sim/README.md": "# sim\n",
    "src/sim/queue.hpp": "// A queue.\n#pragma once\n",
    "src/sim/queue.cpp": '// A queue.\n#include "sim/queue.hpp"\n',
    "include/netsim/link.hpp": "// Links.\n#pragma once\nenum class DropReason : int {\n"
                               "    kLoss,  // lost\n    kCount\n};\n",
    "tests/tcp/a.test.cpp": "// Counters and drops: kTcpInSegs, kLoss.\n",
}


class Tidy(unittest.TestCase):
    def found(self, changes=None):
        files = {**GOOD, **(changes or {})}
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as f:
                    f.write(text)
            return [(f.check, f.path, f.what) for f in tidy.run(tidy.Tree(root), list(tidy.CHECKS))]

    def stops(self, check, path, what, text):
        self.assertIn((check, path, what), self.found({path: text}))

    def test_a_good_tree_passes(self):
        self.assertEqual(self.found(), [])

    def test_an_include_that_points_up(self):
        self.stops("layers", "src/base/up.cpp", "wire/packet.hpp",
                   '// Up.\n#include "wire/packet.hpp"\n')

    def test_a_link_line_that_lets_tcp_reach_sim(self):
        self.stops("layers", "src/CMakeLists.txt", "tcp->sim",
                   GOOD["src/CMakeLists.txt"].replace("tcp netsim_wire", "tcp netsim_wire netsim_sim"))

    def test_a_foreign_header_out_of_its_home(self):
        self.stops("layers", "src/wire/l.cpp", "<lua.hpp>", "// Lua.\n#include <lua.hpp>\n")

    def test_a_public_header_that_needs_src(self):
        self.stops("public", "include/netsim/x.hpp", "base/check.hpp",
                   '// X.\n#pragma once\n#include "base/check.hpp"\n')

    def test_banned_words(self):
        for what, code in [("rand", "int x = rand();"), ("rand", "std::random_device d;"),
                           ("getrandom", "getrandom(b, 16, 0);"),
                           ("distribution", "std::uniform_int_distribution<int> d;"),
                           ("clock", "auto t = std::chrono::steady_clock::now();"),
                           ("libm", "double y = std::log(x);"), ("print", "std::cout << 1;"),
                           ("using", "using namespace std;"), ("later", "// TODO: more"),
                           ("place", "// see /home/me/notes"), ("RFC", "// RFC9293"),
                           ("DIVERGES", "// DIVERGES from Linux")]:
            with self.subTest(code):
                self.stops("words", "src/wire/w.cpp", what, f"// W.\n{code}\n")

    def test_words_that_only_look_banned(self):
        for code in ["// a rand() in a comment", "int operand(int);", "DIVERGES_TABLE();",
                     "rng.exponential(mean);", "// RFC 9293 §3.10"]:
            with self.subTest(code):
                self.assertEqual(self.found({"src/wire/w.cpp": f"// W.\n{code}\n"}), [])

    def test_clocks_are_at_home_in_cli(self):
        self.assertEqual(self.found({"src/cli/README.md": "# cli\n", "src/cli/w.cpp":
                                     "// W.\nauto t = std::chrono::steady_clock::now();\n"}), [])

    def test_heads(self):
        self.stops("heads", "src/wire/w.cpp", "comment", "int x;\n")
        self.stops("heads", "src/wire/w.cpp", "comment", "// a\n" * 6)
        self.stops("heads", "src/wire/w.hpp", "pragma", "// W.\n")
        self.stops("heads", "src/wire/w.cpp", "length", "// W.\n" + "\n" * tidy.LINES_MAX)

    def test_dead_links(self):
        self.stops("links", "README.md", "docs/no.md", "[no](docs/no.md)\n")
        self.stops("links", "README.md", "src/wire/README.md#no", "[no](src/wire/README.md#no)\n")
        self.stops("links", "README.md", "src/wire/no.cpp", "see `src/wire/no.cpp`\n")

    def test_a_layer_without_readme(self):
        self.assertIn(("readmes", "src/app", "app"), self.found({"src/app/a.cpp": "// A.\n"}))

    def test_an_orphan(self):
        self.stops("orphans", "src/wire/w.hpp", "src/wire/w.hpp", "// W.\n#pragma once\n")
        self.stops("orphans", "src/wire/deep/w.cpp", "src/wire/deep/w.cpp", "// W.\n")

    def test_a_counter_and_a_drop_no_test_names(self):
        found = self.found({"tests/tcp/a.test.cpp": "// Nothing.\n"})
        self.assertIn(("counters", "src/tcp/mib.def", "TcpInSegs"), found)
        self.assertIn(("drops", "include/netsim/link.hpp", "kLoss"), found)
        self.stops("drops", "src/tcp/drop.def", "NoAck", '// D.\nDROP(NoAck, "no ACK")\n')

    def test_an_exception_holds_and_then_must_go(self):
        exception = {"tests/tidy/exceptions.txt": "drops include/netsim/link.hpp kLoss: why\n"}
        self.assertEqual(self.found({**exception, "tests/tcp/a.test.cpp": "// kTcpInSegs\n"}), [])
        self.assertEqual(self.found(exception), [("drops", "tests/tidy/exceptions.txt", "kLoss")])


if __name__ == "__main__":
    unittest.main()
