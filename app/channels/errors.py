"""Why a job of a channel cannot do what it is asked to."""

from app.core.errors import Refusal


class NotComplete(Refusal):
    """Twenty tracks and twenty images are needed, paired and as long as the video shall be."""

    status, code = 422, "not_complete"


class NoSuchTrack(Refusal):
    """The job has no track or image with this `order_index`, or it is named twice."""

    status, code = 422, "no_such_track"
