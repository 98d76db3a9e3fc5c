"""Resumable uploads on the wire."""

from datetime import datetime

from service.schemas.common import View


class UploadView(View):
    """A resumable upload: a finished one becomes a dataset by `POST /v1/datasets?upload=`."""

    id: str
    offset: int
    length: int
    metadata: dict[str, str]
    created_at: datetime
    expires_at: datetime
