"""The licence of a track, kept as a document of the library beside it."""

import asyncio

from documents.channels import AudioTrack, VideoJob
from documents.library import Media
from documents.values import now
from workers.jobs.channels.materials import of_job
from workers.jobs.intake import take_in
from workers.runtime.context import Context

LOCAL = """The music was composed on the machine of this installation, by rules, without samples and
without a trained model. Nobody else has a right in it: whoever runs the installation may use,
change, publish and sell it, everywhere and for ever, without naming anybody."""
LIBRARY = """The music was taken from the library of the workspace. Its licence is whatever was
agreed for that file; keep it beside the file."""
OUTSIDE = """The music was made by {provider}. Its licence is that of the contract with {provider}
under which the call was made; keep the contract beside this document."""


async def licence_of(context: Context, job: VideoJob, track: AudioTrack, media: Media) -> Media:
    """The document that says who made the track and what may be done with it; not written yet."""
    path = context.folder / f"licence-{track.order_index:02}.txt"
    text = licence_text(track, media)
    await asyncio.to_thread(path.write_text, text, encoding="utf-8")
    description = f"Licence of track {track.order_index} of {job.niche_label}"
    document = await take_in(
        context,
        path,
        "license_document",
        description=description,
        tags=["licence"],
        inputs=[media.id],
        take=track.take,
        prefix=job.prefix,
    )
    return of_job(document, job)


def licence_text(track: AudioTrack, media: Media) -> str:
    """What the document says."""
    made = media.generation_metadata
    maker = made.provider if made and made.provider else None
    if maker is None or not media.agent_generated:
        terms = LIBRARY
    elif maker == "local":
        terms = LOCAL
    else:
        terms = OUTSIDE.format(provider=maker)
    model = f" ({made.model_version})" if made and made.model_version else ""
    lines = [
        f"Licence of track {track.order_index}",
        "",
        f"Made by: {maker or 'unknown'}{model}",
        f"File: SHA-256 {media.sha256}",
        f"Asked for: {track.prompt_text}",
        f"Written: {now():%Y-%m-%d}",
        "",
        terms,
    ]
    return "\n".join(lines) + "\n"
