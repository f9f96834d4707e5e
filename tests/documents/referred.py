"""What a collection declares about the records that it names."""

from documents.base import Record
from documents.references import references


def referred(model: type[Record]) -> set[tuple[str, str, str]]:
    """Each field that names records: its path, their collection, and what follows a deletion."""
    return {
        (each.field.dotted, each.reference.to, each.reference.on_delete)
        for each in references(model)
    }
