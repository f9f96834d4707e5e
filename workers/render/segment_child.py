"""A rendering process: `python -m workers.render.segment_child`.

It reads jobs from its standard input, one JSON object a line, and answers on its standard output:
`{"frames": n}` while pictures are encoded, then `{"done": true}` or `{"error": "one sentence"}`.
What was found out is in the file that the job names. Everything it starts belongs to its process
group, and is as limited as itself.
"""

import json
import sys
from typing import Any

from pydantic import BaseModel, TypeAdapter

from workers.render import sound_job
from workers.render.encoding import disk_trouble
from workers.render.errors import RenderError, Unreadable
from workers.render.jobs import (
    DecodeJob,
    Job,
    JoinJob,
    LosslessJob,
    MeasureJob,
    PictureJob,
    ShapeJob,
)
from workers.render.join_job import join, shape
from workers.render.limits import MEBIBYTE, confine
from workers.render.painter import StillShelf
from workers.render.picture_job import make_picture

_MEMORY = 640 * MEBIBYTE
_CPU_SECONDS = 8 * 3600
_JOB: TypeAdapter[Job] = TypeAdapter(Job)


def _answer(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def _done(job: Job, shelf: StillShelf) -> BaseModel:
    match job:
        case PictureJob():
            return make_picture(job, shelf, lambda frames: _answer(frames=frames))
        case DecodeJob():
            return sound_job.decode(job)
        case MeasureJob():
            return sound_job.measure(job)
        case LosslessJob():
            return sound_job.write_lossless(job)
        case ShapeJob():
            return shape(job)
        case JoinJob():
            return join(job)
        case _:
            return sound_job.make_sound(job)


def _work(line: str, shelf: StillShelf) -> None:
    job = _JOB.validate_json(line)
    try:
        facts = _done(job, shelf)
        partial = job.facts.with_suffix(".facts")
        partial.write_text(facts.model_dump_json(), encoding="utf-8")
        partial.replace(job.facts)
    except (RenderError, Unreadable) as error:
        _answer(error=str(error))
    except MemoryError:
        _answer(
            error="The pictures or sounds need more memory than a render may; use smaller ones."
        )
    except OSError as error:
        _answer(error=str(disk_trouble(error)))
    else:
        _answer(done=True)


def main() -> int:
    """Answer jobs until there are no more."""
    confine(memory=_MEMORY, cpu_seconds=_CPU_SECONDS)
    shelf = StillShelf()
    for line in sys.stdin:
        _work(line, shelf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
