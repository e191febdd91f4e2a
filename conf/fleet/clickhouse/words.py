# SPDX-License-Identifier: Apache-2.0
"""The words of a close, the bounds of the histogram and the keys of the log, read from the project's own tables."""

import pathlib
import re

INCLUDE = pathlib.Path(__file__).resolve().parents[3] / "include" / "finwait"


def words(enum):
    text = (INCLUDE / "words.hpp").read_text()
    found = re.findall(r'\bWord\{%s::\w+,\s*"(\w+)"' % enum, text)
    members = re.search(r"enum class %s : std::uint8_t \{([^}]*)\}" % enum, text).group(1)
    if len(found) != len(re.findall(r"\w+", members)):
        raise SystemExit(f"include/finwait/words.hpp: {enum} has {members.split()} but its table {found}")
    return found


def bounds():
    text = (INCLUDE / "histogram.hpp").read_text()
    numbers = re.search(r"kFinWait2BoundsMs\{([^}]*)\}", text).group(1)
    return [int(number.replace("'", "")) for number in re.findall(r"[\d']+", numbers)]


OUTCOMES, CAUSES, DRAINS = words("Outcome"), words("Cause"), words("Drain")
BOUNDS = bounds()
BUCKETS = [str(bound) for bound in BOUNDS] + ["inf"]
