# SPDX-License-Identifier: Apache-2.0
"""How fast a figure grows: Theil and Sen's estimate, the median of the slopes of all pairs of samples, with
Sen's interval. Only pairs of one life count: a process that is started anew begins anew."""

import math
import statistics

PER_HOUR = 3600
Z = 1.96  # 95 %
SAMPLES_MAX = 400  # of one life; of more, evenly spaced ones


class Slope:
    """`lives`: for each process a list of (seconds, value)."""

    def __init__(self, lives):
        slopes, variance = [], 0
        self.samples = 0
        for life in lives:
            life = life[::-(-len(life) // SAMPLES_MAX)] if len(life) > SAMPLES_MAX else life
            n = len(life)
            self.samples += n
            slopes += [(later[1] - earlier[1]) / (later[0] - earlier[0]) * PER_HOUR
                       for at, later in enumerate(life) for earlier in life[:at]]
            variance += n * (n - 1) * (2 * n + 5) / 18  # of Kendall's S, where nothing grows
        slopes.sort()
        self.is_known = len(slopes) >= 3
        if not self.is_known:
            return
        self.per_hour = statistics.median(slopes)
        margin = Z * math.sqrt(variance)
        self.low = slopes[max(0, int((len(slopes) - margin) / 2))]
        self.high = slopes[min(len(slopes) - 1, math.ceil((len(slopes) + margin) / 2))]

    def is_flat(self, most):
        """Whether it may well grow by less than that in an hour."""
        return not self.is_known or self.low <= most

    def __str__(self):
        if not self.is_known:
            return "too few samples"
        return f"{self.per_hour:+,.0f} an hour ({self.low:+,.0f} to {self.high:+,.0f})"
