"""Who speaks: from the names of a script to the characters of the project, and back."""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.films.fountain_text import one_line
from documents.base import Session
from documents.films import Character
from documents.values import Id


def name_key(name: str) -> str:
    """The same for a name however it is written: scripts have names in capitals."""
    return one_line(name).upper().casefold()


@dataclass(slots=True)
class Cast:
    """The characters of a project, and those that a script adds to them."""

    project_id: Id
    workspace_id: Id
    names: Mapping[Id, str]
    added: list[Character] = field(default_factory=list)
    _ids: dict[str, Id] = field(default_factory=dict)

    @classmethod
    async def of(cls, project_id: Id, workspace_id: Id, session: Session = None) -> "Cast":
        """The characters that the project has; of two with one name the older is meant."""
        query, order = {"project_id": project_id}, [("_id", 1)]
        known = await Character.all_in(True, query, sort=order, session=session)
        return cls.among(project_id, workspace_id, known)

    @classmethod
    def among(cls, project_id: Id, workspace_id: Id, known: Iterable[Character]) -> "Cast":
        """These characters."""
        ids: dict[str, Id] = {}
        names = {}
        for each in known:
            ids.setdefault(name_key(each.name), each.id)
            names[each.id] = each.name
        return cls(project_id, workspace_id, names, _ids=ids)

    def id_of(self, name: str | None) -> Id | None:
        """The character of this name, who is a new one if nobody has it; None is the narrator."""
        if name is None:
            return None
        key = name_key(name[:255])
        if key not in self._ids:
            shown = string.capwords(name) if name.isupper() else one_line(name)
            made = Character(
                project_id=self.project_id, workspace_id=self.workspace_id, name=shown[:255]
            )
            self.added.append(made)
            self._ids[key] = made.id
        return self._ids[key]

    def name_of(self, key: Id | None) -> str | None:
        """What the character is called; None for the narrator."""
        return None if key is None else self.names.get(key)
