"""What a media file is, read from its content; runs inside the limited probing process."""

from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from app.library.types import HEAD_BYTES, decoded_text, is_markup, text_type, type_of
from workers.render.errors import Unreadable
from workers.render.facts import TechnicalData
from workers.render.sources import CONTAINER_OPTIONS
from workers.render.stills import LARGEST_PIXELS, open_image
from workers.render.technical_shape import check_single, check_word_document
from workers.render.technical_text import read_captions

LONGEST_SECONDS = 7 * 24 * 3600
"""What a header promises beyond this is a lie."""
_SIDEWAYS = range(5, 9)
_ORIENTATION = 0x0112
"""The EXIF tag; its values 5 to 8 turn a picture by a quarter (EXIF 2.32, 4.6.4)."""
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


def read_technical_data(path: Path, *, decode: bool = True) -> TechnicalData:
    """What the file is, proven by decoding the beginning of it (a picture: all of it).

    Without `decode` a picture is taken by its header: for who decodes it right afterwards.

    Raises:
        Unreadable: it is empty, damaged, a playlist, a page, two things at once, or of no known
            kind.
    """
    head, size = _beginning(path)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_PLAYLISTS):
        raise Unreadable(f"{path.name} is a playlist; give the media file itself.")
    document = _read_document(path, head, size)
    if document is not None:
        return document
    check_single(path)
    seems = type_of(head)
    try:
        return _read_picture(path, size, decode=decode)
    except Unreadable as no_picture:
        if "is not a picture" not in str(no_picture):
            raise
    if seems is not None and seems.kind == "image":
        raise Unreadable(f"{path.name} begins like a picture, and is none: it is damaged.")
    return _read_container(path, size, head)


def _beginning(path: Path) -> tuple[bytes, int]:
    """The first bytes of a plain file, and its size. Raises Unreadable."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise Unreadable(f"{path.name} is not a plain file.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise Unreadable(f"{path.name} can't be opened: {error.strerror}.") from None
    if not head:
        raise Unreadable(f"{path.name} is empty.")
    return head, size


def _read_document(path: Path, head: bytes, size: int) -> TechnicalData | None:
    """The facts of a text or document, or None where it is neither. Raises Unreadable."""
    if head.startswith(b"%PDF-"):
        return TechnicalData(kind="document", mime_type="application/pdf", size_bytes=size)
    if head.startswith(b"PK\x03\x04"):
        if check_word_document(path):
            return TechnicalData(kind="document", mime_type=_WORD, size_bytes=size)
        return None
    text = decoded_text(head, is_all=size <= len(head))
    if text is None:
        return None
    if is_markup(text):
        raise Unreadable(f"{path.name} is a page or drawing in markup, which may hold programs.")
    mime_type = text_type(text)
    if mime_type == "text/plain":
        return TechnicalData(kind="document", mime_type=mime_type, size_bytes=size)
    captions = read_captions(path)
    return TechnicalData(
        kind="document",
        mime_type=mime_type,
        size_bytes=size,
        duration=captions.duration,
        language=captions.language,
        cues=captions.cues,
    )


def _read_picture(path: Path, size: int, *, decode: bool) -> TechnicalData:
    with open_image(path) as image:
        try:
            if decode:
                image.load()
            width, height = image.size
            if image.getexif().get(_ORIENTATION) in _SIDEWAYS:
                width, height = height, width
        except MemoryError:
            raise Unreadable(f"{path.name} is too large to be opened; scale it down.") from None
        except (OSError, ValueError, SyntaxError) as error:
            raise Unreadable(f"{path.name} is damaged: {error}") from None
        return TechnicalData(
            kind="image",
            mime_type=Image.MIME.get(image.format or "", "application/octet-stream"),
            size_bytes=size,
            codec=(image.format or "").lower() or None,
            width=width,
            height=height,
        )


def _read_container(path: Path, size: int, head: bytes) -> TechnicalData:
    try:
        with av.open(str(path.absolute()), options=CONTAINER_OPTIONS) as container:
            return _describe(container, path, size, head)
    except av.InvalidDataError:
        raise Unreadable(f"{path.name} is damaged, or of a kind that is not taken.") from None
    except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
        raise Unreadable(f"{path.name} can't be read: {words_of(error)}") from None


def words_of(error: Exception) -> str:
    """What an error says, without the path that decoders add to it."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{said}."


def _describe(container: InputContainer, path: Path, size: int, head: bytes) -> TechnicalData:
    video = next(
        (s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None
    )
    audio = next(iter(container.streams.audio), None)
    main = video or audio
    # A stream without a decoder has no codec context, whatever the types of PyAV say.
    if main is None or getattr(main, "codec_context", None) is None:
        raise Unreadable(f"{path.name} has neither picture nor sound that can be decoded.")
    main.codec_context.thread_count = 1  # threads would read many frames before giving the first
    if video is not None and video.codec_context.width * video.codec_context.height > (
        LARGEST_PIXELS
    ):
        raise Unreadable(f"{path.name} promises a picture that is far too large.")
    duration = _duration(container, main, path)
    if duration is not None and not 0 <= duration <= LONGEST_SECONDS:
        raise Unreadable(f"{path.name} promises to last longer than a week.")
    frame = next(container.decode(main), None)
    if frame is None:
        raise Unreadable(f"{path.name} holds nothing that can be decoded.")
    width, height = (frame.width, frame.height) if isinstance(frame, VideoFrame) else (None, None)
    if isinstance(frame, VideoFrame) and frame.rotation % 180:
        width, height = height, width
    rate = video.average_rate if video is not None else None
    return TechnicalData(
        kind="audio" if video is None else "video",
        mime_type=_mime_type(container.format.name, video is not None, head),
        size_bytes=size,
        codec=main.codec_context.name,
        width=width,
        height=height,
        duration=duration,
        fps=round(float(rate), 3) if rate is not None else None,
        frames=video.frames or None if video is not None else None,
        bitrate=container.bit_rate or (round(size * 8 / duration) if duration else None),
        audio_codec=audio.codec_context.name if audio is not None else None,
        sample_rate=audio.codec_context.sample_rate if audio is not None else None,
        channels=audio.codec_context.channels if audio is not None else None,
    )


def _duration(
    container: InputContainer, stream: VideoStream | AudioStream, path: Path
) -> float | None:
    """Seconds from the header, or else from the packets themselves."""
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    if stream.duration and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    # Opened once more, for not every format finds back to its beginning.
    with av.open(str(path.absolute()), options=CONTAINER_OPTIONS) as again:
        ends = [
            float((packet.pts + (packet.duration or 0)) * packet.time_base)
            for packet in again.demux(again.streams[stream.index])
            if packet.pts is not None and packet.time_base is not None
        ]
    return max(ends, default=None)


def _mime_type(format_name: str, has_picture: bool, head: bytes) -> str:
    name = format_name.split(",")[0]
    if name == "matroska" and has_picture and b"webm" in head[:64]:
        return "video/webm"
    if name == "mov" and head[4:12] == b"ftypqt  ":
        return "video/quicktime"
    types = _VIDEO_TYPES if has_picture else _AUDIO_TYPES
    return types.get(name, f"{'video' if has_picture else 'audio'}/x-{name}")
