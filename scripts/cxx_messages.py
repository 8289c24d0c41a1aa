# SPDX-License-Identifier: Apache-2.0
"""Finds the texts of errors in C++ sources, for scripts/errors-page.

It reads tokens, not the language: it knows the forms in which our sources make an Error. An
expression has alternatives, one for each text that it can have. `…` is what is known only when the
program runs. Two alternatives go together unless they decide the same question differently.
"""

import collections
import dataclasses
import functools
import itertools
import math
import re

HOLE = "…"
MOST_ALTERNATIVES = 3000
MOST_INSIDE = 15  # arguments with more alternatives are holes in the text around them
MOST_CALLS = 5
_MAKERS = ("Fail", "MakeError")
_TOKEN = re.compile(
    r"""(?P<none>\s+|//[^\n]*|^\#(?:[^\n\\]|\\.)*)|R"\((?P<raw>.*?)\)"|"(?P<text>(?:[^"\\\n]|\\.)*)"
    |(?P<char>'(?:[^'\\]|\\.)+')|(?P<word>[A-Za-z_]\w*)|(?P<number>\d[\w.']*)
    |(?P<mark>::|->|&&|\|\||[=!<>+\-*/|&]=|<<|.)""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_ENDS = {"(": ")", "{": "}", "[": "]"}

Token = collections.namedtuple("Token", "kind text line")
Parameter = collections.namedtuple("Parameter", "name is_remedy default")
Row = collections.namedtuple("Row", "path struct")  # the question which row of a table it is
Message = collections.namedtuple("Message", "code text remedy hint place")


@dataclasses.dataclass(eq=False)
class Function:
    """A function or a lambda; the tokens from `begin` to `end` are its body."""

    name: str
    parameters: list
    begin: int
    end: int
    source: object


def _tokens(text):
    line = 1
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        if kind == "raw":
            yield Token("text", found["raw"], line)
        elif kind == "text":
            plain = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), found["text"])
            yield Token("text", plain, line)
        elif kind != "none":
            yield Token(kind, found[kind], line)
        line += found[0].count("\n")


def _depths(tokens):
    """Each token with its index and its depth; brackets have that of what is around them."""
    depth = 0
    for index, token in enumerate(tokens):
        if token.kind == "mark" and token.text in (")", "]", "}"):
            depth -= 1
        yield index, token, depth
        if token.kind == "mark" and token.text in _ENDS:
            depth += 1


def _end_of(tokens, begin, ends=()):
    """The index of the bracket that closes the one at `begin`, or of a mark outside of brackets."""
    depth = 0
    for index in range(begin, len(tokens)):
        token = tokens[index]
        if token.kind != "mark":
            continue
        if depth == 0 and token.text in ends:
            return index
        depth += (token.text in _ENDS) - (token.text in _ENDS.values())
        if depth == 0 and not ends or depth < 0:
            return index
    return len(tokens)


def _is_mark(token, text):
    return token.kind == "mark" and token.text == text


def _split(tokens, mark=","):
    parts, begin = [], 0
    for index, token, depth in _depths(tokens):
        if depth == 0 and _is_mark(token, mark):
            parts.append(tokens[begin:index])
            begin = index + 1
    return [part for part in (*parts, tokens[begin:]) if part]


class Source:
    """A file: its tokens, its functions and lambdas with a name, and where its names are."""

    def __init__(self, path, text):
        self.path = path
        self.tokens = list(_tokens(text))
        self.places = collections.defaultdict(list)
        for index, token in enumerate(self.tokens):
            if token.kind == "word":
                self.places[token.text].append(index)
        self.functions = list(self._functions())

    @functools.cache
    def around(self, place):
        """The functions and lambdas around a place, the innermost first."""
        around = [one for one in self.functions if one.begin < place < one.end]
        return sorted(around, key=lambda one: -one.begin)

    def function_at(self, place):
        return next(iter(self.around(place)), None)

    def _functions(self):
        tokens = self.tokens
        for index, token in enumerate(tokens[:-1]):
            if not _is_mark(token, "("):
                continue
            name, end = self._name_before(index), _end_of(tokens, index)
            body = self._body_after(end)
            if name is not None and body:
                yield Function(
                    name, self._parameters(index, end), body, _end_of(tokens, body), self
                )

    def _name_before(self, index):
        """The name of a function, or of the variable that is a lambda; empty for another lambda."""
        tokens = self.tokens
        before = tokens[index - 1]
        if before.kind == "word":
            keywords = ("if", "for", "while", "switch", "catch", "return", "noexcept")
            return None if before.text in keywords else before.text
        if not _is_mark(before, "]"):
            return None
        begin = next(i for i in range(index - 1, -1, -1) if _is_mark(tokens[i], "["))
        return tokens[begin - 2].text if _is_mark(tokens[begin - 1], "=") else ""

    def _body_after(self, end):
        """The index of a body's brace, or None. A constructor has its members before it."""
        tokens, index = self.tokens, end + 1
        while index < len(tokens):
            token = tokens[index]
            if _is_mark(token, "{"):
                return index
            if _is_mark(token, ":"):
                index = self._behind_members(index)
            elif token.text in ("const", "noexcept", "override", "->", "::", "<", ">", "*", "&"):
                index += 1
            elif token.kind == "word" and tokens[index - 1].text in ("->", "::", "<"):
                index += 1
            else:
                return None
        return None

    def _behind_members(self, index):
        while True:
            index = _end_of(self.tokens, index + 1, ("(", "{", ";"))
            if index >= len(self.tokens) or _is_mark(self.tokens[index], ";"):
                return len(self.tokens)
            index = _end_of(self.tokens, index) + 1
            if index >= len(self.tokens) or not _is_mark(self.tokens[index], ","):
                return index

    def _parameters(self, begin, end):
        found = []
        for part in _split(self.tokens[begin + 1 : end]):
            declared, *default = _split(part, "=")
            words = [token.text for token in declared if token.kind == "word"] or [""]
            found.append(Parameter(words[-1], "Remedy" in words, default[0] if default else None))
        return found


@dataclasses.dataclass(frozen=True)
class Alternative:
    """A text, the decisions that lead to it, and a function whose arguments it would need."""

    text: str
    decisions: frozenset = frozenset()
    needs: Function = None

    @property
    def words(self):
        return len(re.findall(r"[A-Za-z]{2,}", self.text))


UNKNOWN = (Alternative(HOLE),)
APPENDED = Alternative(HOLE, frozenset({("is it appended", True)}))


def _agree(parts):
    answers = {}
    return all(
        answers.setdefault(question, answer) == answer
        for part in parts
        for question, answer in part.decisions
    )


def _join(parts):
    text = "".join(part.text for part in parts)
    needs = next((part.needs for part in parts if part.needs), None)
    decisions = frozenset().union(*(part.decisions for part in parts))
    return Alternative(re.sub(f"{HOLE}{{2,}}", HOLE, text), decisions, needs)


def _combine(lists):
    """Each combination of alternatives that do not contradict each other."""
    if math.prod(map(len, lists)) > MOST_ALTERNATIVES:
        lists = [one if len(one) == 1 else UNKNOWN for one in lists]
    return [_join(parts) for parts in itertools.product(*lists) if _agree(parts)]


def _width(alternatives):
    """How many there are, but 1 for a column of a table: its rows are all wanted."""
    questions = [question for one in alternatives for question, _ in one.decisions]
    return 1 if any(isinstance(one, Row) for one in questions) else len(alternatives)


def _decided(alternatives, question, answer):
    """`alternatives` where this is the answer."""
    return [
        Alternative(one.text, one.decisions | {(question, answer)}, one.needs)
        for one in alternatives
        if _agree((one, Alternative("", frozenset({(question, answer)}))))
    ]


@dataclasses.dataclass
class Scope:
    """Where an expression is, and the known arguments: {(function, parameter): (tokens, scope)}."""

    source: Source
    place: int
    function: Function
    arguments: dict = dataclasses.field(default_factory=dict)
    depth: int = 0

    def inside(self, function, place, arguments=None):
        known = self.arguments if arguments is None else arguments
        return Scope(function.source, place, function, known, self.depth + 1)


class Sources:
    """All sources: finds messages, and what a name means."""

    def __init__(self, sources):
        self.sources = sources
        self.functions = collections.defaultdict(list)
        for source in sources:
            for function in source.functions:
                self.functions[function.name].append(function)

    # The value of an expression --------------------------------------------------------------

    def evaluate(self, tokens, scope):
        """The alternatives of an expression."""
        while tokens and (self._is_wrapped(tokens) or _is_mark(tokens[0], "*")):
            tokens = tokens[1:-1] if self._is_wrapped(tokens) else tokens[1:]
        if not tokens or scope.depth > MOST_CALLS:
            return list(UNKNOWN)
        if all(token.kind == "text" for token in tokens):
            return [Alternative("".join(token.text for token in tokens))]
        condition, *branches = self._ternary(tokens)
        if branches:
            question = (id(scope.function), " ".join(token.text for token in condition))
            return [
                one
                for answer, branch in zip((True, False), branches)
                for one in _decided(self.evaluate(branch, scope), question, answer)
            ]
        terms = _split(tokens, "+")
        if len(terms) > 1:
            return _combine([self.evaluate(term, scope) for term in terms])
        return self._evaluate_name(tokens, scope)

    @staticmethod
    def _is_wrapped(tokens):
        return _is_mark(tokens[0], "(") and _end_of(tokens, 0) == len(tokens) - 1

    @staticmethod
    def _ternary(tokens):
        """(condition, if true, if false), or (tokens,)."""
        question, count = None, 0
        for index, token, depth in _depths(tokens):
            if depth or token.kind != "mark":
                continue
            if token.text == "?":
                question = index if question is None else question
                count += 1
            elif token.text == ":" and question is not None:
                count -= 1
                if count == 0:
                    return tokens[:question], tokens[question + 1 : index], tokens[index + 1 :]
        return (tokens,)

    def _evaluate_name(self, tokens, scope):
        end = 0
        while end < len(tokens) and (tokens[end].kind == "word" or tokens[end].text in ("::", ".", "->")):
            end += 1
        names = [token.text for token in tokens[:end] if token.kind == "word"]
        if not names:
            return [Alternative("")] if len(tokens) == 2 and _is_mark(tokens[0], "{") else list(UNKNOWN)
        if end == len(tokens):
            return self._value_of(names, tokens, scope)
        if tokens[end].text not in ("(", "{") or _end_of(tokens, end) != len(tokens) - 1:
            return list(UNKNOWN)
        return self._evaluate_call(names[-1], _split(tokens[end + 1 : -1]), scope)

    def _evaluate_call(self, name, arguments, scope):
        if name == "format" and arguments:
            return self._format(arguments, scope)
        if name == "join" and arguments:
            return self._pushed(arguments[0], scope)
        if name in ("move", "string", "string_view", "runtime", "Printable") and arguments:
            return self.evaluate(arguments[0], scope)
        if name in ("string", "string_view"):
            return [Alternative("")]
        return self._returned(name, arguments, scope)

    def _format(self, arguments, scope):
        values = [self._inside(self.evaluate(one, scope)) for one in arguments[1:]]
        while math.prod(map(_width, values)) > MOST_INSIDE:
            values[values.index(max(values, key=_width))] = UNKNOWN
        found = []
        for form in self.evaluate(arguments[0], scope):
            parts, next_value = [[Alternative("", form.decisions, form.needs)]], iter(values)
            for text in re.split(r"(\{\{|\}\}|\{[^{}]*\})", form.text):
                if text in ("{{", "}}"):
                    parts.append([Alternative(text[0])])
                elif text.startswith("{") and text.endswith("}"):
                    parts.append(next(next_value, UNKNOWN))
                else:
                    parts.append([Alternative(text)])
            found += _combine(parts)
        return found

    @staticmethod
    def _inside(alternatives):
        """Those of a text's part: a hole if they are many, or have no word."""
        if any(one.words for one in alternatives) and all(one.text != HOLE for one in alternatives):
            return alternatives
        needs = next((one.needs for one in alternatives if one.needs), None)
        return [Alternative(HOLE, frozenset(), needs)]

    def _pushed(self, tokens, scope):
        """The elements that a list in this function can have."""
        if scope.function is None or len(tokens) != 1:
            return list(UNKNOWN)
        body = scope.source.tokens[scope.source.around(scope.place)[-1].begin : scope.place]
        found = []
        for index in range(len(body) - 3):
            if body[index].text == tokens[0].text and body[index + 2].text == "push_back":
                inner = body[index + 4 : _end_of(body, index + 3)]
                found += self.evaluate(inner, scope.inside(scope.function, scope.place))
        return found or list(UNKNOWN)

    def _value_of(self, names, tokens, scope):
        name = names[-1]
        if names[0] in ("ErrorCode", "Remedy"):
            return [Alternative(name)]
        if len(names) == 2 and tokens[1].text in (".", "->"):
            return self._column(name, scope) or list(UNKNOWN)
        if len(names) > 1:
            return self._constant(name, scope) or list(UNKNOWN)
        for outer in scope.source.around(scope.place):
            if (outer, name) in scope.arguments:
                given, caller = scope.arguments[outer, name]
                known = {**scope.arguments, **caller.arguments}
                inner = Scope(caller.source, caller.place, caller.function, known, scope.depth + 1)
                return self.evaluate(given, inner)
            if name in [one.name for one in outer.parameters]:
                return [Alternative(HOLE, frozenset(), outer)]
        return self._local(name, scope) or self._constant(name, scope) or list(UNKNOWN)

    def _local(self, name, scope):
        """The values of a variable of the function, or of a member in this file."""
        if scope.function is None:
            return None
        begin, end = scope.source.around(scope.place)[-1].begin, scope.place
        if name.endswith("_"):
            begin, end = 0, len(scope.source.tokens)
        found = []
        for place in scope.source.places[name]:
            if begin < place < end:
                found += self._assigned(place, scope)
        if APPENDED in found:
            known = [one for one in found if one != APPENDED]
            found = known + [_join((one, Alternative(HOLE))) for one in known] or list(UNKNOWN)
        return list(dict.fromkeys(found))

    def _assigned(self, place, scope):
        tokens = scope.source.tokens
        owner = scope.source.function_at(place) or scope.function
        inner = scope.inside(owner, place)
        if _is_mark(tokens[place - 1], ".") or len(tokens) < place + 3:
            return []
        if _is_mark(tokens[place + 1], "+="):
            return [APPENDED]
        if tokens[place - 1].text == "string" and _is_mark(tokens[place + 1], ";"):
            return [Alternative("")]
        if tokens[place - 1].text == "string" and _is_mark(tokens[place + 1], "("):
            return self.evaluate(tokens[place + 2 : _end_of(tokens, place + 1)], inner)
        if _is_mark(tokens[place + 1], "=") and not _is_mark(tokens[place + 2], "["):
            return self.evaluate(tokens[place + 2 : _end_of(tokens, place + 2, (";", ")"))], inner)
        if _is_mark(tokens[place + 1], ":") and _is_mark(tokens[place + 2], "{"):  # a range
            elements = _split(tokens[place + 3 : _end_of(tokens, place + 2)])
            return [one for element in elements for one in self.evaluate(element, inner)]
        return []

    def _constant(self, name, scope):
        """The value of `constexpr … name = …;` or `name[] = …`, here or in another file."""
        if not re.match("k[A-Z]", name):
            return None
        for source in (scope.source, *self.sources):
            tokens = source.tokens
            for place in source.places[name]:
                begin = place + (3 if _is_mark(tokens[place + 1], "[") else 1)
                if _is_mark(tokens[begin], "="):
                    value = tokens[begin + 1 : _end_of(tokens, begin + 1, (";",))]
                    return self.evaluate(value, Scope(source, place, None, {}, scope.depth + 1))
        return None

    def _column(self, member, scope):
        """The alternatives of ROW.member: those in the table in this file whose rows have it."""
        for struct, members in self._structs(scope.source).items():
            if member not in members:
                continue
            rows = self._rows(scope.source, struct)
            column = members.index(member)
            return [
                one
                for number, row in enumerate(rows)
                for one in _decided(
                    self.evaluate(row[column], scope) if column < len(row) else [Alternative("")],
                    Row(scope.source.path, struct),
                    number,
                )
            ]
        return None

    @functools.cache
    def _structs(self, source):
        """{name: the names of its members} for structs without functions."""
        found, tokens = {}, source.tokens
        for place in source.places["struct"]:
            if place + 2 < len(tokens) and _is_mark(tokens[place + 2], "{"):
                members = _split(tokens[place + 3 : _end_of(tokens, place + 2)], ";")
                names = [[t.text for t in _split(m, "=")[0] if t.kind == "word"] for m in members]
                found[tokens[place + 1].text] = [words[-1] for words in names if words]
        return found

    @functools.cache
    def _rows(self, source, struct):
        """The rows of `std::array<struct, N> kName = {{ … }};`, each a list of expressions."""
        tokens = source.tokens
        for place in source.places[struct]:
            if not _is_mark(tokens[place - 1], "<") or tokens[place - 2].text != "array":
                continue
            begin = _end_of(tokens, place, ("=",)) + 2
            inner = tokens[begin : _end_of(tokens, begin) + 1]
            return [_split(row[1:-1]) for row in _split(inner[1:-1]) if _is_mark(row[0], "{")]
        return []

    def _returned(self, name, arguments, scope):
        """The results of a function, if only one of this name is in the file or in all files."""
        here = [one for one in self.functions[name] if one.source is scope.source]
        matching = self._accepting(here or self.functions[name], arguments)
        if len(matching) != 1:
            return list(UNKNOWN)
        (function,) = matching
        known = {**scope.arguments, **self._bound(function, arguments, scope)}
        question = (id(function.source), function.begin, str([[t.text for t in a] for a in arguments]))
        tokens, found = function.source.tokens, []
        for place in function.source.places["return"]:
            end = _end_of(tokens, place + 1, (";",))
            if function.source.function_at(place) is function and end > place + 1:
                inner = scope.inside(function, place, known)
                found += _decided(self.evaluate(tokens[place + 1 : end], inner), question, place)
        return found or list(UNKNOWN)

    @staticmethod
    def _accepting(functions, arguments):
        """Those that can be called so."""

        def fits(function):
            required = [one for one in function.parameters if one.default is None]
            if not len(required) <= len(arguments) <= len(function.parameters):
                return False
            return all(
                one.is_remedy == any(token.text in ("Remedy", "remedy") for token in given)
                for one, given in zip(function.parameters, arguments)
            )

        return [one for one in functions if fits(one)]

    @staticmethod
    def _bound(function, arguments, scope):
        outside = Scope(function.source, function.begin, None)
        bound = {}
        for index, one in enumerate(function.parameters):
            if index < len(arguments):
                bound[function, one.name] = (arguments[index], scope)
            elif one.default is not None:
                bound[function, one.name] = (one.default, outside)
        return bound

    # Messages --------------------------------------------------------------------------------

    def messages(self):
        """Each Message that the sources make."""
        for source in self.sources:
            for place, parts in self._made_in(source):
                scope = Scope(source, place, source.function_at(place))
                yield from self._resolve(parts, scope, self._line(source, place), 0)

    @staticmethod
    def _line(source, place):
        return f"{source.path}:{source.tokens[place].line}"

    @staticmethod
    def _made_in(source):
        """(place, [code, message, hint…]) of `Fail(code, …)`, `MakeError(code, …)`, `{code, …}`."""
        tokens = source.tokens
        for place, token in enumerate(tokens):
            if not place or token.kind != "mark" or token.text not in ("(", "{"):
                continue
            before = tokens[place - 1].text
            if token.text == "(" and before not in _MAKERS:
                continue
            parts = _split(tokens[place + 1 : _end_of(tokens, place)])
            if len(parts) < 2:
                continue
            code = [one.text for one in parts[0]]
            is_code = code[:2] == ["ErrorCode", "::"] or "?" in code and "ErrorCode" in code
            is_variable = len(code) <= 3 and code[-1] in ("code", "failure")
            is_variable = is_variable and (token.text == "(" or before in ("return", "Error", "("))
            if (is_code or is_variable) and not {";", "{"} & set(code):
                yield place, parts

    def _resolve(self, parts, scope, line, depth):
        """A message whose texts are parameters is made for each call of its function."""
        codes, texts = (self.evaluate(part, scope) for part in parts[:2])
        remedies, hints = self._hints(parts[2:], scope)
        needs = [one.needs for one in (*codes, *remedies, *hints)]
        needs += [one.needs for one in texts if one.words < 2]
        calls = [call for one in dict.fromkeys(needs) if one for call in self._calls(one)]
        if calls and depth < MOST_CALLS:
            for function, arguments, caller in calls:
                known = {**scope.arguments, **self._bound(function, arguments, caller)}
                inner = Scope(scope.source, scope.place, scope.function, known)
                yield from self._resolve(parts, inner, self._line(caller.source, caller.place), depth + 1)
            return
        for combination in itertools.product(codes, texts, remedies, hints):
            if _agree(combination):
                code, text, remedy, hint = (one.text for one in combination)
                yield Message(code, text, remedy, hint, line)

    def _hints(self, parts, scope):
        """(remedies, hints) of the arguments behind a message."""
        nothing = [Alternative("")]
        if not parts:
            return nothing, nothing
        first = self.evaluate(parts[0], scope)
        if any(re.fullmatch("k[A-Z][A-Za-z]+", one.text) for one in first):
            return first, self.evaluate(parts[1], scope) if len(parts) > 1 else nothing
        return nothing, first

    @functools.cache
    def _calls(self, function):
        """(function, arguments, scope) of each call."""
        found = []
        is_alone = len({one.source for one in self.functions[function.name]}) == 1
        for source in self.sources if is_alone else (function.source,):
            tokens = source.tokens
            for place in source.places[function.name]:
                if place + 1 >= len(tokens) or not _is_mark(tokens[place + 1], "("):
                    continue
                before = tokens[place - 1]
                if before.kind == "word" and before.text != "return" or before.text in (">", "&", "*"):
                    continue  # a declaration
                arguments = _split(tokens[place + 2 : _end_of(tokens, place + 1)])
                if self._accepting([function], arguments):
                    scope = Scope(source, place, source.function_at(place))
                    found.append((function, arguments, scope))
        return found

    # Texts that are added to an error --------------------------------------------------------

    def clauses(self):
        """The clauses in front of messages, from `.In(…)` and `Fail(result, …)`."""
        for source in self.sources:
            for place, parts in self._arguments_of(source, ("In",), 1):
                yield from self._texts(source, place, parts[0])
            for place, parts in self._arguments_of(source, ("Fail",), 2):
                if parts[0][0].text != "ErrorCode":
                    yield from self._texts(source, place, parts[1])

    def openssl_clauses(self):
        """(code, clause) of `TakeOpensslError(code).In(clause)`, behind which OpenSSL explains."""
        for source in self.sources:
            for place, parts in self._arguments_of(source, ("TakeOpensslError",), 1):
                end = _end_of(source.tokens, place)
                follows = [token.text for token in source.tokens[end + 1 : end + 4]]
                if follows == [".", "In", "("]:
                    clause = source.tokens[end + 4 : _end_of(source.tokens, end + 3)]
                    for text in self._texts(source, place, clause):
                        yield parts[0][-1].text, text

    def option_checks(self):
        """The reasons of the functions and lambdas that are a CLI::Validator."""
        for source in self.sources:
            for place in source.places["Validator"]:
                end = _end_of(source.tokens, place + 1, (";",))
                for inner in range(place, end):
                    if source.tokens[inner].text == "return":
                        value = source.tokens[inner + 1 : _end_of(source.tokens, inner + 1, (";",))]
                        yield from self._texts(source, inner, value)
            for function in source.functions:
                if self._is_check(source, function.name):
                    yield from (
                        one.text
                        for one in self._returned(function.name, [[]], Scope(source, 0, None))
                        if one.words
                    )

    @staticmethod
    def _is_check(source, name):
        """Whether `{name, "…"}` or `CLI::Validator(name, "…")` makes a CLI::Validator of it."""
        tokens = source.tokens
        return any(
            tokens[place - 1].text in ("{", "(")
            and _is_mark(tokens[place + 1], ",")
            and tokens[place + 2].kind == "text"
            for place in source.places[name]
            if source.places["Validator"]
        )

    def added(self):
        """The texts behind messages, from `error.message += …`."""
        return self._assigned_to("message", "+=")

    def later_hints(self):
        """(hint or name of a remedy) that an Error gets after it was made."""
        yield from self._assigned_to("hint", "=")
        yield from self._assigned_to("remedy", "=")
        for source in self.sources:
            for place, parts in self._arguments_of(source, ("SetHint", "SetRemedy", "AddHint"), 1):
                yield from self._texts(source, place, parts[0])

    @staticmethod
    def _arguments_of(source, names, count):
        for name in names:
            for place in source.places[name]:
                if _is_mark(source.tokens[place + 1], "("):
                    parts = _split(source.tokens[place + 2 : _end_of(source.tokens, place + 1)])
                    if len(parts) == count:
                        yield place + 1, parts

    def _texts(self, source, place, tokens):
        scope = Scope(source, place, source.function_at(place))
        return dict.fromkeys(one.text for one in self.evaluate(tokens, scope) if one.words)

    def _assigned_to(self, member, mark):
        """The texts of `error.member = …`."""
        for source in self.sources:
            tokens = source.tokens
            for place in source.places[member]:
                if _is_mark(tokens[place - 1], ".") and _is_mark(tokens[place + 1], mark):
                    value = tokens[place + 2 : _end_of(tokens, place + 2, (";",))]
                    yield from self._texts(source, place, value)
