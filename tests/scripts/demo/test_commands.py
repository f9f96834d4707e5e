"""What `backlot demo` takes, and what it refuses before anything starts."""

from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from scripts.cli import app
from tests.support.backlot import backlot, outside


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["channel", "--minutes", "59"], "--minutes"),
        (["channel", "--minutes", "91"], "--minutes"),
        (["channel", "--niche", ""], "--niche"),
        (["channel", "--moods", "x" * 2_001], "--moods"),
        (["--seed", "3", "channel"], "backlot demo channel"),
        (["film", "--quality", "best"], "--quality"),
        (["chanel"], "chanel"),
    ],
)
def test_what_cannot_be_made_is_refused(words: list[str], said: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    refused = backlot("demo", *words, cwd=tmp_path, env=outside(BACKLOT_DATA=data))
    assert refused.returncode == 2
    assert said in refused.stderr
    assert not data.exists()


def test_the_film_is_what_is_made_without_a_name() -> None:
    group = get_command(app).commands["demo"]  # type: ignore[attr-defined]
    named = group.commands["film"]
    given = {each.name: each.default for each in group.params}
    assert {each.name: each.default for each in named.params} == given | {"episodes": 1}


def test_the_help_says_how_long_a_channel_takes() -> None:
    said = CliRunner().invoke(app, ["demo", "channel", "--help"]).stdout
    assert "minutes" in said
