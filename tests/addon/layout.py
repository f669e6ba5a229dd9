"""A stand-in for the layout that panels draw into."""

from types import SimpleNamespace


class Layout:
    """Notes what is drawn, as Blender's layout takes it."""

    def __init__(self, drawn):
        self.drawn = drawn

    def column(self, **_):
        return type(self)(self.drawn)

    row = column

    def prop(self, data, name, *, text=None):
        self.drawn.append(text or data.bl_rna.properties[name].name)

    def operator(self, name, **_):
        self.drawn.append(name)
        return SimpleNamespace()

    def label(self, *, text, icon):
        self.drawn.append(text)
