"""The shell blocks of a guide: ```` ```sh NAME ````, run one after the other."""

import re
import shutil
from pathlib import Path

from tests.docs.test_readme import run
from tests.servers import ROOT


def find_blocks(guide: str) -> dict[str, str]:
    """Return the shell blocks of a guide in docs/ by name."""
    text = (ROOT / "docs" / guide).read_text()
    return dict(re.findall(r"^```sh (\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def run_blocks(guide: str, url: str, folder: Path) -> dict[str, str]:
    """Run the blocks of a guide in a folder, and return what each printed."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    blocks = find_blocks(guide)
    script = "\n".join(f"echo '# {name}'\n{text}\necho" for name, text in blocks.items())
    printed = run(script.replace("http://127.0.0.1:8000", url), folder)
    return dict(
        re.findall(r"^# (\w+)\n(.*?)\n(?=^# |\Z)", printed + "\n", re.MULTILINE | re.DOTALL)
    )
