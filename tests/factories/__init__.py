"""Valid records of every collection, for tests that need some."""

from tests.factories.records import valid

__all__ = ["valid"]
