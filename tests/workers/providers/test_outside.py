"""Services elsewhere: known by name, and clear about why they cannot be called."""

from typing import get_args

import pytest
from pydantic import SecretStr

from app.settings import Settings
from documents.channels import MusicProvider, VisualProvider
from workers.providers.errors import ProviderError
from workers.providers.local.image import LocalImageProvider
from workers.providers.local.music import LocalMusicProvider
from workers.providers.outside import MUSIC, PICTURES, Service, composer, painter

EMPTY = Settings(_env_file=None)
LOCAL_MUSIC, LOCAL_PICTURES = LocalMusicProvider(), LocalImageProvider()


def given(service: Service) -> Settings:
    return EMPTY.model_copy(update=dict.fromkeys(service.settings, SecretStr("key")))


def test_every_provider_of_the_specification_is_known() -> None:
    assert {"dummy", *MUSIC} == set(get_args(MusicProvider))
    assert {"dummy", *PICTURES} == set(get_args(VisualProvider))
    assert composer("dummy", LOCAL_MUSIC, EMPTY) is LOCAL_MUSIC
    assert painter("dummy", LOCAL_PICTURES, EMPTY) is LOCAL_PICTURES


@pytest.mark.parametrize("name", [*MUSIC])
def test_a_composer_elsewhere_says_what_to_set_up(name: str) -> None:
    with pytest.raises(ProviderError, match="is not set up: set BACKLOT_") as refused:
        composer(name, LOCAL_MUSIC, EMPTY)
    assert (refused.value.code, refused.value.retryable) == ("provider_not_set_up", False)
    assert all(f"BACKLOT_{each.upper()}" in str(refused.value) for each in MUSIC[name].settings)
    with pytest.raises(ProviderError, match="cannot talk to") as refused:
        composer(name, LOCAL_MUSIC, given(MUSIC[name]))
    assert refused.value.code == "provider_not_supported"


@pytest.mark.parametrize("name", [*PICTURES])
def test_a_painter_elsewhere_says_what_to_set_up(name: str) -> None:
    with pytest.raises(ProviderError, match="is not set up: set BACKLOT_"):
        painter(name, LOCAL_PICTURES, EMPTY)
    with pytest.raises(ProviderError, match="cannot talk to"):
        painter(name, LOCAL_PICTURES, given(PICTURES[name]))
