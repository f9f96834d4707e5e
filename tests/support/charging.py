"""A provider that charges: it notes every charge in a file, as an outside service would."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

from workers.providers.base import Request, Usage
from workers.providers.local.text import LocalTextProvider
from workers.providers.local.voice import LocalVoiceProvider
from workers.providers.text import TextRequest, TextResult
from workers.providers.voice import SpeechResult, VoiceRequest

PRICE = Decimal("0.012")


class Till:
    """Every charge ever made, one line each; survives the worker."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def charge(self, request: Request) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(request.model_dump(mode="json"), sort_keys=True) + "\n")

    @property
    def charges(self) -> list[str]:
        return self.path.read_text("utf-8").splitlines() if self.path.exists() else []


class ChargingText(LocalTextProvider):
    """Writes as the local screenwriter does, for money, after thinking for a while."""

    free = False
    ours = False
    price: Decimal | None = PRICE

    def estimate(self, request: Request) -> Decimal | None:
        return self.price

    def __init__(self, till: Till, seconds: float = 0) -> None:
        super().__init__()
        self.till, self.seconds = till, seconds

    async def job(self, request: TextRequest) -> TextResult | None:
        """What was made for this request, if it was charged: as a service's list of jobs tells."""
        if json.dumps(request.model_dump(mode="json"), sort_keys=True) not in self.till.charges:
            return None
        return await self._write(request)

    async def write(self, request: TextRequest) -> TextResult:
        self.till.charge(request)
        await asyncio.sleep(self.seconds)
        return await self._write(request)

    async def _write(self, request: TextRequest) -> TextResult:
        written = await super().write(request)
        return written.model_copy(update={"usage": Usage(cost=PRICE, tokens=1000)})


class ChargingVoice(LocalVoiceProvider):
    """Speaks as the local voices do, for money."""

    free = False
    ours = False

    def estimate(self, request: Request) -> Decimal | None:
        return PRICE

    def __init__(self, till: Till) -> None:
        super().__init__()
        self.till = till

    async def speak(self, request: VoiceRequest, into: Path) -> SpeechResult:
        self.till.charge(request)
        spoken = await super().speak(request, into)
        return spoken.model_copy(update={"usage": Usage(cost=PRICE)})
