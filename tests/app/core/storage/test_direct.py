"""Links by which clients send files to the store themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.storage import LARGEST_UPLOAD, content_key, part_size, sha256_in_base64
from app.core.storage.hashing import MIB, MOST_PARTS


@given(st.integers(1, LARGEST_UPLOAD))
def test_parts_are_few_enough_and_large_enough(size: int) -> None:
    each = part_size(size)
    assert each % MIB == 0
    assert each >= 5 * MIB, "the store's own limit"
    assert -(-size // each) <= MOST_PARTS


def test_a_checksum_as_the_store_writes_it() -> None:
    assert sha256_in_base64("00" * 32) == "A" * 43 + "="


@pytest.mark.parametrize("prefix", ["uploads", "uploads/a", "incoming"])
def test_nothing_is_kept_where_things_wait(prefix: str) -> None:
    with pytest.raises(ValueError, match="cannot be the prefix"):
        content_key(prefix, "0" * 64)
