"""Our own work in processes beside the worker: what takes the processor's time and not the lock
of its Python, so that the worker's own process is free for the many things it waits for.

Only for code of ours on what is ours: it is as little confined as the worker. The functions and
what they are given and give back are pickled, and no socket of theirs is anybody else's to reach.
"""

import pickle
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from workers.render.servants import Servant

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_crew = Servant(
    "workers.crew_child",
    # Memory once taken is kept: here a new page of it costs as much as the work on it.
    MALLOC_TRIM_THRESHOLD_="200000000",
    MALLOC_MMAP_THRESHOLD_="100000000",
)


class Deserted(Exception):
    """A process of the crew has ended without an answer; another try finds another one."""


async def aside(
    function: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result:
    """What the function, one of a module, answers or raises in one of the crew's processes.

    There are as many of them as cores, so that more calls wait for their turn. One whose caller is
    cancelled goes on to its end. Raises Deserted.
    """
    try:
        async with _crew.connected() as (reader, writer):
            writer.write(pickle.dumps((function, arguments, named)))
            writer.write_eof()
            answer = await reader.read()
    except OSError as exc:
        raise Deserted(f"The crew can't be reached: {exc}") from None
    if not answer:
        raise Deserted("A process of the crew ended; try again.")
    result, error = pickle.loads(answer)  # noqa: S301  # written by our own process
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
