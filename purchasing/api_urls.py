from django.urls import path

from purchasing.api import suppliers

urlpatterns = [
    path("suppliers", suppliers.SuppliersView.as_view(), name="api_suppliers"),
    path("suppliers/<uuid:supplier_id>", suppliers.SupplierView.as_view(), name="api_supplier"),
]
