"""The reference of the tree's bench: a bare handler that asks the store the same at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from bson import Decimal128, ObjectId
from bson.codec_options import CodecOptions
from fastapi import FastAPI, Request, Response
from pymongo import AsyncMongoClient

from app.films.tree import stages
from app.settings import Settings

OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def application() -> FastAPI:
    """Answers a project with lists of all that is in it."""
    settings = Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            settings.address("mongo_uri"), w="majority"
        )
        codec: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=False)
        app.state.projects = client[settings.mongo_database].get_collection(
            "projects", codec_options=codec
        )
        yield
        await client.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/bare/{key}")
    async def tree(key: str, request: Request) -> Response:
        query = {"_id": ObjectId(key), "deleted_at": None}
        found = await request.app.state.projects.aggregate(stages(query))
        content = orjson.dumps(await found.to_list(), _other, OPTIONS)
        return Response(content, media_type="application/json")

    return app


def _other(value: Any) -> Any:
    return str(value) if isinstance(value, ObjectId | Decimal128) else repr(value)
