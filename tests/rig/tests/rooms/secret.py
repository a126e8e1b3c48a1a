"""Sets and gets a secret over the session bus, as a keychain's client does: secret.py set|get"""

import sys

from gi.repository import Gio, GLib

bus = Gio.bus_get_sync(Gio.BusType.SESSION)
base, name = "/org/freedesktop/secrets", "org.freedesktop.Secret."


def call(path, interface, method, arguments):
    kind = name + interface
    answer = bus.call_sync("org.freedesktop.secrets", path, kind, method, arguments, None, 0, 5000)
    return answer.unpack()


_, session = call(base, "Service", "OpenSession", GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))))
attributes = {"rig": "test"}
if sys.argv[1] == "set":
    properties = {
        name + "Item.Label": GLib.Variant("s", "rig"),
        name + "Item.Attributes": GLib.Variant("a{ss}", attributes),
    }
    secret = (session, b"", b"hush", "text/plain")
    arguments = GLib.Variant("(a{sv}(oayays)b)", (properties, secret, True))
    item, prompt = call(base + "/aliases/default", "Collection", "CreateItem", arguments)
    print("set" if item != "/" else "prompt " + prompt)
else:
    unlocked, locked = call(base, "Service", "SearchItems", GLib.Variant("(a{ss})", (attributes,)))
    for item in unlocked:
        ((_, _, value, _),) = call(item, "Item", "GetSecret", GLib.Variant("(o)", (session,)))
        print("got", bytes(value).decode())
    print("locked", len(locked))
