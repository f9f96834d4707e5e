"""AAC packets in their ADTS envelopes (ISO/IEC 14496-3, 1.A.2.2)."""

from collections.abc import Iterator

_HEADER = 7
_HEADER_WITH_CHECKSUM = 9


def packets(stream: bytes) -> Iterator[tuple[int, int]]:
    """Where each packet's payload begins and ends. Raises ValueError where the stream is broken."""
    position = 0
    while position < len(stream):
        head = stream[position : position + _HEADER]
        if len(head) < _HEADER or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            raise ValueError(f"there is no AAC packet at byte {position}")
        length = (head[3] & 0x03) << 11 | head[4] << 3 | head[5] >> 5
        start = _HEADER if head[1] & 0x01 else _HEADER_WITH_CHECKSUM
        if length <= start or position + length > len(stream):
            raise ValueError(f"the AAC packet at byte {position} is cut off")
        yield position + start, position + length
        position += length
