"""What decides a job's files: for the tasks that make them, and to see what is out of date."""

from collections.abc import Sequence
from typing import Any

from app.channels.album import description, placed, track_title, video_title
from app.library.recipes import recipe_of
from documents.channels import TRACKS_PER_VIDEO, AudioTrack, BackgroundImage, VideoJob


def wanted_seconds(job: VideoJob, track: AudioTrack) -> float:
    """How long the file has to be: as planned, and a little to be heard into the next track."""
    overlap = job.crossfade_seconds if track.order_index < TRACKS_PER_VIDEO else 0
    return (track.planned_seconds or 0) + overlap


def of_track(job: VideoJob, track: AudioTrack) -> str:
    """What decides how a track sounds."""
    values = {
        "provider": track.provider,
        "prompt": track.prompt_text,
        "tempo": track.tempo,
        "seconds": wanted_seconds(job, track),
    }
    return recipe_of("channels.track", values)


def of_image(job: VideoJob, image: BackgroundImage) -> str:
    """What decides how a picture looks."""
    values = {
        "provider": image.provider,
        "prompt": image.prompt_text,
        "mood": job.mood_keywords.partition(",")[0].strip(),
        "size": job.resolution,
    }
    return recipe_of("channels.image", values)


def of_video(job: VideoJob, tracks: Sequence[AudioTrack], images: Sequence[BackgroundImage]) -> str:
    """What decides the film."""
    album: list[dict[str, Any]] = [
        {"media": each.media_id, "place": [*place], "title": track_title(each)}
        for each, place in zip(tracks, placed(job, tracks), strict=True)
    ]
    values = {
        "title": video_title(job),
        "size": job.resolution,
        "crossfade": job.crossfade_seconds,
        "visualizer": job.visualizer,
        "tracks": album,
        "images": [each.media_id for each in images],
    }
    return recipe_of("channels.video", values)


def of_thumbnail(images: Sequence[BackgroundImage]) -> str:
    """What decides the thumbnail: the first picture."""
    return recipe_of("channels.thumbnail", {"image": images[0].media_id if images else None})


def of_description(job: VideoJob, channel_name: str, tracks: Sequence[AudioTrack]) -> str:
    """What decides the text below the film: all of its words."""
    return recipe_of("channels.description", {"text": description(job, channel_name, tracks)})
