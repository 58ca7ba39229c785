"""The API's documentation."""

from cmlfleet.api.docs_page import docs_page


def test_the_documentation_shows_markup_as_text() -> None:
    evil = "<script>alert(1)</script>"
    page = docs_page({"info": {"title": evil, "version": "1"}, "paths": {evil: {"get": {}}}}, notice=evil)
    assert "<script" not in page
