"""What a call that must fail fails with."""

from contextlib import contextmanager

import pytest
from pymilvus import MilvusException

# Legacy codes that go with the new ones; every other one is UnexpectedError.
LEGACY_CODES = {3: 52, 7: 54, 8: 49, 9: 48, 100: 4, 109: 62, 200: 15, 600: 47, 700: 25, 1100: 5}
UNEXPECTED_ERROR = 1


@contextmanager
def refused(code, *fragments):
    """The block raises MilvusException with this code, the legacy code that belongs to it, and each text fragment."""
    with pytest.raises(MilvusException) as caught:
        yield
    error = caught.value
    assert error.code == code, error
    assert error.compatible_code == LEGACY_CODES.get(code, UNEXPECTED_ERROR), error
    for fragment in fragments:
        assert str(fragment) in error.message, f"{fragment!r} is not in {error.message!r}"
