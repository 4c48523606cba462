"""A small shop: a list of teas, a page for each, and a price check for other services."""

from flask import Flask, abort, jsonify, render_template

from shop import catalog


def create_app() -> Flask:
    """Make the application; gunicorn calls this once per worker."""
    app = Flask(__name__)

    @app.get("/")
    def index() -> str:
        return render_template("index.html", teas=catalog.teas())

    @app.get("/tea/<slug>")
    def tea(slug: str) -> str:
        found = catalog.find(slug)
        if found is None:
            abort(404)
        return render_template("tea.html", tea=found)

    @app.get("/api/price/<slug>")
    def price(slug: str):
        found = catalog.find(slug)
        if found is None:
            return jsonify(error=f"no tea called {slug}"), 404
        return jsonify(slug=found.slug, cents=found.cents, per_kilo=catalog.per_kilo(found))

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app
