"""One record of every collection in one studio, and everybody who may ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

import bcrypt

from app.identity.refreshing import Caller, new_sign_in
from app.identity.secrets import digest
from app.identity.service import KEY_MARK
from documents.base import Record, StoredDocument
from documents.films import Character, Episode, Project
from documents.identity import ApiKey, Invitation, LoginSession, OneTimeToken, User
from documents.library import Derivative, Media
from documents.production import PromptTemplate, Task, WebsocketConnection
from documents.references import EACH, references
from documents.registry import COLLECTIONS, MODELS
from documents.requests import IdempotentRequest
from documents.reviews import ReviewLink
from documents.scenes import Scene
from documents.store import Store
from documents.uploads import MediaLink, Usage
from documents.values import Id, now
from tests.app.support import World, as_
from tests.factories import valid

WHO: Final = (
    *("nobody", "stranger", "viewer", "editor", "owner"),
    *("collaborator", "admin", "key without the scope"),
)
PASSWORD: Final = "correct horse battery"
PASSWORD_HASH: Final = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
KEY: Final = f"{KEY_MARK}narrowed_key"
TENANT: Final = ("workspace_id", "project_id", "created_by", "user_id")
VERIFICATION: Final = "the token of a verification mail"
RESET: Final = "the token of a reset mail"
FUTURE: Final = datetime(2100, 1, 1, tzinfo=UTC)
CAUSE: Final = "failed: The model is busy."
INVITATION: Final = "the token of an invitation"


@dataclass(slots=True)
class Studio:
    """A store in a known state, to which it can be put back."""

    store: Store
    world: World
    ids: dict[str, Id]
    """The record of each collection that requests are about."""
    headers: dict[str, dict[str, str]]
    """How each of `WHO` asks."""
    refresh_token: str
    closed: Id
    """An account that was closed."""
    spare: dict[str, Id] = field(default_factory=dict)
    """Records that nothing hangs on, to be deleted in the place of the others."""
    _documents: dict[str, list[StoredDocument]] = field(default_factory=dict)
    _hashes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    async def made(cls, store: Store) -> Self:
        """The studio in an empty store."""
        world = await World.made()
        await User.collection().update_many({}, {"$set": {"password_hash": PASSWORD_HASH}})
        closed = await valid(User, deleted_at=now(), email="closed@example.com").insert()
        ids = {name: Id() for name in COLLECTIONS} | {
            "users": world.collaborator.id,
            "workspaces": world.workspace.id,
            "projects": world.project.id,
            "episodes": world.episode.id,
            "characters": world.character.id,
            "scenes": world.scene.id,
            "media": world.media.id,
        }
        opened = new_sign_in(world.owner.id, Caller("127.0.0.1", "test"), timedelta(days=1))
        ids[LoginSession.collection_name()] = opened.session.id
        await opened.session.insert()
        headers = {"nobody": {}, WHO[-1]: {"Authorization": f"Bearer {KEY}"}}
        headers |= {who: as_(getattr(world, who)) for who in WHO[1:-1]}
        studio = cls(store, world, ids, headers, str(opened.token), closed.id)
        await studio._fill()
        await studio.remember()
        return studio

    async def remember(self) -> None:
        """What is there now is the state to which it is put back."""
        for name in COLLECTIONS:
            self._documents[name] = await self.store.database[name].find().to_list()
        self._hashes = await self._hashed()

    async def changed(self) -> set[str]:
        """The collections that are not as they were."""
        hashes = await self._hashed()
        return {name for name in hashes.keys() | self._hashes.keys() if self._differs(hashes, name)}

    async def restore(self, collections: set[str]) -> None:
        """Put these collections back."""
        for name in collections:
            collection = self.store.database[name]
            await collection.delete_many({})
            if documents := self._documents.get(name):
                await collection.insert_many(documents)

    def _differs(self, hashes: Mapping[str, str], name: str) -> bool:
        return hashes.get(name) != self._hashes.get(name)

    async def _hashed(self) -> Mapping[str, str]:
        answer = await self.store.database.command("dbHash")
        hashes: Mapping[str, str] = answer["collections"]
        return hashes

    async def _fill(self) -> None:
        for model in MODELS:
            collection = model.collection()
            if not await collection.find_one({"_id": self.ids[model.collection_name()]}):
                await self._record(model).insert()
        await self._tokens()
        await self._finish_film()
        poster = Derivative(name="poster", key="poster", mime_type="image/webp").model_dump()
        shown = {"thumbnail_key": "thumbnail", "derivatives": [poster]}
        await Media.collection().update_many({}, {"$set": shown})
        workspace = self.world.workspace.model_copy(update={"id": Id(), "name": "Empty"})
        friends = self._another(Character, **_friend_of(self.world.character.id))
        await Character.collection().update_one(
            {"_id": self.world.character.id}, {"$set": _friend_of(friends.id)}
        )
        for spare in (self._another(Project), self._another(Media), friends, workspace):
            await spare.insert()
            self.spare[spare.collection_name()] = spare.id
        error = {"message": CAUSE, "code": "failed", "cause": CAUSE}
        failed = {"status": "failed", "completed_at": now(), "error": error}
        await self._another(Task, **failed).insert()

    def _another(self, model: type[Record], **given: Any) -> Record:
        return valid(model, **{**self._record(model).stored(), "_id": Id(), **given})

    def _record(self, model: type[Record]) -> Record:
        """A record of this class in the studio, the owner's where it is somebody's."""
        given: dict[str, Any] = {"_id": self.ids[model.collection_name()]}
        for path in references(model):
            top, *more = path.field.steps
            if not (model.model_fields[top].is_required() or top in TENANT):
                continue
            key = self.world.owner.id if path.reference.to == "users" else None
            key = key or self.ids[path.reference.to]
            if more in ([], [EACH]):
                given[top] = [key] if more else key
        about = {"collection": "projects", "id": self.world.project.id}
        given |= {each: about for each in ("subject", "owner") if each in model.model_fields}
        if model is ApiKey:
            given |= {"key_hash": digest(KEY), "scopes": ["read:nothing", "write:nothing"]}
            given["last_used_at"] = now() + timedelta(days=1)  # its use is not noted again
        if model is PromptTemplate:
            given["labels"] = ["production"]
        if model is Usage:
            given["counted_at"] = FUTURE  # else reading it would count anew, and write
        if model in (MediaLink, ReviewLink, IdempotentRequest):
            given["expires_at"] = FUTURE  # else it is over, or the store deletes it meanwhile
        if model is WebsocketConnection:
            given["last_heartbeat_at"] = FUTURE  # else it is given up after a while
        if model is Invitation:
            given |= {"token_hash": digest(INVITATION), "email": self.world.stranger.email}
            given["expires_at"] = now() + timedelta(days=1)
        return valid(model, **given)

    async def _finish_film(self) -> None:
        """The scene has a take of its panel and its film, and waits for a review; the episode's
        film is the studio's file."""
        moment, file = now(), self.world.media.id
        take = {"number": 1, "media_id": file, "made_at": moment}
        panel = {"panel_number": 1, "image_id": file, "takes": [take]}
        shot = {"number": 1, "video_segment_id": file, "made_at": moment}
        whole = valid(
            Scene,
            storyboard={"panels": [panel]},
            production={"status": "reviewing", "takes": [shot], "video_segment_id": file},
        ).stored()
        made = {name: whole[name] for name in ("storyboard", "production")}
        await Scene.advance_one({"_id": self.world.scene.id}, {"$set": made})
        film = {"metadata.final_video_id": self.world.media.id}
        await Episode.advance_one({"_id": self.world.episode.id}, {"$set": film})

    async def _tokens(self) -> None:
        await OneTimeToken.collection().delete_many({})
        for purpose, token in (("verify_email", VERIFICATION), ("reset_password", RESET)):
            await OneTimeToken.model_validate(
                {
                    "user_id": self.world.owner.id,
                    "purpose": purpose,
                    "email": self.world.owner.email,
                    "token_hash": digest(token),
                    "expires_at": now() + timedelta(days=1),
                }
            ).insert()


def _friend_of(key: Id) -> dict[str, Any]:
    """The profile of a character who has this friend."""
    relationship = {"character_id": key, "relationship_type": "friend"}
    return {
        "profile": valid(Character, profile={"relationships": [relationship]}).profile.model_dump()
    }
