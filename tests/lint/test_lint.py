"""Each rule of the lint finds the defect that is put before it, and passes what is right."""

import tempfile
import unittest
from pathlib import Path

from rules import arrows, assertions, comments, dead, documents, rooms, sizes, walks
from rules.tree import Tree

NOUN = """/*
 * noun - a thing.
 *
 * Threads: any.
 */
"""


class Rules(unittest.TestCase):
    def tree(self, files):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return Tree(root, list(files))

    def finds(self, rule, files, *expected):
        """The findings are as many as expected, and each contains the words given."""
        found = [f"{name}:{line}: {text}" for name, line, text in rule(self.tree(files))]
        self.assertEqual(len(found), len(expected), found)
        for words, finding in zip(expected, found):
            self.assertIn(words, finding)

    # arrows

    def test_third_party_header_outside_its_room(self):
        self.finds(arrows.findings, {"router/a.c": "#include <lmdb.h>\n",
                                     "shard/store/a.c": "#include <lmdb.h>\n"},
                   "router/a.c:1: lmdb.h is included outside its room")

    def test_inner_header_outside_its_folder(self):
        self.finds(arrows.findings, {"shard/core/inner.h": "", "shard/core/a.c":
                                     '#include "shard/core/inner.h"\n',
                                     "shard/a.c": '#include "shard/core/inner.h"\n',
                                     "tests/unit/t.c": '#include "shard/core/inner.h"\n'},
                   "shard/a.c:1: shard/core/inner.h is included outside its folder")

    def test_arrow_upward(self):
        self.finds(arrows.findings, {"lib/base/a.c": '#include "election/b.h"\n',
                                     "lib/election/b.h": "", "lib/election/b.c":
                                     '#include "base/c.h"\n', "lib/base/c.h": ""},
                   "lib/base/a.c:1: lib/base includes lib/election/b.h",
                   "folders include each other: lib/base lib/election")

    def test_program_includes_no_other_program(self):
        self.finds(arrows.findings, {"router/a.c": '#include "shard/b.h"\n', "shard/b.h": ""},
                   "router includes shard/b.h")

    def test_folders_in_a_circle_of_three(self):
        self.finds(arrows.findings, {"cli/a/a.h": '#include "cli/b/b.h"\n',
                                     "cli/b/b.h": "", "cli/b/b.c": '#include "cli/c/c.h"\n',
                                     "cli/c/c.h": '#include "cli/a/d.h"\n', "cli/a/d.h": ""},
                   "folders include each other: cli/a cli/b cli/c")

    def test_files_that_call_each_other(self):
        files = {"cli/a.h": "void a(void);\n", "cli/a.c": "void a(void)\n{\n    b();\n}\n",
                 "cli/b.h": "void b(void);\n", "cli/b.c": "void b(void)\n{\n    a();\n}\n"}
        self.finds(arrows.findings, files, "files call each other: cli/a cli/b")
        files["cli/b.c"] = "void b(void)\n{\n    /* a(); */\n}\n"
        self.finds(arrows.findings, files)

    # dead functions

    def test_function_that_nobody_calls(self):
        self.finds(dead.findings, {"cli/a.h": "int used(void);\nint\nunused(int n);\n",
                                   "cli/b.c": "int n = used();\n"},
                   "cli/a.h:2: unused is called by no other file outside tests")

    def test_function_that_its_own_file_or_a_test_calls(self):
        self.finds(dead.findings, {"cli/a.h": "int a(void);\n",
                                   "cli/a.c": "int a(void)\n{\n    return a();\n}\n",
                                   "tests/t.c": "int n = a();\n"}, "a is called by no other file")

    def test_file_that_is_not_built(self):
        files = {"CMakeLists.txt": "add_subdirectory(cli)\n", "tests/t.c": "",
                 "cli/CMakeLists.txt": "add_library(cli\n  core/a.c)\n",
                 "cli/core/a.c": "", "cli/core/b.c": ""}
        self.finds(dead.findings, files, "cli/core/b.c:1: no CMakeLists.txt names it")

    def test_inline_function_that_a_macro_calls(self):
        self.finds(dead.findings, {"cli/a.h": "static inline int a(void)\n{\n    return 1;\n}\n"
                                              "#define A() a()\n"})

    def test_exported_function(self):
        self.finds(dead.findings, {"client/psephos.h": "int a(void);\n",
                                   "client/psephos.map": "{ global: a; };\n"})

    # rooms and documents

    def test_folder_with_too_many_names(self):
        files = {f"cli/n{i}.{end}": "" for i in range(15) for end in "ch"}
        files |= {"cli/CMakeLists.txt": "", "cli/README.md": ""}
        self.finds(rooms.findings, files)
        files |= {"cli/README.md": "`more/` is more\n", "cli/more/a.c": ""}
        self.finds(rooms.findings, files, "cli:1: shows 16 names")

    def test_folder_that_no_readme_speaks_of(self):
        self.finds(rooms.findings, {"cli/a.c": ""}, "cli:1: no README.md says")
        self.finds(rooms.findings, {"cli/README.md": "", "cli/a.c": "", "cli/more/b.c": ""},
                   "cli/more:1: no README.md says")

    def test_document_names_what_is_not_there(self):
        text = "`cli/a.c` `cli/` `cli/*.c` `./run test` `cli/a.[ch]`\n`cli/gone.c`\n"
        self.finds(documents.findings, {"CONTRIBUTING.md": text, "cli/a.c": ""},
                   "CONTRIBUTING.md:2: there is no cli/gone.c")

    def test_readme_names_what_is_not_there(self):
        files = {"cli/README.md": "`a.c`, `b/`, `base/c.h` and `run/x.c`\n`gone.h`, `gone/`\n",
                 "cli/a.c": "", "cli/b/b.c": "", "lib/base/c.h": "", "run/x.c": ""}
        self.finds(documents.findings, files, "cli/README.md:2: there is no gone.h",
                   "cli/README.md:2: there is no gone/")

    def test_walk_past_a_function_that_has_moved(self):
        text = "| `cli/a.c` | `main`, `gone` | |\n| `cli/b.c` | `main` | |\n"
        files = {"docs/architecture.md": text, "cli/a.c": "int main(void)\n{\n}\n"}
        self.finds(walks.findings, files, "cli/a.c has no function gone",
                   "cli/b.c has no function main")
        self.finds(walks.findings, files | {"docs/architecture.md": "prose\n"}, "no walks")

    # assertions

    def test_assertions_below_their_floor(self):
        code = "void a(void)\n{\n    assert(1);\n}\nvoid b(void)\n{\n    /* assert(1); */\n}\n"
        tree = {"lib/base/a.c": code, assertions.FLOORS: "lib/base 0.50\n"}
        self.finds(assertions.findings, tree)
        self.finds(assertions.findings, tree | {assertions.FLOORS: "lib/base 0.51\n"},
                   "lib/base has 0.50 assertions a function, and had 0.51")
        self.finds(assertions.findings, tree | {assertions.FLOORS: "lib/gone 0.51\n"},
                   "there is no room lib/gone")

    # comments

    def test_file_without_a_first_comment(self):
        self.finds(comments.findings, {"cli/a.c": "int n;\n", "cli/b.c": "/* Why. */\nint m;\n"},
                   "cli/a.c:1: no comment at its beginning")

    def test_header_says_threads_and_who_owns(self):
        self.finds(comments.findings, {"cli/a.h": "/* Why. */\n"}, "does not say Threads:")
        makes = "/* PSP_EIO. */\nint a_open(struct a **ret_a);\n"
        self.finds(comments.findings, {"cli/a.h": NOUN + makes}, "Ownership:", "Memory:")
        self.finds(comments.findings, {"tests/a.h": "/* Why. */\n" + makes})

    def test_function_without_a_comment(self):
        text = (
            NOUN + "\nint a(void);\n\n/* Both. */\nint b(void);\nint c(void);\n\nint d(int n, \n"
            "      int m); /* beside */\n"
        )
        self.finds(comments.findings, {"cli/a.h": text}, "cli/a.h:7: a has no comment")

    # sizes

    def test_long_lines(self):
        self.finds(sizes.findings, {"cli/a.c": "/*" + "x" * 99 + "\n", "docs/a.md": "x" * 200,
                                    "dashboard/a.ts": "x" * 121 + "\n" + "x" * 120},
                   "cli/a.c:1: 101 columns, at most 100",
                   "dashboard/a.ts:1: 121 columns, at most 120")

    def test_sizes_and_leftovers(self):
        long = "void f(void)\n{\n" + "    g();\n" * 70 + "}\n"
        self.finds(sizes.findings, {"cli/a.c": long}, "function f has 73 lines")
        self.finds(sizes.findings, {"cli/a.py": "\n" * 701}, "file has 701 lines")
        self.finds(sizes.findings, {"cli/a.c": "/* " + "TO" + "DO */\n"}, "a leftover")


if __name__ == "__main__":
    unittest.main()
