"""The Swift side of the wire: structs, the enum over all messages, packing and unpacking."""

import textwrap

from .schema import Field, quoted

HEAD = "// Written by scripts/generate-proto from proto/; not by hand.\n"
WIDTH = 100


def doc(lines, indent):
    """A documentation comment; an empty line divides paragraphs."""
    text, paragraphs = [], [[]]
    for line in lines:
        if line:
            paragraphs[-1].append(line)
        else:
            paragraphs.append([])
    for paragraph in filter(None, paragraphs):
        if text:
            text.append(indent + "///")
        text += [
            indent + "/// " + line for line in textwrap.wrap(
                " ".join(paragraph), WIDTH - len(indent) - 4, break_long_words=False,
                break_on_hyphens=False)]
    return "".join(line + "\n" for line in text)


def call(opening, parts, closing, indent):
    """Arguments on one line where they fit, else filled up line by line."""
    line = indent + opening + ", ".join(parts) + closing
    if len(line) <= WIDTH:
        return line + "\n"
    text, inner = indent + opening + "\n", indent + "    "
    line = inner
    for index, part in enumerate(parts):
        part += "," if index < len(parts) - 1 else ""
        if line != inner and len(line) + len(part) + 1 > WIDTH:
            text += line + "\n"
            line = inner
        line += part if line == inner else " " + part
    return text + line + "\n" + indent + closing + "\n"


def structs(file):
    """The structs and enumerations of one file."""
    text = HEAD
    text += textwrap.fill(file.head, WIDTH, initial_indent="// ", subsequent_indent="// ") + "\n"
    for type in file.types:
        if hasattr(type, "cases"):
            text += "\n" + enumeration(type)
        elif not type.is_union:
            text += "\n" + struct(type)
    return text


def enumeration(enum):
    text = doc(enum.doc, "")
    text += f"public enum {enum.name}: Int32, CaseIterable, Sendable {{\n"
    for name, number, comment in enum.cases:
        text += doc(comment, "    ") + f"    case {quoted(name)} = {number}\n"
    return text + "}\n"


def struct(message):
    text = doc(message.doc, "") + f"{message.access} struct {message.name}: Hashable, Sendable {{\n"
    for field in message.fields:
        text += doc(field.doc, "    ")
        text += f"    {message.access} var {quoted(field.swift)}: {field.swift_type}\n"
    text += "\n    /// Creates the message; every field left out has its default.\n"
    text += call(
        f"{message.access} init(",
        [f"{f.swift}: {f.swift_type} = {f.default}" for f in message.fields], ") {", "    ")
    for field in message.fields:
        text += f"        self.{field.swift} = {quoted(field.swift)}\n"
    return text + "    }\n}\n"


def union(message):
    """The kinds of messages, and the enum over all of them."""
    fields = message.fields
    text = HEAD + "\n/// The kind of a message, as the header names it.\n"
    text += "public enum MessageType: UInt32, CaseIterable, Sendable {\n"
    for field in fields:
        text += f"    /// ``{field.element}``.\n    case {quoted(field.swift)} = {field.number}\n"
    text += "}\n\n" + doc(message.doc, "")
    text += "public enum Message: Hashable, Sendable {\n"
    for field in fields:
        text += f"    /// See ``{field.element}``.\n"
        text += f"    case {quoted(field.swift)}({field.element})\n"
    text += "\n    /// The kind, as the header names it.\n    public var type: MessageType {\n"
    text += "        switch self {\n"
    for field in fields:
        text += f"        case .{field.swift}: .{field.swift}\n"
    text += "        }\n    }\n}\n\nextension MessageType {\n"
    text += "    /// The roles whose keys may send it to the side that binds; what none may send is the\n"
    text += "    /// coordinator's own.\n"
    text += "    var senders: Set<KeyRole> {\n        switch self {\n"
    for field in fields:
        roles = [role(name) for name in field.senders if name != "coordinator"]
        text += f"        case .{field.swift}: [{', '.join(roles)}]\n"
    return text + "        }\n    }\n}\n"


def role(name):
    first, *rest = name.split("-")
    return "." + first + "".join(word.capitalize() for word in rest)


def packing(file):
    """Structs to C and back, for the messages of one file."""
    text = HEAD + "\nimport CClusterProtocol\nimport ClusterCore\n"
    for message in file.messages:
        if not message.is_union:
            text += "\n" + packable(message)
    return text


def packable(message):
    text = f"extension {message.name}: Packable {{\n"
    text += "    static let limits: [FieldLimits] = [\n"
    for field in sorted(message.fields, key=lambda field: field.number):
        comma = "," if len(message.fields) > 1 else ""
        text += f"        {field.limits}{comma}  // {field.proto_name}\n"
    text += "    ]\n\n"
    c = message.c
    text += f"    static func initialize(_ c: UnsafeMutablePointer<{c}>) {{\n"
    text += f"        {message.c_functions}__init(c)\n    }}\n\n"
    text += f"    func fill(_ c: inout {c}) throws(WireError) {{\n"
    for field in message.fields:
        text += filled(field, message)
    text += f"    }}\n\n    init(_ c: {c}) throws(WireError) {{\n"
    reading = [read(field) for field in message.fields]
    opening = "try self.init(" if any("Unpack." in part for part in reading) else "self.init("
    text += f"        {opening}\n            " + ",\n            ".join(reading) + ")\n"
    return text + "    }\n}\n"


def filled(field, message):
    """The statement that writes one field to C."""
    swift, c, count = quoted(field.swift), "c." + field.c, "c.n_" + field.c
    owner = f'of: "{message.name}"'
    if field.is_list and field.message:
        call_of = "try Pack.messages(", [swift, f"&{c}", f"&{count}"]
    elif field.is_list and field.type != Field.TYPE_STRING:
        call_of = "Pack.numbers(", [swift, f"&{c}", f"&{count}"]
    elif field.is_list:
        name = "optionalText" if field.is_optional else "texts"
        call_of = f"try Pack.{name}(", [swift, owner, f"&{c}", f"&{count}"]
    elif field.message:
        unless = [] if field.is_optional else [f"unless: {field.default}"]
        call_of = "try Pack.message(", [swift, *unless, f"&{c}"]
    elif field.type == Field.TYPE_STRING:
        call_of = "try Pack.text(", [swift, owner, f"&{c}"]
    elif field.enum:
        return f"        {c} = {field.enum.c}(UInt32(bitPattern: {swift}.rawValue))\n"
    else:
        number = f"{swift} ? 1 : 0" if field.type == Field.TYPE_BOOL else swift
        return f"        {c} = {number}\n"
    return call(*call_of, ")", "        ")


def read(field):
    """The argument that reads one field from C."""
    c, count, place = "c." + field.c, "c.n_" + field.c, f'"{field.place}"'
    missing = ""
    if field.is_list and field.message:
        call_of = "messages", [c, count]
    elif field.is_list and field.type != Field.TYPE_STRING:
        call_of = "numbers", [c, count]
    elif field.is_list:
        call_of = "optionalText" if field.is_optional else "texts", [c, count, place]
    elif field.message:
        call_of = "message", [c]
        missing = "" if field.is_optional else f" ?? {field.default}"
    elif field.enum:
        call_of = "choice", [c + ".rawValue", place]
    elif field.type == Field.TYPE_STRING:
        call_of = "text", [c, place]
    else:
        value = f"{c} != 0" if field.type == Field.TYPE_BOOL else c
        return f"{field.swift}: {value}"
    opening = f"{field.swift}: Unpack.{call_of[0]}("
    line = opening + ", ".join(call_of[1]) + ")" + missing
    if len(line) + 13 <= WIDTH:
        return line
    return opening + "\n                " + ", ".join(call_of[1]) + ")" + missing


def payload(message):
    """Packing and unpacking of the enum over all messages."""
    text = HEAD + "\nimport ClusterCore\n\nextension Message {\n"
    text += "    /// The payload bytes of the message.\n"
    text += "    func packed() throws(WireError) -> [UInt8] {\n        switch self {\n"
    for field in message.fields:
        text += f"        case .{field.swift}(let body): try pack(body)\n"
    text += "        }\n    }\n\n    /// The message of a kind whose payload is given.\n"
    text += "    static func unpacked(_ type: MessageType, _ payload: [UInt8]) throws(WireError) "
    text += "-> Message {\n        switch type {\n"
    for field in message.fields:
        text += f"        case .{field.swift}: .{field.swift}(try unpack(payload))\n"
    return text + "        }\n    }\n}\n"


def empty_messages(message):
    """For tests: an empty message of each kind."""
    text = HEAD + "\nimport ClusterCore\n\nextension Message {\n"
    text += "    /// An empty message of a kind.\n    init(emptyOf type: MessageType) {\n"
    text += "        self =\n            switch type {\n"
    for field in message.fields:
        text += f"            case .{field.swift}: .{field.swift}({field.element}())\n"
    return text + "            }\n    }\n}\n"


def every_message(schema):
    """For tests: each message, whether it travels by itself or within another, by its name."""
    names = [m.name for file in schema.files for m in file.messages if not m.is_union]
    text = HEAD + "\nimport ClusterCore\n\n@testable import ClusterRuntime\n\n"
    text += "/// Every message of `proto/`, by its name there.\nenum EveryMessage {\n"
    text += "    /// Names, each with an empty message.\n    static let empty: [String: any Sendable] = [\n"
    for name in names:
        text += f'        "{name}": {name}(),\n'
    text += "    ]\n\n    /// The bytes that are written for what was read from a payload; nil where no "
    text += "message is\n    /// called so.\n"
    text += "    static func rewritten(\n        _ payload: [UInt8], as name: String\n"
    text += "    ) throws(WireError) -> [UInt8]? {\n        switch name {\n"
    for name in names:
        text += f'        case "{name}": try pack(unpack(payload) as {name})\n'
    return text + "        default: nil\n        }\n    }\n}\n"
