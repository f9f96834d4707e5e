"""Which methods a path takes.

A router answers 405 with the methods of the first route that fits the path; a resource has one
route for each of its methods. It also takes `/projects/bulk`, asked with a method that it has not,
for a record with the id `bulk`.
"""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


def methods_at(app: FastAPI, path: str) -> frozenset[str]:
    """The methods of the routes that fit this path, by the template with the fewest parameters."""
    fitting: dict[int, set[str]] = {}
    for each in iter_route_contexts(app.routes):
        if each.methods and each.path and each.path_regex.match(path):
            fitting.setdefault(each.path.count("{"), set()).update(each.methods)
    return frozenset(fitting[min(fitting)]) if fitting else frozenset()
