"""What a media file is, read from its content; runs inside the limited probing process."""

import zipfile
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from PIL import Image

from workers.render.errors import Unreadable
from workers.render.facts import TechnicalData
from workers.render.sources import CONTAINER_OPTIONS
from workers.render.stills import open_image

_HEAD = 4096
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?wpl", b"<ASX", b"<asx", b"<MPD")
_AUDIO_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "aac": "audio/aac",
    "mov": "audio/mp4",
    "matroska": "audio/webm",
    "aiff": "audio/aiff",
}
_VIDEO_TYPES = {
    "mov": "video/mp4",
    "matroska": "video/x-matroska",
    "ogg": "video/ogg",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
    "flv": "video/x-flv",
    "asf": "video/x-ms-wmv",
}


def read_technical_data(path: Path) -> TechnicalData:
    """What the file is, proven by decoding the beginning of it (a picture: all of it).

    Raises:
        Unreadable: it is empty, damaged, a playlist, or of no known kind.
    """
    if path.exists() and not path.is_file():
        raise Unreadable(f"{path.name} is not a plain file.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise Unreadable(f"{path.name} can't be opened: {error.strerror}.") from None
    if not head:
        raise Unreadable(f"{path.name} is empty.")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_PLAYLISTS):
        raise Unreadable(f"{path.name} is a playlist; give the media file itself.")
    document = _document_type(path, head)
    if document is not None:
        return TechnicalData(kind="document", mime_type=document, size_bytes=size)
    try:
        return _read_picture(path, size)
    except Unreadable as no_picture:
        if "is not a picture" not in str(no_picture):
            raise
    return _read_container(path, size, head)


def _document_type(path: Path, head: bytes) -> str | None:
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _WORD if _has_word_document(path) else None
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or len(head) < _HEAD:
            return None
        text = head[: error.start].decode("utf-8")
    if any(ord(character) < 9 for character in text):
        return None
    return "text/vtt" if text.startswith("WEBVTT") else "text/plain"


def _has_word_document(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "word/document.xml" in archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def _read_picture(path: Path, size: int) -> TechnicalData:
    with open_image(path) as image:
        try:
            image.load()
        except MemoryError:
            raise Unreadable(f"{path.name} is too large to be opened; scale it down.") from None
        except (OSError, ValueError, SyntaxError) as error:
            raise Unreadable(f"{path.name} is damaged: {error}") from None
        return TechnicalData(
            kind="image",
            mime_type=Image.MIME.get(image.format or "", "application/octet-stream"),
            size_bytes=size,
            codec=(image.format or "").lower() or None,
            width=image.width,
            height=image.height,
        )


def _read_container(path: Path, size: int, head: bytes) -> TechnicalData:
    try:
        with av.open(str(path.absolute()), options=CONTAINER_OPTIONS) as container:
            return _describe(container, path, size, head)
    except av.InvalidDataError:
        raise Unreadable(f"{path.name} is damaged, or of a kind that is not taken.") from None
    except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
        raise Unreadable(f"{path.name} can't be read: {error}") from None


def _describe(container: InputContainer, path: Path, size: int, head: bytes) -> TechnicalData:
    video = next(
        (s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None
    )
    audio = next(iter(container.streams.audio), None)
    main = video or audio
    if main is None:
        raise Unreadable(f"{path.name} has neither picture nor sound.")
    main.codec_context.thread_count = 1  # threads would read many frames before giving the first
    duration = _duration(container, main)
    if next(container.decode(main), None) is None:
        raise Unreadable(f"{path.name} holds nothing that can be decoded.")
    rate = video.average_rate if video is not None else None
    return TechnicalData(
        kind="audio" if video is None else "video",
        mime_type=_mime_type(container.format.name, video is not None, head),
        size_bytes=size,
        codec=main.codec_context.name,
        width=video.codec_context.width if video is not None else None,
        height=video.codec_context.height if video is not None else None,
        duration=duration,
        fps=round(float(rate), 3) if rate is not None else None,
        frames=video.frames or None if video is not None else None,
        bitrate=container.bit_rate or (round(size * 8 / duration) if duration else None),
        audio_codec=audio.codec_context.name if audio is not None else None,
        sample_rate=audio.codec_context.sample_rate if audio is not None else None,
        channels=audio.codec_context.channels if audio is not None else None,
    )


def _duration(container: InputContainer, stream: VideoStream | AudioStream) -> float | None:
    """Seconds from the header, or else from the packets themselves."""
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    if stream.duration and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    ends = [
        float((packet.pts + (packet.duration or 0)) * packet.time_base)
        for packet in container.demux(stream)
        if packet.pts is not None and packet.time_base is not None
    ]
    container.seek(0)
    return max(ends, default=None)


def _mime_type(format_name: str, has_picture: bool, head: bytes) -> str:
    name = format_name.split(",")[0]
    if name == "matroska" and has_picture and b"webm" in head[:64]:
        return "video/webm"
    if name == "mov" and head[4:12] == b"ftypqt  ":
        return "video/quicktime"
    types = _VIDEO_TYPES if has_picture else _AUDIO_TYPES
    return types.get(name, f"{'video' if has_picture else 'audio'}/x-{name}")
