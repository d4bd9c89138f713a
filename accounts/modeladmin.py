"""What every page of the admin obeys: the catalogue of permissions, locations, hidden costs.

The business itself is kept by the walls: querysets are scoped when they are compiled.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts import audit
from accounts.access import can, location_ids
from accounts.models import AuditEntry, Membership, User
from accounts.permissions import Permission
from tenants.asking import cleaned
from tenants.errors import Refused
from tenants.forms import TenantModelForm


class VisibleRelatedFilter(admin.RelatedFieldListFilter):
    """Offers only what the related page of the admin would list."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        ordering = self.field_admin_ordering(field, request, model_admin)
        visible = visible_rows(model_admin.admin_site, field.remote_field.model, request)
        return field.get_choices(
            include_blank=False,
            ordering=ordering,
            limit_choices_to={"pk__in": visible.values("pk")},
        )


def visible_rows(site: Any, model: Any, request: HttpRequest) -> models.QuerySet[Any]:
    """The rows that a field may refer to: what the model's own page lists; of people, staff."""
    if model is User:
        return User.objects.filter(pk__in=Membership.objects.values("user"))
    registered = site._registry.get(model)
    found: models.QuerySet[Any] = (
        registered.get_queryset(request) if registered else model._default_manager.none()
    )
    return found


class Permitted:
    """Rights and fields, for pages and for inlines alike.

    `needs` maps view, add, change and delete to a permission; what it lacks nobody may do.
    `guarded` maps fields to the permission to see them. `fixed` maps fields to the permission to
    change them. `location_field` leads from the model to a location; rows elsewhere are invisible.
    """

    needs: ClassVar[dict[str, Permission]] = {}
    guarded: ClassVar[dict[str, Permission]] = {}
    fixed: ClassVar[dict[str, Permission]] = {}
    location_field: ClassVar[str] = ""

    def _may(self, request: HttpRequest, verb: str) -> bool:
        permission = self.needs.get(verb)
        return permission is not None and can(request, permission)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "delete")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return any(self._may(request, verb) for verb in self.needs)

    def get_queryset(self, request: Any) -> Any:
        rows: Any = super().get_queryset(request)  # type: ignore[misc]
        ids = location_ids(request)
        if self.location_field and ids is not None:
            rows = rows.filter(**{f"{self.location_field}__in": ids})
        return rows

    def _seen(self, request: HttpRequest, names: Any) -> list[Any]:
        hidden = {name for name, needed in self.guarded.items() if not can(request, needed)}
        return [name for name in names if name not in hidden]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self._seen(request, super().get_fields(request, obj))  # type: ignore[misc]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = [name for name, needed in self.fixed.items() if not can(request, needed)]
        return self._seen(request, [*super().get_readonly_fields(request, obj), *fixed])  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        rows = visible_rows(self.admin_site, db_field.remote_field.model, request)  # type: ignore[attr-defined]
        kwargs["queryset"] = rows
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class BusinessModelAdmin(Permitted, admin.ModelAdmin):  # type: ignore[type-arg]
    """A page of the admin for one tenant model.

    Every change is told to the audit log; with `audits_itself` functions of the domain do that.
    """

    form = TenantModelForm
    view_on_site = False
    list_per_page = 50
    show_full_result_count = False
    audits_itself: ClassVar[bool] = False
    #: Encrypted columns that hold one line; the others are as tall as any text.
    one_line: ClassVar[tuple[str, ...]] = ()
    #: Encrypted columns: the column with the keyed hash, and what it may be for what was typed.
    blind_search: ClassVar[dict[str, Any]] = {}

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in self.one_line and field is not None:
            field.widget = AdminTextInputWidget()
        return field

    def get_list_display(self, request: HttpRequest) -> Any:
        return self._seen(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [
            (name, VisibleRelatedFilter) if self._is_relation(name) else name
            for name in self._seen(request, super().get_list_filter(request))
        ]

    def _is_relation(self, name: Any) -> bool:
        try:
            return isinstance(name, str) and self.opts.get_field(name).is_relation
        except FieldDoesNotExist:
            return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what the page itself offers: anything else asks about columns that are not shown."""
        offered = {self.date_hierarchy, "pk", self.opts.pk.name}
        offered |= {
            one if isinstance(one, str) else one[0] for one in self.get_list_filter(request)
        }
        return lookup.partition("__")[0] in offered and super().lookup_allowed(
            lookup, value, request
        )

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field == self.opts.pk.name

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Django's search, and whole names, e-mails and numbers in encrypted columns."""
        term = cleaned(search_term)
        found, doubles = super().get_search_results(request, queryset, term)
        if term and self.blind_search:
            exact = models.Q()
            for column, hashed in self.blind_search.items():
                exact |= models.Q(**{f"{column}__in": hashed(term)})
            if exact:
                by_text = found.order_by().values("pk") if self.search_fields else []
                found = queryset.filter(models.Q(pk__in=by_text) | exact)
        return found, doubles

    def _get_obj_does_not_exist_redirect(self, *args: Any) -> NoReturn:
        """404 for what does not exist and for what another business or location has."""
        raise Http404

    # -- what was refused, and what was done --

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refused:
            messages.error(request, str(refused.message))
            return redirect(request.get_full_path())

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        """Only the columns that the form changed: a register's counters move while it is open."""
        audit.save(actor=request.user, target=obj, fields=form.changed_data if change else None)

    def log_addition(self, request: Any, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Nothing: the audit log was told when the row was saved."""

    def log_change(self, request: Any, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Nothing, as for an addition."""

    def log_deletions(self, request: Any, queryset: Any) -> None:  # type: ignore[override]
        if not self.audits_itself:
            for obj in queryset:
                audit.record(
                    actor=request.user, action=f"{obj._meta.model_name}.delete", target=obj
                )

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The row's entries in the audit log, for those who may read that."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not can(request, Permission.AUDIT_LOG_VIEW) or not self.has_view_permission(request):
            raise PermissionDenied
        rows = AuditEntry.objects.filter(
            object_type=self.opts.model_name or "", object_id=str(obj.pk)
        )
        rows = rows.select_related("actor").order_by("-pk")
        page = Paginator(rows, 100).get_page(request.GET.get("p"))
        costs = can(request, Permission.PRODUCT_VIEW_PURCHASE_PRICE)
        for entry in page.object_list:
            changes = audit.shown_changes(entry, costs=costs)
            entry.changes = {name: changes[name] for name in self._seen(request, changes)}
        context = {
            **self.admin_site.each_context(request),
            "title": _("Change history: %s") % obj,
            "page": page,
            "object": obj,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/object_history.html", context)


class LookOnlyAdmin(BusinessModelAdmin):
    """For what is written elsewhere, or once for all: seen here, never changed."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class BusinessInline(Permitted, admin.TabularInline):  # type: ignore[type-arg]
    form = TenantModelForm
    extra = 0


class LookOnlyInline(BusinessInline):
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
