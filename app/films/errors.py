"""Why something about a film cannot be done."""

from app.core.errors import Refusal


class OtherVersion(Refusal):
    """The content is not the one that the request is based on: look at it again."""

    status, code = 409, "changed_meanwhile"


class UnusableScript(Refusal):
    """The text is no screenplay: nothing happens in it, or more than an episode can hold."""

    status, code = 422, "unusable_script"


class NoFilmInStory(Refusal):
    """No film can be made of the text."""

    status, code = 422, "unusable_story"


class TooManyEpisodes(Refusal):
    """A project has at most fifty episodes."""

    status, code = 422, "too_many_episodes"


class NotAllScenes(Refusal):
    """An order names every scene of the episode, each of them once."""

    status, code = 422, "not_all_scenes"


class NoSuchLine(Refusal):
    """A scene is split before one of its lines, but not before the first."""

    status, code = 422, "no_such_line"


class UnderWay(Refusal):
    """The same is being made at this moment."""

    status, code = 409, "under_way"


class CircularRelationship(Refusal):
    """Somebody would be above themselves."""

    status, code = 409, "circular_relationship"


class TooManyScenes(Refusal):
    """More scenes would have to change than go in one transaction."""

    status, code = 409, "too_many_scenes"


class NoComments(Refusal):
    """The link lets its guests look, and not say anything."""

    status, code = 403, "no_comments"


class TooManyComments(Refusal):
    """So much has been said about it that nobody reads it; delete some, or make a new link."""

    status, code = 409, "too_many_comments"


class ProjectTooLarge(Refusal):
    """The project holds more than is copied or exported at once."""

    status, code = 422, "project_too_large"
