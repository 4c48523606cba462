"""How wide are nodes, and which lanes fold to strips, where the picture has so much room?"""

from __future__ import annotations

import math
from collections.abc import Set

from cachesim.graph.model import BuildGraph
from cachesim.layout.layered import Layout, Metrics, lane_order

__all__ = ["lanes_put_aside", "node_width"]

_WIDER_BY = 10.0            # steps in which nodes grow into free room: dragging a border moves them seldom
_WIDER_MOST = 1.0           # of their own width; wider, a node of three words looks empty
_NARROWEST = 0.8            # of their own width, where all lanes are seen together that way


def lanes_put_aside(graph: BuildGraph, plain: Metrics, room: float, unfolded: Set[int], kept: Set[int]) -> frozenset[int]:
    """Lanes that fold to strips where not all have room: from the left, only as many as it takes, and never all of them.

    Args:
        plain: The sizes of nodes that are neither wider nor narrower than they would be.
        unfolded: Lanes that the target does not need and that are open all the same.
        kept: Those that stay open whatever happens.
    """
    order = lane_order(graph)
    open_lanes = [stage for stage, needed in order if needed or stage in unfolded]
    quiet = [stage for stage, needed in order if needed and stage not in kept]
    if len(quiet) == len(open_lanes):
        quiet = quiet[:-1]
    fixed = 2 * plain.margin + (len(order) - 1) * plain.lane_gap
    for count in range(len(quiet) + 1):
        strips = len(order) - len(open_lanes) + count
        nodes = (len(open_lanes) - count) * plain.node_width * _NARROWEST
        if fixed + strips * plain.folded_width + nodes <= room:
            return frozenset(quiet[:count])
    return frozenset(quiet)


def node_width(layout: Layout, plain: float, room: float, most: float) -> float:
    """How wide the nodes of the open lanes can be: all lanes together stay within the room, or, where a little less suffices
    for that, within the most.

    Args:
        plain: How wide they are by themselves.
    """
    lanes = sum(not lane.folded for lane in layout.lanes)
    if not lanes or math.isinf(room):
        return plain
    least = layout.width - lanes * (layout.metrics.node_width - plain)
    if least <= room:
        wider = (room - least) / lanes // _WIDER_BY * _WIDER_BY
        return plain + min(wider, plain * _WIDER_MOST)
    narrower = math.ceil((least - most) / lanes)
    return plain - narrower if 0 < narrower <= plain * (1 - _NARROWEST) else plain
