"""An album's plan: twenty of each, all different, and the durations add up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.channels.album import prompt_problems
from documents.channels import JobPrompts
from workers.providers.errors import ProviderRefused
from workers.providers.local.albums.planner import plan_album
from workers.providers.local.arrangement import arrangement_of
from workers.providers.local.text import LocalTextProvider
from workers.providers.text import TextRequest

WORDS = st.text(min_size=1, max_size=60).filter(str.strip)


@given(
    niche=WORDS,
    moods=st.lists(WORDS, max_size=5).map(tuple),
    minutes=st.integers(60, 90),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=60, deadline=None)
def test_every_plan_passes_the_door(
    niche: str, moods: tuple[str, ...], minutes: int, seed: int
) -> None:
    planned = plan_album(niche, "", moods, minutes, 20, seed)
    assert prompt_problems(planned, minutes) == []
    total = sum(each.duration_minutes for each in planned.music_prompts)
    assert total == pytest.approx(minutes, abs=0.001)
    assert len({each.title for each in planned.music_prompts}) == 20


def test_the_same_words_and_seed_plan_the_same() -> None:
    def planned(seed: int) -> JobPrompts:
        return plan_album("Lo-fi study", "Beats", ("calm",), 60, 20, seed)

    assert planned(1) == planned(1)
    assert planned(1) != planned(2)


@pytest.mark.parametrize(
    ("niche", "player"), [("Royal Court Ambience", "lute"), ("lofi study beats", "electric piano")]
)
def test_a_niche_has_its_own_players(niche: str, player: str) -> None:
    planned = plan_album(niche, "", ("calm",), 60, 20, 5)
    assert any(player in each.prompt for each in planned.music_prompts)


def test_the_composer_hears_what_the_planner_says() -> None:
    for prompt in plan_album("Jazz bar", "", ("warm",), 60, 20, 5).music_prompts:
        assert arrangement_of(prompt.prompt, drums=False).tempo == prompt.tempo


def test_a_waltz_has_three_beats_and_a_prompt_its_players() -> None:
    waltz = arrangement_of(
        "Elegant waltz with strings, piano, light percussion. Tempo: 120 BPM.", drums=False
    )
    assert (waltz.beats, waltz.tempo, waltz.beat) == (3, 120, "felt")
    assert (waltz.chords, waltz.figures, waltz.melody) == ("strings", "keys", "keys")


@pytest.mark.parametrize(("niche", "tracks"), [(" ", 20), ("x", 0)])
def test_nothing_to_plan_is_refused(niche: str, tracks: int) -> None:
    with pytest.raises(ProviderRefused):
        plan_album(niche, "", (), 60, tracks, 0)


async def test_the_local_writer_plans() -> None:
    inputs = {"niche": "Rain", "moods": ["calm"], "minutes": 60, "tracks": 20, "channel": ""}
    request = TextRequest(purpose="album_prompts", inputs=inputs, seed=3)
    answer = await LocalTextProvider().write(request)
    planned = JobPrompts.model_validate(answer.output)
    assert prompt_problems(planned, 60) == []
    assert planned.music_prompts[0].prompt in answer.text


@pytest.mark.parametrize("missing", ["niche", "moods", "minutes", "tracks"])
async def test_inputs_that_are_missing_are_named(missing: str) -> None:
    inputs = {"niche": "Rain", "moods": ["calm"], "minutes": 60, "tracks": 20}
    del inputs[missing]
    with pytest.raises(ProviderRefused, match=missing):
        await LocalTextProvider().write(TextRequest(purpose="album_prompts", inputs=inputs))
