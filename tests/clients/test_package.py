"""The package as others install it: nothing but Python's own library, typed, one version."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import tillbook_client

from tests.conftest import ROOT

HERE = ROOT / "clients/python"


def test_it_needs_the_standard_library_alone() -> None:
    text = f"""
import sys
before = set(sys.modules)
sys.path.insert(0, {str(HERE)!r})
import tillbook_client
tops = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(tops - set(sys.stdlib_module_names)))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", text], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["tillbook_client"]


def test_it_says_one_version_and_has_types() -> None:
    told = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    assert told["version"] == tillbook_client.VERSION
    assert told["dependencies"] == []
    assert (HERE / "tillbook_client/py.typed").exists()
    assert sorted(tillbook_client.__all__) == sorted(set(tillbook_client.__all__))
    for name in tillbook_client.__all__:
        assert hasattr(tillbook_client, name)


def test_the_first_sale_of_the_readme_is_ten_lines_of_python() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)
    compile(code, "README.md", "exec")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


def test_files_stay_readable() -> None:
    long = {
        path.name: count
        for path in (HERE / "tillbook_client").glob("*.py")
        if (count := len(path.read_text().splitlines())) > 400
    }
    assert long == {}
