"""Run with: python -m pytest tests (needs flask and pytest)."""

import pytest

from shop import catalog, create_app


@pytest.fixture
def client():
    return create_app().test_client()


def test_the_cheapest_tea_comes_first(client):
    page = client.get("/").get_data(as_text=True)
    assert page.index("Rooibos") < page.index("Assam") < page.index("Oolong")


def test_each_tea_has_a_page(client):
    for tea in catalog.teas():
        assert tea.name in client.get(f"/tea/{tea.slug}").get_data(as_text=True)


def test_the_price_is_also_given_per_kilo(client):
    assert client.get("/api/price/rooibos").get_json() == {"slug": "rooibos", "cents": 450, "per_kilo": 1800}


@pytest.mark.parametrize("path", ["/tea/coffee", "/api/price/coffee"])
def test_what_we_do_not_sell_is_not_found(client, path):
    assert client.get(path).status_code == 404
