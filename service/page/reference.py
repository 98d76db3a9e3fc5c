"""The API reference: Swagger UI, whose files a package has."""

from fastapi.openapi.docs import get_swagger_ui_html

from service.page.headers import reference_headers

FILES = "static-offline-docs"


def _render() -> bytes:
    # The addresses are relative, for services behind a prefix.
    html = get_swagger_ui_html(
        openapi_url="openapi.json",
        title="backpropd: API",
        swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{FILES}/swagger-ui.css",
        swagger_favicon_url=f"{FILES}/favicon.png",
    )
    return bytes(html.body)


REFERENCE = _render()
REFERENCE_HEADERS = reference_headers(REFERENCE.decode())
