"""A window that can be picked up: dragged from it, the files and folders named in the arguments go as a file manager's
do. Says what happens, a word a line."""

import pathlib
import sys

import gi

gi.require_versions({"Gdk": "3.0", "Gtk": "3.0"})
from gi.repository import Gdk, GdkPixbuf, Gtk  # noqa: E402

title, x, y, width, height, *paths = sys.argv[1:]
uris = [pathlib.Path(path).absolute().as_uri() for path in paths]


def say(word):
    print(word, flush=True)


window = Gtk.Window(title=title)
window.set_default_size(int(width), int(height))
window.set_keep_above(True)
window.set_accept_focus(False)
box = Gtk.EventBox()
box.add(Gtk.Label(label="drag me"))
window.add(box)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
# As good as none: an icon hides what is under it, also in screenshots.
box.drag_source_set_icon_pixbuf(GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, 1, 1))
box.connect("drag-begin", lambda *_: say("begin"))
box.connect("drag-data-get", lambda _w, _c, data, *_: (data.set_uris(uris), say("given")))
box.connect("drag-failed", lambda *_: say("failed"))
box.connect("drag-end", lambda *_: say("end"))
window.connect("destroy", Gtk.main_quit)
window.show_all()
window.move(int(x), int(y))
Gtk.main()
