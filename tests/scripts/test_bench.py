"""`backlot bench`, with a bench that measures nothing."""

import json

import pytest
from typer.testing import CliRunner

from app.settings import Settings
from scripts.bench import commands
from scripts.bench.report import Bar, Report, machine
from scripts.cli import app

FIGURES = {"quick_seconds": 1.5, "many_per_s": 2_000.0, "unheld": 3.0}
GOOD = (Bar("quick_seconds", "<=", 2), Bar("many_per_s", ">=", 2_000))
MISSED = (Bar("quick_seconds", "<=", 1), Bar("many_per_s", ">=", 100))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Two benches: one meets its bars, the other misses one."""
    benches = {
        "good": lambda _: Report("good", FIGURES, GOOD),
        "bad": lambda _: Report("bad", FIGURES, MISSED),
    }
    monkeypatch.setattr(commands, "BENCHES", benches)
    monkeypatch.setattr(commands, "Settings", lambda: Settings(_env_file=None))
    return CliRunner()


def test_list_names_every_bench(bench: CliRunner) -> None:
    assert bench.invoke(app, ["bench", "--list"]).stdout == "good\nbad\n"
    assert bench.invoke(app, ["bench"]).stdout == "good\nbad\n"


def test_the_foundation_is_among_the_real_ones() -> None:
    assert "foundation" in commands.BENCHES


def test_json_is_one_object_with_figures_bars_and_machine(bench: CliRunner) -> None:
    said = bench.invoke(app, ["bench", "bad", "--json"])
    assert said.exit_code == 0
    assert json.loads(said.stdout) == {
        "name": "bad",
        "machine": machine(),
        "figures": FIGURES,
        "bars": [
            {"key": "quick_seconds", "value": 1.5, "op": "<=", "limit": 1, "ok": False},
            {"key": "many_per_s", "value": 2000.0, "op": ">=", "limit": 100, "ok": True},
        ],
    }
    assert {"cores", "memory_gib", "python"} <= machine().keys()


@pytest.mark.parametrize(("name", "code"), [("good", 0), ("bad", 1)])
def test_check_exits_1_where_a_bar_is_missed(bench: CliRunner, name: str, code: int) -> None:
    assert bench.invoke(app, ["bench", name, "--check"]).exit_code == code
    assert bench.invoke(app, ["bench", name]).exit_code == 0


def test_the_table_shows_every_figure_and_what_was_missed(bench: CliRunner) -> None:
    said = bench.invoke(app, ["bench", "bad"]).stdout
    rows = {key: next(line for line in said.splitlines() if key in line) for key in FIGURES}
    assert "1.50" in rows["quick_seconds"]
    assert "missed" in rows["quick_seconds"]
    assert "2,000.00" in rows["many_per_s"]
    assert "ok" in rows["many_per_s"]
    assert "<=" not in rows["unheld"]


def test_an_unknown_bench_is_refused_with_the_names(bench: CliRunner) -> None:
    refused = bench.invoke(app, ["bench", "other"])
    assert refused.exit_code == 2
    assert "there is no bench other: good, bad" in refused.output
