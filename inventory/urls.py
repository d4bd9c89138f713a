from django.urls import path

from inventory.views import corrections, entries, products, stock
from inventory.views.entries import BRAND, CATEGORY, TAX_RATE, UNIT

urlpatterns = [
    path("products/", products.product_list, name="product_list"),
    path("products/new/", products.product_create, name="product_create"),
    path("products/<uuid:pk>/", products.product_detail, name="product_detail"),
    path("products/<uuid:pk>/edit/", products.product_edit, name="product_edit"),
    path("products/<uuid:pk>/prices/", products.product_prices, name="product_prices"),
    path("products/<uuid:pk>/remove/", products.product_remove, name="product_remove"),
    path("products/<uuid:pk>/image/", products.product_image, name="product_image"),
    *entries.routes("categories", CATEGORY),
    *entries.routes("brands", BRAND),
    *entries.routes("units", UNIT),
    *entries.routes("tax-rates", TAX_RATE),
    path("stock/", stock.stock_list, name="stock_list"),
    path("stock/low/", stock.low_stock, name="low_stock"),
    path(
        "stock/<uuid:variation_id>/<uuid:location_id>/", stock.stock_history, name="stock_history"
    ),
    path("corrections/", corrections.correction_list, name="correction_list"),
    path("corrections/new/", corrections.correction_create, name="correction_create"),
    path("corrections/<uuid:pk>/", corrections.correction_detail, name="correction_detail"),
]
