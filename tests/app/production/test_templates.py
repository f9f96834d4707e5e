"""What templates may say, what they are filled in with, and that none of them goes on for ever."""

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.production.templates import masking, outputs, rendering
from app.production.templates.errors import BadInputs, BadTemplate
from app.production.templates.language import MOST_SOURCE
from app.production.templates.rendering import MOST_OUTPUT_BYTES, render, variables_of
from app.production.templates.variables import bound, check_definitions
from documents.production import PromptTemplate, VariableDefinition

CAST = [{"name": "Fox", "age": 3}, {"name": "Goat", "age": 14}]
DOUBLED = "{% set x = 'xxxxxxxxxx' %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Draw {{ name|upper }}.\n", "Draw FOX.\n"),
        ("{% for c in cast %}{{ loop.index }}/{{ loop.length }} {{ c.name }};{% endfor %}", None),
        ("{{ cast|map(attribute='name')|join(', ') }}", "Fox, Goat"),
        ("{{ cast[0]['age'] + cast[-1].age * 2 - 1 }}", "30"),
        ("{% for k, v in cast[0]|items %}{{ k }}={{ v }} {% endfor %}", "name=Fox age=3 "),
        ("{% for c in cast if c.age > 5 %}{{ c.name }}{% else %}none{% endfor %}", "Goat"),
        ("{% if missing is none %}no{% else %}yes{% endif %}", "no"),
        ("{{ cast }}", '[{"name":"Fox","age":3},{"name":"Goat","age":14}]'),
        ("{{ true }}{{ none }}{{ name ~ 1 }}{{ name[:2] }}", "trueFox1Fo"),
        ("{{ cast|sort(attribute='age', reverse=true)|first|tojson }}", '{"name":"Goat","age":14}'),
        ("{{ cast[0].look|default('red') }}", "red"),
        ("{{ name|replace('o', '0')|indent(2, true) }}", "  F0x"),
        ("{% for n in range(3) %}{{ n }}{% endfor %}{{ 'o' in name }}", "012true"),
        ("{% raw %}{{ name }}{% endraw %}", "{{ name }}"),
        ("<b>{{ name }}</b> & {{ '<i>' }}", "<b>Fox</b> & <i>"),
    ],
)
def test_template_is_filled_in(source: str, expected: str | None) -> None:
    values = {"name": "Fox", "cast": CAST, "missing": None}
    assert render(source, values) == (expected or "1/2 Fox;2/2 Goat;")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ name.__class__.__mro__ }}",
        "{{ name|attr('__class__') }}",
        "{{ self.__init__ }}",
        "{{ self }}",
        "{{ _meter }}",
        "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
        "{% for x in [1] %}{{ loop.cycle(1, 2) }}{% endfor %}",
        "{{ name.upper() }}",
        "{{ namespace(a=1) }}",
        "{{ lipsum(n=10000) }}",
        "{% include 'secrets' %}",
        "{% import 'os' as os %}",
        "{% extends 'base' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for x in cast recursive %}{{ loop(x) }}{% endfor %}",
        "{% for i in range(1000000000) %}{% endfor %}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{% for i in range(10000) %}{% for j in range(10000) %}x{% endfor %}{% endfor %}",
        "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}",
        "{% set a = [1] %}{% set a = [a, a] %}",
        "{{ 'a'|center(1000000000) }}",
        "{{ 2**100000000 }}",
        "{{ name is sameas 3 }}",
        "{{ range(*cast) }}",
        "{% set range = 3 %}",
        "{{ loop }}",
        "{{ unclosed",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{% if 1 %}" * 300 + "{% endif %}" * 300,
        "{{ " + "not " * 5000 + "1 }}",
        "{% set x = 1 %}" * 5000,
        "{{ 9" + "9" * 5000 + " }}",
        "x" * (MOST_SOURCE + 1),
    ],
    ids=lambda source: source[:40],
)
def test_template_that_reaches_out_or_loops_is_refused_before_it_is_kept(source: str) -> None:
    with pytest.raises(BadTemplate):
        variables_of(source)


@pytest.mark.parametrize(
    "source",
    [
        DOUBLED,
        DOUBLED.replace("~", "+"),
        "{% set x = 10 %}" + "{% set x = x * x %}" * 40,
        "{% for i in range(n) %}{% for j in range(n) %}{% endfor %}{% endfor %}",
        "{% for i in range(n) %}{{ long }}{% endfor %}",
        "{% for i in range(n) %}{% if long ~ i in long %}{% endif %}{% endfor %}",
        "{{ range(n)|list|join(long) }}",
        "{{ long|replace('x', long) }}",
        "{{ long|replace('', 'y') }}",
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'x'|indent(1000000000) }}",
        "{{ range(3, 1000000000000, n - 9998) }}",
        "{{ 1 / 0 }}",
        "{{ nobody }}",
        "{{ cast.name.first }}",
        "{% for x in 5 %}{% endfor %}",
        "{{ cast|sum }}",
        "{{ range }}",
        "{% for x in [1] %}{{ loop }}{% endfor %}",
        "{% for c in cast %}" * 9 + "x" + "{% endfor %}" * 9 + "{{ long }}" * 100,
    ],
    ids=lambda source: source[:40],
)
def test_template_that_grows_without_bound_ends_with_a_refusal(source: str) -> None:
    values = {"n": 9999, "long": "x" * 50_000, "cast": [{}] * 10}
    with pytest.raises(BadTemplate):
        render(source, values)


async def test_rendering_happens_beside_the_loop() -> None:
    seen = []

    def note(source: str, values: dict[str, Any]) -> str:
        seen.append(threading.current_thread() is threading.main_thread())
        return render(source, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "render", note)
        assert await rendering.rendered("{{ a }}", {"a": 1}) == "1"
    assert seen == [False]


NAMES = st.sampled_from(["n", "s", "xs", "m", "m.a", "xs[0]", "x", "3", "'t'", "none", "nobody"])
FILTER = st.sampled_from(
    (
        *("upper", "join(s)", "replace('x', s)", "list", "items", "tojson", "length", "sort"),
        *("sum", "indent(50)", "map(attribute='a')", "default(s)", "truncate(9)", "reverse"),
        *("int", "string"),
    )
)
OPERATOR = st.sampled_from(["+", "*", "~", "%", "-", "//", "==", "in", "and"])


@st.composite
def expressions(draw: st.DrawFn) -> str:
    words = draw(NAMES)
    for _ in range(draw(st.integers(0, 3))):
        words = f"({words}|{draw(FILTER)}) {draw(OPERATOR)} {draw(NAMES)}"
    return words


BODY = st.recursive(
    expressions().map(lambda e: f"{{{{ {e} }}}}"),
    lambda inner: st.one_of(
        st.tuples(expressions(), inner).map(
            lambda t: f"{{% for x in {t[0]} %}}{t[1]}{{% endfor %}}"
        ),
        st.tuples(expressions(), inner).map(lambda t: f"{{% if {t[0]} %}}{t[1]}{{% endif %}}"),
        st.tuples(expressions(), inner).map(lambda t: f"{{% set s = s ~ ({t[0]}) %}}{t[1]}"),
        st.tuples(inner, inner).map("".join),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(BODY)
def test_whatever_a_template_says_it_ends_within_its_bounds(source: str) -> None:
    values = {"n": 2000, "s": "xy" * 500, "xs": ["x", "yy"] * 500, "m": {"a": [1, 2], "b": "s"}}
    try:
        made = render(source, values)
    except BadTemplate:
        return
    assert len(made.encode()) <= MOST_OUTPUT_BYTES


def variable(name: str, kind: str = "string", **given: Any) -> VariableDefinition:
    return VariableDefinition.model_validate({"name": name, "type": kind, **given})


DECLARED = [
    variable("hero", required=True),
    variable("age", "number", default_value=3),
    variable("brave", "boolean"),
    variable("cast", "json"),
    variable("site", "url"),
    variable("story", "text"),
]


def test_inputs_are_taken_with_their_defaults() -> None:
    inputs = {"hero": "Fox", "cast": CAST, "brave": False, "site": "https://fox.example/a?b=c"}
    assert bound(DECLARED, inputs) == {**inputs, "age": 3, "story": None}


@pytest.mark.parametrize(
    ("inputs", "field", "code"),
    [
        ({}, "inputs.hero", "missing"),
        ({"hero": None}, "inputs.hero", "missing"),
        ({"hero": "Fox", "villain": "Wolf"}, "inputs.villain", "unknown"),
        ({"hero": 3}, "inputs.hero", "wrong_type"),
        ({"hero": "x" * 2001}, "inputs.hero", "wrong_type"),
        ({"hero": "Fox", "age": "3"}, "inputs.age", "wrong_type"),
        ({"hero": "Fox", "age": True}, "inputs.age", "wrong_type"),
        ({"hero": "Fox", "age": float("nan")}, "inputs.age", "wrong_type"),
        ({"hero": "Fox", "brave": "yes"}, "inputs.brave", "wrong_type"),
        ({"hero": "Fox", "cast": {"a.b": 1}}, "inputs.cast", "wrong_type"),
        ({"hero": "Fox", "cast": object()}, "inputs.cast", "wrong_type"),
        ({"hero": "Fox", "site": "javascript:alert(1)"}, "inputs.site", "wrong_type"),
        ({"hero": "Fox", "site": "https://a b"}, "inputs.site", "wrong_type"),
        ({"hero": "Fox", "site": "http://[:"}, "inputs.site", "wrong_type"),
        ({"hero": "Fox", "story": "x" * 600_000}, "inputs", "too_large"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs: Any, field: str, code: str) -> None:
    with pytest.raises(BadInputs) as refused:
        bound(DECLARED, inputs)
    assert [(each.field, each.code) for each in refused.value.problems] == [(field, code)]


@pytest.mark.parametrize(
    ("source", "definitions", "field"),
    [
        ("{{ hero }} {{ foe }}", [variable("hero")], "template"),
        ("", [variable("hero"), variable("hero")], "variable_defs.1.name"),
        ("", [variable("loop")], "variable_defs.0.name"),
        ("", [variable("_x")], "variable_defs.0.name"),
        ("", [variable("n", "number", default_value="3")], "variable_defs.0.default_value"),
    ],
)
def test_variables_have_to_be_declared_well(
    source: str, definitions: list[VariableDefinition], field: str
) -> None:
    with pytest.raises(BadTemplate) as refused:
        check_definitions(variables_of(source), definitions)
    assert refused.value.field == field


def test_loop_variables_need_no_declaration() -> None:
    source = "{% for c in cast %}{% set n = c.name %}{{ n }}{{ loop.index }}{% endfor %}"
    assert variables_of(source) == {"cast"}


SECRETS = {
    "bearer": "Authorization: Bearer abcdefghijklmnop1234",
    "url": "mongodb://root:hunter2hunter2@db/backlot",
    "query": "https://cdn.example/a.png?X-Amz-Signature=0123456789abcdef&size=3",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "openai": "sk-proj-abcdefghijklmnop1234567890",
    "github": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "aws": "AKIAABCDEFGHIJKLMNOP",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_what_looks_like_a_secret_is_masked(secret: str) -> None:
    core = {"hunter2hunter2", "0123456789abcdef", "abcdefghijklmnop", "MIIEpAIBAAKCAQEA"}
    kept = masking.masked_text(f"Use {secret} for it.")
    assert kept.startswith("Use ")
    assert kept.endswith(" for it.")
    assert masking.MASK in kept
    assert secret not in kept
    assert not any(each in kept for each in core)


def test_stories_about_secrets_are_left_alone() -> None:
    story = "The secret: he had lost the key. Her password was a smile; a token of love."
    assert masking.masked_text(story) == story


def test_inputs_named_like_secrets_are_masked_in_the_prompt_too() -> None:
    login = {"password": "xyzzy1", "token_limit": 5, "token": None}
    inputs = {"api_key": "opensesame", "login": login, "hero": "Fox"}
    prompt = "Fox says opensesame and xyzzy1."
    assert masking.masked(inputs) == {
        "api_key": "***",
        "login": {"password": "***", "token_limit": 5, "token": None},
        "hero": "Fox",
    }
    assert masking.masked_prompt(prompt, inputs) == "Fox says *** and ***."


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["scenes"],
    "properties": {"scenes": {"type": "array", "items": {"$ref": "#/$defs/Scene"}}},
    "$defs": {
        "Scene": {
            "type": "object",
            "required": ["title"],
            "additionalProperties": False,
            "properties": {
                "title": {"type": "string", "minLength": 1},
                "color": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
                "tags": {"type": "array", "uniqueItems": True},
            },
        }
    },
}


def with_schema(schema: dict[str, Any] | None) -> PromptTemplate:
    kept = None if schema is None else outputs.taken(schema)
    template: PromptTemplate = PromptTemplate.model_construct(output_schema=kept)
    return template


def test_output_that_fits_has_no_problems() -> None:
    output = {"scenes": [{"title": "Dawn", "color": "#00ff00", "tags": [1, "1"]}]}
    assert outputs.check_output(with_schema(SCHEMA), output) == []
    assert outputs.check_output(with_schema(None), 3) == []


def test_output_that_does_not_fit_is_told_by_field() -> None:
    output = {
        "scenes": [{"title": "", "color": "red"}, {"mood": 1}, {"title": "x", "tags": [1, 1]}]
    }
    found = {(each.field, each.code) for each in outputs.check_output(with_schema(SCHEMA), output)}
    assert found == {
        ("scenes.0.title", "minLength"),
        ("scenes.0.color", "pattern"),
        ("scenes.1", "required"),
        ("scenes.1", "additionalProperties"),
        ("scenes.2.tags", "uniqueItems"),
    }
    [whole] = outputs.check_output(with_schema(SCHEMA), [])
    assert (whole.field, whole.code) == ("output", "type")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"required": "title"},
        {"minimum": "3"},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#/$defs/nobody"},
        {"$ref": "#"},
        {"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"},
        {
            "$ref": "#/$defs/n0",
            "$defs": {
                f"n{i}": {"allOf": [{"$ref": f"#/$defs/n{i + 1}"}] * 2 if i < 25 else []}
                for i in range(26)
            },
        },
        {"pattern": "(?=lookahead)"},
        {"pattern": "("},
        {"patternProperties": {"(a+)+$": {}}},
        {"description": "x" * 70_000},
    ],
    ids=lambda schema: str(schema)[:50],
)
def test_schema_that_is_none_or_never_ends_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(BadTemplate) as refused:
        outputs.taken(schema)
    assert refused.value.field == "output_schema"


def test_patterns_take_time_linear_in_the_text() -> None:
    [problem] = outputs.check_output(with_schema({"pattern": "^(a+)+$"}), "a" * 100_000 + "!")
    assert problem.code == "pattern"


def test_output_too_large_to_check_is_told() -> None:
    every = with_schema({"items": {"allOf": [{"type": "integer"}] * 500}})
    [problem] = outputs.check_output(every, [1] * 1_000)
    assert problem.code == "too_large"
