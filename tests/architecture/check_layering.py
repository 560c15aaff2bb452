#!/usr/bin/env python3
"""Checks a source tree against rules.py: check_layering.py ROOT. Prints each breach as file:line, what and the remedy."""

import os
import re
import sys

import rules
from cpp_source import CppSource

SOURCE_SUFFIXES = (".cpp", ".h", ".cu", ".cuh")
CHECKED_TOP_FOLDERS = tuple(sorted({folder.split("/")[0] for folder in rules.FOLDERS} | {"docs", "hostfiles", "scripts"}))


def walk(root):
    """Paths of all files of the project, relative to its root, in order."""
    for top in CHECKED_TOP_FOLDERS:
        for folder, subfolders, files in os.walk(os.path.join(root, top)):
            subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__")))
            for name in sorted(files):
                yield os.path.relpath(os.path.join(folder, name), root)


def check_includes(path, source):
    folder = max((prefix for prefix in rules.FOLDERS if path.startswith(prefix)), key=len, default=None)
    if folder is None:
        yield 1, "lies in a folder that has no rule", "add the folder to tests/architecture/rules.py"
        return
    own, libraries = rules.FOLDERS[folder]
    libraries = libraries + rules.LIBRARY_FILES.get(path, ())
    for line, header in source.includes:
        if header.startswith(rules.EVERYTHING):
            if not header.startswith(own):
                yield line, f"includes {header}", f"{folder} may include only {', '.join(own)}"
            continue
        library = next((name for name, pattern in rules.LIBRARIES.items() if re.fullmatch(pattern, header)), None)
        if library is not None and library not in libraries:
            yield line, f"includes {header}", f"{library} has no place in this part of {folder}"


def check_calls(path, source):
    if path.startswith("tests/"):
        return
    is_main = os.path.basename(path) == "main.cpp" or source.defines_main()
    for what, pattern, allowed, remedy in rules.CALLS:
        if path.startswith(allowed) or (is_main and what in rules.CALLS_OF_MAIN):
            continue
        for line, text in source.find(pattern):
            yield line, f"'{text}' {what}", remedy


def check_shape(path, source):
    for line, directive in source.conditionals_in_functions():
        yield line, f"'{directive}' inside a function", "choose a source file in CMake instead"
    if source.num_lines > rules.MAX_FILE_LINES and path not in rules.LONG_FILES:
        yield 1, f"has {source.num_lines} lines", f"split it, or give the reason in LONG_FILES (limit {rules.MAX_FILE_LINES})"
    if path.startswith("tests/") or path in rules.LONG_FUNCTIONS:
        return
    for function in source.functions:
        num_lines = function.last_line - function.first_line - 1
        if num_lines > rules.MAX_FUNCTION_LINES:
            yield (function.first_line, f"holds a function of {num_lines} lines",
                   f"split it, or give the reason in LONG_FUNCTIONS (limit {rules.MAX_FUNCTION_LINES})")


def check_name(path):
    if not re.fullmatch(r"[a-z][a-z0-9_]*\.\w+", os.path.basename(path)):
        yield 1, "is not named in snake_case", "rename it"


def check_leftovers(text):
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            yield number, "leaves work for later", "do it, or open an issue"


def check_source(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    source = CppSource(text)
    yield from check_name(path)
    yield from check_leftovers(text)
    yield from check_includes(path, source)
    yield from check_calls(path, source)
    yield from check_shape(path, source)


def check_readmes(paths):
    for folder in sorted({os.path.dirname(path) for path in paths}):
        covered = folder.startswith(rules.README_COVERS_SUBFOLDERS)
        if not covered and os.path.join(folder, "README.md") not in paths:
            yield os.path.join(folder, "README.md"), 1, "is missing", "say what lives in the folder and what does not"


def check_tree(root):
    """All breaches as (path, line, what, remedy)."""
    paths = set(walk(root))
    yield from check_readmes(paths)
    for path in sorted(paths):
        if path.endswith(SOURCE_SUFFIXES):
            for breach in check_source(root, path):
                yield (path, *breach)


def check_lists(root):
    """Allow-lists must not outlive what they allow."""
    for path in (*rules.LONG_FILES, *rules.LONG_FUNCTIONS, *rules.LIBRARY_FILES, *rules.IDLE_WAITS):
        if not os.path.exists(os.path.join(root, path)):
            yield path, 1, "is named in rules.py and does not exist", "remove the entry"


def main():
    root = sys.argv[1]
    breaches = [*check_tree(root), *check_lists(root)]
    for path, line, what, remedy in breaches:
        print(f"{path}:{line}: {what}: {remedy}")
    print(f"{len(breaches)} breaches of the architecture rules")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
