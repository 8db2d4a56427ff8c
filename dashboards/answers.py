"""What the API answers with."""

from typing import Any

import msgspec
from starlette.responses import Response


class Json(Response):
    """JSON of structs and plain values."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode."""
        return msgspec.json.encode(content)
