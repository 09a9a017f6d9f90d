"""Build hook: message catalogues are compiled while the package is built; only their sources are committed."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithCatalogues(build_py):
    """Compile each `.po` beside itself, then build as usual (`*.mo` is package data)."""

    def run(self) -> None:
        """Compile the catalogues before the files of the package are gathered."""
        for source in Path(__file__).parent.glob("src/qaitar/locale*/*/LC_MESSAGES/*.po"):
            with source.open("rb") as text, source.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, read_po(text))
        super().run()


setup(cmdclass={"build_py": BuildWithCatalogues})
