"""Pictures of products, where the database keeps them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.constraints import walls
from tenants.models import TenantModel


class PictureFile(TenantModel):
    """A stored picture under the name that its product has; used with MEDIA_IN_DATABASE alone.

    `inventory/picture_store.py` writes and reads it.
    """

    name = models.CharField(_("name"), max_length=100)
    data = models.BinaryField()

    class Meta(TenantModel.Meta):
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        constraints = [
            *walls("picture_file"),
            models.UniqueConstraint(fields=["business", "name"], name="picture_file_once"),
        ]

    def __str__(self) -> str:
        return self.name
