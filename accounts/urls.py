"""Addresses inside a business: its people, roles, settings, locations and audit log."""

from django.urls import path

from accounts.views import audit, entrance, locations, members, pins, roles, settings

urlpatterns = [
    path("enter/", entrance.enter, name="enter"),
    path("people/", members.member_list, name="member_list"),
    path("people/new/", members.member_create, name="member_create"),
    path("people/<uuid:pk>/", members.member_detail, name="member_detail"),
    path("people/<uuid:pk>/edit/", members.member_edit, name="member_edit"),
    path("people/<uuid:pk>/deactivate/", members.member_deactivate, name="member_deactivate"),
    path("people/<uuid:pk>/reactivate/", members.member_reactivate, name="member_reactivate"),
    path("people/<uuid:pk>/password/", members.member_password, name="member_password"),
    path("people/<uuid:pk>/pin/", pins.member_pin, name="member_pin"),
    path("people/<uuid:pk>/pin/remove/", pins.member_pin_remove, name="member_pin_remove"),
    path("people/<uuid:pk>/pin/unlock/", pins.member_pin_unlock, name="member_pin_unlock"),
    path("pin/", pins.own_pin, name="own_pin"),
    path("pin/remove/", pins.own_pin_remove, name="own_pin_remove"),
    path("roles/", roles.role_list, name="role_list"),
    path("roles/new/", roles.role_create, name="role_create"),
    path("roles/<uuid:pk>/", roles.role_detail, name="role_detail"),
    path("roles/<uuid:pk>/edit/", roles.role_edit, name="role_edit"),
    path("roles/<uuid:pk>/delete/", roles.role_delete, name="role_delete"),
    path("settings/", settings.business_settings, name="business_settings"),
    path("settings/edit/", settings.business_edit, name="business_edit"),
    path("locations/", locations.location_list, name="location_list"),
    path("locations/new/", locations.location_create, name="location_create"),
    path("locations/<uuid:pk>/", locations.location_detail, name="location_detail"),
    path("locations/<uuid:pk>/edit/", locations.location_edit, name="location_edit"),
    path("audit/", audit.audit_list, name="audit_list"),
]
