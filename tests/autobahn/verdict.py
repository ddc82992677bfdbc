# What became of each case, counted. Fails unless all of them are as RFC 6455 has it.
import collections
import json
import sys

with open(sys.argv[1]) as index:
    cases = json.load(index)["evara"]
# The suite has informational cases, which have no right outcome, and non-strict ones, which fail early or late.
clean = {"OK", "NON-STRICT", "INFORMATIONAL"}
for part in ("behavior", "behaviorClose"):
    counts = collections.Counter(case[part] for case in cases.values())
    print("%s: %s" % (part, ", ".join("%d %s" % (n, name) for name, n in sorted(counts.items()))))
wrong = sorted(id for id, case in cases.items() if {case["behavior"], case["behaviorClose"]} - clean)
if wrong or len(cases) < 200:
    sys.exit("%d cases; wrong: %s" % (len(cases), ", ".join(wrong)))
print("%d cases, none wrong" % len(cases))
