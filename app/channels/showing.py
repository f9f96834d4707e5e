"""Records of channels as the plain routes answer them."""

from typing import Final

from app.core.answer import Answer, as_days, public
from app.core.fields import Fields
from documents.base import Record
from documents.channels import (
    AudioTrack,
    BackgroundImage,
    RenderTask,
    VideoAnalytics,
    VideoJob,
)
from documents.publishing import Publication

FIELDS: Final = {
    model.collection_name(): Fields(model)
    for model in (VideoJob, AudioTrack, BackgroundImage, RenderTask, VideoAnalytics, Publication)
}


def fields_of(model: type[Record]) -> Fields:
    """What of the class is answered."""
    return FIELDS[model.collection_name()]


def shown(record: Record) -> Answer:
    """The whole record, but for what is secret or answered on request only."""
    fields = fields_of(type(record))
    return Answer(public(as_days(fields.picked(record.stored()), fields.days)))
