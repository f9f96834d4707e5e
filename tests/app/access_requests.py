"""What every route is asked: a request that would be right, if whoever asks it may."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin
from urllib.parse import parse_qsl, urlsplit

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.api import PREFIX, RESOURCES
from app.core.answer import dumps
from app.films.review_links import ReviewLinks
from app.library.links import Links
from app.production.templates.models import BUILT_IN
from documents.base import Reference, mark
from documents.reviews import ReviewLink
from documents.uploads import MediaLink
from documents.values import Id
from tests.app.access_world import (
    CAUSE,
    FUTURE,
    INVITATION,
    PASSWORD,
    RESET,
    VERIFICATION,
    Studio,
)
from tests.app.support import TOKEN_KEY
from tests.factories.records import made_up, valid

NOT_WALKED: Final = {
    "/openapi.json",
    "/docs",
    "/docs/oauth2-redirect",
    "/docs/assets",
    "/redoc",
    f"{PREFIX}/live",
}
"""Pages for everybody, and the WebSocket: who it lets in and what it tells them is decided message
by message (tests/app/live/test_websocket.py), by the rules of the routes that are walked."""
SEGMENTS: Final = {each.path: each.model.collection_name() for each in RESOURCES} | {
    "auth/sessions": "login_sessions"
}
Given = Callable[[Studio], dict[str, Any]]


def _fresh(studio: Studio) -> str:
    """An address that no studio before this one has sent a mail to."""
    return f"guest-{studio.world.owner.id}@example.com"


TEMPLATE: Final = {"name": "greeting", "app": "tests", "template": "Hello!", "model": BUILT_IN[0]}
BODIES: Final[Mapping[str, Given]] = {
    "create_uploads": lambda _: {"by": "api"},
    "create_upload_links": lambda _: {"parts": []},
    "import_media": lambda _: {"url": "https://example.com/fox.png"},
    "refresh_stale_media": lambda studio: {"media_ids": [studio.ids["media"]]},
    "archive_media": lambda studio: {"ids": [studio.ids["media"]]},
    "swap_video_job_material": lambda _: {"items": [{"kind": "track", "order_index": 1}]},
    "write_video_job_prompts": lambda _: {"prompts": {}},
    "login": lambda studio: {"email": studio.world.owner.email, "password": PASSWORD},
    "refresh": lambda studio: {"refresh_token": studio.refresh_token},
    "register": lambda studio: {"email": _fresh(studio), "name": "New", "password": PASSWORD},
    "change_password": lambda _: {"current_password": PASSWORD, "new_password": PASSWORD + "!"},
    "change_email": lambda studio: {"email": _fresh(studio), "password": PASSWORD},
    "close_account": lambda _: {"password": PASSWORD},
    "forgot_password": lambda studio: {"email": studio.world.owner.email},
    "reset_password": lambda _: {"token": RESET, "password": PASSWORD},
    "verify_email": lambda _: {"token": VERIFICATION},
    "accept_invitation": lambda _: {"token": INVITATION},
    "decline_invitation": lambda _: {"token": INVITATION},
    "administer_user": lambda _: {"tier": "pro"},
    "search_media": lambda _: {"text": "fox", "mode": "text"},
    "invite": lambda studio: {"email": _fresh(studio)},
    "change_member": lambda _: {"role": "viewer"},
    "create_api_keys": lambda studio: {
        "workspace_id": studio.world.workspace.id,
        "name": "Export",
        "scopes": ["read:*"],
    },
    "create_prompt_template": lambda _: TEMPLATE,
    "import_prompt_templates": lambda _: {"items": [TEMPLATE]},
    "render_prompt_template": lambda studio: {"template_id": studio.ids["prompt_templates"]},
    "retry_failures": lambda _: {"cause": CAUSE},
    "discard_failures": lambda _: {"cause": CAUSE},
    "add_project_collaborator": lambda studio: {"user_id": studio.world.stranger.id},
    "order_project_episodes": lambda studio: {"episode_ids": [studio.world.episode.id]},
    "create_webhooks": lambda _: {"url": "https://example.com/hook"},
    "create_episodes": lambda _: {"episode_number": 9},
    "create_scenes": lambda _: {"scene_number": 9},
    "write_script": lambda _: {"content": "INT. DEN - DAY\n\nThe fox wakes."},
    "restore_script": lambda _: {"version": 1},
    "order_scenes": lambda studio: {"scene_ids": [studio.ids["scenes"]]},
    "split_scene": lambda _: {"at_line": 1},
    "take_scene_again": lambda _: {"panels": [1]},
    "choose_scene_take": lambda _: {"number": 1},
    "choose_panel_take": lambda _: {"number": 1},
    "refresh_project": lambda studio: {"media_ids": [studio.ids["media"]]},
    "develop_project": lambda _: {"text": "A fox learns to paint."},
    "create_performance_metrics": lambda _: {"date": "2026-03-04"},
}
"""What of a body cannot be made up from its schema."""
QUERIES: Final[Mapping[str, Given]] = {
    "list_media_trash": lambda studio: {"workspace_id": studio.world.workspace.id},
    "follow_media_link": lambda studio: _link_query(studio),
    "check_media_link": lambda studio: _link_query(studio),
    "verify_audit": lambda studio: {"workspace_id": studio.world.workspace.id},
    "read_cost_per_minute": lambda studio: {"project_id": studio.world.project.id},
    "diff_prompt_templates": lambda studio: {"with": studio.ids["prompt_templates"]},
    "diff_script": lambda _: {"from": 1, "to": 1},
    "export_prompt_templates": lambda studio: {"workspace_id": studio.world.workspace.id},
    "import_prompt_templates": lambda studio: {"workspace_id": studio.world.workspace.id},
    **dict.fromkeys(
        (
            *("read_review", "read_review_media", "check_review_media"),
            *("list_review_comments_of_link", "create_review_comment_of_link"),
        ),
        lambda studio: _review_query(studio),
    ),
    "live_events": lambda studio: {"subscribe": f"projects:{studio.world.project.id}"},
}
PARAMETERS: Final[Mapping[str, Given]] = {
    **dict.fromkeys(
        ("read_review", "list_review_comments_of_link", "create_review_comment_of_link"),
        lambda studio: {"id": studio.ids["review_links"]},
    ),
    **dict.fromkeys(
        ("read_review_media", "check_review_media"),
        lambda studio: {"id": studio.ids["review_links"], "media_id": studio.ids["media"]},
    ),
    "remove_project_collaborator": lambda studio: {
        "id": studio.world.project.id,
        "user_id": studio.world.collaborator.id,
    },
    "follow_media_link": lambda studio: {"id": studio.ids["media_links"], "filename": "fox.png"},
    "check_media_link": lambda studio: {"id": studio.ids["media_links"], "filename": "fox.png"},
    "act_on_video_job": lambda _: {"verb": "plan"},
    "relate_characters": lambda studio: {"other_id": studio.spare["characters"]},
    "part_characters": lambda studio: {"other_id": studio.spare["characters"]},
    "write_video_analytics": lambda _: {"day": "2026-03-04"},
    "restore_user": lambda studio: {"id": studio.closed},
    "read_media_derivative": lambda _: {"name": "poster"},
    "list_workspace_api_keys": lambda studio: {"id": studio.world.workspace.id},
}


def _link_query(studio: Studio) -> dict[str, Any]:
    """What a genuine link to the studio's file has in its address."""
    link = valid(MediaLink, _id=studio.ids["media_links"], expires_at=FUTURE)
    address = Links([TOKEN_KEY.encode()]).address(link, "fox.png", "http://test")
    return dict(parse_qsl(urlsplit(address).query))


def _review_query(studio: Studio) -> dict[str, Any]:
    """The same of a link by which guests review the studio's episode."""
    link = valid(ReviewLink, _id=studio.ids["review_links"], expires_at=FUTURE)
    return dict(parse_qsl(ReviewLinks([TOKEN_KEY.encode()]).query(link)))


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, without who asks."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    record: str | None
    """The id of the record that it is about, or that a list should show."""


@dataclass(frozen=True, slots=True)
class Route:
    """A route and one of its methods."""

    method: str
    path: str
    operation: str
    line: str
    body: Any
    """The class of its body, if it needs one."""

    @property
    def name(self) -> str:
        """As the table shows it."""
        return f"{self.method} {self.path.removeprefix(PREFIX)}"

    def asked(self, studio: Studio) -> Asked:
        """A good request."""
        own, special = self._own_id(studio), BODIES.get(self.operation.removeprefix("bulk_"), _none)
        body: dict[str, Any] | None = special(studio) or None
        if self.body is not None:
            body = _body(self.body, own, studio, special(studio))
        query = {n: str(v) for n, v in QUERIES.get(self.operation, _none)(studio).items()}
        address, sent = self._address(studio), json.loads(dumps(body))
        return Asked(self.method, address, query, sent, None if own is None else str(own))

    def _own_id(self, studio: Studio) -> Id | None:
        """The record that the path is about."""
        inside = self.path.removeprefix(f"{PREFIX}/")
        named = [each for each in SEGMENTS if inside == each or inside.startswith(f"{each}/")]
        if not named:
            return None
        collection = SEGMENTS[max(named, key=len)]
        if self.operation.startswith(("delete_", "bulk_delete_")) and collection in studio.spare:
            return studio.spare[collection]
        return studio.ids[collection]

    def _address(self, studio: Studio) -> str:
        world = studio.world
        values = {
            "id": self._own_id(studio),
            "user_id": world.editor.id,
            "owner_id": world.project.id,
            "collection": "projects",
            "verb": "hold",
            "label": "production",
            "number": 1,
            **PARAMETERS.get(self.operation, _none)(studio),
        }
        return re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), self.path)


def routes(app: FastAPI) -> Iterator[Route]:
    """Every route of the application but those not walked, in the order of their lines."""
    found = [each for each in _contexts(app) if each.path not in NOT_WALKED]
    lines: dict[str, list[Route]] = {}
    for context in found:
        line = str((context.tags or ["operations"])[0])
        for method in sorted(context.methods or ()):
            route = Route(method, str(context.path), _operation(context), line, _needed(context))
            lines.setdefault(line, []).append(route)
    for each in lines.values():
        yield from each


def unwalked(app: FastAPI) -> set[str]:
    """The paths that `routes` leaves out."""
    return {str(each.path) for each in _contexts(app)} & NOT_WALKED


def _contexts(app: FastAPI) -> list[RouteContext]:
    return [*iter_route_contexts(app.routes)]


def _operation(context: RouteContext) -> str:
    return str(getattr(context, "operation_id", None) or context.path)


def _needed(context: RouteContext) -> Any:
    field = getattr(context.original_route, "body_field", None)
    if field is None or not field.field_info.is_required():
        return None
    return field.field_info.annotation


def _none(_: Studio) -> dict[str, Any]:
    return {}


def _body(
    kind: type[BaseModel], own: Id | None, studio: Studio, special: Mapping[str, Any]
) -> dict[str, Any]:
    """What the class requires; references name the records of the studio."""
    body: dict[str, Any] = {}
    for name, info in kind.model_fields.items():
        if items := _items(info):
            body[name] = [_body(items, own, studio, special)]
        elif name in special:
            body[name] = special[name]
        elif name == "workspace_id":
            body[name] = studio.world.workspace.id
        elif info.is_required():
            body[name] = [own] if name == "ids" else _value(name, info, studio)
    return body


def _items(info: FieldInfo) -> type[BaseModel] | None:
    """The class of the items of a required list of models."""
    inner = get_args(info.annotation)
    if not info.is_required() or get_origin(info.annotation) is not list:
        return None
    return inner[0] if isinstance(inner[0], type) and issubclass(inner[0], BaseModel) else None


def _value(name: str, info: FieldInfo, studio: Studio) -> Any:
    reference = mark(info, Reference)
    if reference is None:
        return made_up(name, info)
    key = studio.world.owner.id if reference.to == "users" else studio.ids[reference.to]
    return [key] if get_origin(info.annotation) is list else key
