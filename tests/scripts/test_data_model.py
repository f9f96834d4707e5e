"""The data-model page follows the declarations."""

from documents.registry import MODELS
from scripts.data_model import PAGE, rendered


def test_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered(), "run `backlot data-model`"


def test_page_tells_of_every_collection_and_no_secret_is_unmarked() -> None:
    page = rendered()
    for model in MODELS:
        assert f"### `{model.collection_name()}`" in page
    assert "| `password_hash` | text | server-owned, secret |" in page
    assert "→ `projects` (cascade)" in page
