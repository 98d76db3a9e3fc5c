"""The receiver examples of docs/webhooks.md work."""

import re
from datetime import UTC, datetime
from typing import get_args

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.schemas.webhooks import WebhookEvent
from store.webhooks.deliveries import DEFAULT_EVENT_TYPES, EVENT_TYPES, AttemptError
from tests.servers import ROOT

TEXT = (ROOT / "docs" / "webhooks.md").read_text()


def test_python_example_accepts_only_signed_requests(
    capsys: pytest.CaptureFixture[str],
) -> None:
    [code] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    page: dict[str, object] = {}
    exec(code, page)
    body = '{"type": "job.succeeded", "data": {"job_id": "job_1"}}'
    at, receive = datetime.now(UTC), page["receive"]
    [secret] = re.findall(r"whsec_\w{30,}", code)
    headers = {
        "Webhook-Id": "dlv_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("dlv_1", at, body),
    }
    assert callable(receive)
    receive(headers, body.encode())
    assert capsys.readouterr().out == "job_1 has a model\n"
    with pytest.raises(WebhookVerificationError):
        receive(headers, body.replace("job_1", "job_2").encode())


def test_page_names_every_event_and_every_reason() -> None:
    assert set(get_args(WebhookEvent)) == EVENT_TYPES
    [listed, by_default] = re.findall(
        r"^\| `events` \| (.*?)\. Default: (.*?) \|$", TEXT, re.MULTILINE
    )[0]
    assert set(re.findall(r"`(\w+)`", listed)) == EVENT_TYPES
    assert set(re.findall(r"`(\w+)`", by_default)) == DEFAULT_EVENT_TYPES
    assert set(get_args(AttemptError)) <= set(re.findall(r"`(\w+)`", TEXT))
