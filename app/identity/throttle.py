"""Slowing down whoever tries passwords: counted in Redis, for each e-mail and each network address.

An attempt is counted before the password is looked at, and taken back if it was right: so a
thousand attempts at once are no way round. After a few failures the next attempt has to wait, each
time twice as long; after as many as the settings say, the whole lock-out time. An address nobody
has is counted like any other. Without Redis nobody is slowed down, and the log says so.
"""

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.identity.errors import TooManyAttempts
from app.settings import Settings

FREE: Final = 5
"""Failures without any waiting: everybody mistypes, and may sign in on several devices at once."""
CROWD: Final = 10
"""So many times as many failures are let through from one network, since offices share one."""
MAILS: Final = 5
"""Messages that one address is sent on demand..."""
MAILS_OF_ONE: Final = 50
"""Messages that one person sends to others..."""
MAILS_SECONDS: Final = 3600
"""...in this time."""
PREFIX: Final = "backlot:throttle"

COUNT_ATTEMPT: Final = """
for place = 1, #KEYS, 2 do
  local left = redis.call('TTL', KEYS[place + 1])
  if left > 0 then return left end
end
for place = 1, #KEYS, 2 do
  local most, window = tonumber(ARGV[place]), tonumber(ARGV[#ARGV])
  local free = tonumber(ARGV[place + 1])
  local count = redis.call('INCR', KEYS[place])
  redis.call('EXPIRE', KEYS[place], window)
  if count >= most then
    redis.call('SET', KEYS[place + 1], count, 'EX', window)
  elseif count > free then
    local pause = math.min(window, 2 ^ math.min(20, count - free - 1))
    redis.call('SET', KEYS[place + 1], count, 'EX', pause)
  end
end
return 0
"""
"""For pairs of keys (failures, pause): how many seconds to wait, or 0 and the attempt counts."""
COUNT_MAIL: Final = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""
TAKE_BACK: Final = """
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
redis.call('DEL', KEYS[2])
return 0
"""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counter:
    """Failures under one name, and the pause that they cost."""

    name: str
    most: int
    free: int

    @property
    def keys(self) -> tuple[str, str]:
        return f"{PREFIX}:failures:{self.name}", f"{PREFIX}:pause:{self.name}"


class Throttle:
    """Counts attempts. Opens Redis when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        """Raises NotConfigured without an address of Redis."""
        self._url = settings.address("redis_url")
        self._most = settings.login_failures
        self._window = settings.lockout_minutes * 60
        self._redis: Redis | None = None
        self._warned = False

    async def attempt(self, email: str, address: str) -> None:
        """Count an attempt to sign in. Raises TooManyAttempts."""
        counters = (self._of_email(email), self._of_network(address))
        keys = [key for each in counters for key in each.keys]
        limits = [limit for each in counters for limit in (each.most, each.free)]
        wait = await self._asked(COUNT_ATTEMPT, keys, [*limits, self._window])
        if wait:
            raise TooManyAttempts(wait)

    async def succeeded(self, email: str, address: str) -> None:
        """The attempt was right: the e-mail starts anew, the network has this one back."""
        await self.forgive(email)
        await self._asked(TAKE_BACK, [*self._of_network(address).keys], [])

    async def forgive(self, email: str) -> None:
        """Forget the failures of this e-mail."""
        await self._asked("return redis.call('DEL', unpack(KEYS))", [*self._of_email(email).keys])

    async def check_mail(self, email: str, by: str) -> None:
        """Count a message that somebody sends to somebody. Raises TooManyAttempts."""
        if not (await self.may_mail(by, MAILS_OF_ONE) and await self.may_mail(email)):
            raise TooManyAttempts(MAILS_SECONDS)

    async def may_mail(self, email: str, most: int = MAILS) -> bool:
        """Whether the address may be sent one more message on demand; counts it."""
        key = f"{PREFIX}:mails:{_hashed(email)}"
        return await self._asked(COUNT_MAIL, [key], [MAILS_SECONDS]) <= most

    async def close(self) -> None:
        """Give the connections back."""
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None

    def _of_email(self, email: str) -> Counter:
        return Counter(f"email:{_hashed(email)}", self._most, min(FREE, self._most - 1))

    def _of_network(self, address: str) -> Counter:
        most = self._most * CROWD
        return Counter(f"network:{network_of(address)}", most, most // 2)

    async def _asked(self, script: str, keys: list[str], given: list[int] | None = None) -> int:
        try:
            if self._redis is None:
                self._redis = Redis.from_url(self._url, socket_timeout=2, socket_connect_timeout=2)
            values = [*keys, *map(str, given or [])]
            answered = self._redis.eval(script, len(keys), *values)
            number = int(await cast(Awaitable[Any], answered))
        except (RedisError, OSError) as exc:
            if not self._warned:
                logger.warning("no attempts are counted, nobody is locked out: %s", exc)
                self._warned = True
            return 0
        self._warned = False
        return number


def network_of(address: str) -> str:
    """Whom attempts from this address are laid to: a house has a whole /64 of IPv6 addresses."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> 64 << 64))
    return str(found)


def _hashed(email: str) -> str:
    return sha256(email.strip().lower().encode()).hexdigest()[:32]
