"""The class that describes API views, without what describing them takes.

`extend_schema` derives a class from it for each operation while the views are imported. A process
that is never asked for the API's description never imports the generator.
"""

from __future__ import annotations

from rest_framework.schemas.inspectors import ViewInspector


class Later(ViewInspector):
    """What every view's description derives from; `pos.schema` gives it its abilities."""

    # Asked for at once by `extend_schema_view`, which knows verbs by it.
    method_mapping = {
        "get": "retrieve",
        "post": "create",
        "put": "update",
        "patch": "partial_update",
        "delete": "destroy",
    }
