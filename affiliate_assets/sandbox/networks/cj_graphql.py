"""As much of GraphQL as a commission query needs: arguments, variables, nested fields, aliases."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r'(?P<skip>[\s,\ufeff]+|#[^\n]*)|(?P<name>[_A-Za-z]\w*)|(?P<number>-?\d+(?:\.\d+)?)|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<mark>\.\.\.|[{}()\[\]:$!=@|])"
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_CONSTANTS = {"true": True, "false": False, "null": None}


class QueryError(Exception):
    """The text is no query that is understood here."""


@dataclass(slots=True)
class Field:
    """A field asked for: its name, the name of the answer, its arguments and the fields below."""

    name: str
    alias: str
    arguments: dict[str, object] = field(default_factory=dict)
    fields: "list[Field]" = field(default_factory=list)


def parse(text: str, variables: Mapping[str, object] | None = None) -> list[Field]:
    """Return the top fields of a query.

    Raises:
        QueryError: The text is not a query, uses a fragment or directive, or a variable without a value.
    """
    parser = _Parser(text, variables or {})
    return parser.document()


class _Parser:
    def __init__(self, text: str, variables: Mapping[str, object]) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.variables, self.defaults, self.place = variables, dict[str, object](), 0
        start = 0
        while start < len(text):
            match = _TOKEN.match(text, start)
            if match is None:
                raise QueryError(f"Syntax error: unexpected character {text[start]!r} at {start}")
            if match.lastgroup != "skip":
                self.tokens.append((str(match.lastgroup), match.group()))
            start = match.end()
        self.tokens.append(("end", "end of text"))

    def document(self) -> list[Field]:
        if self.peek() == "query":
            self.next()
            if self.tokens[self.place][0] == "name":
                self.next()
            if self.peek() == "(":
                self.definitions()
        fields = self.selection()
        if self.tokens[self.place][0] != "end":
            raise QueryError(f"Syntax error: unexpected {self.peek()}")
        return fields

    def peek(self) -> str:
        return self.tokens[self.place][1]

    def next(self, kind: str | None = None, text: str | None = None) -> str:
        found, word = self.tokens[self.place]
        if (kind and found != kind) or (text and word != text) or found == "end":
            raise QueryError(f"Syntax error: expected {text or kind}, found {word}")
        self.place += 1
        return word

    def definitions(self) -> None:
        self.next(text="(")
        while self.peek() != ")":
            self.next(text="$")
            name = self.next("name")
            self.next(text=":")
            while self.peek() in "[]!" or self.tokens[self.place][0] == "name":
                self.next()
            if self.peek() == "=":
                self.next()
                self.defaults[name] = self.value()
        self.next(text=")")

    def selection(self) -> list[Field]:
        self.next(text="{")
        fields: list[Field] = []
        while self.peek() != "}":
            name = alias = self.next("name")
            if self.peek() == ":":
                self.next()
                name = self.next("name")
            arguments: dict[str, object] = {}
            if self.peek() == "(":
                self.next()
                while self.peek() != ")":
                    key = self.next("name")
                    self.next(text=":")
                    arguments[key] = self.value()
                self.next(text=")")
            fields.append(Field(name, alias, arguments, self.selection() if self.peek() == "{" else []))
        self.next(text="}")
        if not fields:
            raise QueryError("Syntax error: empty selection")
        return fields

    def value(self) -> object:
        kind, word = self.tokens[self.place]
        self.next()
        if word == "$":
            name = self.next("name")
            if name in self.variables:
                return self.variables[name]
            if name in self.defaults:
                return self.defaults[name]
            return None
        if word == "[":
            items = []
            while self.peek() != "]":
                items.append(self.value())
            self.next(text="]")
            return items
        if kind == "string":
            return _ESCAPE.sub(_unescape, word[1:-1])
        if kind == "number":
            return word if "." in word else int(word)
        if kind == "name":
            return _CONSTANTS.get(word, word)
        raise QueryError(f"Syntax error: unexpected {word}")


def _unescape(match: "re.Match[str]") -> str:
    code = match.group(1)
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(code, code)
