"""Commands run on an installation of their own."""

from tests.demo.conftest import installation

__all__ = ["installation"]
