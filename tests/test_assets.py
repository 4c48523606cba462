"""Are icons and samples found, in a checkout and in an installed copy?"""

from __future__ import annotations

import json

import pytest

from cachesim import assets
from cachesim.errors import InputError, StoreFormatError


def test_a_checkout_has_them_beside_the_sources():
    assert (assets.samples_dir() / "index.json").is_file()
    assert assets.resources_dir().name == "resources"
    assert assets.samples_dir().parent == assets.resources_dir().parent


def test_an_installed_copy_has_them_inside_the_package(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "cachesim"
    shipped = package / "_shipped" / "samples"
    shipped.mkdir(parents=True)
    (tmp_path / "samples").mkdir()      # somebody else's folder, where a checkout would have ours
    monkeypatch.setattr(assets, "_PACKAGE", package)
    assert assets.samples_dir() == shipped
    with pytest.raises(InputError, match="resources is missing"):
        assets.resources_dir()


def test_samples_come_in_the_order_of_the_index():
    names = [sample.name for sample in assets.samples()]
    assert names[0] == "flask-early-copy" and "busybox-offline" in names
    assert assets.sample("two-engines").scenario.is_file()
    with pytest.raises(InputError, match=r"no sample 'nothing'.*flask-early-copy"):
        assets.sample("nothing")


@pytest.mark.parametrize(("text", "error"), [
    ("{", InputError),
    (json.dumps({"format": 2, "samples": []}), StoreFormatError),
    (None, InputError),
])
def test_a_damaged_index_is_said(tmp_path, monkeypatch, text, error):
    folder = tmp_path / "_shipped" / "samples"
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "index.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr(assets, "_PACKAGE", tmp_path)
    with pytest.raises(error, match=r"index\.json"):
        assets.samples()
