"""Screenplays as Fountain (fountain.io): plain text that people write and other programs read.

Of Fountain's syntax that is known which says what is filmed: the title page, scene headings with
numbers, action, characters with extensions, parentheticals and dialogue, all of them forced or
not; notes, boneyards, sections, synopses, transitions and page breaks are read and left out, and
emphasis loses its marks, because nobody speaks an asterisk. What `written` writes, `parsed` reads
back as it was, but for blanks at the ends of lines and the case of speakers.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.films.fountain_text import PARENTHESES, escaped, one_line, plain, without_hidden
from documents.scenes import TimeOfDay

NARRATOR: Final = "Narrator"
NEUTRAL: Final = "neutral"
FORCED: Final = (".", "!", "@", ">", "#", "=", "~")
"""What a line begins with that is no action, if nothing says otherwise."""
FIRST_KEYS: Final = frozenset(
    {"title", "credit", "author", "authors", "source", "draft date", "date", "contact"}
    | {"copyright", "notes", "language", "revision"}
)
"""One of these opens a title page: a story may begin with any other word and a colon."""
_TIMES: Final[dict[str, TimeOfDay]] = {
    **dict.fromkeys(("dawn", "sunrise", "daybreak", "early morning"), "dawn"),
    **dict.fromkeys(("day", "morning", "noon", "midday", "afternoon"), "day"),
    **dict.fromkeys(("dusk", "evening", "sunset", "twilight"), "dusk"),
    **dict.fromkeys(("night", "midnight", "late night"), "night"),
}
_HEADING: Final = re.compile(
    r"(?:INT\.?/EXT|EXT\.?/INT|INT|EXT|EST|I/E)(?:\.\s*|\s+)", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"#([\w.\-]+)#$")
_TRANSITION: Final = re.compile(
    r"(?:FADE (?:IN|OUT|TO BLACK)|CUT TO BLACK|THE END)[.:]?|[^a-z]*TO:"
)
_KEY: Final = re.compile(r"([^\s:][^:]*):\s*(.*)")
_EXTENSION: Final = re.compile(r"(?<!\\)\([^()]*(?<!\\)\)$")


@dataclass(frozen=True, slots=True)
class Speech:
    """What somebody says; without a speaker it is the narrator."""

    speaker: str | None
    text: str
    emotion: str = NEUTRAL


@dataclass(frozen=True, slots=True)
class ScriptScene:
    """One scene as the page has it."""

    heading: str = ""
    """Without its number; empty where the text begins without a heading."""
    number: str | None = None
    action: str = ""
    """Paragraphs, with blank lines between them."""
    speeches: tuple[Speech, ...] = ()

    @property
    def location(self) -> str | None:
        """Where it plays, if the heading says so."""
        if not (found := _HEADING.match(self.heading)):
            return None
        place, _ = _place_and_time(self.heading[found.end() :])
        return place or None

    @property
    def time_of_day(self) -> TimeOfDay | None:
        """When it plays, if the heading says so."""
        return _place_and_time(self.heading)[1]


@dataclass(frozen=True, slots=True)
class Script:
    """A screenplay."""

    scenes: tuple[ScriptScene, ...]
    title_page: tuple[tuple[str, str], ...] = ()


def written(script: Script) -> str:
    """The screenplay as Fountain."""
    parts = [f"{key}: {_indented(value)}" for key, value in script.title_page if value.strip()]
    blocks = ["\n".join(parts)] if parts else []
    for number, scene in enumerate(script.scenes, start=1):
        # Only the first scene can do without a heading.
        heading = scene.heading or ("" if number == 1 else f"Scene {number}")
        blocks += _scene_blocks(scene, heading)
    return "\n\n".join(blocks) + "\n"


def parsed(text: str) -> Script:
    """The screenplay that the text is; any text is one, if only a scene without a heading."""
    lines = without_hidden(text).splitlines()
    start, title_page = title_page_of(lines)
    reader = _Reader()
    for block in _blocks(lines[start:]):
        reader.take(block)
    return Script(tuple(reader.finished()), title_page)


def is_heading(line: str) -> bool:
    """Whether the line is a scene heading without being forced to be one."""
    return _HEADING.match(line) is not None and bool(line.strip())


def is_opening(line: str) -> bool:
    """Whether the line, without blanks round it, opens a scene where a block may begin."""
    is_forced = line.startswith(".") and not line.startswith("..") and line != "."
    return is_forced or is_heading(line)


def _scene_blocks(scene: ScriptScene, heading: str) -> Iterator[str]:
    if line := escaped(one_line(heading).lstrip(". ")):
        if not scene.number and _NUMBER.search(line):
            line = f"{line[:-1]}\\#"
        forced = "" if is_heading(line) else "."
        yield f"{forced}{line} #{scene.number}#" if scene.number else f"{forced}{line}"
    for paragraph in re.split(r"\n[^\S\n]*\n", scene.action):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        if lines:
            yield "\n".join(map(_as_action, lines))
    for speech in scene.speeches:
        yield _as_dialogue(speech)


def _as_action(line: str) -> str:
    safe = escaped(line)
    key = _KEY.match(safe)
    could_be = (
        safe.startswith(FORCED)
        or is_heading(safe)
        or _is_loud(safe)
        or _TRANSITION.fullmatch(safe)
        or (key and key[1].strip().lower() in FIRST_KEYS)
    )
    return f"!{safe}" if could_be else safe


def _as_dialogue(speech: Speech) -> str:
    lines = [_cue(speech.speaker)]
    if speech.emotion not in ("", NEUTRAL):
        lines.append(f"({escaped(one_line(speech.emotion), PARENTHESES)})")
    # Two blanks keep a speech together over an empty line.
    said = [line.strip() for line in speech.text.strip().splitlines()]
    lines += [_as_said(line) if line else "  " for line in said]
    return "\n".join(lines)


def _as_said(line: str) -> str:
    safe = escaped(line)
    return f"\\{safe}" if safe.startswith(("~", "(")) else safe


def _cue(speaker: str | None) -> str:
    if speaker is None:
        return f"{NARRATOR.upper()} (V.O.)"
    name = escaped(one_line(speaker), f"{PARENTHESES}^")
    loud = name.upper()
    as_usual = loud.isupper() and loud.casefold() == name.casefold()
    return loud if as_usual and not (loud.startswith(FORCED) or is_heading(loud)) else f"@{name}"


def _is_loud(line: str) -> bool:
    """Whether the line would be taken for a character's name, as it is in capitals."""
    return _EXTENSION.sub("", _without_caret(line)).isupper()


def _without_caret(cue: str) -> str:
    """The cue without the mark of what is said at the same time."""
    return cue if cue.endswith("\\^") else cue.removesuffix("^").strip()


def _indented(value: str) -> str:
    lines = [line.strip() for line in value.strip().splitlines() if line.strip()]
    return lines[0] if len(lines) == 1 else "".join(f"\n    {line}" for line in lines)


def title_page_of(lines: Sequence[str]) -> tuple[int, tuple[tuple[str, str], ...]]:
    """The index of the first line behind the title page, and its entries."""
    found = _KEY.match(lines[0]) if lines else None
    if found is None or found[1].strip().lower() not in FIRST_KEYS:
        return 0, ()
    entries: list[tuple[str, list[str]]] = []
    for at, line in enumerate(lines):
        if not line.strip():
            return at, _joined(entries)
        indented = line.startswith(("   ", "\t"))
        if not indented and (entry := _KEY.match(line)):
            entries.append((entry[1].strip(), [entry[2].strip()]))
        else:
            entries[-1][1].append(line.strip())
    return len(lines), _joined(entries)


def _joined(entries: Sequence[tuple[str, list[str]]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, "\n".join(filter(None, values))) for key, values in entries)


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Runs of lines without an empty one; a line of two blanks is none within a run."""
    block: list[str] = []
    for line in lines:
        if line.strip() or (block and line.startswith("  ")):
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _place_and_time(heading: str) -> tuple[str, TimeOfDay | None]:
    place, dash, last = re.sub(r"\s[\u2013\u2014]\s", " - ", heading).rpartition(" - ")
    time = _TIMES.get(last.strip().lower()) if dash else None
    return (place.strip() if time else heading.strip()), time


@dataclass(slots=True)
class _Reader:
    """Puts the blocks of a text together to scenes."""

    _scenes: list[ScriptScene] = field(default_factory=list)
    _heading: str = ""
    _number: str | None = None
    _action: list[str] = field(default_factory=list)
    _speeches: list[Speech] = field(default_factory=list)

    def take(self, block: Sequence[str]) -> None:
        """Read lines between which none is empty."""
        for at, line in enumerate(map(str.strip, block)):
            if is_opening(line):
                self._open(line)
            elif self._is_cue(line, is_last=at == len(block) - 1):
                self._say(line, block[at + 1 :])
                return
            elif line and not _is_left_out(line, is_alone=len(block) == 1):
                self._act(block[at:])
                return

    def finished(self) -> list[ScriptScene]:
        self._close()
        return self._scenes

    def _open(self, line: str) -> None:
        self._close()
        heading = line.removeprefix(".").strip()
        if number := _NUMBER.search(heading):
            heading = heading[: number.start()].rstrip()
        self._heading, self._number = plain(heading), number[1] if number else None

    def _close(self) -> None:
        if self._heading or self._action or self._speeches:
            scene = ScriptScene(
                self._heading, self._number, "\n\n".join(self._action), tuple(self._speeches)
            )
            self._scenes.append(scene)
        self._heading, self._number, self._action, self._speeches = "", None, [], []

    def _is_cue(self, line: str, *, is_last: bool) -> bool:
        if line.startswith("@"):
            return line != "@"
        return not is_last and not line.startswith(FORCED) and _is_loud(line)

    def _act(self, block: Sequence[str]) -> None:
        lines = [each.strip() for each in block if each.strip()]
        if lines[0].startswith(">"):
            lines[0] = lines[0].strip("><").strip()
        shown = [plain(each[1:] if each[:1] in ("!", "~") else each).strip() for each in lines]
        if text := "\n".join(filter(None, shown)):
            self._action.append(text)

    def _say(self, cue: str, lines: Sequence[str]) -> None:
        name = _without_caret(cue.removeprefix("@")).strip()
        while found := _EXTENSION.search(name):
            name = name[: found.start()].rstrip()
        name = plain(name).strip()
        speaker = None if name.casefold() in ("", NARRATOR.casefold()) else name
        emotion, said = NEUTRAL, list[str]()
        for line in [*map(str.strip, lines), None]:
            is_manner = line is not None and line.startswith("(") and line.endswith(")")
            if line is not None and not is_manner:
                said.append(plain(line.removeprefix("~").strip()))
                continue
            if text := "\n".join(said).strip():
                self._speeches.append(Speech(speaker, text, emotion))
                said = []
            emotion = plain((line or "")[1:-1]).strip() or NEUTRAL


def _is_left_out(line: str, *, is_alone: bool) -> bool:
    """Sections, synopses, page breaks and transitions: for the writer, or for an editor."""
    if line.startswith(("#", "=")) or (line.startswith(">") and not line.endswith("<")):
        return True
    return is_alone and _TRANSITION.fullmatch(line) is not None
