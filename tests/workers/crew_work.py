"""Functions that the crew is asked to call."""

import os
import time


class Peculiar(Exception):
    """Made of two numbers, and told as one text: pickle cannot make it again."""

    def __init__(self, part: int, whole: int) -> None:
        super().__init__(f"{part} of {whole}")


def joined(*words: str, between: str = " ") -> str:
    return between.join(words)


def reversed_bytes(content: bytes) -> bytes:
    return content[::-1]


def failing(error: Exception) -> None:
    raise error


def peculiar() -> None:
    raise Peculiar(1, 2)


def slow(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def ending() -> None:
    os._exit(1)
