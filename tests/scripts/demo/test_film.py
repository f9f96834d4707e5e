"""`backlot demo`, without a name: the film, as a user runs it."""

import asyncio
import signal
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.backlot import (
    backlot,
    beside_the_loop,
    eventually,
    facts_of,
    is_refusal,
    outside,
    processes_of,
    running,
    state_of,
    stored,
    wait_for_steps,
)
from workers.render.probe import probe

ENGLISH = """The Fox and the Crow

A Crow sat in a tall tree with a piece of cheese. "Sing for me," said the Fox.

The Crow opened her beak, and the [/b] cheese fell into the grass. "Thank you," said the Fox.
"""
ARABIC = """الثعلب والغراب

جلس غراب على شجرة عالية وفي منقاره قطعة جبن. قال الثعلب: «غنّ لي أيها الغراب».

فتح الغراب منقاره فسقطت الجبنة على العشب، وهرب الثعلب إلى الغابة.
"""
CHINESE = """狐狸和乌鸦

一只乌鸦叼着一块奶酪站在高高的树上。狐狸说:“请为我唱一首歌吧。”

乌鸦张开了嘴,奶酪掉到了草地上。狐狸叼起奶酪,跑进了森林。
"""
FILM_PARTS = ("projects", "episodes", "characters", "scenes", "tasks", "pipelines", "media")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def write(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def demo(story: Path, data: Path) -> "subprocess.CompletedProcess[str]":
    words = ("demo", "--quality", "draft", "--story", story)
    return backlot(*words, cwd=data.parent, env=outside(BACKLOT_DATA=data))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\x7fELF\x02\x01\x00\x00\x00\xff", "is not text"),
        (b"word " * 2_000_000, "has 1,000,001 bytes"),
        (b"12 + 30 = 42!", "has no words"),
        (None, "cannot be read"),
    ],
    ids=["empty", "binary", "10 MB", "no words", "missing"],
)
def test_a_story_that_cannot_be_filmed_is_refused_before_anything_starts(
    content: bytes | None, reason: str, data: Path
) -> None:
    story = data.parent / "story.txt"
    if content is not None:
        story.write_bytes(content)
    refused = demo(story, data)
    assert is_refusal(refused, reason)
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1
    assert not data.exists()


@pytest.mark.slow
async def test_films_of_three_scripts_lie_side_by_side(data: Path, tmp_path: Path) -> None:
    made = [
        await asyncio.to_thread(demo, write(tmp_path, name, text), data)
        for name, text in (("fox.txt", ENGLISH), ("ثعلب.txt", ARABIC), ("狐狸.txt", CHINESE))
    ]
    assert [done.returncode for done in made] == [0, 0, 0], [done.stderr for done in made]
    films = [facts_of(done) for done in made]
    assert len({film["mp4"] for film in films}) == 3
    for done, film in zip(made, films, strict=True):
        assert done.stdout.splitlines()[-1] == f"MP4 {film['mp4']}"
        facts = await probe(Path(film["mp4"]))
        assert (facts.codec, facts.audio_codec, facts.width, facts.height) == (
            ("h264", "aac", 640, 360)
        )
        assert facts.duration == pytest.approx(film["film_seconds"], abs=0.05)
        assert film["scenes"] >= 2
        assert film["wall_seconds"] > 0
        assert Decimal(film["cost"]) == 0
        scores = [hit["score"] for hit in film["search"]["hits"]]
        assert scores == sorted(scores, reverse=True)
        assert scores
        assert film["search"]["query"]
    names = ("projects", "episodes", "scenes", "media")
    counts = await asyncio.to_thread(stored, data, tmp_path, *names)
    assert (counts["projects"], counts["episodes"]) == (3, 3)
    assert counts["scenes"] == sum(film["scenes"] for film in films)
    assert counts["media"] == sum(film["media"] for film in films)


@pytest.mark.slow
@beside_the_loop
def test_what_was_stopped_leaves_nothing_and_the_next_run_works(data: Path, tmp_path: Path) -> None:
    story = write(tmp_path, "fox.txt", ENGLISH)
    words = ("demo", "--quality", "draft", "--story", story)
    environment = outside(BACKLOT_DATA=data)
    with running(*words, cwd=tmp_path, env=environment) as process:
        wait_for_steps(process, 3)
        process.send_signal(signal.SIGINT)
        said, complaint = process.communicate()
    assert process.returncode == 130
    assert complaint.splitlines()[-1] == "backlot: stopped"
    assert said == ""
    assert processes_of(data) == []
    left = stored(data, tmp_path, *FILM_PARTS)
    assert left == {**dict.fromkeys(FILM_PARTS, 0), "tasks": left["tasks"]}
    assert not (data / "films").exists()

    with running(*words, cwd=tmp_path, env=environment) as process:
        wait_for_steps(process, 2)
        state_of(data).servers["mongod"].find().kill()  # type: ignore[union-attr]
        complaint = process.communicate()[1]
    assert process.returncode == 1
    assert "backlot: mongod has ended (killed by signal 9)" in complaint
    assert "Traceback" not in complaint
    assert processes_of(data) == []

    done = demo(story, data)
    assert done.returncode == 0, done.stderr
    assert stored(data, tmp_path, "projects", "episodes") == {"projects": 1, "episodes": 1}


@pytest.mark.slow
@beside_the_loop
def test_a_killed_run_leaves_no_process(data: Path, tmp_path: Path) -> None:
    words = ("demo", "--quality", "draft", "--story", write(tmp_path, "fox.txt", ENGLISH))
    with running(*words, cwd=tmp_path, env=outside(BACKLOT_DATA=data)) as process:
        wait_for_steps(process, 1)
        assert any("worker" in each for each in processes_of(data))
        process.kill()
    assert eventually(lambda: processes_of(data) == [])
