"""What a process is told from outside: each setting is an environment variable `BACKLOT_NAME`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class NotConfigured(Exception):
    """A part has no address; the message says how to give it one."""


class Settings(BaseSettings):
    """Read once at start and passed down; nothing else reads the environment.

    A part whose address is None is not configured: `backlot up` and `backlot stack run` start an
    embedded server for it and fill the address in.
    """

    model_config = SettingsConfigDict(
        env_prefix="BACKLOT_", env_file=".env", extra="ignore", frozen=True
    )

    data: Path = Path(".backlot")
    """Where the embedded servers keep their data and logs."""

    mongo_uri: str | None = None
    mongo_database: str = "backlot"
    redis_url: str | None = None
    s3_endpoint: str | None = None
    s3_public_endpoint: str | None = None
    """The endpoint that presigned links name, where clients reach the store by another address."""
    s3_bucket: str = "backlot"
    s3_region: str = "us-east-1"
    s3_access_key: str | None = None
    s3_secret_key: SecretStr | None = None

    mongod: Path | None = None
    """A `mongod` to run instead of the one in the wheel or on the PATH; likewise the next two."""
    redis_server: Path | None = None
    weed: Path | None = None

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    token_key: SecretStr | None = None
    """Signs access tokens; at least 32 bytes. Embedded stacks make and keep their own."""
    access_token_minutes: Annotated[int, Field(ge=1)] = 60
    bcrypt_cost: Annotated[int, Field(ge=4, le=16)] = 12

    worker_cpu: Annotated[int, Field(ge=0, le=64)] = 2
    """How many tasks that need a processor one worker process runs at the same time."""
    worker_io: Annotated[int, Field(ge=0, le=256)] = 16
    """Likewise, tasks that wait for an answer from outside."""
    worker_light: Annotated[int, Field(ge=0, le=256)] = 64
    """Likewise, tasks that need hardly anything."""
    lease_seconds: Annotated[float, Field(gt=0)] = 30
    sweep_seconds: Annotated[float, Field(gt=0)] = 5
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def address(self, part: Literal["mongo_uri", "redis_url", "s3_endpoint"]) -> str:
        """Where this part is. Raises NotConfigured."""
        value: str | None = getattr(self, part)
        if value is None:
            raise NotConfigured(
                f"BACKLOT_{part.upper()} is not set: set it, or let `backlot up` or "
                "`backlot stack run -- COMMAND` start an embedded server for it."
            )
        return value
