from django.urls import path

from inventory.api import corrections, entries, locations, pictures, products, stock

urlpatterns = [
    path("products", products.ProductsView.as_view(), name="api_products"),
    path("products/<uuid:product_id>", products.ProductView.as_view(), name="api_product"),
    path(
        "products/<uuid:product_id>/prices",
        products.ProductPricesView.as_view(),
        name="api_product_prices",
    ),
    path(
        "products/<uuid:product_id>/picture",
        pictures.ProductPictureView.as_view(),
        name="api_product_picture",
    ),
    path("locations", locations.LocationsView.as_view(), name="api_locations"),
    path("locations/<uuid:location_id>", locations.LocationView.as_view(), name="api_location"),
    path("categories", entries.CategoriesView.as_view(), name="api_categories"),
    path("categories/<uuid:category_id>", entries.CategoryView.as_view(), name="api_category"),
    path("brands", entries.BrandsView.as_view(), name="api_brands"),
    path("brands/<uuid:brand_id>", entries.BrandView.as_view(), name="api_brand"),
    path("units", entries.UnitsView.as_view(), name="api_units"),
    path("units/<uuid:unit_id>", entries.UnitView.as_view(), name="api_unit"),
    path("tax-rates", entries.TaxRatesView.as_view(), name="api_tax_rates"),
    path("tax-rates/<uuid:tax_rate_id>", entries.TaxRateView.as_view(), name="api_tax_rate"),
    path("stock", stock.StockView.as_view(), name="api_stock"),
    path("stock/movements", stock.MovementsView.as_view(), name="api_stock_movements"),
    path(
        "stock/variations/<uuid:variation_id>",
        stock.VariationStockView.as_view(),
        name="api_variation_stock",
    ),
    path("stock/corrections", corrections.CorrectionsView.as_view(), name="api_corrections"),
    path(
        "stock/corrections/<uuid:correction_id>",
        corrections.CorrectionView.as_view(),
        name="api_correction",
    ),
]
