"""`./run vendor`: copy the locked libraries of the page into `service/static/vendor`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.vendoring.copies import ROOT, VENDOR, write_copies
from deploy.vendoring.install import find_npm, install_packages


def main() -> int:
    """Install the packages in a temporary folder and copy the named files."""
    npm = find_npm()
    if npm is None:
        sys.stderr.write("vendor needs npm (Debian, Ubuntu: apt install npm)\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="backpropd-vendor-") as folder:
        try:
            installed = install_packages(npm, Path(folder))
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"npm ci failed:\n{error.stderr}")
            return 1
        copies = write_copies(installed)
    sys.stdout.write(f"{len(copies)} files in {VENDOR.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
