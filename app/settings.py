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
    token_keys_old: SecretStr = SecretStr("")
    """Keys that signed before, with commas between them: what they signed stays good until it
    expires, so that a new `token_key` signs nobody out."""
    encryption_key: SecretStr | None = None
    """Encrypts stored credentials; at least 32 bytes. Embedded stacks make and keep their own."""
    encryption_keys_old: SecretStr = SecretStr("")
    """Keys that encrypted before, with commas between them; `backlot migrate` encrypts with the
    newest what they did, and then they are not needed any more."""
    access_token_minutes: Annotated[int, Field(ge=1)] = 60
    session_days: Annotated[int, Field(ge=1, le=400)] = 30
    """How long somebody stays signed in without coming back."""
    bcrypt_cost: Annotated[int, Field(ge=4, le=16)] = 12
    login_failures: Annotated[int, Field(ge=1)] = 10
    """After so many failed sign-ins in a row an address is locked out."""
    lockout_minutes: Annotated[int, Field(ge=1)] = 15

    public_url: str = "http://127.0.0.1:8000"
    """Where people reach the pages that mails lead to."""
    mail_from: str = "Backlot <backlot@localhost>"
    smtp_host: str = ""
    """Empty: mails are not sent but written as `.eml` files to the folder `outbox` in `data`."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")

    search_index: Literal["auto", "local"] = "auto"
    """`auto`: the document store's own vector index where it has one that is ready; else, as with
    `local`, an index of this machine in the folder `search` of `data`."""
    vector_quantization: Literal["none", "scalar", "binary"] = "scalar"
    """How exactly the document store's own vector index keeps vectors."""

    webhook_private: bool = False
    """Whether webhooks may lead to private addresses, and by plain http: for development only."""
    webhook_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 15
    """How long the receiver of a webhook may take to answer."""
    webhook_disable_days: Annotated[int, Field(ge=1)] = 5
    """A webhook that has done nothing but fail for so long is switched off."""

    import_mib: Annotated[int, Field(ge=1, le=51_200)] = 2_048
    """The largest file that is fetched from an address."""
    import_seconds: Annotated[float, Field(gt=0)] = 1_800
    """How long fetching one may take."""
    import_private: bool = False
    """Whether files may be fetched from private addresses: for development only."""
    quota_gib_free: Annotated[int, Field(ge=0)] = 10
    """What the workspaces of an owner of this tier may keep together; likewise `pro`. The tier
    `enterprise` has no limits."""
    quota_gib_pro: Annotated[int, Field(ge=0)] = 1_024
    quota_minutes_free: Annotated[int, Field(ge=0)] = 600
    """Likewise, how long their sound and video may be."""
    quota_minutes_pro: Annotated[int, Field(ge=0)] = 30_000
    quota_calls_free: Annotated[int, Field(ge=0)] = 5_000
    """Likewise, how many calls of models they may make in a month."""
    quota_calls_pro: Annotated[int, Field(ge=0)] = 200_000

    worker_cpu: Annotated[int, Field(ge=0, le=64)] = 2
    """How many tasks that need a processor one worker process runs at the same time."""
    worker_io: Annotated[int, Field(ge=0, le=256)] = 16
    """Likewise, tasks that wait for an answer from outside."""
    worker_light: Annotated[int, Field(ge=0, le=256)] = 64
    """Likewise, tasks that need hardly anything."""
    models: str = ""
    """Models that prompt templates may name beside the built-in four, with commas between them."""
    lease_seconds: Annotated[float, Field(gt=0)] = 30
    sweep_seconds: Annotated[float, Field(gt=0)] = 5
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"

    exports: Path | None = None
    """Where the built-in publisher puts what is to be uploaded by hand; None: `exports` in `data`.
    """
    mubert_company_id: SecretStr = SecretStr("")
    mubert_license_token: SecretStr = SecretStr("")
    beatoven_token: SecretStr = SecretStr("")
    elevenlabs_key: SecretStr = SecretStr("")
    leonardo_key: SecretStr = SecretStr("")
    gemini_key: SecretStr = SecretStr("")
    fal_key: SecretStr = SecretStr("")

    rate_limits: bool = True
    rate_per_minute: Annotated[int, Field(ge=1)] = 600
    """Tokens of each user and key; a plain request costs one, see app/limits/costs.py."""
    rate_per_minute_nobody: Annotated[int, Field(ge=1)] = 300
    """Likewise of each address from which nobody is signed in."""
    rate_per_minute_auth: Annotated[int, Field(ge=1)] = 60
    """Likewise of each address for signing in and what belongs to it."""
    request_bytes: Annotated[int, Field(ge=1024)] = 2 * 1024 * 1024
    """The largest body of a request; requests for many records may have 8 MiB."""
    cors_origins: str = ""
    """Origins whose pages may use the API, with commas between them; `*` for all."""
    metrics_token: SecretStr = SecretStr("")
    """What Prometheus sends as bearer token. Empty: /metrics answers this machine alone."""
    slow_query_ms: Annotated[int, Field(ge=1)] = 1000

    def address(self, part: Literal["mongo_uri", "redis_url", "s3_endpoint"]) -> str:
        """Where this part is. Raises NotConfigured."""
        value: str | None = getattr(self, part)
        if value is None:
            raise NotConfigured(
                f"BACKLOT_{part.upper()} is not set: set it, or let `backlot up` or "
                "`backlot stack run -- COMMAND` start an embedded server for it."
            )
        return value
