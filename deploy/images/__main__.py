"""`./run pin-images`: pin the images of Dockerfile and docker-compose.yml to their digests.

Each tag is looked up in its registry; a digest from before is replaced by the current one.
"""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

from deploy.images.references import FILES, ROOT, Reference, replace_references
from deploy.images.registry import RegistryError, find_digest


def pin_files(folder: Path, scheme: str = "https") -> list[Reference]:
    """Rewrite the files in the folder; return the images. Raises RegistryError, ValueError."""

    @cache
    def pin(image: Reference) -> Reference:
        return replace(image, digest=find_digest(image, scheme))

    pinned: list[Reference] = []

    def pin_and_list(image: Reference) -> Reference:
        pinned.append(pin(replace(image, digest=None)))
        return pinned[-1]

    # All digests are known before the first file is written.
    texts = {
        name: replace_references((folder / name).read_text(encoding="utf-8"), pin_and_list)
        for name in FILES
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(dict.fromkeys(pinned))


def main() -> int:
    """Pin the images of this project."""
    try:
        pinned = pin_files(ROOT)
    except (RegistryError, ValueError) as error:
        sys.stderr.write(f"pin-images: {error}; nothing was changed\n")
        return 1
    sys.stdout.writelines(f"{image}\n" for image in pinned)
    return 0


if __name__ == "__main__":
    sys.exit(main())
