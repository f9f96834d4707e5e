"""Many ask, and it rings once."""

import asyncio

from workers.runtime.alarm import Alarm


async def test_it_rings_once_for_all_who_asked_and_again_for_those_after() -> None:
    rung: list[float] = []
    clock = asyncio.get_running_loop().time
    alarm, began = Alarm(0.05, lambda: rung.append(clock())), clock()
    for _ in range(3):
        alarm.soon()
    assert not rung
    await asyncio.sleep(0.2)
    assert len(rung) == 1
    assert rung[0] - began >= 0.05
    alarm.soon()
    await asyncio.sleep(0.2)
    assert len(rung) == 2


async def test_it_can_be_called_off() -> None:
    rung: list[str] = []
    alarm = Alarm(0.02, lambda: rung.append("now"))
    alarm.soon()
    alarm.cancel()
    await asyncio.sleep(0.1)
    assert not rung
