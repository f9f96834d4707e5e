"""Signatures: those that every library of Standard Webhooks expects."""

from datetime import timedelta

from app.core.encryption import Encryption
from app.telling.signing import new_signing_secret, signature, signed_headers
from documents.telling import Webhook
from documents.values import now
from tests.factories import valid

ENCRYPTION = Encryption(b"a key of the tests, and long enough")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_known_message_has_the_known_signature() -> None:
    """The example of the libraries at https://github.com/standard-webhooks/standard-webhooks."""
    made = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_both_secrets_sign_for_a_while_after_an_exchange() -> None:
    moment = now()
    webhook = valid(
        Webhook,
        secret=ENCRYPTION.encrypt(new_signing_secret()),
        previous_secret=ENCRYPTION.encrypt(SECRET),
        previous_secret_until=moment + timedelta(hours=1),
    )
    signed = signed_headers(webhook, "evt_1", moment, b"{}", ENCRYPTION)
    during = signed["webhook-signature"].split()
    after = signed_headers(webhook, "evt_1", moment + timedelta(hours=1), b"{}", ENCRYPTION)
    assert len(during) == 2
    assert during[1] == signature(SECRET, "evt_1", int(moment.timestamp()), b"{}")
    assert " " not in after["webhook-signature"]


def test_secrets_differ_and_are_of_the_right_length() -> None:
    one, other = new_signing_secret(), new_signing_secret()
    assert one != other
    assert one.startswith("whsec_")
    assert len(one) == len("whsec_") + 44
