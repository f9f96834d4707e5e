"""The screenwriter tells the whole tale, in order, through the right mouths."""

# ruff: noqa: RUF001 (other scripts' signs are meant)

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.providers.errors import ProviderRefused
from workers.providers.local.screenwriter.sentences import letters
from workers.providers.local.text import LocalTextProvider
from workers.providers.screenplay import NARRATOR, Screenplay
from workers.providers.text import TextRequest

FABLE = """The Fox and the Goat

A FOX one day fell into a deep well and could find no means of escape. A Goat, overcome with \
thirst, came to the same well, and seeing the Fox, inquired if the water was good. Concealing his \
sad plight under a merry guise, the Fox indulged in a lavish praise of the water, saying it was \
excellent beyond measure, and encouraging him to descend.

The Goat, mindful only of his thirst, thoughtlessly jumped down, but just as he drank, the Fox \
informed him of the difficulty they were both in and suggested a scheme for their common escape. \
"If," said he, "you will place your forefeet upon the wall and bend your head, I will run up your \
back and escape, and will help you out afterwards." The Goat readily assented and the Fox leaped \
upon his back. Steadying himself with the Goat's horns, he safely reached the mouth of the well \
and made off as fast as he could.

When the Goat upbraided him for breaking his promise, he turned around and cried out, "You foolish \
old fellow! If you had as many brains in your head as you have hairs in your beard, you would \
never have gone down before you had inspected the way up."

Look before you leap.

(Aesop's Fables, translated by George Fyler Townsend, 1867; public domain.)
"""

LION = """The Sick Lion

A LION, unable from old age to provide himself with food by force, resolved to do so by artifice. \
He returned to his den. The beasts expressed their sorrow, and the Lion devoured them.

The Fox discovered the trick and, presenting himself to the Lion, stood on the outside of the \
cave. "I am very middling," replied the Lion, "but why do you stand without? Pray enter within to \
talk with me." "No, thank you," said the Fox. "I notice that there are many prints of feet \
entering your cave, but I see no trace of any returning."
"""


async def write(text: str, **inputs: str | float) -> Screenplay:
    request = TextRequest(purpose="screenplay", inputs={"text": text, **inputs})
    result = await LocalTextProvider().write(request)
    return Screenplay.model_validate(result.output)


def heard(screenplay: Screenplay) -> str:
    return letters(" ".join(line.line for scene in screenplay.scenes for line in scene.dialogue))


def spoken_by(screenplay: Screenplay, speaker: str) -> list[str]:
    return [
        line.line
        for scene in screenplay.scenes
        for line in scene.dialogue
        if line.speaker == speaker
    ]


class TestFables:
    async def test_title_credits_and_moral_come_apart(self) -> None:
        screenplay = await write(FABLE)
        assert screenplay.title == "The Fox and the Goat"
        assert screenplay.credits.startswith("(Aesop's Fables")
        assert screenplay.scenes[-1].dialogue[-1].line == "Look before you leap."
        assert "Townsend" not in heard(screenplay)

    async def test_characters_are_found_under_printers_capitals(self) -> None:
        screenplay = await write(FABLE)
        assert [character.name for character in screenplay.characters] == ["Fox", "Goat"]
        assert all(character.color_palette for character in screenplay.characters)

    async def test_speech_goes_to_the_one_that_the_pronouns_mean(self) -> None:
        lines = spoken_by(await write(FABLE), "Fox")
        assert lines[0].startswith("If you will place your forefeet")
        assert lines[1].startswith("You foolish old fellow!")
        assert not spoken_by(await write(FABLE), "Goat")

    async def test_tags_tell_speakers_apart_and_are_not_read_out(self) -> None:
        screenplay = await write(LION)
        assert spoken_by(screenplay, "Lion") == [
            "I am very middling, but why do you stand without? Pray enter within to talk with me."
        ]
        assert spoken_by(screenplay, "Fox")[0].startswith("No, thank you. I notice that")
        assert not [line for line in spoken_by(screenplay, NARRATOR) if "replied the Lion" in line]

    async def test_scenes_have_places_hours_and_pictures(self) -> None:
        screenplay = await write(FABLE)
        assert 3 <= len(screenplay.scenes) <= 12
        assert screenplay.scenes[0].heading == "EXT. WELL - DAY"
        assert (await write(LION)).scenes[0].heading == "INT. DEN - DAY"
        for scene in screenplay.scenes:
            starts = [panel.starts_at_line for panel in scene.panels]
            assert starts[0] == 0
            assert starts == sorted(set(starts))
            assert starts[-1] < len(scene.dialogue)

    async def test_the_age_of_the_lion_is_told(self) -> None:
        lion = (await write(LION)).characters[0]
        assert (lion.name, lion.age, lion.gender) == ("Lion", "old", "male")

    async def test_a_wished_length_stretches_within_bounds(self) -> None:
        natural = (await write(FABLE)).duration_seconds
        assert (await write(FABLE, target_seconds=natural * 1.3)).duration_seconds == pytest.approx(
            natural * 1.3, abs=1
        )
        assert (await write(FABLE, target_seconds=9999)).duration_seconds < natural * 1.7

    async def test_the_same_request_gets_the_same_screenplay(self) -> None:
        assert await write(FABLE) == await write(FABLE)


class TestDialogue:
    async def test_untagged_answers_alternate(self) -> None:
        screenplay = await write(
            'Anna met Peter at the market.\n\n"Good morning!" said Anna.\n\n"Hello," replied '
            'Peter.\n\n"How are you?"\n\n"Very well."\n\nThey laughed.'
        )
        assert spoken_by(screenplay, "Anna") == ["Good morning!", "How are you?"]
        assert spoken_by(screenplay, "Peter") == ["Hello,", "Very well."]

    async def test_roles_in_small_letters_speak_too(self) -> None:
        screenplay = await write(
            "Once an old woman lived in a cottage. “Who is there?” asked the old woman. "
            "“It is I,” said the wolf. The old woman opened the door."
        )
        assert spoken_by(screenplay, "Old Woman") == ["Who is there?"]
        assert spoken_by(screenplay, "Wolf") == ["It is I,"]

    async def test_quoted_words_that_nobody_says_stay_in_the_prose(self) -> None:
        screenplay = await write('The miller called his house a "palace" and was content with it.')
        assert not [
            line
            for scene in screenplay.scenes
            for line in scene.dialogue
            if line.speaker != NARRATOR
        ]

    @pytest.mark.parametrize(
        ("text", "emotion"),
        [
            ('"You fool!" cried the Fox.', "angry"),
            ('"Who is it?" asked the Fox.', "curious"),
            ('"Come here," whispered the Fox.', "whispering"),
        ],
    )
    async def test_lines_carry_a_feeling(self, text: str, emotion: str) -> None:
        screenplay = await write(f"The Fox looked at the Goat. The Goat looked at the Fox. {text}")
        assert screenplay.scenes[-1].dialogue[-1].emotion == emotion


class TestOtherScripts:
    @pytest.mark.parametrize(
        ("language", "location", "text"),
        [
            ("zh", "well", "一只狐狸掉进了井里。他出不来！一只山羊来了。它很渴？狐狸笑了。"),
            ("ar", "forest", "كان هناك ثعلب في الغابة. جاء الأسد؟ ثم ذهب بعيداً."),
            ("he", "forest", "שועל הלך אל היער. הוא פגש עז. הם הלכו הביתה."),
            ("hi", "forest", "एक लोमड़ी जंगल में रहती थी। वह भूखी थी। फिर वह सो गई।"),
            ("ru", "forest", "Лиса жила в лесу. Она была голодна. Потом она уснула."),
            ("ja", "sea", "昔、海に亀がいた。亀は泳いだ。そして眠った。"),
        ],
    )
    async def test_a_film_is_told_by_the_narrator(
        self, language: str, location: str, text: str
    ) -> None:
        screenplay = await write(text)
        assert screenplay.language == language
        assert screenplay.scenes[0].location == location
        assert len(screenplay.scenes) == 3
        assert heard(screenplay) == letters(text)
        assert not screenplay.characters


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "text_empty"),
            (" \n\t ", "text_empty"),
            ("12 34 — !!! 56", "text_without_letters"),
            ("PK\x03\x04\0\0\0abc", "text_binary"),
            ("\x01\x02\x03\x04ab\x05\x06", "text_binary"),
            ("\ufffd\ufffd\ufffdabc", "text_binary"),
            ("word " * 210_000, "text_too_long"),
        ],
    )
    async def test_what_is_no_story_is_refused_with_a_reason(self, text: str, code: str) -> None:
        with pytest.raises(ProviderRefused, match=r"[:,] .*\.$") as refusal:
            await write(text)
        assert refusal.value.code == code
        assert not refusal.value.retryable

    async def test_another_purpose_is_refused(self) -> None:
        with pytest.raises(ProviderRefused, match="knows 'screenplay'"):
            await LocalTextProvider().write(TextRequest(purpose="poem", prompt="Roses"))

    async def test_wrong_inputs_are_refused(self) -> None:
        with pytest.raises(ProviderRefused, match="'text'"):
            await LocalTextProvider().write(TextRequest(purpose="screenplay", inputs={"text": 7}))
        with pytest.raises(ProviderRefused, match="target_seconds"):
            await write("A fox.", target_seconds=-1)


class TestAnyText:
    async def test_a_long_text_stays_within_forty_scenes(self) -> None:
        text = "The Fox met the Goat in the forest. They walked on and on until night.\n\n" * 1500
        screenplay = await write(text)
        assert len(screenplay.scenes) == 40
        assert heard(screenplay) == letters(text)
        assert max(len(scene.panels) for scene in screenplay.scenes) <= 12

    async def test_a_text_without_any_sentence_end_is_cut_where_one_breathes(self) -> None:
        text = "and then the fox went on " * 200
        screenplay = await write(text)
        assert heard(screenplay) == letters(text)
        assert all(len(line.line) <= 400 for scene in screenplay.scenes for line in scene.dialogue)

    @settings(max_examples=120, deadline=None)
    @given(st.text(max_size=400))
    async def test_any_text_is_refused_or_told_whole(self, text: str) -> None:
        await check_told_whole(text)

    @settings(max_examples=120, deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.sampled_from(
                    ["the Fox", "A GOAT", "“Well!”", '"No," said he.', "'Ah,' ", "\n\n", "\n", ". ",
                     "? ", "。", "Anna", "(x)", "Mr. ", "cried out, ", "«Oui»", "12", ": ", "he "]
                ),
                st.text(alphabet=string.ascii_letters + " .,'\"", max_size=12),
            ),
            max_size=40,
        ).map("".join)
    )  # fmt: skip
    async def test_any_tale_is_refused_or_told_whole(self, text: str) -> None:
        await check_told_whole(text)


async def check_told_whole(text: str) -> None:
    """Every letter is heard in order, save title, credits and tags such as `said he`."""
    try:
        screenplay = await write(text)
    except ProviderRefused:
        return
    told = heard(screenplay).casefold()
    source = letters(text).casefold()
    title = letters(screenplay.title).casefold()
    whole = told + letters(screenplay.credits).casefold()
    rest = iter(source)
    assert all(letter in rest for letter in whole)
    if not any(tag in source for tag in ("said", "cried")):
        assert source in (whole, title + whole)
