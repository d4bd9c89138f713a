"""Pages of import and export."""

from django.urls import URLPattern, URLResolver, path

from archive.views import best_sellers, columns, home, imports, jobs, leaving

urlpatterns: list[URLPattern | URLResolver] = [
    path("data/", home.data_home, name="data_home"),
    path("data/best-sellers/", best_sellers.best_sellers_file, name="best_sellers_file"),
    path("data/exports/new/", home.export_start, name="export_start"),
    path("data/check/", home.books_check, name="books_check"),
    path("data/templates/<slug:form>/", home.import_template, name="import_template"),
    path("data/imports/", imports.import_list, name="import_list"),
    path("data/imports/new/<slug:kind>/", imports.import_start, name="import_start"),
    path("data/imports/<uuid:batch_id>/", imports.import_detail, name="import_detail"),
    path("data/imports/<uuid:batch_id>/columns/", columns.import_columns, name="import_columns"),
    path("data/imports/<uuid:batch_id>/choose/", imports.import_choose, name="import_choose"),
    path("data/imports/<uuid:batch_id>/apply/", imports.import_apply, name="import_apply"),
    path("data/imports/<uuid:batch_id>/undo/", imports.import_undo, name="import_undo"),
    path("data/imports/<uuid:batch_id>/discard/", imports.import_discard, name="import_discard"),
    path("data/imports/<uuid:batch_id>/problems/", imports.import_problems, name="import_problems"),
    path("data/mappings/<uuid:mapping_id>/delete/", columns.mapping_delete, name="mapping_delete"),
    path("data/leave/", leaving.leave, name="leave"),
    path("data/leave/archive/", leaving.leave_archive, name="leave_archive"),
    path("data/leave/withdraw/", leaving.leave_withdraw, name="leave_withdraw"),
    path("data/jobs/", jobs.job_list, name="job_list"),
    path("data/jobs/<uuid:job_id>/", jobs.job_detail, name="job_detail"),
    path("data/jobs/<uuid:job_id>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("data/jobs/<uuid:job_id>/run/", jobs.job_run, name="job_run"),
    path("data/jobs/<uuid:job_id>/file/", jobs.job_file, name="job_file"),
]
