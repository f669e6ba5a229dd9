"""A stand-in for the layout that panels draw into."""

from types import SimpleNamespace


class Layout:
    """Notes what is drawn, as Blender's layout takes it."""

    def __init__(self, drawn):
        self.drawn = drawn

    def column(self, **_):
        return type(self)(self.drawn)

    row = column

    box = split = column

    def panel(self, _identifier, **_):
        """An open one."""
        return type(self)(self.drawn), type(self)(self.drawn)

    def prop(self, data, name, *, text=None, **_):
        self.drawn.append(text or data.bl_rna.properties[name].name)

    def operator(self, name, **_):
        self.drawn.append(name)
        return SimpleNamespace()

    def operator_menu_enum(self, name, _property, *, text="", **_):
        self.drawn.append(text or name)

    def label(self, *, text="", icon="", **_):
        self.drawn.append(text or icon)

    def progress(self, *, factor, text):
        assert 0 <= factor <= 1
        self.drawn.append(text)

    def template_list(self, kind, _identifier, data, name, *_, **__):
        self.drawn.append(kind)
        assert name in data.bl_rna.properties

    def template_icon(self, icon_value, *, scale):
        assert scale >= 1
        self.drawn.append(icon_value)

    def template_icon_view(self, data, name, **_):
        assert name in data.bl_rna.properties
        self.drawn.append(name)
