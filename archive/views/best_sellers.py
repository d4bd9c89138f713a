"""The best sellers as a file."""

from __future__ import annotations

import io

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.access import demand, needs
from accounts.permissions import Permission
from archive.tables.writing import write_csv
from reports.best_sellers import table


@require_safe
@needs(Permission.REPORT_SALES_VIEW)
def best_sellers_file(request: HttpRequest) -> HttpResponse:
    """What the page shows, all of it, for a spreadsheet."""
    demand(request, Permission.REPORT_EXPORT)
    file = io.BytesIO()
    write_csv(file, table(request))
    answer = HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="best-sellers.csv"'
    return answer
