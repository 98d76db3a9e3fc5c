"""Schema of resumable uploads."""

from datetime import datetime

from service.schemas.common import View


class UploadView(View):
    """A resumable upload; `POST /v1/datasets?upload=` turns a finished one into a dataset."""

    id: str
    offset: int
    length: int
    metadata: dict[str, str]
    created_at: datetime
    expires_at: datetime
