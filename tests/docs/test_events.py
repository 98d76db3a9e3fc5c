"""The commands of docs/events.md run, in their order."""

import json
import re
from pathlib import Path

from tests.cli.service import Service
from tests.docs.blocks import run_blocks
from tests.servers import ROOT, needs_curl

TEXT = (ROOT / "docs" / "events.md").read_text()


@needs_curl
def test_commands_listen_resume_page_and_wait(tmp_path: Path, shared_service: Service) -> None:
    said = run_blocks("events.md", shared_service.url, tmp_path)
    types = re.findall(r"^event: (\w+)$", said["listen"], re.MULTILINE)
    assert (types[0], types[-1]) == ("created", "succeeded")
    assert {"finding", "claimed", "epoch", "improved"} <= set(types)
    resumed = said["resume"].split()
    assert resumed[1:-1:2] == types[2:]
    assert resumed[-1] == "204"
    first, newest = re.findall(r'{"data":.*?"next":[^}]*}', said["page"])
    assert [event["type"] for event in json.loads(first)["data"]] == types[:3]
    assert [event["type"] for event in json.loads(newest)["data"]] == types[-1:]
    assert said["tag"].strip() == "304"


def test_every_type_of_event_is_described() -> None:
    described = set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)))
    )
    written = {
        name
        for path in (ROOT / "store").rglob("*.py")
        for name in re.findall(r'add_event\(\s*session, [\w.]+, "(\w+)"', path.read_text())
    }
    assert {"created", "epoch", "rescued"} <= written
    assert written <= described
