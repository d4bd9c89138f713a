"""Operators: their names, signing in and out at a terminal, and a supervisor's approval."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts import approvals, operators
from accounts.access import refused, visible_locations
from accounts.api import schema
from accounts.bodies import invalid, query_uuid
from accounts.models import Device, Membership, OperatorSession
from accounts.permissions import Permission
from accounts.pins import Wrong
from accounts.rest import BusinessRequest, BusinessView, body_of
from tenants.errors import Refused
from tenants.models import Location


def terminal_of(request: Any) -> Device:
    """The terminal that asks. Raises Refused for people in a browser and for programs."""
    device: Device | None = request.device
    if device is None or device.is_program:
        raise Refused("terminals_only", _("This is for terminals."), status=403)
    return device


def place_of(request: Any, asked: Any) -> Location:
    """The terminal's location; for people in a browser the one that they name. Raises Http404."""
    if request.device is not None:
        asked = terminal_of(request).location_id
    location: Location | None = visible_locations(request).filter(pk=asked).first()
    if location is None:
        raise Http404
    return location


def person_at(location: Location, person_id: Any) -> Membership:
    """Somebody who has a PIN and works there. Raises Http404 for everybody else alike."""
    found = [one for one in operators.people_at(location.pk) if one.pk == person_id]
    if not found:
        raise Http404
    return found[0]


def name_of(member: Membership) -> dict[str, Any]:
    return {"id": member.pk, "name": str(member.user)}


def explained(wrong: Wrong) -> HttpResponse:
    """What a wrong PIN answers. Said and not raised: the try must stay counted."""
    if wrong.left:
        text = _("This PIN is not right. Tries left: %(left)s") % {"left": wrong.left}
        return refused("wrong_pin", text, 403, {"left": wrong.left})
    if wrong.wait is None:
        text = _("Too many wrong PINs. Ask a manager to unlock yours.")
        return refused("pin_locked", text, 403)
    minutes = -(-wrong.wait // 60)
    text = _("Too many wrong PINs. Wait %(minutes)s minutes, or ask a manager to unlock yours.")
    answer = refused("pin_locked", text % {"minutes": minutes}, 403, {"wait": wrong.wait})
    answer["Retry-After"] = str(wrong.wait)
    return answer


class OperatorsView(BusinessView):
    needs = {"GET": ()}

    @extend_schema(
        operation_id="operators",
        parameters=[schema.LOCATION, schema.APPROVES],
        responses=schema.Names,
        tags=["Operators"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Who can sign in here with a PIN, by name: for a screen to choose from."""
        asked = None if request.device else query_uuid(request.GET.get("location", ""), "location")
        people = operators.people_at(place_of(request, asked).pk)
        approves = request.GET.get("approves", "")
        if approves:
            if approves not in {one.value for one in approvals.APPROVABLE}:
                invalid("approves", _("This cannot be approved."))
            people = operators.holders(people, Permission(approves))
        return Response({"results": [name_of(one) for one in people]})


class SignInView(BusinessView):
    needs = {"POST": ()}

    @extend_schema(
        operation_id="operator_sign_in",
        request=schema.SigningIn,
        responses={201: schema.SignedIn},
        tags=["Operators"],
    )
    def post(self, request: BusinessRequest) -> Response | HttpResponse:
        """Sign a person in at this terminal with their PIN; whoever was signed in is signed out.

        403 `wrong_pin`: `fields` say how many tries are `left`. 403 `pin_locked`: `fields` say for
        how many seconds; the fifth wrong PIN locks this person at this terminal for 15 minutes.
        """
        body = body_of(request)
        person, pin = body.uuid("person"), body.text("pin", most=20, required=True)
        body.finish()
        device = terminal_of(request)
        member = person_at(place_of(request, None), person)
        signed_in = operators.sign_in(device=device, member=member, pin=pin)
        if isinstance(signed_in, Wrong):
            return explained(signed_in)
        session, token = signed_in
        answer = {
            "operator_token": token,
            "person": name_of(member),
            "permissions": sorted(member.granted),
            "expires_at": session.expires_at.isoformat(timespec="milliseconds"),
            "idle_seconds": int(OperatorSession.IDLE.total_seconds()),
        }
        return Response(answer, status=201)


class SignOutView(BusinessView):
    needs = {"POST": ()}

    @extend_schema(
        operation_id="operator_sign_out",
        parameters=[schema.OPERATOR],
        request=None,
        responses={204: None},
        tags=["Operators"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Sign out whom the header X-Operator names. Without it nothing happens."""
        terminal_of(request)
        if request.operator_session is not None:
            operators.sign_out(session=request.operator_session)
        return Response(status=204)


class ApprovalsView(BusinessView):
    needs = {"POST": ()}

    @extend_schema(
        operation_id="approval",
        request=schema.AskingApproval,
        responses={201: schema.Approved},
        tags=["Operators"],
    )
    def post(self, request: BusinessRequest) -> Response | HttpResponse:
        """Let whoever works here do one thing that they may not, with a supervisor's PIN.

        The answer goes with that one request as the header X-Approval, within two minutes and from
        the same device and person. It is used up when the request succeeds; the same request again
        is the same use. 403 `cannot_approve`: the supervisor may not do it either.
        """
        body = body_of(request)
        person, pin = body.uuid("person"), body.text("pin", most=20, required=True)
        permissions = body.choices("permissions", Permission, most=len(approvals.APPROVABLE))
        asked = body.optional_uuid("location")
        if asked is None and request.device is None:
            body.problem("location", _("This is needed."))
        body.finish()
        location = place_of(request, asked)
        approver = person_at(location, person)
        approved = approvals.approve(
            operator=request.membership,
            device=request.device,
            location=location,
            approver=approver,
            pin=pin,
            permissions=permissions,
        )
        if isinstance(approved, Wrong):
            return explained(approved)
        approval, token = approved
        answer = {
            "approval": token,
            "approver": name_of(approver),
            "permissions": approval.permissions,
            "expires_at": approval.expires_at.isoformat(timespec="milliseconds"),
        }
        return Response(answer, status=201)
