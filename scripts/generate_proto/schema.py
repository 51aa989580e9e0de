"""What a descriptor set of proto/ says: messages, enumerations, and what each field may hold."""

import re

from google.protobuf import descriptor_pb2

Field = descriptor_pb2.FieldDescriptorProto

SWIFT_NUMBERS = {
    Field.TYPE_UINT32: "UInt32", Field.TYPE_FIXED32: "UInt32", Field.TYPE_UINT64: "UInt64",
    Field.TYPE_FIXED64: "UInt64", Field.TYPE_DOUBLE: "Double",
}
KEYWORDS = {"default", "in", "internal", "is", "private", "public", "repeat", "self"}
ACRONYMS = {"id": "ID", "ids": "IDs"}

DIGITS = r"\d{1,3}(?:,\d{3})*"
NUMBER = f"(?P<number>{DIGITS})"
VALUES = [
    (r"at most " + NUMBER, ".atMost({})", SWIFT_NUMBERS),
    (r"any value", ".any", SWIFT_NUMBERS),
    (r"up to " + NUMBER + " bytes", ".bytes({})", {Field.TYPE_STRING: "String"}),
    (r"a process's name", ".processName", {Field.TYPE_STRING: "String"}),
    (r"a collection's name", ".collectionName", {Field.TYPE_STRING: "String"}),
    (r"a SHA-256", ".sha256", {Field.TYPE_STRING: "String"}),
]


class Wrong(Exception):
    """What is wrong in proto/, with the remedy."""


def camel(name):
    first, *rest = name.lower().split("_")
    return first + "".join(ACRONYMS.get(word, word.capitalize()) for word in rest)


def quoted(name):
    return f"`{name}`" if name in KEYWORDS else name


def grouped(digits):
    """A number as Swift groups it."""
    return f"{int(digits.replace(',', '')):_}"


class Schema:
    """All files, in the order of their names; the topic of each is its file's name."""

    def __init__(self, files):
        self.files = [File(file) for file in files]
        self.messages = {m.full: m for file in self.files for m in file.messages}
        self.enums = {e.full: e for file in self.files for e in file.enums}
        for message in self.messages.values():
            for field in message.fields:
                field.link(self)
        union = [m for m in self.messages.values() if m.is_union]
        if len(union) != 1:
            raise Wrong("There must be one message with a oneof, Message. Keep it.")
        self.union = union[0]
        # What the list of messages does not reach is the codec's own.
        public, waiting = set(), [self.union]
        while waiting:
            message = waiting.pop()
            if message.full not in public:
                public.add(message.full)
                waiting += [f.message for f in message.fields if f.message]
        for message in self.messages.values():
            message.access = "public" if message.full in public else "package"


class Comments:
    def __init__(self, file):
        self.places = {tuple(place.path): place for place in file.source_code_info.location}

    def above(self, *path):
        text = self.places[path].leading_comments if path in self.places else ""
        return [line.strip() for line in text.rstrip("\n").split("\n")] if text else []

    def behind(self, *path):
        place = self.places.get(path)
        return " ".join(place.trailing_comments.split()) if place else ""

    def line(self, *path):
        return self.places[path].span[0]


class File:
    def __init__(self, file):
        self.topic = file.name.split("/")[-1].removesuffix(".proto").capitalize()
        comments = Comments(file)
        # The comment before `syntax` stands by itself.
        self.head = comments.places[(12,)].leading_comments.strip().split("\n")[0].strip()
        prefix = "." + file.package + "."
        self.messages = [
            Message(m, file.package, prefix, comments, (4, i))
            for i, m in enumerate(file.message_type)]
        self.enums = [
            Enum(e, file.package, prefix, comments, (5, i)) for i, e in enumerate(file.enum_type)]

    @property
    def types(self):
        """Messages and enumerations as they follow each other in the file."""
        return sorted(self.messages + self.enums, key=lambda type: type.line)


class Type:
    def __init__(self, type, package, prefix, comments, path):
        self.name = type.name
        self.full = prefix + type.name
        parts = [part.capitalize() for part in package.split(".")]
        self.c = "__".join(parts + [type.name])
        lower = re.sub(r"(?<!^)(?=[A-Z])", "_", type.name).lower()
        self.c_functions = "__".join(package.split(".") + [lower])
        self.doc = comments.above(*path)
        self.line = comments.line(*path)
        if not self.doc:
            raise Wrong(f"{self.name} has no comment. Say above it what it is.")


class Enum(Type):
    def __init__(self, enum, package, prefix, comments, path):
        super().__init__(enum, package, prefix, comments, path)
        # FAILURE_CODE's values may begin with FAILURE_: what all have in common is left out.
        names = [value.name for value in enum.value]
        common = names[0].split("_")[0] + "_"
        if not all(name.startswith(common) for name in names):
            common = ""
        self.cases = [
            (camel(v.name.removeprefix(common)), v.number, comments.above(*path, 2, i))
            for i, v in enumerate(enum.value)]


class Message(Type):
    def __init__(self, message, package, prefix, comments, path):
        super().__init__(message, package, prefix, comments, path)
        self.is_union = len(message.oneof_decl) > 0
        self.fields = [
            OneField(self, field, comments, path + (2, i))
            for i, field in enumerate(message.field)]


class OneField:
    """A field: its names, its Swift type, and what it may hold."""

    def __init__(self, owner, field, comments, path):
        self.owner = owner
        self.number = field.number
        self.proto_name = field.name
        self.place = f"{owner.name}.{field.name}"
        self.swift = camel(field.name)
        self.c = field.name
        self.type = field.type
        self.type_name = field.type_name
        self.is_list = field.label == Field.LABEL_REPEATED
        self.doc = comments.above(*path)
        self.comment = comments.behind(*path)
        self.message = self.enum = None
        self.is_optional = False
        self.limit, self.can_be_empty, self.count = ".any", False, None
        if owner.is_union:
            self.senders = self.read_senders()
            return
        if not self.doc:
            raise Wrong(f"{self.place} has no comment. Say above it what it is.")
        self.read_limit()

    def link(self, schema):
        self.message = schema.messages.get(self.type_name)
        self.enum = schema.enums.get(self.type_name)
        if self.message:
            self.element = self.message.name
        elif self.enum:
            self.element = self.enum.name
        else:
            self.element = SWIFT_NUMBERS.get(self.type) or {
                Field.TYPE_STRING: "String", Field.TYPE_BOOL: "Bool"}.get(self.type)
        if not self.element or (self.is_list and self.element in ("Bool", self.enum and self.element)):
            raise Wrong(f"{self.place} is of a type that is not packed. Use another.")

    def read_senders(self):
        listed = re.fullmatch(r"from: (.+)", self.comment)
        if not listed:
            raise Wrong(f"{self.place} does not say who sends it. Say “from: …” behind it.")
        return re.sub(r" \([^)]*\)", "", listed[1]).split(", ")

    def read_limit(self):
        rest = self.comment
        if self.is_list:
            counted = re.match(rf"(?:none or one|up to ({DIGITS}))(?:, each )?", rest)
            if not counted:
                raise self.stating("a list says “up to N” or “none or one”")
            self.is_optional = rest.startswith("none or one")
            if self.is_optional and self.type != Field.TYPE_STRING:
                raise self.stating("only a text can be none or one")
            self.count = grouped(counted[1] or "1")
            rest = rest[counted.end():]
        elif rest == "or missing" and self.type == Field.TYPE_MESSAGE:
            self.is_optional = True
            return
        if self.type in (Field.TYPE_MESSAGE, Field.TYPE_ENUM, Field.TYPE_BOOL):
            if rest:
                raise self.stating("such a field says nothing of a value")
            return
        for pattern, limit, types in VALUES:
            found = re.fullmatch(pattern + r"(?P<empty>, or empty)?", rest)
            if found and self.type in types:
                number = found.groupdict().get("number")
                self.limit = limit.format(grouped(number)) if number else limit
                self.can_be_empty = bool(found["empty"]) or limit.startswith(".bytes")
                return
        raise self.stating("a number says “at most N” or “any value”, a text what it is")

    def stating(self, rule):
        return Wrong(
            f"“{self.comment}” behind {self.place} is not what it may hold: {rule}. "
            "See wire.proto.")

    @property
    def swift_type(self):
        if self.is_list:
            return "String?" if self.is_optional else f"[{self.element}]"
        return self.element + ("?" if self.is_optional else "")

    @property
    def default(self):
        if self.is_optional:
            return "nil"
        if self.is_list:
            return "[]"
        if self.message:
            return f"{self.element}()"
        if self.enum:
            return "." + self.enum.cases[0][0]
        return {"String": '""', "Bool": "false"}.get(self.element, "0")

    @property
    def limits(self):
        value = f".message({self.element}.limits)" if self.message else self.limit
        text = f"FieldLimits({value}"
        text += ", canBeEmpty: true" if self.can_be_empty else ""
        text += f", count: {self.count}" if self.count else ""
        return text + ")"
