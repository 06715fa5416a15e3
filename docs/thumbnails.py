"""A grid of pages, each with its first picture as a link: made by every build, kept nowhere.

``{thumbnails}`` with the names of pages, one to a line, shows the first picture of each;
``:each-section:`` that of each of their sections, under its title.
"""

from pathlib import PurePosixPath
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective


class Grid(nodes.General, nodes.Element):
    """Where the pictures will stand once all pages have been run."""


class Thumbnails(SphinxDirective):
    """The directive."""

    has_content = True
    option_spec: ClassVar = {"each-section": directives.flag}

    def run(self):
        self.env.note_reread()  # its pages may have new pictures
        here = PurePosixPath(self.env.docname).parent
        pages = [str(here / line.strip()) for line in self.content if line.strip()]
        return [Grid(pages=pages, each_section="each-section" in self.options)]


def pictures_of(page, each_section):
    """Yield the title, the anchor and the first picture of a page, or of each of its sections."""
    sections = list(page.findall(nodes.section))
    for section in sections[1:] if each_section else sections[:1]:
        picture = next(iter(section.findall(nodes.image)), None)
        if picture is not None:
            anchor = f"#{section['ids'][0]}" if each_section else ""
            yield section.next_node(nodes.title).astext(), anchor, picture


def fill(app, document, name):
    """Put the pictures into the grids of a page."""
    for place in list(document.findall(Grid)):
        cards = nodes.container(classes=["thumbnails"])
        for page in place["pages"]:
            found = list(pictures_of(app.env.get_doctree(page), place["each_section"]))
            if not found:
                raise ValueError(f"{name}: {page} has no picture for its thumbnail")
            for title, anchor, picture in found:
                uri = app.builder.get_relative_uri(name, page) + anchor
                small = nodes.image(uri=picture["uri"], candidates=picture["candidates"], alt="")
                link = nodes.reference("", "", small, refuri=uri, internal=True)
                link += nodes.inline(text=title)
                cards += nodes.paragraph("", "", link)
        place.replace_self(cards)


def setup(app):
    """Register the directive."""
    app.add_node(Grid)
    app.add_directive("thumbnails", Thumbnails)
    app.connect("doctree-resolved", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
