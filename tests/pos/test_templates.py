"""The parts of the look: what each renders, and what no template and no style sheet may do."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.paginator import Paginator
from django.template import engines
from django.test import RequestFactory
from django.urls import get_script_prefix, set_script_prefix

from pos.templatetags.tillbook import list_layout, platform_url
from scripts.build_sprite import ICONS
from tenants.models import Business
from tests.test_conventions import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(path for app in PACKAGES for path in (ROOT / app).rglob("templates/**/*.html"))
STYLES = sorted(
    path
    for app in PACKAGES
    for path in (ROOT / app).rglob("static/**/*.css")
    if "vendor" not in path.parts
)
TOKENS = (ROOT / "pos/static/pos/tokens.css").read_text()


def render(source: str, **context: Any) -> str:
    request = context.pop("request", None)
    return str(engines["django"].from_string(source).render(context, request))


def get(address: str = "/things/", **attributes: Any) -> Any:
    request = RequestFactory().get(address)
    for name, value in {"user": SimpleNamespace(is_authenticated=False), **attributes}.items():
        setattr(request, name, value)
    return request


# -- what holds for every template and style sheet ------------------------------------------------


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_obeys_the_content_security_policy(path: Path) -> None:
    source = path.read_text()
    assert not re.search(r"<style\b|\sstyle\s*=", source), "an inline style"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), "an inline handler"
    assert "javascript:" not in source
    for script in re.findall(r"<script\b[^>]*>", source):
        assert "src=" in script or "nonce=" in script, f"no nonce: {script}"
    assert not re.search(r"https?://(?!www\.w3\.org)\w", source), "something from another site"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_names_only_icons_of_the_sprite(path: Path) -> None:
    source = path.read_text()
    named = re.findall(r"{% icon [\"']([^\"']+)[\"']|\bicon=[\"']([^\"']+)[\"']", source)
    assert {first or second for first, second in named} <= set(ICONS.split())


def test_sprite_holds_the_listed_icons() -> None:
    sprite = (ROOT / "pos/static/pos/icons.svg").read_text()
    assert set(re.findall(r'<symbol id="([^"]+)"', sprite)) == set(ICONS.split())


@pytest.mark.parametrize("path", STYLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_style_sheet_is_logical_and_uses_tokens(path: Path) -> None:
    source = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    physical = r"(?:margin|padding|border)-(?:left|right)\b|(?<![-\w])(?:left|right)\s*:"
    assert not re.search(physical + r"|text-align:\s*(?:left|right)", source)
    if path.name != "tokens.css":
        assert not re.search(
            r"#[0-9a-f]{3,8}\b(?![^{]*{)", re.sub(r"@media print.*", "", source, flags=re.DOTALL)
        )
        defined = set(re.findall(r"(--[\w-]+)\s*:", TOKENS + source))
        used = set(re.findall(r"var\((--[\w-]+)\)", source))
        assert {name for name in used - defined if not name.startswith("--pico-")} == set()


def test_own_styles_stay_small() -> None:
    app = (ROOT / "pos/static/pos/app.css").read_bytes() + TOKENS.encode()
    assert len(gzip.compress(app)) < 9_000


# -- tokens ---------------------------------------------------------------------------------------


def _tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"(--[\w-]+):\s*([^;]+);", block))


def _themes() -> dict[str, dict[str, str]]:
    light, rest = TOKENS.split("@media (prefers-color-scheme: dark)")
    by_device, by_choice = rest.split(':root[data-theme="dark"]')
    by_choice = by_choice.split("@media")[0]
    assert _tokens(by_device) == _tokens(by_choice), "the two dark blocks differ"
    return {"light": _tokens(light), "dark": {**_tokens(light), **_tokens(by_choice)}}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, section 1.4.3."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT_ON = [
    *((text, f"--{ground}") for text in ("--text", "--text-muted", "--text-faint", "--accent")
      for ground in ("bg", "surface", "surface-2")),
    *((f"--{tone}", ground) for tone in ("success", "warning", "danger", "info")
      for ground in ("--surface", "--bg", f"--{tone}-soft")),
    ("--accent", "--accent-soft"),
    ("--on-fill", "--accent-fill"),
    ("--on-fill", "--accent-fill-hover"),
    ("--on-fill", "--danger-fill"),
    ("--on-fill", "--danger-fill-hover"),
]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_readable_on_its_ground(theme: str) -> None:
    tokens = _themes()[theme]
    weak = {
        (text, ground): round(ratio, 2)
        for text, ground in TEXT_ON
        if (ratio := _contrast(tokens[text], tokens[ground])) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_of_controls_are_visible(theme: str) -> None:
    tokens = _themes()[theme]
    assert _contrast(tokens["--border-strong"], tokens["--surface"]) >= 3


# -- static files ---------------------------------------------------------------------------------


def test_static_files_collect_with_hashes(tmp_path: Path, settings: Any) -> None:
    """Every url(…) of every style sheet leads to a file, or this raises."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    call_command("collectstatic", verbosity=0, interactive=False)
    style = next((tmp_path / "pos").glob("app.????????????.css")).read_text()
    assert re.search(
        r'@import url\("\.\./vendor/pico/pico\.min\.\w{12}\.css"\) layer\(pico\)', style
    )


def test_every_bare_import_of_the_vendored_modules_is_mapped() -> None:
    imports = (ROOT / "pos/templates/components/importmap.html").read_text()
    mapped = dict(re.findall(r'"([^"]+)": "{% static \'([^\']+)\' %}"', imports))
    assert all(finders.find(path) for path in mapped.values())
    # htmx is a plain script: it imports nothing.
    modules = [m for m in (ROOT / "pos/static/vendor").glob("*/*.js") if m.parent.name != "htmx"]
    assert len(modules) == 5
    for module in modules:
        source = module.read_text()
        assert "sourceMappingURL" not in source
        assert set(re.findall(r"(?:from|import)\s*\"([^\"]+)\"", source)) <= set(mapped)


def test_every_vendored_package_keeps_its_licence() -> None:
    for folder in (ROOT / "pos/static/vendor").iterdir():
        assert folder.is_file() or (folder / "LICENSE").stat().st_size > 500


# -- small tags -----------------------------------------------------------------------------------


def test_icon_is_silent_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in render('{% icon "x" %}')
    assert 'role="img" aria-label="A &lt;b&gt;"' in render(
        '{% icon "x" label=text %}', text="A <b>"
    )


def test_platform_url_leads_out_of_the_business() -> None:
    before = get_script_prefix()
    try:
        set_script_prefix("/shop/b/acme/")
        assert platform_url("home") == "/shop/"
        assert get_script_prefix() == "/shop/b/acme/"
    finally:
        set_script_prefix(before)
    assert platform_url("home") == "/"


@pytest.mark.parametrize(
    ("query", "link", "order"),
    [
        ("q=a&page=3", "?q=a&amp;sort=name", None),
        ("sort=name", "?sort=-name", "ascending"),
        ("sort=-name", "?sort=name", "descending"),
    ],
)
def test_sort_header_toggles_and_starts_at_the_first_page(
    query: str, link: str, order: str | None
) -> None:
    html = render('{% sort_header "name" "Name" %}', request=get(f"/things/?{query}"))
    assert f'href="{link}"' in html
    assert (f'aria-sort="{order}"' in html) if order else ("aria-sort" not in html)


def test_pager_keeps_the_search() -> None:
    page = Paginator(range(120), 50).page(2)
    html = render('{% include "components/pager.html" %}', page=page, request=get("/?q=tea&page=2"))
    assert "51–100 of 120" in html
    assert 'href="?q=tea&amp;page=1"' in html
    assert 'href="?q=tea&amp;page=3"' in html


def test_pager_with_cursors() -> None:
    html = render(
        '{% include "components/pager.html" %}', next_cursor="abc", request=get("/?q=tea")
    )
    assert 'href="?q=tea&amp;cursor=abc"' in html
    assert 'rel="prev"' not in html


# -- forms ----------------------------------------------------------------------------------------


class ThingForm(forms.Form):
    name = forms.CharField(help_text="On the receipt.")
    price = forms.DecimalField(required=False)
    active = forms.BooleanField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    token = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> None:
        raise forms.ValidationError("Nothing fits.")


def test_field_ties_hint_and_error_to_the_control() -> None:
    html = render("{% field form.name %}", form=ThingForm({}))
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert described
    assert all(f'id="{name}"' in html for name in described[1].split())
    assert len(described[1].split()) == 2
    assert 'aria-invalid="true"' in html
    assert '<label for="id_name">Name</label>' in html
    assert "This field is required." in html


def test_field_says_what_is_optional_and_shows_its_unit() -> None:
    html = render('{% field form.price suffix="€" autofocus=True %}', form=ThingForm())
    assert "optional" in html
    assert '<span class="suffix">€</span>' in html
    assert "autofocus" in html


def test_choices_stand_in_a_fieldset_and_a_tick_before_its_label() -> None:
    assert "<legend>Kind</legend>" in render("{% field form.kind %}", form=ThingForm())
    tick = render("{% field form.active %}", form=ThingForm())
    assert tick.index('type="checkbox"') < tick.index("<span>Active</span>")


def test_form_shows_every_field_once_and_the_errors_of_the_whole() -> None:
    html = render('{% include "components/form.html" %}', form=ThingForm({"kind": "a"}))
    assert [html.count(f'name="{name}"') for name in ("name", "price", "active", "token")] == [
        1
    ] * 4
    assert "Nothing fits." in html


# -- pages ----------------------------------------------------------------------------------------

LIST = """{% extends "components/list_page.html" %}{% block title %}Brands & more{% endblock %}
{% block search_label %}Search brands{% endblock %}{% block results %}<p>the rows</p>{% endblock %}"""


def _inside(**attributes: Any) -> Any:
    membership = SimpleNamespace(can=lambda permission: False, role="Owner")
    return get(business=Business(name="Acme"), membership=membership, htmx=None, **attributes)


@pytest.mark.django_db
def test_title_is_also_the_heading() -> None:
    html = render(LIST, request=_inside())
    assert "<title>Brands & more · Acme</title>" in html
    assert "<h1>Brands & more</h1>" in html
    assert 'aria-label="Search brands" placeholder="Search brands"' in html
    assert html.count("the rows") == 1


@pytest.mark.django_db
def test_the_filters_button_says_what_it_opens() -> None:
    html = render(LIST, request=_inside())
    assert 'aria-expanded="false" aria-controls="list-filters"' in html
    assert '<div class="filters" id="list-filters">' in html


@pytest.mark.django_db
def test_live_search_answers_the_results_alone() -> None:
    request = _inside()
    request.htmx = SimpleNamespace(target="results")
    request.GET = request.GET.copy()
    request.GET["sort"] = '-"name'
    html = render(LIST, request=request)
    assert "the rows" in html
    assert 'name="sort" value="-&quot;name"' in html
    assert "<html" not in html


def test_another_fragment_gets_the_whole_page() -> None:
    assert list_layout(_inside()) == "app.html"
    request = _inside()
    request.htmx = SimpleNamespace(target="something-else")
    assert list_layout(request) == "app.html"


@pytest.mark.django_db
def test_inline_scripts_carry_the_nonce() -> None:
    html = render(LIST, request=_inside(csp_nonce="abc123"))
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", html) == [
        '<script type="importmap" nonce="abc123">'
    ]


@pytest.mark.parametrize("code", [400, 403, 404, 500, 503])
def test_error_pages_need_no_request(code: int) -> None:
    html = engines["django"].get_template(f"{code}.html").render({})
    assert f"Error {code}" in html
    assert "Tillbook</title>" in html


@pytest.mark.django_db
def test_error_page_inside_a_business_keeps_the_shell() -> None:
    html = engines["django"].get_template("404.html").render({}, _inside())
    assert 'class="shell"' in html
    assert "Error 404" in html


def test_error_page_says_what_the_view_said() -> None:
    page = engines["django"].get_template("403.html").render({"message": "You need <more>."})
    assert "You need &lt;more&gt;." in page


def test_confirm_posts_with_a_token_and_a_reason() -> None:
    source = """{% include "components/confirm.html" with id="void" title="Void?" action="Void"
        url="/void/" danger=True reason_label="Why" %}""".replace("\n        ", " ")
    html = render(source, request=get())
    assert 'method="post" action="/void/"' in html
    assert "csrfmiddlewaretoken" in html
    assert re.search(r'<textarea id="void-reason" name="reason" required', html)


def test_tags_are_built_in() -> None:
    assert "pos.templatetags.tillbook" in settings.TEMPLATES[0]["OPTIONS"]["builtins"]


@pytest.mark.django_db
def test_htmx_sets_no_style_of_its_own() -> None:
    html = render(LIST, request=_inside())
    found = re.search(r"name=\"htmx-config\" content='([^']+)'", html)
    assert found
    config = json.loads(found[1])
    assert config["includeIndicatorStyles"] is False
    assert "style" not in config["attributesToSettle"]
