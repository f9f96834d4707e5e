"""What films refuse."""

from app.core.errors import Refusal


class UnderWay(Refusal):
    """The same is being made at this moment."""

    status, code = 409, "under_way"


class CircularRelationship(Refusal):
    """Somebody would be above themselves."""

    status, code = 409, "circular_relationship"


class TooManyScenes(Refusal):
    """More scenes would have to change than go in one transaction."""

    status, code = 409, "too_many_scenes"
