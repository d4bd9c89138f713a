from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InventoryConfig(AppConfig):
    name = "inventory"
    verbose_name = _("Catalogue and stock")

    def ready(self) -> None:
        from inventory import telling  # noqa: F401 - says what webhooks tell
