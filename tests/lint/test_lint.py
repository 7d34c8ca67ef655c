#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The checks of `make lint` find what they are there for, in small bad trees."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECKS = Path(__file__).resolve().parents[2] / "scripts" / "lint"
SPDX = "/* SPDX-License-Identifier: BSD-2-Clause */\n"


class Lint(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tree = Path(self.folder.name)
        self.write("include/base/err.h", "int err_text(void);\n")
        self.write("src/base/err.c", '#include "base/err.h"\nint err_text(void)\n{\n\treturn 1;\n}\n')

    def write(self, name, text):
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SPDX + text)

    def check(self, name, *arguments):
        result = subprocess.run([sys.executable, "-B", CHECKS / name, *arguments], cwd=self.tree,
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.stderr, "")
        return result.returncode, result.stdout

    def compile(self):
        for source in (self.tree / "src").glob("*/*.c"):
            target = self.tree / "obj" / source.parent.name / (source.stem + ".o")
            target.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([os.environ.get("CC", "gcc"), "-O1", "-fno-pie", "-w", "-c", "-Iinclude", "-Isrc",
                            "-o", target, source], cwd=self.tree, check=True)

    def assertFound(self, result, *texts):
        self.assertEqual(result[0], 1)
        for text in texts:
            self.assertIn(text, result[1])

    def test_a_good_tree_passes(self):
        self.write("src/dns/name.c", '#include "base/err.h"\nint name(void)\n{\n\treturn err_text();\n}\n')
        self.write("tests/unit/dns/test_name.c", "int name(void);\nint main(void)\n{\n\treturn name();\n}\n")
        self.compile()
        for name in ("layers.py", "shape.py"):
            self.assertEqual(self.check(name), (0, ""))
        for name in ("circles.py", "symbols.py"):
            self.assertEqual(self.check(name, "obj"), (0, ""))

    def test_a_room_below_may_not_use_one_above(self):
        self.write("include/conf/conf.h", "")
        self.write("src/base/log.c", '#include "base/err.h"\n#include "conf/conf.h"\n')
        self.assertFound(self.check("layers.py"), 'src/base/log.c:3: base may not use conf')

    def test_the_web_may_not_use_the_net(self):
        self.write("include/net/udp.h", "")
        self.write("src/web/api.c", '#include "net/batch.h"\n')
        self.assertFound(self.check("layers.py"), "src/web/api.c:2: web may not use net")

    def test_an_include_line_names_the_room(self):
        self.write("src/base/log.c", '#include "err.h"\n')
        self.assertFound(self.check("layers.py"), 'src/base/log.c:2: "err.h" names no room')

    def test_a_private_header_stays_in_its_room(self):
        self.write("src/base/lines.h", "")
        self.write("src/dns/name.c", '#include "base/lines.h"\n')
        self.write("include/base/mem.h", '#include "base/lines.h"\n')
        self.assertFound(self.check("layers.py"), "src/dns/name.c:2:", "include/base/mem.h:2:",
                         "is private to base")

    def test_a_private_header_is_named_for_what_it_holds(self):
        self.write("src/base/log_p.h", "")
        self.assertFound(self.check("layers.py"), "src/base/log_p.h:1: a private header is named")

    def test_an_include_circle(self):
        self.write("include/dns/a.h", '#include "dns/b.h"\n')
        self.write("include/dns/b.h", "")
        self.write("src/dns/b.c", '#include "dns/c.h"\n')
        self.write("include/dns/c.h", '#include "dns/a.h"\n')
        self.assertFound(self.check("circles.py"), "include/dns/a.h:2:", "src/dns/b.c:2:",
                         "include/dns/c.h:2:", "(include circle of dns/a, dns/b, dns/c)")

    def test_what_the_parts_of_a_module_share_is_of_that_module(self):
        self.write("include/dns/a.h", "")
        self.write("src/dns/parts.h", '#include "dns/a.h"\n')
        self.write("src/dns/a.c", '#include "dns/parts.h"\n')
        self.assertEqual(self.check("circles.py"), (0, ""))
        self.write("src/dns/b.c", '#include "dns/parts.h"\n')
        self.write("include/dns/b.h", "")
        self.write("src/dns/a.c", '#include "dns/parts.h"\n#include "dns/b.h"\n')
        self.assertFound(self.check("circles.py"), "(include circle of dns/a, dns/b)")

    def test_a_call_circle(self):
        self.write("src/dns/a.c", "int b(void);\nint a(void)\n{\n\treturn b();\n}\n")
        self.write("src/dns/b.c", "int a(void);\nint b(void)\n{\n\treturn a();\n}\n")
        self.compile()
        self.assertFound(self.check("circles.py", "obj"), "src/dns/a.c:1: uses b of dns/b",
                         "(call circle of dns/a, dns/b)")

    def test_dns_is_pure(self):
        self.write("src/dns/a.c", "#include <stdlib.h>\n#include <time.h>\nvoid *a(void)\n{\n"
                                  "\treturn malloc((size_t)time(NULL));\n}\n")
        self.compile()
        self.assertFound(self.check("symbols.py", "obj"), "dns may not use malloc", "dns may not use time")

    def test_no_global_that_can_change(self):
        self.write("src/cache/a.c", "static int count;\nconst char *const names[] = {\"x\"};\n"
                                   "int a(void)\n{\n\treturn ++count;\n}\n")
        self.compile()
        status, text = self.check("symbols.py", "obj")
        self.assertFound((status, text), "src/cache/a.c:1: a global that can change: count")
        self.assertNotIn("names", text)

    def test_long_functions_and_files(self):
        body = "\tvoid;\n" * 90
        self.write("src/base/a.c", f"static int f(int x,\n\t int y)\n{{\n{body}}}\n" + "\n" * 600)
        self.assertFound(self.check("shape.py"), "src/base/a.c:2: f has 94 lines", "695 lines",
                         "1 of 2 functions are under 25 lines")

    def test_a_room_has_a_limit(self):
        for name in "abcdefghi":
            self.write(f"include/base/{name}.h", "\n" * 448)
        self.assertFound(self.check("shape.py"), "src/base:1: 4049 lines; a room has 4000 at most")

    def test_a_loop_over_a_list_has_braces(self):
        body = "int f(void)\n{{\n\tLIST_FOREACH(a, &list,\n\t\tb){}\n\t\tg(a);\n{}}}\n"
        self.write("src/base/a.c", body.format("", ""))
        self.assertFound(self.check("shape.py"), "src/base/a.c:4: the body of a loop over a list")
        self.write("src/base/a.c", body.format(" {", "\t}\n"))
        self.assertEqual(self.check("shape.py"), (0, ""))

    def test_the_table_of_rooms(self):
        (self.tree / "docs").mkdir()
        table = self.tree / "docs/architecture.md"
        table.write_text("| `base` | errors | 2 | 7 |\n")
        self.assertEqual(self.check("rooms.py"), (0, ""))
        self.write("src/dns/name.c", "int a;\n" * 20)
        self.assertFound(self.check("rooms.py"), "docs/architecture.md:1: the rooms are base, dns")
        table.write_text("| `base` | errors | 2 | 7 |\n| `dns` | names | 1 | 99 |\n")
        self.assertFound(self.check("rooms.py"), "docs/architecture.md:2: dns has 1 files and 21 lines")
        self.check("rooms.py", "--write")
        self.assertIn("| `dns` | names | 1 | 21 |", table.read_text())
        self.assertEqual(self.check("rooms.py"), (0, ""))

    def test_the_table_names_what_is_there(self):
        self.write("docs/architecture.md", "| `base` | errors | 2 | 7 |\n")
        page = self.tree / "docs/architecture.md"
        page.write_text("| `base` | errors | 2 | 7 |\n`base/err.h`, `src/base/err.c`, `base/{err,err}.h`, "
                        "`src/base/<module>.c`, `base/`, `x/y`\n")
        self.assertEqual(self.check("rooms.py"), (0, ""))
        page.write_text("| `base` | errors | 2 | 7 |\nIn `src/base/{err,log}.c` and\n`base/mem.h`.\n")
        self.assertFound(self.check("rooms.py"), "docs/architecture.md:2: there is no src/base/log.c",
                         "docs/architecture.md:3: there is no base/mem.h")

    def test_what_nobody_uses_is_static(self):
        self.write("src/dns/name.c", '#include "base/err.h"\nint name(void)\n{\n\treturn err_text();\n}\n')
        self.compile()
        self.assertFound(self.check("symbols.py", "obj"), "src/dns/name.c:1: nobody else uses name")
        self.write("tests/unit/dns/test_name.c", "int name(void);\nint main(void)\n{\n\treturn name();\n}\n")
        self.assertEqual(self.check("symbols.py", "obj"), (0, ""))

    def test_a_comment_names_its_thing(self):
        self.write("src/base/a.c", "/* It is the log's. */\nint a;\n/* What it has. */\nint b;\n")
        self.assertFound(self.check("shape.py"), "src/base/a.c:2: a comment that begins with 'It' names no thing")

    def test_the_licence_line(self):
        (self.tree / "src/base/a.c").write_text("int a;\n")
        self.assertFound(self.check("shape.py"), "src/base/a.c:1: one line")


if __name__ == "__main__":
    unittest.main()
