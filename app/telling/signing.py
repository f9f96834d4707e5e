"""Signatures of webhooks, as Standard Webhooks wants them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md:
HMAC-SHA256 over `id.timestamp.body`, in base64 behind `v1,`; several signatures with spaces
between them while a secret is being exchanged.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from secrets import token_bytes
from typing import Final

from app.core.encryption import Encryption
from documents.telling import Webhook

SIGNING_MARK: Final = "whsec_"


def new_signing_secret() -> str:
    """256 random bits, written as Standard Webhooks writes them."""
    return SIGNING_MARK + b64encode(token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of one secret; the timestamp is in whole seconds since 1970."""
    key = b64decode(secret.removeprefix(SIGNING_MARK))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def signed_headers(
    webhook: Webhook, message_id: str, at: datetime, body: bytes, encryption: Encryption
) -> Mapping[str, str]:
    """What proves to the receiver that the message is ours and when it was sent.

    Raises Undecipherable.
    """
    timestamp = int(at.timestamp())
    secrets = [webhook.secret]
    until = webhook.previous_secret_until
    if webhook.previous_secret is not None and until is not None and at < until:
        secrets.append(webhook.previous_secret)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            signature(encryption.decrypt(each), message_id, timestamp, body) for each in secrets
        ),
    }
