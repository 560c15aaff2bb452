"""A C++ source file as the architecture rules see it: code without comments and literals, includes, functions."""

import re
from dataclasses import dataclass

_NOISE = re.compile(
    r"""//[^\n]*                                   # line comment
      | /\*.*?\*/                                  # block comment
      | R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"  # raw string
      | "(?:\\.|[^"\\\n])*"                        # string
      | (?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'       # character, not a digit separator
    """,
    re.DOTALL | re.VERBOSE,
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*(?:\\\n(?:[^\n\\]|\\.)*)*", re.MULTILINE)
_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^(]*$")
_BEFORE_SCOPE = re.compile(r"template\s*<(?:[^<>]|<[^<>]*>)*>|(alignas|__attribute__)\s*\((?:[^()]|\([^()]*\))*\)")


@dataclass
class Function:
    """The outermost braces that hold code: in general a function's body."""

    first_line: int
    last_line: int


class CppSource:
    def __init__(self, text):
        self.num_lines = text.count("\n")
        # The offsets and lines of what remains stay those of the file.
        self.code = _NOISE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
        without_comments = re.sub(
            r"//[^\n]*|/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.DOTALL)
        self.includes = [(self.line(m.start()), m.group(1)) for m in _INCLUDE.finditer(without_comments)]
        self.directives = [(m.start(), m.group().strip()) for m in _DIRECTIVE.finditer(self.code)]
        self._body = _DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), self.code)
        self.functions = list(self._find_functions())

    def line(self, offset):
        return self.code.count("\n", 0, offset) + 1

    def find(self, pattern):
        """Lines and texts of a pattern in the code, outside comments, literals and preprocessor lines."""
        for match in re.finditer(pattern, self._body):
            yield self.line(match.start()), match.group().strip()

    def conditionals_in_functions(self):
        for offset, directive in self.directives:
            line = self.line(offset)
            if re.match(r"#\s*(if|ifdef|ifndef)\b", directive):
                if any(function.first_line < line < function.last_line for function in self.functions):
                    yield line, directive

    def defines_main(self):
        return re.search(r"\bint\s+main\s*\(", self._body) is not None

    def _find_functions(self):
        """Outermost braces that do not belong to a namespace or a type."""
        open_braces = []
        head_start = 0
        for match in re.finditer(r"[{};]", self._body):
            if match.group() == "{":
                head = self._body[head_start:match.start()]
                open_braces.append((match.start(), bool(_SCOPE.search(_BEFORE_SCOPE.sub(" ", head)))))
            elif match.group() == "}" and open_braces:
                start, is_scope = open_braces.pop()
                if not is_scope and all(scope for _, scope in open_braces):
                    yield Function(self.line(start), self.line(match.start()))
            head_start = match.end()
