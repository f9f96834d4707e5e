"""From the store's changes to events.

An update names the changed fields only. Where the record belongs, and the whole value of what is
told whole, is remembered per process for the records seen last, and looked up for all unknown
records of a batch together. (Letting the store look up every update costs it half as much again
and this process five times the work, and would show later values than the change made.)
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.core.parts import Collection
from app.live.events import AccessChange, Event, Happening, Place
from app.live.watched import FOLLOWED, PARENTS, WATCHED, Topic, Watched
from documents.base import StoredDocument

REMEMBERED: Final = 20_000
_GONE: Final = object()


@dataclass(slots=True)
class _Known:
    """What has to be known of a record to tell a change of it."""

    place: Place
    kept: StoredDocument


class Translator:
    """Turns batches of changes into events; one for each stream, which it must see in order."""

    def __init__(self, reading: Mapping[str, Collection], remembered: int = REMEMBERED) -> None:
        self._reading, self._remembered = reading, remembered
        self._known: OrderedDict[Topic, _Known] = OrderedDict()

    async def happenings(self, changes: Sequence[StoredDocument]) -> list[Happening]:
        """What the changes mean to clients, in their order. Raises PyMongoError."""
        await self._learn(changes)
        found: list[Happening] = []
        for change in changes:
            watched = WATCHED[change["ns"]["coll"]]
            if watched.access and (access := _access_change(watched, change)):
                found.append(access)
            if watched.fields and (event := self._event(watched, change)):
                found.append(event)
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)
        return found

    async def _learn(self, changes: Sequence[StoredDocument]) -> None:
        """Know the record of every change, as far as it is to be known."""
        born: set[Topic] = set()
        wanted: set[Topic] = set()
        for change in changes:
            topic = _topic(change)
            document = change.get("fullDocument") or change.get("fullDocumentBeforeChange")
            if change["operationType"] == "insert":
                born.add(topic)
            # The state before says where a record belonged, not what a change of a part means.
            elif document is None or change["operationType"] == "update":
                wanted |= {topic} - born - self._known.keys()
            pipeline = (document or {}).get("pipeline_id")
            if pipeline and ("pipelines", pipeline) not in self._known:
                wanted.add(("pipelines", pipeline))
        rows = await self._look_up(wanted - born)
        tasks = [row for topic, row in rows.items() if topic[0] == "tasks"]
        above = {("pipelines", row["pipeline_id"]) for row in tasks if row.get("pipeline_id")}
        rows |= await self._look_up(above - self._known.keys() - rows.keys())
        for topic in sorted(rows, key=lambda each: each[0] == "tasks"):  # pipelines come first
            self._remember(topic, rows[topic])

    async def _look_up(self, topics: Iterable[Topic]) -> dict[Topic, StoredDocument]:
        by_collection: dict[str, list[Any]] = {}
        for name, key in topics:
            if WATCHED[name].fields:
                by_collection.setdefault(name, []).append(key)
        rows: dict[Topic, StoredDocument] = {}
        for name, keys in by_collection.items():
            fields = (*PARENTS, "subject", "created_by", *WATCHED[name].kept)
            query = {"_id": {"$in": keys}}
            async for row in self._reading[name].find(query, dict.fromkeys(fields, 1)):
                rows[name, row["_id"]] = row
        return rows

    def _remember(self, topic: Topic, document: StoredDocument) -> _Known:
        watched = WATCHED[topic[0]]
        kept = {name: document[name] for name in watched.kept if name in document}
        known = _Known(self._place(topic, document), kept)
        self._known[topic] = known
        return known

    def _place(self, topic: Topic, document: StoredDocument) -> Place:
        parents = {name: key for name in PARENTS if (key := document.get(name))}
        topics = [topic, *((PARENTS[name], key) for name, key in parents.items())]
        if subject := document.get("subject"):
            topics.append((subject["collection"], subject["id"]))
        above = parents.get("pipeline_id")
        if above and (pipeline := self._known.get(("pipelines", above))):
            topics += pipeline.place.topics
        scope = {**parents, "_id": topic[1], "created_by": document.get("created_by")}
        if subject:
            scope["subject"] = subject
        followed = dict.fromkeys(each for each in topics if each[0] in FOLLOWED)
        return Place(topic, parents, tuple(followed), scope)

    def _event(self, watched: Watched, change: StoredDocument) -> Event | None:
        match change["operationType"]:
            case "delete":
                return self._deletion(watched, change) if watched.deletions else None
            case "update":
                return self._update(watched, change)
        topic, document = _topic(change), change["fullDocument"]
        data = {name: document[name] for name in watched.fields if name in document}
        verb = "created" if change["operationType"] == "insert" else "updated"
        if document.get("deleted_at") is not None:
            verb, data = "deleted", {}
        return _told(watched, change, self._remember(topic, document).place, verb, data)

    def _deletion(self, watched: Watched, change: StoredDocument) -> Event:
        topic = _topic(change)
        known = self._known.pop(topic, None)
        if known is not None:
            place = known.place
        elif before := change.get("fullDocumentBeforeChange"):
            place = self._place(topic, before)
        else:
            place = Place(topic, {}, (topic,), None)
        return _told(watched, change, place, "deleted", {})

    def _update(self, watched: Watched, change: StoredDocument) -> Event | None:
        topic = _topic(change)
        known = self._known.get(topic)
        if known is None:  # gone before it could be looked up: its end is told as well
            return None
        self._known.move_to_end(topic)
        changed, data = _patch(watched, change, known.kept)
        if "deleted_at" in data:
            moment = data.pop("deleted_at")
            verb = "restored" if moment is None else "deleted"
            return _told(watched, change, known.place, verb, data)
        if not changed:
            return None
        is_progress = changed <= watched.progress
        if is_progress:
            data = {name: known.kept.get(name) for name in watched.progress}
        return _told(watched, change, known.place, "updated", data, is_progress=is_progress)


def _topic(change: StoredDocument) -> Topic:
    return change["ns"]["coll"], change["documentKey"]["_id"]


def _told(
    watched: Watched,
    change: StoredDocument,
    place: Place,
    verb: str,
    data: StoredDocument,
    *,
    is_progress: bool = False,
) -> Event:
    at = change.get("wallTime") or datetime.fromtimestamp(change["clusterTime"].time, UTC)
    return Event.about(
        place,
        cursor=change["_id"]["_data"],
        type=f"{watched.noun}.{verb}",
        at=at,
        data=data,
        is_progress=is_progress,
    )


def _access_change(watched: Watched, change: StoredDocument) -> AccessChange | None:
    if change["operationType"] == "insert":
        return None  # nobody has a view of it yet
    if change["operationType"] == "update":
        paths = [each["k"] for each in change["updated"]]
        paths += [*change["removed"], *(each["field"] for each in change["truncated"])]
        if not any(path.partition(".")[0] in watched.access for path in paths):
            return None
    return AccessChange(change["_id"]["_data"], _topic(change))


def _patch(
    watched: Watched, change: StoredDocument, kept: StoredDocument
) -> tuple[set[str], StoredDocument]:
    """Which shown fields changed, and the merge patch that tells it; follows in `kept`."""
    changed: set[str] = set()
    data: StoredDocument = {}
    steps = [
        *((each["field"], each["newSize"], _cut) for each in change["truncated"]),
        *((each["k"], each["v"], _put) for each in change["updated"]),
        *((path, None, _put) for path in change["removed"]),
    ]
    for path, value, step in steps:
        top = path.partition(".")[0]
        if top == "deleted_at":
            data[top] = value
        elif top in watched.fields:
            changed.add(top)
            step(kept if top in watched.kept else data, path.split("."), value)
    return changed, data | {name: kept.get(name) for name in changed & watched.kept}


def _put(holder: Any, path: list[str], value: Any) -> None:
    """Set what stands at the path; a list grows by what stands right behind its end."""
    *way, last = path
    for name in way:
        if isinstance(holder, list):
            inner = holder[int(name)] if int(name) < len(holder) else _GONE
        else:
            inner = holder.get(name, _GONE)
        if not isinstance(inner, dict | list):
            if isinstance(holder, list):
                return
            inner = holder[name] = {}
        holder = inner
    if not isinstance(holder, list):
        holder[last] = value
    elif int(last) < len(holder):
        holder[int(last)] = value
    elif int(last) == len(holder):
        holder.append(value)


def _cut(holder: Any, path: list[str], size: int) -> None:
    """Shorten the list that stands at the path."""
    for name in path:
        holder = holder.get(name) if isinstance(holder, dict) else None
    if isinstance(holder, list):
        del holder[size:]
