"""The records of live views."""

from datetime import timedelta

from bson import ObjectId

from app.live.connections import Connections
from documents.production import WebsocketConnection
from documents.store import Store
from documents.values import Id, now
from tests.factories.records import valid


async def record(**given: object) -> WebsocketConnection:
    return await valid(WebsocketConnection, **given).insert()


async def test_the_sweep_closes_what_died(store: Store) -> None:
    silent = await record(connection_id="dead", last_heartbeat_at=now() - timedelta(minutes=5))
    await record(connection_id="alive", last_heartbeat_at=now())
    old = Id(str(ObjectId.from_datetime(now() - timedelta(days=8))))
    await record(_id=old, connection_id="old", disconnected_at=now() - timedelta(days=8))
    await Connections().sweep()
    left = await WebsocketConnection.all_in(True, {}, sort=[("_id", 1)])
    assert {each.connection_id: each.disconnected_at for each in left} == {
        "dead": silent.last_heartbeat_at,
        "alive": None,
    }


async def test_signs_of_life_are_written_together(store: Store) -> None:
    views = Connections()
    begun = now() - timedelta(seconds=30)
    for name in ("first", "second"):
        await views.opened(
            name, Id(), [], transport="websocket", client_ip="x" * 60, user_agent="y" * 3_000
        )
    await WebsocketConnection.collection().update_many({}, {"$set": {"last_heartbeat_at": begun}})
    views.heard("first")
    views.heard("another process's")
    await views.beat()
    await views.close_all()
    first, second = await WebsocketConnection.all_in(True, {}, sort=[("_id", 1)])
    assert first.last_heartbeat_at > begun
    assert second.last_heartbeat_at == begun
    assert first.disconnected_at is not None
    assert second.disconnected_at is not None
