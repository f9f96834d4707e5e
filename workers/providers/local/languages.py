"""Guesses at the language of a text: by its script, and by its small words where it is Latin."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

UNKNOWN = "und"

# Letters with their vowel signs and accents, which Python does not count as word characters.
WORD = re.compile(
    r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f"
    r"\u0900-\u0963\u0981-\u0dff\u0e31-\u0e4e\u102b-\u103e])*"
)

# Ranges of scripts that are mostly written by one language, first and last code point.
_SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x0370, 0x03FF, "el"), (0x1F00, 0x1FFF, "el"), (0x0400, 0x052F, "ru"),
    (0x0530, 0x058F, "hy"), (0x0590, 0x05FF, "he"), (0x0600, 0x06FF, "ar"),
    (0x0750, 0x077F, "ar"), (0xFB50, 0xFDFF, "ar"), (0xFE70, 0xFEFF, "ar"),
    (0x0900, 0x097F, "hi"), (0x0980, 0x09FF, "bn"), (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"), (0x0B00, 0x0B7F, "or"), (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"), (0x0C80, 0x0CFF, "kn"), (0x0D00, 0x0D7F, "ml"),
    (0x0D80, 0x0DFF, "si"), (0x0E00, 0x0E7F, "th"), (0x1000, 0x109F, "my"),
    (0x10A0, 0x10FF, "ka"), (0x1200, 0x139F, "am"), (0x3040, 0x30FF, "ja"),
    (0x1100, 0x11FF, "ko"), (0x3130, 0x318F, "ko"), (0xAC00, 0xD7AF, "ko"),
    (0x3400, 0x4DBF, "zh"), (0x4E00, 0x9FFF, "zh"), (0xF900, 0xFAFF, "zh"),
    (0x20000, 0x2FA1F, "zh"),
)  # fmt: skip

_SMALL_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the and of to in was his he that it with said is you for had not but she they from",
        "de": "der die und das ein eine nicht zu den mit sich war er sie es ist dem von auf sagte",
        "fr": "le la les et un une des est que qui dans il elle pas pour sur avec du était dit",
        "es": "el la los las y un una que en no se por con su para es del dijo era al lo",
        "it": "il lo la gli e un una che di non per si con del era disse è nel della i",
        "pt": "o a os as e um uma que de não se por com para do da era disse no na em",
        "nl": "de het een en van was dat niet hij zij in op te met zei voor ze is er",
        "sv": "och att det en ett som på är av för med den till var inte han hon sade",
        "da": "og at det en et som på er af for med den til var ikke han hun sagde",
        "pl": "i w nie na się z do że to jest był a jak po ale powiedział go jego co",
        "cs": "a v na se že je to byl s z do ale jako řekl si tak po jsem co",
        "tr": "bir ve bu da de için ile çok ne ama gibi dedi o kadar daha sonra",
        "ro": "și un o de la în cu că nu pe a fost care din spus el ea lui mai",
        "hu": "a az és hogy nem egy is volt de ez meg azt mondta csak már ha el",
        "fi": "ja on ei se hän että oli kun niin mutta sanoi ovat mikä joka myös",
        "id": "yang dan di itu dengan untuk tidak dari ini dalam akan pada dia kata ke",
        "vi": "và của là một không có được người cho trong đã với này nói thì",
        "la": "et in est non ad cum ut sed quod qui ex esse erat autem dixit",
    }.items()
}
_SAMPLE = 20_000
_NEARLY_LATIN = ("FEMININE ORDINAL", "MASCULINE ORDINAL", "MICRO SIGN", "KATAKANA", "HIRAGANA",
                 "HANGUL", "CJK", "ANGSTROM", "KELVIN")  # fmt: skip
"""Letters beside the ranges above that are read as those are."""


def script_language(text: str) -> str | None:
    """The language that the text's script points to, or None for Latin and letterless text."""
    counts: Counter[str] = Counter()
    for character in text[:_SAMPLE]:
        point = ord(character)
        if character.isalpha():
            counts[_language_of(point)] += 1
    if not counts:
        return None
    language, _ = counts.most_common(1)[0]
    if counts["ja"] and language in ("zh", "ja"):
        return "ja"
    if language == "ru" and re.search("[іїєґІЇЄҐ]", text[:_SAMPLE]):
        return "uk"
    if language == "ar" and re.search("[پچگژ]", text[:_SAMPLE]):
        return "fa"
    return language or None


def _language_of(point: int) -> str:
    for first, last, language in _SCRIPTS:
        if first <= point <= last:
            return language
    return ""


def unknown_script(text: str) -> str | None:
    """The name of the script in which most of the text is written, where no voice knows it."""
    known, unknown = 0, Counter[str]()
    for character in text[:_SAMPLE]:
        if not character.isalpha() or unicodedata.category(character) == "Lm":
            continue
        name = unicodedata.name(character, "UNKNOWN")
        if _language_of(ord(character)) or "LATIN" in name or name.startswith(_NEARLY_LATIN):
            known += 1
        else:
            unknown[name.split()[0].split("-")[0].capitalize()] += 1
    return unknown.most_common(1)[0][0] if unknown.total() > known else None


def guess_language(text: str) -> str:
    """An ISO 639-1 code, or `und` where nothing tells."""
    by_script = script_language(text)
    if by_script:
        return by_script
    words = [word.lower() for word in WORD.findall(text[:_SAMPLE])]
    scores = {
        language: sum(word in small for word in words) for language, small in _SMALL_WORDS.items()
    }
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] >= max(1, len(words) // 25) else UNKNOWN


def small_words(language: str = "") -> frozenset[str]:
    """The small words of a language; without one, of all that are known."""
    if language:
        return _SMALL_WORDS.get(language, frozenset())
    return frozenset().union(*_SMALL_WORDS.values())
