"""What holds of the installation as a whole: its keys and walls, and that somebody looks after it."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import CheckConstraint, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from archive.verify.database import names_in_the_database, unchecked
from archive.verify.rules import Look, Rule, rule
from tenants import roles
from tenants.checks import tenant_models
from tenants.constraints import RowLevelSecurity, TenantReference
from tenants.context import business, platform
from tenants.models import Business

AREA = "installation"


@rule(AREA, _("Nobody can sign in who looks after a business or after the installation."))
def installation_has_an_administrator(look: Look) -> None:
    """FORMATS 1: an administrator exists: who runs the platform, or an owner."""
    if User.objects.filter(is_active=True, is_superuser=True).exists():
        return
    for one in Business.objects.order_by("pk").iterator():
        with business(one):
            owners = Membership.objects.filter(is_owner=True, is_active=True)
            if owners.filter(user__is_active=True).exists():
                return
    look.tell(User, "all", "is_active", "one who is owner or runs the platform", None)


@rule(AREA, _("A wall between businesses is missing in the database: see the instructions for "
              "setting it up, and run migrate and setup_roles."))  # fmt: skip
def walls_stand(look: Look) -> None:
    """DESIGN 3: row-level security binds the role (PostgreSQL); every key and check of the models
    is in the database, and has been checked against the rows that were there."""
    for problem in roles.problems(connection):
        look.tell("the database", "role", "walls", "row-level security that holds", problem)
    there, doubtful = names_in_the_database(), unchecked()
    for model in apps.get_models():
        for one in model._meta.constraints:
            wanted: tuple[type, ...] = (CheckConstraint, UniqueConstraint, TenantReference)
            if connection.vendor == "postgresql":
                wanted += (RowLevelSecurity,)
            if isinstance(one, wanted) and one.name not in there:
                look.tell(model, one.name, "constraint", "in the database", "missing")
            elif one.name in doubtful:
                look.tell(model, one.name, "constraint", "valid for every row", "not validated")


@rule(AREA, _("Rows belong to a business that does not exist."))
def row_has_its_business(look: Look) -> None:
    """DESIGN 3: every row is a business's. On PostgreSQL nobody sees such rows, not even this
    command: there the keys keep them out."""
    if connection.vendor == "postgresql":
        return
    with platform("rows of no business belong to nobody who could be bound"):
        for model in tenant_models():
            rows: Any = model._default_manager.exclude(business__in=Business.objects.values("pk"))
            look.rows(rows, "business_id", "a business")


RULES: tuple[Rule, ...] = (installation_has_an_administrator, walls_stand, row_has_its_business)
