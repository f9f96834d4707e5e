"""Secrets at rest: encrypted, readable while keys are exchanged, and never stored plainly."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError
from pymongo.errors import WriteError

from app.core.encryption import Encryption, Undecipherable, renew
from app.settings import NotConfigured, Settings
from documents.base import Record
from documents.channels import Channel
from documents.identity import PlatformConnection, Workspace
from documents.registry import MODELS
from documents.secrets import Ciphertext, encrypted_fields
from documents.store import Store
from documents.telling import Webhook
from tests.factories import valid
from tests.factories.films import make_user, make_workspace

OLD, NEW = (b"the key of yesterday that is long enough", b"the key of today that is long enough")
before, after = Encryption(OLD), Encryption(NEW, [OLD])
SECRET = "1//refresh-token"


@given(st.text())
def test_what_was_encrypted_comes_back_and_may_be_stored(text: str) -> None:
    ciphertext = before.encrypt(text)
    assert TypeAdapter(Ciphertext).validate_python(ciphertext) == ciphertext
    assert before.decrypt(ciphertext) == text


def test_same_text_is_never_the_same_ciphertext() -> None:
    assert before.encrypt(SECRET) != before.encrypt(SECRET)


def test_all_keys_open_and_the_newest_encrypts() -> None:
    old = before.encrypt(SECRET)
    assert after.decrypt(old) == SECRET
    renewed = after.renewed(old)
    assert Encryption(NEW).decrypt(renewed) == SECRET
    assert after.renewed(renewed) == renewed


@pytest.mark.parametrize(
    "ciphertext",
    [
        pytest.param(before.encrypt(SECRET), id="of a key that is gone"),
        pytest.param(after.encrypt(SECRET)[:-8] + "AAAAAAA=", id="tampered with"),
        pytest.param(Fernet(Fernet.generate_key()).encrypt(b"x").decode(), id="of somebody else"),
        pytest.param("whsec_plain", id="plain"),
    ],
)
def test_what_no_key_opens_says_how_to_mend_it(ciphertext: str) -> None:
    with pytest.raises(Undecipherable, match="BACKLOT_ENCRYPTION_KEYS_OLD"):
        Encryption(NEW).decrypt(ciphertext)
    with pytest.raises(Undecipherable):
        Encryption(NEW).renewed(ciphertext)


class TestSettings:
    def settings(self, **given: str) -> Settings:
        secrets = {name: SecretStr(value) for name, value in given.items()}
        none = {"encryption_key": None, "encryption_keys_old": SecretStr("")}
        return Settings(_env_file=None).model_copy(update={**none, **secrets})

    def test_keys_with_commas_between_them(self) -> None:
        keys = f" {OLD.decode()}, {'k' * 32},"
        made = Encryption.of(self.settings(encryption_key=NEW.decode(), encryption_keys_old=keys))
        assert made.decrypt(before.encrypt(SECRET)) == SECRET

    @pytest.mark.parametrize("given", [{}, {"encryption_key": "short"}])
    def test_missing_or_short_key_is_named(self, given: dict[str, str]) -> None:
        with pytest.raises(NotConfigured, match="BACKLOT_ENCRYPTION_KEY must"):
            Encryption.of(self.settings(**given))

    def test_short_old_key_is_named(self) -> None:
        settings = self.settings(encryption_key=NEW.decode(), encryption_keys_old="short")
        with pytest.raises(NotConfigured, match="BACKLOT_ENCRYPTION_KEYS_OLD"):
            Encryption.of(settings)

    def test_keys_are_shown_nowhere(self) -> None:
        settings = self.settings(encryption_key=NEW.decode(), encryption_keys_old=OLD.decode())
        assert NEW.decode() not in repr(settings)
        assert OLD.decode() not in repr(settings)


class TestStored:
    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model.collection_name())
    async def test_plain_secrets_are_refused_by_the_store(
        self, model: type[Record], store: Store
    ) -> None:
        for path in encrypted_fields(model):
            document = valid(model).stored()
            _put(document, path.steps, SECRET)
            with pytest.raises(WriteError) as refused:
                await model.collection().insert_one(document)
            assert refused.value.code == 121, path.dotted

    def test_they_are_where_credentials_are(self) -> None:
        found = {
            (model.collection_name(), path.dotted)
            for model in MODELS
            for path in encrypted_fields(model)
        }
        assert found >= {
            ("webhooks", "secret"),
            ("webhooks", "previous_secret"),
            ("channels", "youtube_refresh_token"),
            ("publications", "upload_session_url"),
            ("workspaces", "connections.credentials"),
        }

    async def test_new_key_takes_over_everything(self, store: Store) -> None:
        webhook = await valid(Webhook, secret=before.encrypt(SECRET)).insert()
        channel = await valid(Channel, youtube_refresh_token=before.encrypt(SECRET)).insert()
        connections = [
            {"platform": "youtube", "account_id": str(each), "credentials": before.encrypt(SECRET)}
            for each in range(3)
        ]
        workspace = await make_workspace(await make_user(), connections=connections)

        assert await renew(MODELS, after) == 5
        assert await renew(MODELS, after) == 0
        alone = Encryption(NEW)
        for model, key in ((Webhook, webhook.id), (Channel, channel.id)):
            stored = await model.collection().find_one({"_id": key})
            assert stored is not None
            found = stored.get("secret") or stored["youtube_refresh_token"]
            assert alone.decrypt(found) == SECRET
        changed = await Workspace.one_in(True, workspace.id)
        assert changed is not None
        assert [each.account_id for each in changed.connections] == ["0", "1", "2"]
        assert {alone.decrypt(each.credentials) for each in changed.connections} == {SECRET}

    async def test_what_no_key_opens_stays(self, store: Store) -> None:
        foreign = Encryption(b"a key that nobody has any more, sadly").encrypt(SECRET)
        webhook = await valid(Webhook, secret=foreign).insert()
        assert await renew(MODELS, after) == 0
        assert await Webhook.one_in(True, webhook.id) == webhook


def test_connection_is_not_taken_with_plain_credentials() -> None:
    with pytest.raises(ValidationError, match="credentials"):
        PlatformConnection(platform="youtube", account_id="a", credentials=SECRET)


def _put(document: dict[str, Any], steps: tuple[str, ...], value: str) -> None:
    """Put the value there, with the lists and documents that it takes."""
    place, *rest = steps
    if not rest:
        document[place] = value
        return
    whole = {"platform": "youtube", "account_id": "a", rest[-1]: value}
    document[place] = [whole]
