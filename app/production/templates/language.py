"""What templates may say: the part of Jinja2 whose rendering always comes to an end.

Allowed are text, variables, `if`, `for`, `set`, comparisons, arithmetic and the filters and tests
named here. There are no macros, includes or calls but `range`, so nothing calls itself; loops go
over values that are there, and count their turns; operators that make longer values are turned
into counted ones. Of a value only what JSON has can be reached: items by name and by number.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from app.production.templates.errors import BadTemplate
from app.production.templates.filters import FILTERS
from app.production.templates.meter import MOST_STEPS

MOST_SOURCE: Final = 200_000
"""Characters of a template."""
MOST_NODES: Final = 5_000
DEEPEST: Final = 40
LONGEST_RANGE: Final = 10_000
COUNTED: Final = "_counted"
CONCATENATED: Final = "_concatenated"
SLICED: Final = "_sliced"
RESERVED: Final = frozenset(
    {"range", "loop", "self", "super", "caller", "varargs", "kwargs", "true", "false", "none"}
)
"""Names that are no variables."""
TESTS: Final = frozenset(
    {"boolean", "defined", "divisibleby", "even", "false", "float", "in", "integer", "iterable"}
    | {"mapping", "none", "number", "odd", "sequence", "string", "true", "undefined"}
)
LOOP: Final = frozenset(
    {"depth", "depth0", "first", "index", "index0", "last", "length", "nextitem", "previtem"}
    | {"revindex", "revindex0"}
)
"""What a loop tells of itself."""
_ARITHMETIC: Final = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod)
_ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.List),
    *(nodes.Tuple, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.For),
    *(nodes.If, nodes.Assign, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Neg, nodes.Pos, nodes.Concat, nodes.CondExpr, nodes.Call, nodes.Keyword),
    *_ARITHMETIC,
)


def parsed(source: str, environment: ImmutableSandboxedEnvironment) -> nodes.Template:
    """The template as a tree that keeps to the language. Raises BadTemplate."""
    if len(source) > MOST_SOURCE:
        raise BadTemplate(f"A template holds at most {MOST_SOURCE:,} characters.")
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as exc:
        raise BadTemplate(f"Line {exc.lineno}: {exc.message}") from None
    except (RecursionError, ValueError, OverflowError) as exc:
        raise BadTemplate(f"It cannot be read: {exc}.") from None
    _check(tree)
    if (steps := _steps(tree)) > MOST_STEPS:
        raise BadTemplate(f"Its loops take {steps:,} steps, which is more than {MOST_STEPS:,}.")
    return tree


def variables_of(tree: nodes.Template) -> set[str]:
    """The variables that the template wants to be given."""
    return find_undeclared_variables(tree) - RESERVED


def guarded(tree: nodes.Template) -> nodes.Template:
    """The same template with its loops and everything that makes longer values counted."""
    made: nodes.Template = _Guards().visit(tree)
    return made


def _check(tree: nodes.Template) -> None:
    for count, (node, depth, inside) in enumerate(_walked(tree)):
        if count > MOST_NODES:
            raise BadTemplate(f"It has more than {MOST_NODES:,} parts.")
        if depth > DEEPEST:
            raise BadTemplate(f"Line {node.lineno}: it is nested more than {DEEPEST} deep.")
        if problem := _problem(node, inside):
            raise BadTemplate(f"Line {node.lineno or 1}: {problem}.")


def _walked(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int, bool]]:
    """Every node with its depth and whether it is inside a loop; not by recursion."""
    left: list[tuple[nodes.Node, int, bool]] = [(tree, 0, False)]
    while left:
        node, depth, inside = left.pop()
        yield node, depth, inside
        within = inside or isinstance(node, nodes.For)
        left += [(each, depth + 1, within) for each in node.iter_child_nodes()]


def _problem(node: nodes.Node, inside_loop: bool) -> str | None:
    """Why this node is not of the language, if it is not."""
    match node:
        case nodes.Name():
            return _name_problem(node, inside_loop)
        case nodes.Getattr(attr=str(name)) | nodes.Getitem(arg=nodes.Const(value=str(name))):
            return f"{name!r} cannot be reached" if name.startswith("_") else None
        case nodes.Filter(name=name):
            return _unknown("filter", name, FILTERS) or _spread(node)
        case nodes.Test(name=name):
            return _unknown("test", name, TESTS) or _spread(node)
        case nodes.Call():
            return _call_problem(node)
        case nodes.For(recursive=True):
            return "a loop cannot call itself"
        case nodes.List() | nodes.Tuple(ctx="load"):
            plain = all(isinstance(each, nodes.Const) for each in node.items)
            return None if plain else "lists hold plain values only"
        case _ if not isinstance(node, _ALLOWED):
            return f"{_word(node)} is not part of the language"
    return None


def _name_problem(node: nodes.Name, inside_loop: bool) -> str | None:
    if node.name.startswith("_"):
        return f"{node.name!r} cannot be reached"
    if node.ctx == "load":
        if node.name == "loop" and not inside_loop:
            return "there is no loop here"
        known = node.name not in RESERVED or node.name in ("loop", "range")
        return None if known else f"{node.name!r} cannot be reached"
    return f"{node.name!r} cannot be set" if node.name in RESERVED else None


def _call_problem(node: nodes.Call) -> str | None:
    if not isinstance(node.node, nodes.Name) or node.node.name != "range":
        return "nothing but range() can be called"
    if problem := _spread(node):
        return problem
    if node.kwargs or not 1 <= len(node.args) <= 3:
        return "range() takes one to three numbers"
    length = _constant_length(node)
    if length is not None and length > LONGEST_RANGE:
        return f"a range has at most {LONGEST_RANGE:,} numbers"
    return None


def _spread(node: Any) -> str | None:
    return "* and ** are not part of the language" if node.dyn_args or node.dyn_kwargs else None


def _unknown(what: str, name: str, known: Collection[str]) -> str | None:
    return None if name in known else f"there is no {what} {name!r}"


def _word(node: nodes.Node) -> str:
    return type(node).__name__.lower()


def _steps(node: nodes.Node) -> int:
    """How many nodes are evaluated at least, as far as the text alone tells."""
    steps = 1 + sum(_steps(each) for each in node.iter_child_nodes())
    if isinstance(node, nodes.For) and (turns := _constant_length(node.iter)):
        steps += (turns - 1) * (1 + sum(_steps(each) for each in node.body))
    return steps


def _constant_length(node: nodes.Node) -> int | None:
    """How many items a loop goes over, where the text tells."""
    match node:
        case nodes.List() | nodes.Tuple():
            return len(node.items)
        case nodes.Call(node=nodes.Name(name="range")):
            values = [each.value for each in node.args if isinstance(each, nodes.Const)]
            if len(values) == len(node.args) and all(isinstance(each, int) for each in values):
                return _length(values)
    return None


def _length(arguments: list[int]) -> int | None:
    try:
        return len(range(*arguments))
    except (OverflowError, ValueError, TypeError):  # len() of a range beyond 64 bits, step 0
        return LONGEST_RANGE + 1


class _Guards(NodeTransformer):
    """Puts counted filters around what could grow."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        weight = sum(1 for _ in _walked(node))
        self.generic_visit(node)
        node.iter = _filtered(COUNTED, node.iter, [nodes.Const(weight)])
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:
        self.generic_visit(node)
        return _filtered(CONCATENATED, node.nodes[0], node.nodes[1:])

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        parts = (node.arg.start, node.arg.stop, node.arg.step)
        return _filtered(SLICED, node.node, [each or nodes.Const(None) for each in parts])


def _filtered(name: str, value: Any, arguments: list[Any]) -> nodes.Filter:
    return nodes.Filter(value, name, arguments, [], None, None, lineno=value.lineno)
