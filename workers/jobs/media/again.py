"""`media.look_again`: the sweep that asks for looks that are missing."""

from app.library.kinds import LOOK_AGAIN, LookAgain
from app.library.looking import ask_again
from documents.production import TaskOutput
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles


@handles(LOOK_AGAIN)
async def look_again(context: Context, parameters: LookAgain) -> Outcome:
    """Ask for what is missing; asked twice, it finds the tasks of the first time."""
    asked = await ask_again()
    if asked:
        await context.resources.wakeups.wake()
    return Outcome(TaskOutput(result={"asked": asked}))
