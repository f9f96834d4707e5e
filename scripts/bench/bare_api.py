"""The reference of the API bench: bare handlers that make the same raw calls, without access."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import orjson
from bson import Decimal128, ObjectId
from bson.codec_options import CodecOptions
from fastapi import FastAPI, Request, Response
from pymongo import AsyncMongoClient, ReturnDocument

from app.settings import Settings

OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def application() -> FastAPI:
    """Reads, lists, creates and changes channels; reads projects."""
    settings = Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            settings.address("mongo_uri"), w="majority"
        )
        codec: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=False)
        database = client[settings.mongo_database].with_options(codec_options=codec)
        app.state.channels, app.state.projects = database["channels"], database["projects"]
        yield
        await client.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/bare/{key}")
    async def read(key: str, request: Request) -> Response:
        return _json(await request.app.state.channels.find_one({"_id": ObjectId(key)}))

    @app.get("/bare/projects/{key}")
    async def read_project(key: str, request: Request) -> Response:
        return _json(await request.app.state.projects.find_one({"_id": ObjectId(key)}))

    @app.get("/bare")
    async def listing(workspace: str, request: Request) -> Response:
        query = {"workspace_id": ObjectId(workspace), "is_active": True, "deleted_at": None}
        found = request.app.state.channels.find(query, sort=[("_id", -1)], limit=101)
        return _json({"data": await found.to_list()})

    @app.post("/bare")
    async def create(request: Request) -> Response:
        given = orjson.loads(await request.body())
        given["workspace_id"] = ObjectId(given["workspace_id"])
        given["created_by"] = ObjectId(given["created_by"])
        given["created_at"] = given["updated_at"] = datetime.now()
        await request.app.state.channels.insert_one(given)
        return _json(given)

    @app.patch("/bare/{key}")
    async def change(key: str, request: Request) -> Response:
        given = orjson.loads(await request.body())
        changed = await request.app.state.channels.find_one_and_update(
            {"_id": ObjectId(key)},
            {"$set": given, "$inc": {"revision": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return _json(changed)

    return app


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value, _other, OPTIONS), media_type="application/json")


def _other(value: Any) -> Any:
    return str(value) if isinstance(value, ObjectId | Decimal128) else repr(value)
