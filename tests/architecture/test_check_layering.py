#!/usr/bin/env python3
"""Plants one fault after another in a small correct tree and expects each to be named with its file and line."""

import os
import tempfile
import unittest

import check_layering
import rules

CORRECT = {
    "runtime/README.md": "Runtime.",
    "runtime/process/README.md": "Process.",
    "runtime/process/world.cpp": '#include <mpi.h>\n#include "runtime/process/world.h"\nvoid fail() { _exit(1); }\n',
    "runtime/process/world.h": "#pragma once\n#if defined(__linux__)\nint rank();\n#endif\n",
    "runtime/process/log.cpp": "#include <spdlog/spdlog.h>\n",
    "runtime/process/environment.cpp": '#include <cstdlib>\nconst char* home() { return std::getenv("HOME"); }\n',
    "runtime/process/subprocess.cpp": "void start() { posix_spawn(0, 0, 0, 0, 0, 0); }\n",
    "collectives/README.md": "Collectives.",
    "collectives/mpi_transport.cpp": '#include <mpi.h>\n#include "runtime/process/world.h"\n',
    "collectives/ring.cpp": (
        "// exit(1), getenv and std::cout are only words here; so is #include <mpi.h>\n"
        "/* #include <torch/torch.h> */\n"
        'namespace skein {\nstruct Ring {\n  std::size_t size() const { return 1\'000; }\n};\n'
        'const char* kText = "exit(1) fork()";\n'
        "template <class T>\nT next(T x) {\n  ring.exit(x); snprintf(0, 0, 0); return x;\n}\n}\n"),
    "launcher/README.md": "Launcher.",
    "launcher/main.cpp": '#include <cstdio>\nint main() { std::printf("%d", 1); return 0; }\n',
}

# (file, its text, words of the expected breach)
FAULTS = [
    ("runtime/process/a.cpp", "#include <torch/torch.h>\n", "a.cpp:1: includes torch/torch.h"),
    ("runtime/process/a.cpp", "\n#include <mpi.h>\n", "a.cpp:2: includes mpi.h"),
    ("runtime/process/a.cpp", '#include "collectives/ring.h"\n', "a.cpp:1: includes collectives/ring.h"),
    ("runtime/process/a.cpp", "#include <spdlog/spdlog.h>\n", "a.cpp:1: includes spdlog/spdlog.h"),
    ("collectives/a.h", "#include <ATen/ATen.h>\n", "a.h:1: includes ATen/ATen.h"),
    ("collectives/a.h", '#include "trainer/parallel/data_parallel.h"\n', "a.h:1: includes trainer/parallel"),
    ("collectives/a.cpp", "#include <nccl.h>\n", "a.cpp:1: includes nccl.h"),
    ("launcher/a.cpp", '#include "collectives/ring.h"\n', "a.cpp:1: includes collectives/ring.h"),
    ("launcher/a.cpp", "#include <mpi.h>\n", "a.cpp:1: includes mpi.h"),
    ("collectives/a.cpp", 'void f() {\n  std::getenv("X");\n}\n', "a.cpp:2: 'getenv(' reads or changes"),
    ("collectives/a.cpp", "void f() { std::exit(1); }\n", "a.cpp:1: 'std::exit(' ends the process"),
    ("collectives/a.cpp", "void f() { abort(); }\n", "a.cpp:1: 'abort(' ends the process"),
    ("collectives/a.cpp", "void f() { MPI_Abort(c, 1); }\n", "a.cpp:1: 'MPI_Abort(' ends the process"),
    ("collectives/a.cpp", "void f() { std::cout << 1; }\n", "a.cpp:1: 'std::cout' writes to standard output"),
    ("collectives/a.cpp", 'void f() { printf("x"); }\n', "a.cpp:1: 'printf(' writes to standard output"),
    ("collectives/a.cpp", "void f() { fork(); }\n", "a.cpp:1: 'fork(' starts a process"),
    ("launcher/a.cpp", "void f() { execvp(a, b); }\n", "a.cpp:1: 'execvp(' starts a process"),
    ("collectives/a.cpp", "void f() { ready.wait(lock); }\n", "a.cpp:1: '.wait(lock)' waits without a deadline"),
    ("collectives/a.cpp", "void f(std::size_t size);\n", "a.cpp:1: 'std::size_t size' is a bare 'size'"),
    ("collectives/a.cpp", "struct A { int size_ = 0; };\n", "a.cpp:1: 'int size_' is a bare 'size'"),
    ("collectives/a.cpp", "namespace s {\nint f() {\n#ifdef X\n  return 1;\n#endif\n}\n}\n",
     "a.cpp:3: '#ifdef X' inside a function"),
    ("collectives/a.cpp", "struct A {\n  A() : b_{1}, c_{2} {\n#if X\n    f();\n#endif\n  }\n};\n",
     "a.cpp:3: '#if X' inside a function"),
    ("collectives/a.cpp", "\n" * 301, "a.cpp:1: has 301 lines"),
    ("collectives/a.cpp", "void f() {\n" + "  g();\n" * 41 + "}\n", "a.cpp:1: holds a function of 41 lines"),
    ("collectives/a.cpp", "// TO" + "DO later\n", "a.cpp:1: leaves work for later"),
    ("collectives/RingThing.cpp", "\n", "RingThing.cpp:1: is not named in snake_case"),
    ("collectives/sub/a.cpp", "\n", "collectives/sub/README.md:1: is missing"),
    ("trainer/README.md", "", None),
    ("trainer/data/a.cpp", "#include <torch/torch.h>\n", "a.cpp:1: includes torch/torch.h"),
    ("trainer/parallel/a.cpp", '#include "trainer/data/loader.h"\n', "a.cpp:1: includes trainer/data/loader.h"),
]


def breaches_of(tree):
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return [f"{path}:{line}: {what}: {remedy}" for path, line, what, remedy in check_layering.check_tree(root)]


class CheckLayeringTest(unittest.TestCase):
    def test_accepts_a_correct_tree(self):
        self.assertEqual(breaches_of(CORRECT), [])

    def test_names_each_planted_fault(self):
        for path, text, expected in FAULTS:
            with self.subTest(path=path, text=text[:60]):
                breaches = breaches_of({**CORRECT, path: text})
                if expected is None:
                    self.assertEqual(breaches, [])
                else:
                    self.assertTrue(any(expected in breach for breach in breaches), f"{expected!r} not in {breaches}")

    def test_names_an_allow_list_entry_without_file(self):
        with tempfile.TemporaryDirectory() as root:
            self.assertEqual(len(list(check_layering.check_lists(root))),
                             len(rules.LONG_FILES) + len(rules.LONG_FUNCTIONS) + len(rules.LIBRARY_FILES) + len(rules.IDLE_WAITS))


if __name__ == "__main__":
    unittest.main()
