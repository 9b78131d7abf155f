"""The small map of a profile: where in the kabupaten a village lies. The land is drawn once and shown on every page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from reportlab.lib.colors import HexColor, white
from reportlab.pdfgen.canvas import FILL_NON_ZERO, Canvas

from lokus.outputs.papers.ground import Ground

if TYPE_CHECKING:
    from lokus.pipeline import Run

NAME = "land"
LAND, OTHERS, LINE, HERE = (HexColor(c) for c in ("#e8edf1", "#a9bccb", "#7d8993", "#b00020"))
# A village smaller than this on paper is pointed at by a ring.
SEEN = 6.0


class Locator:
    """The land of a run in a box of points, kept in a document under one name."""

    def __init__(self, canvas: Canvas, run: Run, land: Ground, wide: float, tall: float) -> None:
        x0, y0, x1, y1 = land.box
        self.canvas, self.land = canvas, land
        self.scale = min(wide / (x1 - x0), tall / (y1 - y0))
        # To the right edge of the box, and to its upper one.
        self.shift = np.array([wide - self.scale * x1, tall - self.scale * y1])
        chosen = run.villages["selected"].to_numpy()
        canvas.beginForm(NAME, 0, 0, wide, tall)
        for rows, colour in ((land.drawn, LAND), (land.drawn & chosen, OTHERS)):
            canvas.setFillColor(colour)
            canvas.drawPath(self._path(land.shapes[rows]), stroke=0, fill=1, fillMode=FILL_NON_ZERO)
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        canvas.drawPath(self._path(land.lines), stroke=1, fill=0)
        canvas.endForm()

    def draw(self, row: int, at: tuple[float, float]) -> None:
        """The land with one village in red, its lower left corner at a point of the page."""
        canvas = self.canvas
        canvas.saveState()
        canvas.translate(*at)
        canvas.doForm(NAME)
        if self.land.drawn[row]:
            shape = self.land.shapes[row]
            canvas.setFillColor(HERE)
            canvas.setStrokeColor(white)
            canvas.setLineWidth(0.5)
            canvas.drawPath(self._path(np.array([shape], dtype=object)), stroke=1, fill=1)
            x, y = self.land.middle[row] * self.scale + self.shift
            if np.sqrt(shapely.area(shape)) * self.scale < SEEN:
                canvas.setStrokeColor(HERE)
                canvas.setLineWidth(1.4)
                canvas.circle(x, y, SEEN)
        canvas.restoreState()

    def _path(self, shapes: np.ndarray) -> Any:
        """Rings as a path in points, as coarse as so small a drawing needs."""
        path = self.canvas.beginPath()
        parts = shapely.get_parts(shapes)
        if len(parts) and shapely.get_dimensions(parts[0]) == 2:
            # Neighbours overlap by some metres: rings that turn one way fill both, and holes stay open.
            parts = shapely.get_rings(shapely.orient_polygons(parts))
        for ring in shapely.simplify(parts, 0.3 / self.scale, preserve_topology=False):
            points = shapely.get_coordinates(ring) * self.scale + self.shift
            if len(points) < 3:
                continue
            path.moveTo(*points[0])
            for x, y in points[1:]:
                path.lineTo(x, y)
            path.close()
        return path
