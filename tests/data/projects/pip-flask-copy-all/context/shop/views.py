from shop import app


@app.get("/")
def index():
    return "tea"
