"""What may differ between two runs of the same calls, each with its reason.

Times, process ids, random names, and what follows from which process was quicker. All else is the
same bytes. A rule of ALLOWED that nothing needs any more fails a whole run, so that the list stays
short; those of SELDOM are needed where the machine is slow.
"""

NUMBER = r"-?[0-9][0-9.]*(?:e[+-]?[0-9]+)?"
COUNT = r"[0-9][0-9,.]*"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z"
SHA256 = r"[0-9a-f]{64}"

# (a pattern for the name of an output, "part/step/stdout" or "part/step/FILE",
#  a pattern for what may differ there, what is compared in its place, the reason)
ALLOWED = [
    # Times.
    (r"/stdout$", rf'"(seconds|encoding_seconds|passages_per_second)":{NUMBER}', r'"\1":-',
     "how long it took"),
    (r"/stdout$", rf"(batch(?:es)? \([0-9]+ repeated\)), {COUNT} s, {COUNT} passages/s", r"\1, - s",
     "how long indexing took"),
    (r"/stdout$", rf"(\.npy), {COUNT} s, {COUNT} (?:questions|passages)/s", r"\1, - s",
     "how long encoding took"),
    (r"/(?:stdout|jsonl?-questions[^/]*)$",
     r'"microseconds":\{"encode":[0-9]+,"search":[0-9]+,"slowest_worker":[0-9]+,"fetch":[0-9]+\}',
     '"microseconds":-', "how long a search took"),
    (r"^(?:train|minilm)/.*/(?:stdout|train_log\.jsonl)$",
     rf'"(seconds|waitedSeconds|waitedShare)":{NUMBER}', r'"\1":-',
     "how long a step took, and what of it a rank waited"),
    (r"/state\.json$", rf'"bytes" : [0-9]+,\n    "sha256" : "{SHA256}"', '"log" : -',
     "the log as it was then, which holds times"),
    (r"/state\.json$", rf',"sha256":"{SHA256}"\}}$', "}", "the digest of a file with the above"),
    (r"/(?:stdout|catalog\.sqlite|newest\.json)$", rf'"created":"{DATE}"', '"created":-',
     "when a collection was made"),
    (r"described/stdout$", rf"(created +){DATE}", r"\1-", "when a collection was made"),
    (r"/(?:catalog\.sqlite|newest\.json)$", rf',"sha256":"{SHA256}"\}}', "}",
     "the digest of a record with the above"),
    (r"/catalog\.sqlite$", rf"manifest_sha256={SHA256}", "manifest_sha256=-",
     "the digest of a manifest with the above"),
    # Processes and names by chance.
    (r"/up/stdout$", r"^coordinator [0-9]+ and", "coordinator - and", "a process id"),
    (r"/status/stdout$", r'"(pid|resident_bytes)":[0-9]+', r'"\1":-', "process ids and memory"),
    (r"/status of one/stdout$", rf"^coordinator  process [0-9]+, epoch 1, {COUNT} MiB of memory$",
     "coordinator", "the same"),
    (r"/status of one/stdout$",
     rf"^(worker-[12]  ready  )[0-9]+ on (.*[^ ]) +{COUNT} +{COUNT} MiB$", r"\1- on \2",
     "the same, and which worker took which batch"),
    (r"/status of one/stdout$", rf"^(created +){DATE}", r"\1-", "when a collection was made"),
    (r"/status/stdout$", r'"cluster":"[0-9a-f]{1,16}"', '"cluster":-', "a name by chance"),
    (r"/catalog\.sqlite$", r"key=cluster_id value=[0-9a-f]{1,16}", "key=cluster_id value=-",
     "a name by chance"),
    (r"^models/keys/stdout$", r"^public key .{40}$", "public key -", "a key is made by chance"),
    (r"^models/keys", r"\b[0-9a-f]{1,16}$", "-", "the fingerprint of such a key"),
    # What follows from which process was quicker.
    (r"/status/stdout$", r'"(passages_encoded|searches)":[0-9]+', r'"\1":-',
     "which worker took which batch, and which heartbeat came last"),
    (r"/catalog\.sqlite$", r"attempt=[0-9]+", "attempt=-", "the order in which leases were given"),
    (r"/(?:stdout|newest\.json|jsonl?-questions[^/]*)$", r'"generation":[0-9]+', '"generation":-',
     "generations are published while a run goes on: how many follows from its time"),
    (r"described/stdout$", r"(generation +)[0-9]+", r"\1-", "the same"),
    (r"/catalog\.sqlite$", r"generation=[0-9]+", "generation=-", "the same"),
    (r"^options/resumed/stdout$", r"^(?:healed: .*|[0-9,]+ of [0-9,]+ texts were cut.*)\n", "",
     "when the run before was interrupted"),
]

SELDOM = [
    (r"/status of one/stdout$", r"(encoded) +memory$", r"\1 memory",
     "the width of a column that holds memory"),
    (r"^options/data/data/catalog\.sqlite$",
     r"^garbage: .*object=(?:segments/\.writing-|generations/[0-9]+\.json\.[0-9]+\.tmp ).*\n", "",
     "what was half written when the run was interrupted is noted"),
    (r"/stderr$",
     rf"^(?:reading|checking|encoding|mining) {COUNT} (?:of {COUNT} )?[a-z]+(?:, .*)?\n", "",
     "progress, told every five seconds"),
    (r"/stderr$", r"^waiting: no worker is ready\n", "",
     "a worker that took three seconds to begin"),
]

# (a pattern for the path of a file under the folder of a run, the reason)
LEFT_OUT = [
    (r"/run/", "sockets, process ids, logs with times"),
    (r"/lock$", "a process id"),
    (r"/logs/", "what ranks log, with times"),
    (r"\.sqlite-(?:wal|shm)$", "read with the catalog"),
    (r"/segments/\.writing-[^/]*$", "what an interrupted run had half written"),
    (r"/reserve$", "room, without content"),
]
