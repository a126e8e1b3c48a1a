"""A window that takes files: prints the URIs that are dropped on it."""

import gi

gi.require_versions({"Gdk": "3.0", "Gtk": "3.0"})
from gi.repository import Gdk, Gtk  # noqa: E402

window = Gtk.Window(title="Drop (here)")
window.set_default_size(600, 400)
window.drag_dest_set(Gtk.DestDefaults.ALL, [], Gdk.DragAction.COPY)
window.drag_dest_add_uri_targets()


def received(_window, _context, x, y, data, *_):
    print(f"at {x} {y}", *data.get_uris(), flush=True)


window.connect("drag-data-received", received)
window.connect("destroy", Gtk.main_quit)
window.show_all()
Gtk.main()
