"""HTML and SVG as typed text: what is not `Markup` is escaped, so a name from a file can never become a tag."""

from html import escape

VOID = frozenset({"meta", "br", "circle", "line", "path", "rect"})
"""Elements without content; closed as XML wants it, too, so that a strict parser can check a page."""

Value = str | int | float | None


class Markup(str):
    """HTML that is meant as it stands."""

    __slots__ = ()


def element(name: str, /, *content: str, **attributes: Value) -> Markup:
    """An element; attributes of None are left out, ``class_`` is class, ``stroke_width`` is stroke-width.

    >>> element("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID and not content:
        return Markup(f"<{name}{said} />")
    return Markup(f"<{name}{said}>{join(*content)}</{name}>")


def join(*content: str) -> Markup:
    """Pieces one after the other, escaped where they are plain text."""
    return Markup("".join(piece if isinstance(piece, Markup) else escape(piece) for piece in content))


def svg(title: str, description: str, /, *content: str, **attributes: Value) -> Markup:
    """A drawing with its words for those who cannot see it."""
    words = [element("title", title)]
    if description:
        words.append(element("desc", description))
    return element("svg", *words, *content, role="img", **attributes)


def _text(value: str | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
