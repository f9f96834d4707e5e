"""Who says what: prose goes to the narrator, quoted words to the one they belong to.

Rules, in this order: a tag behind the words (`said the Fox`), a tag before them (`he cried out,`),
somebody acting between two speeches, the same speaker going on, the other one answering.
"""

# ruff: noqa: RUF001 (other scripts' signs are meant)

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from workers.providers.local.screenwriter.cast import Cast, Person
from workers.providers.local.screenwriter.quotes import Passage, split_quotes
from workers.providers.local.screenwriter.sentences import LONGEST_SENTENCE, split_sentences
from workers.providers.local.screenwriter.vocabulary import (
    ARTICLES,
    EMOTION_OF_VERB,
    EMOTION_WORDS,
    FEMALE_PRONOUNS,
    MALE_PRONOUNS,
    SPEECH_VERBS,
)

_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_CLAUSE = re.compile(r"[\s,—–-]*[^.;:!?,]*[.;:!?,]?")
_SUBORDINATE = re.compile(
    r"^\W*(when|as|after|while|because|since|though|although)\b", re.IGNORECASE
)
_OBJECT = re.compile(r"\b(him|her)\b", re.IGNORECASE)
_CONJUNCTIONS = frozenset(("if", "when", "but", "and", "since", "because", "though", "as", "so"))
_LONGEST_TAG = 5


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words to be heard without a break; no speaker means the narrator."""

    speaker: Person | None
    text: str
    emotion: str
    opens_paragraph: bool


@dataclass(slots=True)
class _Memory:
    """Who was named lately and who spoke, over the whole text."""

    named: list[Person] = field(default_factory=list)
    speakers: list[Person] = field(default_factory=list)

    def name(self, people: Iterable[Person]) -> None:
        self.named = [*self.named, *people][-24:]

    def answering(self) -> Person | None:
        """The one who is not the last speaker in the conversation so far."""
        if not self.speakers:
            return None
        last = self.speakers[-1]
        for other in (*reversed(self.speakers[-8:]), *reversed(self.named)):
            if other is not last:
                return other
        return None


def utterances_of(paragraphs: Iterable[str], cast: Cast) -> list[Utterance]:
    """All that is heard, in the order of the text. Only bare tags with a known speaker drop out."""
    memory = _Memory()
    heard: list[Utterance] = []
    for paragraph in paragraphs:
        found = _utterances_of_paragraph(split_quotes(paragraph), cast, memory)
        if found:
            first = found[0]
            heard.append(Utterance(first.speaker, first.text, first.emotion, opens_paragraph=True))
            heard.extend(found[1:])
    return heard


def _utterances_of_paragraph(
    passages: list[Passage], cast: Cast, memory: _Memory
) -> list[Utterance]:
    heard: list[Utterance] = []
    speaker_here: Person | None = None
    dropped_tag = ""
    prose: list[str] = [passage.text for passage in passages]
    for index, passage in enumerate(passages):
        if not passage.spoken:
            memory.name(person for _, person in cast.mentions(passage.text))
            heard.extend(
                Utterance(None, sentence, "neutral", opens_paragraph=False)
                for sentence in split_sentences(prose[index])
            )
            continue
        after = passages[index + 1] if index + 1 < len(passages) else None
        before = passages[index - 1] if index else None
        behind = _clause_behind(after, passage.text)
        ahead = _clause_ahead(before, passages[index - 2] if index > 1 else None)
        speaker = (
            _tagged(behind, before, cast, memory)
            or _tagged(ahead, before, cast, memory, last=True)
            or _untagged(before, speaker_here, cast, memory)
        )
        emotion = _emotion(passage.text, f"{behind} {ahead}")
        if speaker:
            if behind and _is_bare_tag(behind) and after:
                prose[index + 1] = after.text[len(behind) :].strip()
            if ahead and _is_bare_tag(ahead) and heard and heard[-1].text.endswith(ahead.strip()):
                _drop_tag(heard, ahead.strip())
            memory.speakers = [*memory.speakers[-12:], speaker]
        tag_between = dropped_tag if speaker is not None and speaker is speaker_here else ""
        _append_speech(heard, speaker, passage.text, emotion, tag_between)
        dropped_tag = after.text if after and not after.spoken and not prose[index + 1] else ""
        speaker_here = speaker
    return heard


def _drop_tag(heard: list[Utterance], tag: str) -> None:
    last = heard.pop()
    rest = last.text[: len(last.text) - len(tag)].strip()
    if rest:
        heard.append(Utterance(None, rest, "neutral", last.opens_paragraph))


def _append_speech(
    heard: list[Utterance], speaker: Person | None, text: str, emotion: str, tag_between: str
) -> None:
    """Add spoken words; the second half of a speech that a dropped tag cut in two is joined."""
    if tag_between and heard and heard[-1].speaker is speaker:
        first = heard.pop()
        start = first.text
        if start[-1:].isalnum():
            start = f"{start},"
        if start.endswith(",") and tag_between.endswith("."):
            start = f"{start[:-1]}."
        elif start.lower().rstrip(",") in _CONJUNCTIONS:
            start = start.rstrip(",")
        text, emotion = f"{start} {text}", first.emotion if emotion == "neutral" else emotion
    line = ""
    for sentence in split_sentences(text):
        if line and len(line) + len(sentence) > LONGEST_SENTENCE:
            heard.append(Utterance(speaker, line, emotion, opens_paragraph=False))
            line = ""
        line = f"{line} {sentence}".strip()
    if line:
        heard.append(Utterance(speaker, line, emotion, opens_paragraph=False))


def _clause_behind(after: Passage | None, spoken: str) -> str:
    """The clause right behind a speech, if it may be its tag."""
    if after is None or after.spoken:
        return ""
    starts_anew = after.text[:1].isupper() and spoken.rstrip()[-1:] in ".…"
    match = _CLAUSE.match(after.text)
    clause = match.group() if match and not starts_anew else ""
    words = [word.lower() for word in _WORD.findall(clause)[:6]]
    return clause if any(word in SPEECH_VERBS for word in words) else ""


def _clause_ahead(before: Passage | None, earlier: Passage | None) -> str:
    """The end of the sentence that leads to a speech, if it says that somebody speaks."""
    if before is None or before.spoken or before.text[-1:] not in ",:：،—–":
        return ""
    sentence = split_sentences(before.text)[-1]
    words = [word.lower() for word in _WORD.findall(sentence)[-8:]]
    if not any(word in SPEECH_VERBS for word in words):
        return ""
    # `"If," said he, "you will …"`: that tag belongs to the words before it, which had it already.
    return "" if earlier and earlier.spoken and sentence == before.text else sentence


def _tagged(
    clause: str, before: Passage | None, cast: Cast, memory: _Memory, *, last: bool = False
) -> Person | None:
    """The subject of the speech verb in a clause."""
    words = list(_WORD.finditer(clause))
    verbs = [word.start() for word in words if word.group().lower() in SPEECH_VERBS]
    if not verbs:
        return None
    verb = verbs[-1] if last else verbs[0]
    pronouns = [word for word in words if word.group().lower() in MALE_PRONOUNS | FEMALE_PRONOUNS]
    named = cast.mentions(clause)
    if last:
        named = [mention for mention in named if mention[0] < verb] or named
        pronouns = [word for word in pronouns if word.start() < verb]
    nearest_name = min((abs(at - verb) for at, _ in named), default=None)
    nearest_pronoun = min(pronouns, key=lambda word: abs(word.start() - verb), default=None)
    if nearest_pronoun and (
        nearest_name is None or abs(nearest_pronoun.start() - verb) < nearest_name
    ):
        return _resolve(
            nearest_pronoun.group().lower(), clause, nearest_pronoun.start(), cast, memory
        )
    if named:
        return min(named, key=lambda mention: abs(mention[0] - verb))[1]
    return None


def _resolve(pronoun: str, clause: str, at: int, cast: Cast, memory: _Memory) -> Person | None:
    """The one last named whose gender fits.

    In `When the Goat upbraided him, he …` the pronoun means `him`, which can't be the Goat.
    """
    unfit = "female" if pronoun in MALE_PRONOUNS else "male"
    fitting = [person for person in memory.named if person.gender != unfit]
    if not fitting:
        return None
    opening = clause[:at]
    subjects = cast.mentions(opening)
    if subjects and _SUBORDINATE.match(opening) and _OBJECT.search(opening, subjects[-1][0]):
        other = [person for person in fitting if person is not subjects[-1][1]]
        return other[-1] if other else None
    return fitting[-1]


def _untagged(
    before: Passage | None, speaker_here: Person | None, cast: Cast, memory: _Memory
) -> Person | None:
    if before is not None and not before.spoken:
        acting = cast.mentions(split_sentences(before.text)[-1])
        if speaker_here is None or (acting and acting[0][0] < 16):
            return acting[0][1] if acting else memory.answering()
        return speaker_here
    return memory.answering()


def _is_bare_tag(clause: str) -> bool:
    """Whether a clause says nothing but who speaks: `said the Fox,` or `He replied:`."""
    words = [word.lower() for word in _WORD.findall(clause)]
    verbs = [word for word in words if word in SPEECH_VERBS]
    if len(words) > _LONGEST_TAG or len(verbs) != 1:
        return False
    subject = [word for word in words if word not in SPEECH_VERBS and word not in ARTICLES]
    at_an_end = words[0] in SPEECH_VERBS or words[-1] in SPEECH_VERBS
    return at_an_end and len(subject) <= 2


def _emotion(text: str, tags: str) -> str:
    """How a line is said: its words first, then the verb of its tag, then its marks."""
    words = {word.lower() for word in _WORD.findall(text)}
    for emotion, telling in EMOTION_WORDS.items():
        if words & telling and ("!" in text or emotion in ("sad", "happy", "tender")):
            return emotion
    for word in _WORD.findall(tags):
        if word.lower() in EMOTION_OF_VERB:
            return EMOTION_OF_VERB[word.lower()]
    if text.rstrip("\"'”’ ").endswith(("!", "！")):
        return "excited"
    return "curious" if text.rstrip("\"'”’ ").endswith(("?", "？", "؟")) else "neutral"
