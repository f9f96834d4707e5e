"""Which fields of a collection are answered: never a secret, also none that is embedded."""

from collections.abc import Iterable
from datetime import date
from typing import Any, get_args

from app.core.errors import BadQuery
from documents.base import Flexible, OnRequest, Record, Secret, StoredDocument, mark
from documents.references import VALUES, FieldPath, field_paths

Projection = dict[str, int]


def stored_name(name: str) -> str:
    """The name in the store of what clients call so."""
    return "_id" if name == "id" else name


class Fields:
    """The readable fields of a document class, as projections."""

    def __init__(self, model: type[Record]) -> None:
        paths = field_paths(model)
        hidden = [each for each in paths if mark(each.info, Secret)]
        _check_hideable(model, paths, hidden)
        secret = {each.dotted for each in hidden}
        asked_for = {each.dotted for each in paths if mark(each.info, OnRequest)}
        names = dict.fromkeys(each.dotted for each in paths)
        self._children: dict[str, list[str]] = {"": []}
        for name in names:
            self._children.setdefault(name, [])
            self._children[name.rpartition(".")[0]].append(name)
        self._safe = dict.fromkeys(self._without(secret, ""))
        self.plain: Projection = dict.fromkeys(self._without(secret | asked_for, ""), 1)
        """What is answered when nothing is asked for by name."""
        maps = {each.dotted for each in paths if VALUES in each.steps}
        covered = [name for name in names if not _within(name, secret)]
        self.readable = frozenset(covered) - maps
        """What `fields=` may name."""
        self._secret = secret
        self.days = tuple(each.steps for each in paths if _is_day(each.info.annotation))
        """Where calendar days stand."""

    def named(self, asked: str | None) -> Projection:
        """The projection of `fields=`, or the plain one. Raises BadQuery."""
        if asked is None:
            return self.plain
        wanted = {stored_name(each.strip()) for each in asked.split(",")}
        if unknown := wanted - self.readable:
            raise BadQuery(
                f"`fields` names what is not there: {', '.join(sorted(unknown))[:200]}.",
                allowed=sorted("id" if each == "_id" else each for each in self.readable),
            )
        outermost = [each for each in wanted if not _within(each, wanted - {each})]
        leaves = [leaf for each in outermost for leaf in self._expanded(self._secret, each)]
        return dict.fromkeys(["_id", *sorted(leaves)], 1)

    def picked(self, document: StoredDocument) -> StoredDocument:
        """What of a whole stored document is answered when nothing is asked for by name."""
        picked: StoredDocument = _picked(document, [name.split(".") for name in self.plain])
        return picked

    def _without(self, hidden: set[str], parent: str) -> Iterable[str]:
        for name in self._children[parent]:
            yield from self._expanded(hidden, name)

    def _expanded(self, hidden: set[str], name: str) -> Iterable[str]:
        """The field, or where something hidden lies in it, its other parts."""
        if name in hidden:
            return
        if any(each.startswith(f"{name}.") for each in hidden):
            yield from self._without(hidden, name)
        else:
            yield name


def _picked(document: Any, paths: list[list[str]]) -> Any:
    if isinstance(document, list):
        return [_picked(each, paths) for each in document]
    if not isinstance(document, dict):
        return document
    inner: dict[str, list[list[str]]] = {}
    for name, *rest in paths:
        inner.setdefault(name, []).append(rest)
    return {
        name: document[name] if [] in rest else _picked(document[name], rest)
        for name, rest in inner.items()
        if name in document
    }


def _within(name: str, others: Iterable[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in others)


def _is_day(annotation: Any) -> bool:
    return annotation is date or any(_is_day(each) for each in get_args(annotation))


def _check_hideable(
    model: type[Record], paths: Iterable[FieldPath], hidden: Iterable[FieldPath]
) -> None:
    """A projection names what is shown, so a secret must not stand where names are not known."""
    flexible = {
        each.steps
        for each in paths
        if any(isinstance(kind, type) and issubclass(kind, Flexible) for kind in _kinds(each))
    }
    for each in hidden:
        parents = [each.steps[:length] for length in range(1, len(each.steps))]
        if VALUES in each.steps or any(parent in flexible for parent in parents):
            raise TypeError(f"{model.__name__}.{each.dotted}: a secret among unknown names")


def _kinds(path: FieldPath) -> Iterable[Any]:
    waiting: list[Any] = [path.info.annotation]
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        yield kind
