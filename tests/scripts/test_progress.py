"""How work that takes a while shows that it goes on."""

import json
import sys

import pytest

from scripts.progress import ProgressReport


def test_without_a_terminal_every_change_is_one_json_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ProgressReport("Making") as report:
        report.tell(0, 3, "")
        report.tell(1, 3, "draw panel")
        report.tell(1, 3, "draw panel")
        report.tell(3, 3, "")
    said = capsys.readouterr()
    assert said.out == ""
    lines = [json.loads(line) for line in said.err.splitlines()]
    assert [(line["completed"], line["total"], line["doing"]) for line in lines] == [
        (0, 3, ""),
        (1, 3, "draw panel"),
        (3, 3, ""),
    ]
    assert {line["event"] for line in lines} == {"Making"}


def test_on_a_terminal_there_is_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with ProgressReport("Making") as report:
        report.tell(2, 3, "draw panel")
    shown = capsys.readouterr().err
    assert "Making" in shown
    assert "2/3 draw panel" in shown
    assert "{" not in shown
